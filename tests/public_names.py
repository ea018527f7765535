"""Public names: those in ``__all__`` of each package, and the methods of public classes that sklstm defines."""

import importlib
import inspect

PACKAGES = [
    "sklstm",
    "sklstm.preprocessing",
    "sklstm.estimators",
    "sklstm.forecasting",
    "sklstm.inspection",
    "sklstm.online",
    "sklstm.persistence",
    "sklstm.model_selection",
    "sklstm.networks",
    "sklstm.training",
    "sklstm.datasets",
]
# The other names of sklstm.training are for the estimators only.
TRAINING = ["PinballLoss", "clear_programs"]


def names(package):
    """Public names of a package."""
    return TRAINING if package == "sklstm.training" else importlib.import_module(package).__all__


def objects():
    """Public classes and functions, each under its shortest import path."""
    found = {}
    for package in PACKAGES:
        module = importlib.import_module(package)
        for name in names(package):
            found.setdefault(getattr(module, name), f"{package}.{name}")
    return {name: thing for thing, name in found.items()}


def members(thing):
    """Names of the public methods and properties of a class that sklstm defines; none for a function."""
    if not inspect.isclass(thing):
        return []
    return [name for name in dir(thing) if not name.startswith("_") and _is_own(inspect.getattr_static(thing, name))]


def _is_own(member):
    if isinstance(member, property):
        member = member.fget
    function = inspect.unwrap(getattr(member, "__func__", member))
    return inspect.isroutine(function) and (getattr(function, "__module__", None) or "").startswith("sklstm")
