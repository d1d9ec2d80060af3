"""Phase diagrams of gradient descent on deep linear networks, at and beyond the edge of stability."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import wrapt

if TYPE_CHECKING:
    from fastdln import analysis, plots, theory
    from fastdln.api import extend, open, plan, refine, run, status, verify
    from fastdln.errors import ClusterError, DatasetError, IncompleteError, StoreError, SweepError
    from fastdln.sweep.extensions.register import register
    from fastdln.sweep.schema import Sweep

__all__ = [
    "ClusterError",
    "DatasetError",
    "IncompleteError",
    "StoreError",
    "Sweep",
    "SweepError",
    "analysis",
    "extend",
    "open",
    "plan",
    "plots",
    "refine",
    "register",
    "run",
    "status",
    "theory",
    "verify",
]

# Imported when first used, so that `fastdln --help` answers at once.
_HOMES = {
    "ClusterError": "errors",
    "DatasetError": "errors",
    "IncompleteError": "errors",
    "StoreError": "errors",
    "Sweep": "sweep.schema",
    "SweepError": "errors",
    "extend": "api",
    "open": "api",
    "plan": "api",
    "refine": "api",
    "register": "sweep.extensions.register",
    "run": "api",
    "status": "api",
    "verify": "api",
}


# xarray itself may be imported before or after this, or, for `fastdln --help`, not at all.
@wrapt.when_imported("xarray")
def _add_accessor(xarray: Any) -> None:
    import_module("fastdln.accessor").register(xarray)


def __getattr__(name: str) -> Any:
    if name in ("analysis", "plots", "theory"):
        return import_module(f"fastdln.{name}")
    if name == "__version__":
        return import_module("importlib.metadata").version("fastdln")
    if name not in _HOMES:
        raise AttributeError(f"module 'fastdln' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"fastdln.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
