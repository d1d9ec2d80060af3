"""Phase diagrams of gradient descent on deep linear networks, at and beyond the edge of stability."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

import lazy_loader

# The public names are those of __init__.pyi, imported when first used, so that `fastdln --help` answers at once.
_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("fastdln")
    if name not in __all__:  # lazy_loader's own message does not list the valid names
        raise AttributeError(f"module 'fastdln' has no attribute {name!r}; it has {', '.join(__all__)}")
    return _load(name)


def _add_accessor(xarray: ModuleType) -> None:
    import_module("fastdln.accessor").register(xarray)


class _AccessorHook:
    """Add `ds.dln` when xarray is imported, which for `fastdln --help` it is not.

    xarray has no entry point for accessors, and wrapt's import hooks take four times as long to import as all of this file.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find xarray as other finders do, and have it extended once it is executed."""
        if name != "xarray":
            return None
        others = (finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec"))
        spec = next((found for finder in others if (found := finder.find_spec(name, path, target))), None)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def execute_and_add(module: ModuleType) -> None:
                execute(module)
                _add_accessor(module)

            spec.loader.exec_module = execute_and_add
        return spec


if "xarray" in sys.modules:
    _add_accessor(sys.modules["xarray"])
else:
    sys.meta_path.insert(0, _AccessorHook())
