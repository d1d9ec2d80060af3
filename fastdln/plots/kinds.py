"""The kinds of pictures by their names, and which of them a dataset has the variables for."""

from __future__ import annotations

from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from fastdln.analysis.dataset import restore_dimensions
from fastdln.errors import DatasetError
from fastdln.plots.panels import drawn
from fastdln.plots.plot import Plot
from fastdln.registry import collect

PLOTS: dict[str, Plot] = collect("fastdln.plots", "PLOT")


def drawable(ds: xr.Dataset) -> list[str]:
    """Names of the pictures that the dataset has the variables for."""
    ds = restore_dimensions(ds)
    return [name for name, plot in PLOTS.items() if plot.used(ds)]


def kind_of(name: str) -> Plot:
    """The picture of that name; DatasetError with the valid names if there is none."""
    if not isinstance(name, str) or name not in PLOTS:
        raise DatasetError(f"unknown picture {name!r}; valid: {', '.join(PLOTS)}")
    return PLOTS[name]


def figure(ds: xr.Dataset, kind: str, /, **choice: Any) -> Figure:
    """A figure of one kind, with a panel for each value of the dimensions that a picture does not show.

    choice: values of dimensions; a mode by its number, from 0. Of a real axis that lacks the value the nearest is drawn, with a
    warning. Of many values a few are drawn, spread evenly. DatasetError if the kind is unknown, the dataset lacks what it
    draws, or an axis the value.
    """
    plot = kind_of(kind)
    try:
        left = plot.chosen(ds, choice)
    except DatasetError as error:
        possible = drawable(ds)
        if kind in possible or not possible:
            raise
        raise DatasetError(f"{error}; what is there can be drawn as {', '.join(possible)}") from None
    return drawn(plot, left, choice)
