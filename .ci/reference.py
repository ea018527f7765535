"""Build the API reference from the docstrings: a page for each public class and function. Any warning is an error.

python .ci/reference.py build/reference
"""

import shutil
import sys
from importlib import import_module
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))

from public_names import PACKAGES, members, names, objects  # noqa: E402 - the tests know what is public

PAGES = {page.rpartition(".")[2]: page for page in objects()}
SETTINGS = {
    "project": "sklstm",
    "html_title": "sklstm: API reference",
    "html_theme": "furo",
    "html_static_path": ["_static"],
    "html_css_files": ["wide.css"],
    "html_copy_source": False,
    "html_show_copyright": False,
    "html_show_sphinx": False,
    "extensions": ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"],
    "add_module_names": False,
    "autodoc_typehints": "none",
    "autosummary_generate": False,
    "default_role": "py:obj",
    "smartquotes": False,
    # Pages list members themselves: those of sklstm, without what scikit-learn gives to every estimator.
    "numpydoc_show_class_members": False,
    "toc_object_entries_show_parents": "hide",
}


def build(out):
    """Write the HTML, and return Sphinx's exit status."""
    source = out / "source"
    shutil.rmtree(out, ignore_errors=True)
    source.mkdir(parents=True)
    for page, thing in objects().items():
        (source / f"{page}.rst").write_text(_object_page(page, thing))
    for package in PACKAGES:
        (source / f"{package}.rst").write_text(_package_page(package))
    (source / "index.rst").write_text(_index_page())
    (source / "_static").mkdir()
    # Lines of examples are long.
    (source / "_static" / "wide.css").write_text(".content { width: 56em; }\n")
    html, doctrees = out / "html", out / "doctrees"
    app = Sphinx(source, None, html, doctrees, "html", SETTINGS, status=None, warningiserror=True)
    app.connect("missing-reference", _link)
    app.build()
    return app.statuscode


def _object_page(page, thing):
    is_class = isinstance(thing, type)
    lines = [f".. {'autoclass' if is_class else 'autofunction'}:: {page}"]
    for name in members(thing):
        kind = "autoproperty" if isinstance(getattr(thing, name, None), property) else "automethod"
        lines.append(f"   .. {kind}:: {page}.{name}")
    return _titled(page.rpartition(".")[2]) + "\n\n".join(lines) + "\n"


def _package_page(package):
    """What a package is for, and a line for each of its names."""
    shown = "\n".join(f"   ~{PAGES[name]}" for name in names(package))
    own = [page for page in PAGES.values() if page.rpartition(".")[0] == package]
    return (
        f"{_titled(package)}.. automodule:: {package}\n   :no-members:\n\n.. currentmodule:: None\n\n"
        f".. autosummary::\n\n{shown}\n\n{_toctree(own, '   :hidden:') if own else ''}"
    )


def _index_page():
    """Every package, and the first line of what it says of itself."""
    lines = [f":doc:`{package}`\n   {_summary(package)}\n" for package in PACKAGES]
    return _titled("sklstm") + "\n".join(lines) + "\n" + _toctree(PACKAGES, "   :hidden:\n")


def _summary(package):
    return import_module(package).__doc__.splitlines()[0]


def _toctree(pages, options):
    return f".. toctree::\n{options}\n\n" + "".join(f"   {page}\n" for page in pages)


def _titled(text):
    return f"{text}\n{'=' * len(text)}\n\n"


def _link(app, env, node, content):
    """Find what docstrings call by its last name: `LagFramer`, in whatever package the reader is."""
    name, _, member = node.get("reftarget", "").removeprefix("sklstm.").partition(".")
    if name in PAGES:
        anchor = f"{PAGES[name]}.{member}" if member else PAGES[name]
        return make_refnode(app.builder, node["refdoc"], PAGES[name], anchor, content)
    return None


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1]).resolve()))
