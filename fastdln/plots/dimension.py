"""Box-counting dimension of the boundary of the fates: boxes against their size, with the lines fitted to them."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln import analysis
from fastdln.analysis.box_counting import SMALLEST_AXIS
from fastdln.analysis.planes import is_even
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.boundary import why_no_plane
from fastdln.plots.colours import CLASS_COLOURS, DARK_BLUE, THEORY
from fastdln.plots.plot import Plot, View
from fastdln.plots.shown import varying_dims

# What is counted: the boundary between any two fates, and that of divergence; a colour and a marker each.
COUNTED: tuple[tuple[str, str | None, str, str], ...] = (
    ("all fates", None, DARK_BLUE, "o"),
    ("diverged and others", "diverged", CLASS_COLOURS["diverged"], "s"),
)


def dimension(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Box-counting dimension of the boundary of the fates: boxes against their size, on log axes.

    Boxes over the first two axes of more than one value (eta, alpha, further ones, depth and seed last), by their side in cells of the
    grid: those that hold points of several fates and, where some points diverge and others do not, those that hold both. The legend
    has D, the slopes of the fitted lines, and their 95 % intervals.

    Parameters
    ----------
    ds : xarray.Dataset
        With `fate` (..., alpha, eta), of at least 24 values along both axes, in even steps or even ratios, all computed.
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
        If ds lacks these variables, points are not computed, ax is no Axes, or a choice names no dimension or none of its values.

    Notes
    -----
    Dashed: the slope of a smooth boundary, whose dimension is 1. How boxes are counted, and what the interval means, is said by
    `fastdln.analysis.box_counting_dimension`.

    References
    ----------
    docs/theory.md, G; arXiv 2402.06184.

    Examples
    --------
    >>> ax = fastdln.plots.dimension(ds, depth=3)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the counts of boxes, the lines fitted to them, and a line of slope -1 from the first count."""
    ax.set(xscale="log", yscale="log", xlabel="side of boxes, cells of the grid", ylabel="boxes that hold the boundary")
    first = None
    for name, group, colour, marker in COUNTED:
        found = analysis.box_counting_dimension(ds, group=group, dims=varying_dims(ds)).squeeze()
        sizes, boxes = (found[which].values.astype(float) for which in ("size", "boxes"))
        known = boxes > 0
        if not known.any():
            continue
        dimension, low, high = (found[which].item() for which in ("dimension", "dimension_low", "dimension_high"))
        fitted = np.exp(found["intercept"].item()) * sizes**-dimension
        slope = f"D = {dimension:.3f}\n(95%: {low:.3f} to {high:.3f})" if np.isfinite(dimension) else "too few boxes"
        ax.plot(sizes[known], boxes[known], marker, color=colour, markersize=3.5)
        ax.plot(
            sizes,
            fitted,
            color=colour,
            marker=marker,
            markersize=3.5,
            markevery=[],
            linewidth=1.0,
            label=f"{name}:\n{slope}",
        )
        first = first or (sizes[known], boxes[known][0])
    if first is not None:
        sizes, most = first
        ax.plot(sizes, most * sizes[0] / sizes, **THEORY, linestyle="--", label="smooth: D = 1")


def why_not(ds: xr.Dataset) -> str:
    """Say why boxes cannot be counted; "" if they can."""
    if reason := why_no_plane(ds):
        return reason
    dims = varying_dims(ds)
    if short := [dim for dim in dims if ds.sizes[dim] < SMALLEST_AXIS]:
        return f"needs {SMALLEST_AXIS} values or more along {' and '.join(short)}"
    uneven = [dim for dim in dims if not is_even(ds[dim].values)]
    return f"needs even steps or even ratios along {' and '.join(uneven)}" if uneven else ""


PLOT = Plot(
    dimension,
    (
        View(
            paint,
            ("fate",),
            shows=varying_dims,
            x="size",
            why_not=why_not,
            measured="",
            inherits=True,
        ),
    ),
    network=True,
)
