"""Path of two layers in the plane of their singular values."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import singular_values
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import hatch_if_empty
from fastdln.plots.colours import THEORY, line_colours
from fastdln.plots.plot import Plot, View
from fastdln.plots.selection import mode_indices, values
from fastdln.plots.shown import eta_and_step_dims
from fastdln.plots.trajectories import drawn_etas, eta_name, note_etas, thinned, why_not_matrices

# Room about the path, in parts of its extent.
MARGIN = 0.35

# Contours of the loss: powers of ten, and three times these.
DECADES = (-2, -1, 0, 1, 2)
CONTOURS = "#a0a0a0"

# Width of the last path, and by how much each before it is wider.
NARROWEST, STEP_OF_WIDTH = 0.8, 1.5


def contour(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Path of two layers over the contours of the loss, L = 2.

    Paths that lie on each other are drawn one within the other, the largest learning rate last.

    Parameters
    ----------
    ds : xarray.Dataset
        With `trajectory_singular_value` (..., eta, layer, mode, step), of depth 2.
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
        If ds lacks these variables or is not of depth 2, ax is no Axes, or a choice names no dimension or none of its
        values.

    Notes
    -----
    Thin lines: the minima w_1 w_2 = s, and the hyperbola w_2^2 - w_1^2 = const that gradient flow follows.

    References
    ----------
    docs/theory.md, C; arXiv 2502.20531, figure "contour with flow".

    Examples
    --------
    >>> ax = fastdln.plots.contour(ds, depth=2, mode=1)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the loss's contours, a path a learning rate, the minima, and the path of gradient flow."""
    mode = mode_indices(ds)[0]
    w = values(thinned(ds), "trajectory_singular_value", "eta", "step", "layer", "mode")[:, :, :2, mode]
    s = float(singular_values(ds).isel(mode=mode).values.ravel()[0])
    first, second = limits_about(w[..., 0]), limits_about(w[..., 1])
    indices = drawn_etas(ds)
    computed = indices[int(np.argmax(np.isfinite(w[indices, 0, 0])))]
    draw_contours(ax, first, second, s)
    paths = list(zip(indices, line_colours(len(indices), look.cmap), strict=True))
    for k, (index, colour) in enumerate(paths):
        # the later the narrower, so that paths which lie on each other are all seen
        width = NARROWEST + STEP_OF_WIDTH * (len(paths) - 1 - k)
        style: dict[str, Any] = {"linewidth": width, "markersize": width + 2, "markeredgewidth": 0}
        ax.plot(w[index, :, 0], w[index, :, 1], ".-", color=colour, **style, label=eta_name(ds, index))
    ax.plot(*w[computed, 0], "D", color="black", markersize=4, label="start", zorder=4)
    line = np.linspace(*first, 600)
    with np.errstate(divide="ignore", invalid="ignore"):
        ax.plot(line, np.where(line * s > 0, s / line, np.nan), **THEORY, linestyle="-", label="minima, loss = 0")
    conserved = w[computed, 0, 1] ** 2 - w[computed, 0, 0] ** 2
    w_2 = np.linspace(*second, 600)
    w_1_squared = w_2**2 - conserved
    sign = np.sign(w[computed, 0, 0]) or 1.0
    flow = np.where(w_1_squared >= 0, sign * np.sqrt(np.abs(w_1_squared)), np.nan)
    ax.plot(flow, w_2, **THEORY | {"path_effects": None}, linestyle="--", label="gradient flow")
    ax.set(
        xlim=first, ylim=second, xlabel="singular value of layer 1, $w_1$", ylabel="singular value of layer 2, $w_2$"
    )
    note_etas(ax, ds)
    hatch_if_empty(ax, ds)


def draw_contours(ax: Axes, first: tuple[float, float], second: tuple[float, float], s: float) -> None:
    """Draw the loss (w_1 w_2 - s)^2 / 2 as contours with their values."""
    a, b = np.meshgrid(np.linspace(*first, 300), np.linspace(*second, 300))
    levels = [level for decade in DECADES for level in (10.0**decade, 3 * 10.0**decade)]
    contours = ax.contour(a, b, (a * b - s) ** 2 / 2, levels=levels, colors=CONTOURS, linewidths=0.6)
    labels = ax.clabel(contours, levels=levels[::2], fmt="%g", fontsize="xx-small", inline_spacing=2)
    for label in labels:
        label.set_clip_on(True)
    ax.plot([], [], color=CONTOURS, linewidth=0.6, label="loss of the mode")


def limits_about(values: np.ndarray) -> tuple[float, float]:
    """Find the least and the greatest of the finite values, with some room."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    room = MARGIN * max(high - low, 0.1)
    return low - room, high + room


def why_not(ds: xr.Dataset) -> str:
    """Say that the picture needs two layers, of modes."""
    depths = ds["depth"].values.tolist()
    if (reason := why_not_matrices(ds)) or depths == [2]:
        return reason
    only = f"this dataset is of depth {', '.join(f'{depth:g}' for depth in depths)}"
    return f"is of two layers, and {only}" + ("; choose depth=2" if 2 in depths else "")


PLOT = Plot(
    contour,
    (
        View(
            paint,
            needs=("trajectory_singular_value",),
            shows=lambda ds: (*eta_and_step_dims(ds), "layer"),
            x="w_1",
            why_not=why_not,
            measured="",
            takes=frozenset({"cmap"}),
        ),
    ),
)
