"""Finds what registers itself: every module of a package that binds a given name."""

import importlib
import pkgutil
from typing import Any


def collect(package: str, binding: str) -> dict[str, Any]:
    """The objects bound to `binding` in the modules of `package`, by their own names, in alphabetical order."""
    path = importlib.import_module(package).__path__
    modules = (importlib.import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(path))
    found = (getattr(module, binding) for module in modules if hasattr(module, binding))
    return {item.name: item for item in sorted(found, key=lambda item: item.name)}
