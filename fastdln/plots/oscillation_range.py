"""Oscillation range of each mode."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import model_of, singular_values
from fastdln.analysis.expected import prediction
from fastdln.plots.axes import edge_lines, eta_axis
from fastdln.plots.colours import THEORY, mode_colours, mode_marker
from fastdln.plots.labels import axis_label, legend_beside
from fastdln.plots.plot import Plot, eta_and_mode_dims
from fastdln.plots.selection import Choice, array_along, mode_indices, mode_name, values

# Points of a theory's curve: more than a picture has columns.
THEORY_POINTS = 2000


def oscillation_range(ds: xr.Dataset, ax: Axes | None = None, **choice: Unpack[Choice]) -> Axes:
    """Oscillation range of each mode against eta.

    Parameters
    ----------
    ds : xarray.Dataset
        With `oscillation_range` (..., eta, mode): maximum minus minimum over the record.
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
    Thin lines: 2/S_i, where mode i starts to oscillate, and the range of the balanced two-cycle up to its first
    doubling.

    References
    ----------
    docs/theory.md, C; arXiv 2502.20531, figure "oscillation range".

    Examples
    --------
    >>> ax = fastdln.plots.oscillation_range(ds, depth=3, alpha=0.3)  # doctest: +SKIP
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    eta, measured = ds["eta"].values, values(ds, "oscillation_range", "eta", "mode")
    eta_axis(ax, ds)
    for colour, mode in zip(mode_colours(len(mode_indices(ds))), mode_indices(ds), strict=True):
        ax.plot(eta, measured[:, mode], color=colour, label=mode_name(ds, mode), **mode_marker(len(eta), mode))
    fine = xr.DataArray(np.linspace(eta[0], eta[-1], THEORY_POINTS), dims="eta")
    expected = prediction(fine, ds["depth"], singular_values(ds), model_of(ds))["oscillation_range"]
    for k, mode in enumerate(mode_indices(ds)):
        curve = array_along(expected.isel(mode=mode), "eta")
        ax.plot(fine, curve, **THEORY, linestyle="--", label="theory: two-cycle" if k == 0 else None)
    edge_lines(ax, ds)
    ax.set_ylabel(axis_label(ds["oscillation_range"]))
    # what stands still is drawn as such, and not its rounding errors
    still = 0.05 * float(singular_values(ds).max())
    ax.set_ylim(0, max(ax.get_ylim()[1], still) if ax.get_ylim()[1] < 1e-6 * still else None)
    legend_beside(ax)
    return ax


PLOT = Plot(oscillation_range, needs=(("oscillation_range",),), across=eta_and_mode_dims)
