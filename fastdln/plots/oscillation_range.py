"""How far each mode swings."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis import prediction
from fastdln.analysis.dataset import model_of, singular_values
from fastdln.plots.marks import THEORY, beside, edge_lines, eta_axis, label, marker, modes, over, shades, values
from fastdln.plots.plot import Plot, name_of, of_eta_and_modes

# Points of a theory's curve: more than a picture has columns.
FINE = 2000


def oscillation_range(ds: xr.Dataset, ax: Axes | None = None, **choice: Any) -> Axes:
    """Oscillation range of each mode against eta.

    Thin lines: 2/S_i, where mode i starts to oscillate, and the range of the balanced two-cycle up to its first doubling
    (docs/theory.md, C). choice: values of other dimensions, or a mode by its number. arXiv 2502.20531, figure "oscillation
    range".
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    eta, measured = ds["eta"].values, values(ds, "oscillation_range", "eta", "mode")
    eta_axis(ax, ds)
    for colour, mode in zip(shades(len(modes(ds))), modes(ds), strict=True):
        ax.plot(eta, measured[:, mode], color=colour, label=name_of(ds, mode), **marker(len(eta), mode))
    fine = xr.DataArray(np.linspace(eta[0], eta[-1], FINE), dims="eta")
    expected = prediction(fine, ds["depth"], singular_values(ds), model_of(ds))["oscillation_range"]
    for k, mode in enumerate(modes(ds)):
        curve = over(expected.isel(mode=mode), "eta")
        ax.plot(fine, curve, **THEORY, linestyle="--", label="theory: two-cycle" if k == 0 else None)
    edge_lines(ax, ds)
    ax.set_ylabel(label(ds["oscillation_range"]))
    # what stands still is drawn as such, and not its rounding errors
    still = 0.05 * float(singular_values(ds).max())
    ax.set_ylim(0, max(ax.get_ylim()[1], still) if ax.get_ylim()[1] < 1e-6 * still else None)
    beside(ax)
    return ax


PLOT = Plot(oscillation_range, needs=(("oscillation_range",),), across=of_eta_and_modes)
