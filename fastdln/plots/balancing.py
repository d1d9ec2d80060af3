"""Balancing gap between the layers."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import models_of, sweep_of
from fastdln.analysis.expected import predicted
from fastdln.models import STARTS
from fastdln.plots.against_eta import draw_line, mode_kinds
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import critical_lines, eta_axis, step_axis
from fastdln.plots.colours import DARK_BLUE, THEORY, line_colours
from fastdln.plots.labels import axis_label, note
from fastdln.plots.plot import Plot, View
from fastdln.plots.selection import array_along, mode_indices, mode_name, values
from fastdln.plots.shown import eta_and_mode_dims, eta_and_step_dims
from fastdln.plots.trajectories import drawn_etas, eta_name, note_etas, why_not_matrices
from fastdln.sweep.layer_axes import of_layers, with_numbers

# A difference of squares is rounding errors from here on, in parts of the squares; balancing_gap itself goes further.
ROUNDING = 1e-14


def balancing(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Balancing gap on a log axis: along the steps, or at the end against eta.

    The largest abs(w_L^2 - w_l^2) over layers. Of full matrices the norm of W_(l+1)^T W_(l+1) - W_l W_l^T instead.

    Parameters
    ----------
    ds : xarray.Dataset
        With `trajectory_singular_value` (..., eta, layer, mode, step), or `balancing_gap` (..., eta, mode), or
        `balancing_norm` (..., eta).
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches.
    **options : Options
        Values of other dimensions, or a mode by its number, and how it looks.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    DatasetError
        If ds lacks these variables or is of the model balanced, ax is no Axes, or a choice names no dimension or none
        of its values.

    Notes
    -----
    Thin lines: the gap at the start, which gradient flow keeps, and, where the orbit is a two-cycle, its rate there.

    References
    ----------
    docs/theory.md, C.

    Examples
    --------
    >>> ax = fastdln.plots.balancing(ds, depth=3, mode=1)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the gap of each mode at the end, and that of the start, which gradient flow keeps."""
    ax.set_yscale("log")
    eta_axis(ax, ds, look)
    indices, gaps = mode_indices(ds), values(ds, "balancing_gap", "eta", "mode")
    if vanished := int((gaps[:, indices] == 0).sum()):
        note(ax, f"{vanished:,} of {np.isfinite(gaps[:, indices]).sum():,} values are 0")
    for colour, mode in zip(line_colours(len(indices), look.cmap), indices, strict=True):
        gap = gaps[:, mode]
        draw_line(
            ax, ds, look, np.where(gap > 0, gap, np.nan), colour, mode_name(ds, mode), mode, kinds=mode_kinds(ds, mode)
        )
    for gap in np.unique([gap_at_start(ds, mode) for mode in indices]):
        if gap > 0:
            ax.axhline(gap, **THEORY, linestyle="--", label="kept by gradient flow")
    ax.set_ylabel(axis_label(ds["balancing_gap"], brief=True) + " at the end")
    critical_lines(ax, ds, look)


