"""Phase diagrams of gradient descent on deep linear networks, at and beyond the edge of stability."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import lazy_loader
import wrapt

# The public names are those of __init__.pyi, imported when first used, so that `fastdln --help` answers at once.
_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("fastdln")
    if name not in __all__:  # lazy_loader's own message does not list the valid names
        meant = import_module("fastdln.text").suggestion(name, __all__)
        raise AttributeError(f"module 'fastdln' has no attribute {name!r}{meant}; it has {', '.join(__all__)}")
    return _load(name)


# xarray has no entry point for accessors; it may be imported before or after this, or, for `fastdln --help`, not at all.
@wrapt.when_imported("xarray")
def _add_accessor(xarray: ModuleType) -> None:
    import_module("fastdln.accessor").register(xarray)
