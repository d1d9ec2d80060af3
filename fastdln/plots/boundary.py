"""Boundary of the fates over a plane."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Unpack

import xarray as xr
from matplotlib.axes import Axes

from fastdln import analysis
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.heatmap import coloured
from fastdln.plots.plot import Plot, View
from fastdln.plots.shown import varying_dims

# White where there is no boundary: it is thin lines, mostly.
CMAP = "Greys"


def boundary(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Boundary of the fates over two axes.

    Over the first two axes of more than one value: eta, alpha, further ones, depth and seed last. A point is on the boundary if one of its
    four neighbours has another fate. The colour of a cell of the picture is the share of its points that are on the
    boundary. Not computed is hatched.

    Parameters
    ----------
    ds : xarray.Dataset
        With `fate` (..., alpha, eta).
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches.
    **options : Options
        Values of other dimensions, and how it looks.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    DatasetError
        If ds lacks these variables, ax is no Axes, or a choice names no dimension or none of its values.

    Notes
    -----
    Thin lines: 2/S_i of each mode, where eta is an axis.

    References
    ----------
    docs/theory.md, G.

    Examples
    --------
    >>> ax = fastdln.plots.boundary(ds, depth=3)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> list[Any]:
    """Draw the share of each cell's points that are on the boundary, and 2/S_i."""
    x, y = varying_dims(ds)
    ds = ds.assign(boundary=analysis.boundary(ds, dims=(x, y)))
    look = replace(look, cmap=look.cmap or CMAP)
    return coloured(ax, ds, look, "boundary", (x, y), "share of points on the boundary of fates")


def why_no_plane(ds: xr.Dataset) -> str:
    """Say why a dataset has no plane whose points are neighbours; "" if it has."""
    return "" if len(varying_dims(ds)) == 2 else "needs two axes of several values"


PLOT = Plot(
    boundary,
    (View(paint, ("fate",), shows=varying_dims, why_not=why_no_plane, measured="colour", inherits=True),),
    network=True,
)
