"""Largest Lyapunov exponent."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import model_of, singular_values
from fastdln.analysis.expected import prediction
from fastdln.plots.axes import edge_lines, eta_axis
from fastdln.plots.colours import THEORY, mode_colours, mode_marker
from fastdln.plots.heatmap import heatmap
from fastdln.plots.labels import axis_label, legend_beside
from fastdln.plots.plot import Plot, eta_and_mode_dims, plane_dims
from fastdln.plots.selection import Choice, array_along, mode_indices, mode_name, values

# Exponents that differ by less are rounding errors about one value. (One superstable orbit, on the other hand, would press all
# the others together at its log 2^-52: the axis ends well before.)
ROUNDING = 1e-9


def plane_or_mode_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Eta and a second axis that varies; else eta and the modes."""
    return plane_dims(ds) if len(plane_dims(ds)) > 1 else eta_and_mode_dims(ds)


def lyapunov(ds: xr.Dataset, ax: Axes | None = None, **choice: Unpack[Choice]) -> Axes:
    """The largest Lyapunov exponent over eta and alpha, or against eta.

    Over two axes in colours about 0: blue where neighbouring orbits come together, yellow where they part.

    Parameters
    ----------
    ds : xarray.Dataset
        With `lyapunov` (..., eta, mode), per step; without `mode` of full matrices.
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches.
    **choice : float
        Values of other dimensions, or a mode by its number.

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
    Thin lines, against eta: the minimum and the two-cycle.

    References
    ----------
    docs/theory.md, C.

    Examples
    --------
    >>> ax = fastdln.plots.lyapunov(ds, depth=3, mode=1)  # doctest: +SKIP
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    if len(plane_dims(ds)) > 1:
        return heatmap(ax, ds, "lyapunov", about=0.0)
    eta = ds["eta"].values
    has_modes = "mode" in ds["lyapunov"].dims
    measured = values(ds, "lyapunov", "eta", "mode") if has_modes else values(ds, "lyapunov", "eta")[:, None]
    indices = mode_indices(ds) if has_modes else [0]
    for colour, mode in zip(mode_colours(len(indices)), indices, strict=True):
        name = mode_name(ds, mode) if has_modes else "all layers"
        ax.plot(eta, measured[:, mode], color=colour, linewidth=1.2, label=name, **mode_marker(len(eta), mode))
    if has_modes:
        expected = prediction(ds["eta"], ds["depth"], singular_values(ds), model_of(ds))["lyapunov"]
        for k, mode in enumerate(indices):
            curve = array_along(expected.isel(mode=mode), "eta")
            ax.plot(eta, curve, **THEORY, linestyle="--", label="theory: minimum and two-cycle" if k == 0 else None)
    ax.axhline(0, color="black", linewidth=0.6)
    eta_axis(ax, ds)
    ax.set_ylabel(axis_label(ds["lyapunov"]) + " per step")
    finite = measured[np.isfinite(measured)]
    top = float(finite.max(initial=0.0))
    if not finite.size or np.ptp(finite) < ROUNDING:
        ax.set_ylim(-0.05, 0.05)
    else:
        ax.set_ylim(bottom=max(float(finite.min()), -4 * max(0.5, top)))
    edge_lines(ax, ds)
    legend_beside(ax)
    return ax


PLOT = Plot(lyapunov, needs=(("lyapunov",),), across=plane_or_mode_dims)
