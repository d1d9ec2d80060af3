"""Loss along a run, or over the record."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.expected import predicted
from fastdln.plots.against_eta import draw_range
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import critical_lines, eta_axis, step_axis
from fastdln.plots.colours import THEORY, line_colours
from fastdln.plots.labels import axis_label
from fastdln.plots.plot import Plot, View
from fastdln.plots.scales import leave_out_strays
from fastdln.plots.selection import array_along, values
from fastdln.plots.shown import eta_and_step_dims, eta_dims
from fastdln.plots.trajectories import dots, drawn_etas, eta_name, note_etas

# Below this a loss is rounding: (1e-16 s)^2 for s of order 1.
FLOOR = 1e-32


def loss(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Loss on a log axis: along the steps, or over the record against eta.

    Parameters
    ----------
    ds : xarray.Dataset
        With `trajectory_loss` (..., eta, step), or `loss`, `loss_min` and `loss_max` (..., eta).
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
    Thin line: its mean on the balanced two-cycle.

    References
    ----------
    docs/theory.md, C.

    Examples
    --------
    >>> ax = fastdln.plots.loss(ds, depth=3)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint_steps(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the loss along the steps, a colour a learning rate."""
    ax.set_yscale("log")
    indices, measured, expected = drawn_etas(ds), values(ds, "trajectory_loss", "eta", "step"), on_the_two_cycle(ds)
    for index, colour in zip(indices, line_colours(len(indices), look.cmap), strict=True):
        floored = np.maximum(measured[index], FLOOR)
        dots(ax, ds["step"], floored, colour, eta_name(ds, index, "loss"))
        if expected[index] > 0:
            ax.axhline(expected[index], **THEORY, linestyle="--", label="mean on the two-cycle")
    step_axis(ax, ds)
    note_etas(ax, ds)
    ax.set_ylabel(axis_label(ds["trajectory_loss"]))


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw mean, minimum and maximum over the record."""
    ax.set_yscale("log")
    low, mean, high = (np.maximum(values(ds, f"loss{end}", "eta"), FLOOR) for end in ("_min", "", "_max"))
    draw_range(ax, ds, look, low, mean, high)
    expected = np.where((found := on_the_two_cycle(ds)) > 0, found, np.nan)
    if np.isfinite(expected).any():
        ax.plot(look.scale * ds["eta"].values, expected, **THEORY, linestyle="--", label="mean on the two-cycle")
    eta_axis(ax, ds, look)
    leave_out_strays(ax, np.concatenate([low, mean, high]))
    critical_lines(ax, ds, look)
    ax.set_ylabel(axis_label(ds["loss"], brief=True))


def on_the_two_cycle(ds: xr.Dataset) -> np.ndarray:
    """Compute the mean loss of balanced modes at each learning rate."""
    return array_along(predicted(ds)["loss"], "eta")


PLOT = Plot(
    loss,
    (
        View(paint_steps, needs=("trajectory_loss",), shows=eta_and_step_dims, x="step", takes=frozenset({"cmap"})),
        View(paint, needs=("loss", "loss_min", "loss_max"), shows=eta_dims),
    ),
    network=True,
)
