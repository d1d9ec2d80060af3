"""Loss along a run, or over the record."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import model_of, singular_values
from fastdln.analysis.expected import prediction
from fastdln.plots.axes import edge_lines, eta_axis, step_axis
from fastdln.plots.colours import THEORY, eta_colours
from fastdln.plots.labels import axis_label, legend_beside
from fastdln.plots.plot import Plot, eta_dims
from fastdln.plots.record import draw_range
from fastdln.plots.selection import Choice, array_along, values
from fastdln.plots.trajectories import dots, drawn_etas, eta_and_step_dims

# Below this a loss is rounding: (1e-16 s)^2 for s of order 1.
FLOOR = 1e-32


def along_steps(ds: xr.Dataset) -> bool:
    """Whether trajectories were kept."""
    return "trajectory_loss" in ds


def dims_shown(ds: xr.Dataset) -> tuple[str, ...]:
    """Eta, and the steps where trajectories were kept."""
    return eta_and_step_dims(ds) if along_steps(ds) else eta_dims(ds)


def loss(ds: xr.Dataset, ax: Axes | None = None, **choice: Unpack[Choice]) -> Axes:
    """Loss on a log axis: along the steps, or over the record against eta.

    Parameters
    ----------
    ds : xarray.Dataset
        With `trajectory_loss` (..., eta, step), or `loss`, `loss_min` and `loss_max` (..., eta).
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
    Thin line: its mean on the balanced two-cycle.

    References
    ----------
    docs/theory.md, C.

    Examples
    --------
    >>> ax = fastdln.plots.loss(ds, depth=3)  # doctest: +SKIP
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    ax.set_yscale("log")
    expected = array_along(prediction(ds["eta"], ds["depth"], singular_values(ds), model_of(ds))["loss"], "eta")
    if along_steps(ds):
        indices, measured = drawn_etas(ds), values(ds, "trajectory_loss", "eta", "step")
        for index, colour in zip(indices, eta_colours(len(indices)), strict=True):
            floored = np.maximum(measured[index], FLOOR)
            dots(ax, ds["step"], floored, colour, f"$\\eta$ = {float(ds['eta'][index]):.6g}")
            if expected[index] > 0:
                ax.axhline(expected[index], **THEORY, linestyle="--", label="mean on the two-cycle")
        step_axis(ax, ds)
        ax.set_ylabel(axis_label(ds["trajectory_loss"]))
    else:
        eta = ds["eta"].values
        low, mean, high = (np.maximum(values(ds, f"loss{end}", "eta"), FLOOR) for end in ("_min", "", "_max"))
        draw_range(ax, eta, low, mean, high)
        ax.plot(eta, np.where(expected > 0, expected, np.nan), **THEORY, linestyle="--", label="mean on the two-cycle")
        eta_axis(ax, ds)
        edge_lines(ax, ds)
        ax.set_ylabel(axis_label(ds["loss"]).partition(",")[0])
    legend_beside(ax)
    return ax


PLOT = Plot(loss, needs=(("trajectory_loss",), ("loss", "loss_min", "loss_max")), across=dims_shown, network=True)
