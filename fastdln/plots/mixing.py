"""Mixing exponent: whether a network of full matrices would leave the orbit of the modes."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln import theory
from fastdln.analysis.dataset import singular_values
from fastdln.plots.axes import eta_axis
from fastdln.plots.colours import THEORY, mode_marker
from fastdln.plots.heatmap import heatmap
from fastdln.plots.labels import axis_label, legend_beside, legend_inside
from fastdln.plots.plot import Plot, plane_dims
from fastdln.plots.selection import Choice, mode_indices, values


def mixing(ds: xr.Dataset, ax: Axes | None = None, **choice: Unpack[Choice]) -> Axes:
    """Mixing exponent over eta and a further axis, or against eta.

    Above 0, in yellow, full matrices leave the orbit of the modes.

    Parameters
    ----------
    ds : xarray.Dataset
        With `mixing_exponent` (..., eta), per step.
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches.
    **choice : float
        Values of other dimensions.

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
    ds, ax = PLOT.ready(ds, ax, choice)
    if len(dims := plane_dims(ds)) > 1:
        heatmap(ax, ds, "mixing_exponent", about=0.0, edges=False)
        edge = pair_edge(ds)
        edge = edge.isel({dim: 0 for dim in edge.dims if dim != dims[1]})
        limits, x = ax.get_ylim(), ax.get_xlim()
        y = ds[dims[1]].values
        ax.plot(np.broadcast_to(edge.values, y.shape), y, **THEORY, linestyle="--", label=pair_label(ds))
        ax.set(xlim=x, ylim=limits)
        legend = ax.get_legend()
        legend_inside(ax, [handle for handle in legend.legend_handles if handle] if legend else [])
        return ax
    eta = ds["eta"].values
    ax.plot(
        eta,
        values(ds, "mixing_exponent", "eta"),
        color="black",
        linewidth=1.0,
        label="measured",
        **mode_marker(len(eta), 0),
    )
    ax.axhline(0, color="black", linewidth=0.6)
    if eta[0] <= (pair := float(pair_edge(ds).values.ravel()[0])) <= eta[-1]:
        ax.axvline(pair, **THEORY, linestyle="--", label=pair_label(ds))
    eta_axis(ax, ds)
    ax.set_ylabel(axis_label(ds["mixing_exponent"]) + " per step")
    legend_beside(ax)
    return ax


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
    return "$\\eta\\,(s_1 + s_2) = 2$" if (ds["depth"] == 2).all() else "$\\eta\\,\\lambda_{12} = 2$ at the minimum"


PLOT = Plot(mixing, needs=(("mixing_exponent",),), across=plane_dims, network=True)
