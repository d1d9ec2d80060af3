"""Mixing exponent: whether a network of full matrices would leave the orbit of the modes."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln import theory
from fastdln.analysis.dataset import singular_values
from fastdln.plots.against_eta import draw_line
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import eta_axis
from fastdln.plots.colours import DARK_BLUE, THEORY
from fastdln.plots.heatmap import heatmap
from fastdln.plots.labels import axis_label
from fastdln.plots.plot import Plot, View
from fastdln.plots.scales import leave_out_strays
from fastdln.plots.selection import mode_indices, values
from fastdln.plots.shown import is_plane, plane_dims


def mixing(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Mixing exponent over eta and a further axis, or against eta.

    Above 0, in yellow, full matrices leave the orbit of the modes. The line breaks where another pair has the largest
    exponent.

    Parameters
    ----------
    ds : xarray.Dataset
        With `mixing_exponent` (..., eta), per step.
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
    Thin line: eta lambda_12 = 2, the edge of the pair of the two largest modes at the balanced minimum, exact for depth
    2, where it is eta (s_1 + s_2) = 2.

    References
    ----------
    docs/theory.md, C.

    Examples
    --------
    >>> ax = fastdln.plots.mixing(ds, depth=2)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint_plane(ax: Axes, ds: xr.Dataset, look: Appearance) -> list[Any]:
    """Draw a map of colours about 0, with the edge of the pair."""
    handles = heatmap(ax, ds, look, "mixing_exponent", critical=False)
    y = plane_dims(ds)[1]
    edge = pair_edge(ds)
    edge = edge.isel({dim: 0 for dim in edge.dims if dim != y})
    limits, x = ax.get_ylim(), ax.get_xlim()
    if edge.ndim:
        ax.plot(look.scale * edge.values, ds[y].values, **THEORY, linestyle="--", label=pair_label(ds))
    elif x[0] <= (pair := look.scale * float(edge)) <= x[1]:
        ax.axvline(pair, **THEORY, linestyle="--", label=pair_label(ds))
    ax.set(xlim=x, ylim=limits)
    return handles


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the exponent as a line, and the edge of the pair."""
    eta = ds["eta"].values
    pairs = values(ds, "mixing_pair", "eta") if "mixing_pair" in ds else None
    measured = values(ds, "mixing_exponent", "eta")
    draw_line(ax, ds, look, measured, DARK_BLUE, "measured", kinds=pairs)
    ax.axhline(0, color="black", linewidth=0.6)
    if eta[0] <= (pair := float(pair_edge(ds).values.ravel()[0])) <= eta[-1]:
        ax.axvline(look.scale * pair, **THEORY, linestyle="--", label=pair_label(ds))
    eta_axis(ax, ds, look)
    leave_out_strays(ax, measured)
    ax.set_ylabel(axis_label(ds["mixing_exponent"], brief=True) + " per step")


def pair_edge(ds: xr.Dataset) -> xr.DataArray:
    """2 / lambda_12 of the two largest modes, along the depth and the axes that set singular values; NaN for one mode."""
    s = singular_values(ds)
    if len(mode_indices(ds)) < 2:
        return xr.full_like(s.max("mode"), np.nan)
    edge: xr.DataArray = xr.apply_ufunc(largest_pair_edge, s, ds["depth"], input_core_dims=[["mode"], []])
    return edge


def largest_pair_edge(s: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Compute 2 / lambda_12 of the two largest singular values along the last axis."""
    largest = np.sort(s, axis=-1)[..., -2:]
    return np.asarray(2 / theory.hessian_eigenvalues(largest, depth)[..., 0, 1])


def pair_label(ds: xr.Dataset) -> str:
    """Name the pair's edge in a legend."""
    if (ds["depth"] == 2).all():
        return "$\\eta\\,(s_1 + s_2) = 2$, exact for $L$ = 2"
    return "$\\eta\\,\\lambda_{12} = 2$ at the minimum"


PLOT = Plot(
    mixing,
    (
        View(paint_plane, needs=("mixing_exponent",), shows=plane_dims, suits=is_plane, measured="colour"),
        View(paint, needs=("mixing_exponent",), shows=plane_dims),
    ),
    network=True,
)
