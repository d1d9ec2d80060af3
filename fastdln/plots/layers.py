"""Singular values of each layer along a run."""

from __future__ import annotations

from typing import Unpack

import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import has_matrices, singular_values
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import step_axis
from fastdln.plots.colours import NEUTRAL, THEORY, line_colours
from fastdln.plots.labels import axis_label
from fastdln.plots.plot import Plot, View
from fastdln.plots.scales import FAR_ALONG_STEPS, leave_out_strays
from fastdln.plots.selection import mode_indices, mode_name, values
from fastdln.plots.shown import step_and_mode_dims
from fastdln.plots.trajectories import dots, why_not_layers, zoom


def layers(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Singular values of every layer along the steps, for one learning rate.

    A colour a mode, or of full matrices, whose layers' singular values need not belong to modes, a colour a rank in
    falling order; the last layer is broad and pale, the others fine.

    Parameters
    ----------
    ds : xarray.Dataset
        With `trajectory_singular_value` (..., eta, layer, mode, step).
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches.
    **options : Options
        Values of other dimensions (eta above all), or a mode by its number, and how it looks.

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
    Thin lines: s_i^(1/L), those of the balanced minimum. The narrow axes beside it has the last 20 steps.

    References
    ----------
    arXiv 2502.20531, figure "oscillation per layer".

    Examples
    --------
    >>> ax = fastdln.plots.layers(ds, eta=0.3)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw every layer of each mode as dots, and the layers of the balanced minimum; beside them the last steps."""
    draw(ax, ds, look)
    depth = int(ds["depth"].values[0])
    ax.plot([], [], color=NEUTRAL, linewidth=5, alpha=0.3, label=f"layer {depth}, broad")
    ax.plot([], [], color=NEUTRAL, linewidth=1.2, label="other layers, fine")
    step_axis(ax, ds)
    ax.set_ylabel(axis_label(ds["trajectory_singular_value"]))
    kept = values(ds, "trajectory_singular_value", "step", "layer", "mode")[:, :depth, mode_indices(ds)]
    leave_out_strays(ax, kept.ravel(), FAR_ALONG_STEPS)
    if (last := zoom(ax, ds)) is not None:
        draw(*last, look)


def draw(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the states that a dataset has."""
    measured, s = values(ds, "trajectory_singular_value", "step", "layer", "mode"), singular_values(ds)
    depth, falling, indices = int(ds["depth"].values[0]), has_matrices(ds), mode_indices(ds)
    for k, (colour, mode) in enumerate(zip(line_colours(len(indices), look.cmap), indices, strict=True)):
        balanced = float(s.isel(mode=mode).values.ravel()[0]) ** (1 / depth)
        name = "balanced minimum" if k == 0 else None
        ax.axhline(balanced, **THEORY | {"path_effects": None}, linestyle="--", label=name)
        dots(ax, ds["step"], measured[:, depth - 1, mode], colour, size=5, alpha=0.3)
        for layer in range(depth - 1):
            dots(ax, ds["step"], measured[:, layer, mode], colour)
        name = f"singular value {mode + 1}" if falling else mode_name(ds, mode)
        ax.plot([], [], color=colour, linewidth=2, label=name)


PLOT = Plot(
    layers,
    (
        View(
            paint,
            needs=("trajectory_singular_value",),
            shows=step_and_mode_dims,
            x="step",
            takes=frozenset({"cmap"}),
            why_not=why_not_layers,
        ),
    ),
)
