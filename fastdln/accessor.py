"""`ds.dln.plot.phase()`: the pictures as methods of a dataset, wherever xarray is imported."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr


class Accessor:
    """What fastdln adds to xarray's datasets."""

    def __init__(self, ds: xr.Dataset) -> None:
        self.ds = ds

    @property
    def plot(self) -> Pictures:
        """The pictures of this dataset: `ds.dln.plot.phase(ax=ax, depth=3)`; `ds.dln.plot()` names those it can draw."""
        return Pictures(self.ds)


class Pictures:
    """The functions of fastdln.plots, with the dataset given."""

    def __init__(self, ds: xr.Dataset) -> None:
        self.ds = ds

    def __call__(self) -> list[str]:
        from fastdln.plots import drawable

        return drawable(self.ds)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        from fastdln.plots import PLOTS

        if name not in PLOTS:
            raise AttributeError(f"unknown picture {name!r}; valid: {', '.join(PLOTS)}")
        return partial(PLOTS[name].draw, self.ds)

    def __dir__(self) -> list[str]:
        from fastdln.plots import PLOTS

        return [*PLOTS]


def register(xarray: Any) -> None:
    """Adds `dln` to the datasets of xarray."""
    if not hasattr(xarray.Dataset, "dln"):  # a reload finds it there
        xarray.register_dataset_accessor("dln")(Accessor)