def paint_norm(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the norm of full matrices at the end."""
    ax.set_yscale("log")
    eta_axis(ax, ds, look)
    draw_line(ax, ds, look, values(ds, "balancing_norm", "eta"), DARK_BLUE, "all layers")
    ax.set_ylabel(axis_label(ds["balancing_norm"], brief=True))
    critical_lines(ax, ds, look)


def paint_units(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the gap of a network's hidden units at the end, and at the start."""
    ax.set_yscale("log")
    eta_axis(ax, ds, look)
    draw_line(ax, ds, look, values(ds, "balancing_gap", "eta"), DARK_BLUE, "all hidden units")
    ax.plot(
        look.scale * ds["eta"].values,
        values(ds, "balancing_gap_start", "eta"),
        **THEORY,
        linestyle="--",
        label="at the start",
    )
    ax.set_ylabel(axis_label(ds["balancing_gap"], brief=True))


def why_not(ds: xr.Dataset) -> str:
    """Say that the layers of the model balanced are equal, and have no gap to draw."""
    return "is of layers that differ, and those of the model balanced are equal" if "balanced" in models_of(ds) else ""


def why_not_modes(ds: xr.Dataset) -> str:
    """Say that a network's gap is of its units, where it is not of modes."""
    return why_not(ds) or ("" if "mode" in ds["balancing_gap"].dims else "is of modes, and this gap is of units")


def gap_at_start(ds: xr.Dataset, mode: int) -> float:
    """Compute the gap of a mode's layers at state 0, which gradient flow keeps."""
    sweep, depth, number = sweep_of(ds), int(ds["depth"].values[0]), int(ds["mode"].values[mode]) - 1
    modes = len(sweep["target"]["singular_values"])
    at = {name: float(ds[name].values.ravel()[0]) for name in of_layers(map(str, ds.coords)).values()}
    spectral = [] if isinstance(sweep["start"], str) else [with_numbers(sweep["start"]["spectral"], modes, at)]
    name = "spectral" if spectral else sweep["start"]
    layers_of = STARTS[name].layers
    assert layers_of  # a start of the modes has closed values
    at_alpha_one = layers_of(depth, modes, *spectral)[:, number]
    squares = (ds["alpha"].values[0] * at_alpha_one) ** 2
    return float(np.abs(squares[-1] - squares[:-1]).max())


def paint_steps(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the gap of one mode along the steps, a line a learning rate."""
    ax.set_yscale("log")
    layers = values(ds, "trajectory_singular_value", "eta", "step", "layer", "mode")
    mode = mode_indices(ds)[0]
    w = layers[..., : int(ds["depth"].values[0]), mode]
    last, others = w[..., -1:], w[..., :-1]
    gap = np.abs((last - others) * (last + others)).max(axis=-1)
    indices = drawn_etas(ds)
    exponent = predicted(ds)["balancing_exponent"]
    rate = array_along(exponent.isel(mode=mode), "eta")
    step = ds["step"].values
    for index, colour in zip(indices, line_colours(len(indices), look.cmap), strict=True):
        resolved = np.where(gap[index] > ROUNDING * (w[index] ** 2).max(axis=-1), gap[index], np.nan)
        ax.plot(step, resolved, color=colour, linewidth=2.4, label=eta_name(ds, index, "gap"))
        finite_steps = np.flatnonzero(np.isfinite(resolved))
        if finite_steps.size and rate[index] < 0:
            logs = np.log(resolved[finite_steps])
            # well on the cycle, and well above the rounding
            half = finite_steps[np.argmax(logs <= (logs[0] + logs[-1]) / 2)]
            decay = np.exp(np.clip(rate[index] * (step - step[half]), -700, 700))
            ax.plot(step, resolved[half] * decay, **THEORY, linestyle=":", label="rate of the two-cycle")
    finite = gap[np.isfinite(gap) & (gap > ROUNDING)]
    start_gap = gap_at_start(ds, mode)
    lowest, highest = (finite.min(), max(finite.max(), start_gap)) if finite.size else (0.1 * start_gap, start_gap)
    ax.set_ylim(0.3 * (lowest or 1.0), 3 * (highest or 1.0))
    if start_gap > 0:
        ax.axhline(start_gap, **THEORY, linestyle="--", label="kept by gradient flow")
    step_axis(ax, ds)
    note_etas(ax, ds)
    ax.set_ylabel("balancing gap, largest $|w_L^2 - w_l^2|$")


PLOT = Plot(
    balancing,
    (
        View(
            paint_steps,
            needs=("trajectory_singular_value",),
            shows=lambda ds: (*eta_and_step_dims(ds), "layer"),
            x="step",
            why_not=lambda ds: why_not(ds) or why_not_matrices(ds),
            takes=frozenset({"cmap"}),
        ),
        View(
            paint, needs=("balancing_gap",), shows=eta_and_mode_dims, why_not=why_not_modes, takes=frozenset({"cmap"})
        ),
        View(paint_units, needs=("balancing_gap", "balancing_gap_start"), shows=eta_and_mode_dims),
        View(paint_norm, needs=("balancing_norm",), shows=eta_and_mode_dims, why_not=why_not),
    ),
)
