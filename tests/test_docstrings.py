"""Docstrings of the public API: complete, in the order of the signature, and in numpydoc format."""

import ast
import inspect
import textwrap
from pydoc import locate

import public_names
import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate

FORM = {
    "GL05": "tabs",
    "GL06": "a section that numpydoc does not know",
    "GL07": "sections out of order",
    "GL08": "no docstring",
    "GL10": "a directive without its second colon",
    "SS01": "no summary",
    "SS02": "a summary that begins with a small letter",
    "SS03": "a summary without its full stop",
    "SS04": "a summary with leading spaces",
    "SS06": "a summary of more than one line",
    "PR01": "a parameter that is not documented",
    "PR02": "a documented parameter that does not exist",
    "PR03": "parameters out of order",
    "PR04": "a parameter without a type",
    "PR05": "a type that ends in a full stop",
    "PR06": "a type in other words than Python's",
    "PR07": "a parameter without a description",
    "PR08": "a description that begins with a small letter",
    "PR09": "a description without its full stop",
    "PR10": "a parameter without a space before its colon",
    "RT01": "no Returns",
    "RT03": "a returned value without a description",
    "RT04": "a description of it that begins with a small letter",
    "RT05": "a description of it without its full stop",
    "SA02": "a See Also without its full stop",
    "SA03": "a See Also that begins with a small letter",
    "SA04": "a See Also without a description",
    "YD01": "no Yields",
}
# Not checked: GL01 to GL03 ask for blank lines that this project does not use; ES01 asks for a second paragraph; SS05 asks
# for the imperative, but a property is named by its value; RT02 forbids the names of returned values that scikit-learn
# uses. The example of a class shows its methods.
SHOWN = {"EX01": "no Examples", "SA01": "no See Also"}

# Errors that are intended, by public name, with a reason.
EXCEPTIONS = {}


def _public():
    """Names of the public API, with methods and properties."""
    for name, thing in public_names.objects().items():
        yield name
        yield from (f"{name}.{member}" for member in public_names.members(thing))


def _is_referred(error, doc):
    """Whether a parameter has no type because its description refers to another one: "As for `fit`."."""
    return error.startswith("PR04") and any(
        f'"{name}"' in error and " ".join(text).startswith(("As for ", "As in ", "As of "))
        for names, _, text in doc["Parameters"]
        for name in names.split(", ")
    )


@pytest.mark.parametrize("name", list(_public()))
def test_form(name):
    """Each public docstring has the sections that numpydoc asks for, in its order."""
    asked = FORM | SHOWN if name in public_names.objects() else FORM
    result = validate(name)
    doc = NumpyDocString(result["docstring"])
    errors = [f"{code} {text}" for code, text in result["errors"] if code in asked]
    assert [error for error in errors if not _is_referred(error, doc)] == EXCEPTIONS.get(name, [])


def _functions():
    """Public functions and methods, by name."""
    for name, thing in public_names.objects().items():
        if inspect.isfunction(thing):
            yield name, thing
        for member in public_names.members(thing):
            method = inspect.getattr_static(thing, member)
            method = inspect.unwrap(getattr(method, "__func__", method))
            if inspect.isfunction(method):
                yield f"{name}.{member}", method


@pytest.mark.parametrize(("name", "function"), [pytest.param(*pair, id=pair[0]) for pair in _functions()])
def test_raises(name, function):
    """The docstring of a public function lists the exceptions that its body raises."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    raised = {
        node.exc.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name)
    }
    assert raised <= {kind for _, kind, _ in NumpyDocString(inspect.getdoc(function))["Raises"]}


@pytest.mark.parametrize("name", list(public_names.objects()))
def test_see_also(name):
    """Targets in See Also exist: those of sklstm by their last name, those of scikit-learn by their full name."""
    things = {page.rpartition(".")[2]: thing for page, thing in public_names.objects().items()}
    doc = NumpyDocString(inspect.getdoc(public_names.objects()[name]))
    targets = [target for group, _ in doc["See Also"] for target, _ in group]
    for target in targets:
        first, *rest = target.split(".")
        assert all(hasattr(things[first], part) for part in rest) if first in things else locate(target)
