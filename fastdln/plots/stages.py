"""The four stages of a cycle of self-stabilization."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.errors import DatasetError
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import step_axis
from fastdln.plots.colours import DARK_BLUE, EDGE, STAGES, THEORY
from fastdln.plots.plot import Plot, View
from fastdln.plots.selection import values
from fastdln.plots.shown import step_dims
from fastdln.plots.trajectories import above

# By whether y > 0 and whether |x| > delta.
NAMES = {
    (False, False): "progressive sharpening",
    (True, False): "blow-up",
    (True, True): "self-stabilization",
    (False, True): "return to stability",
}

# States before and after the cycle, in parts of its length.
MARGIN = 0.08

# Part of a cycle in which a stage's number has room.
NARROWEST = 0.03


def stages(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Four stages of a cycle at the edge: progressive sharpening, blow-up, self-stabilization, return to stability.

    The first whole cycle after the edge: below, y, by which the sharpness is beyond 2/eta; above, the absolute value of x, the
    oscillation along the top eigenvector. While y < 0 and x is small the sharpness rises; beyond 2/eta x grows; once it is larger than
    delta it pulls the sharpness down; below 2/eta x shrinks again.

    Parameters
    ----------
    ds : xarray.Dataset
        With `trajectory_x` and `trajectory_y` (..., step), and `trajectory_delta` (..., step) or `delta` (...).
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches. The oscillation stands above it.
    **options : Options
        Values of other dimensions, and how it looks.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on, which have y; `ax.child_axes[0]` has x.

    Raises
    ------
    DatasetError
        If ds lacks these variables or has no whole cycle, ax is no Axes, or a choice names no dimension or none of its values.

    Notes
    -----
    The map is x' = -(1 + eta y) x, y' = y + eta (alpha_ps - beta x^2 / 2), delta = sqrt(2 alpha_ps / beta).

    References
    ----------
    docs/theory.md, E; arXiv 2209.15594, section 3.

    Examples
    --------
    >>> ax = fastdln.plots.stages(ds, seed=3)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the first whole cycle, with its stages shaded and named."""
    step = ds["step"].values
    x, y = abs(values(ds, "trajectory_x", "step")), values(ds, "trajectory_y", "step")
    delta = (
        values(ds, "trajectory_delta", "step") if "trajectory_delta" in ds else np.full(len(step), values(ds, "delta"))
    )
    first, last = first_cycle(y)
    margin = max(int(MARGIN * (last - first)), 1)
    shown = slice(max(first - margin, 0), last + margin + 1)
    oscillation = above(ax, "$|x|$")
    oscillation.set_yscale("log")
    oscillation.plot(step[shown], x[shown], color=DARK_BLUE, linewidth=1.3, label="_x")
    oscillation.plot(step[shown], delta[shown], **THEORY, linestyle="--", label="$\\delta$")
    ax.plot([], [], **THEORY, linestyle="--", label="$\\delta$")
    ax.plot(step[shown], y[shown], color=DARK_BLUE, linewidth=1.3, label="_y")
    ax.axhline(0.0, **EDGE, label="sharpness 2/$\\eta$")
    found = pieces(x, y, delta, first, last)
    for begin, end, stage in found:
        number = list(NAMES).index(stage)
        for axes in (ax, oscillation):
            axes.axvspan(step[begin], step[end], facecolor=STAGES[number], linewidth=0, zorder=0)
        if end - begin >= NARROWEST * (last - first):
            centre = (0.5 * (step[begin] + step[end]), 0.05)
            where = oscillation.get_xaxis_transform()
            oscillation.text(*centre, str(number + 1), transform=where, ha="center", va="bottom", fontweight="bold")
    for number, (stage, name) in enumerate(NAMES.items()):
        if stage in {kind for *_, kind in found}:
            ax.fill_between([], [], [], facecolor=STAGES[number], label=f"{number + 1}. {name}")
    step_axis(ax, ds)
    ax.set_xlim(step[shown][0], step[shown][-1])
    ax.set_ylabel("sharpness beyond 2/$\\eta$, $y$")


def first_cycle(y: np.ndarray) -> tuple[int, int]:
    """Find the states between which y passes 0 downwards, upwards and downwards again."""
    down = np.flatnonzero((y[:-1] > 0) & (y[1:] <= 0))
    if len(down) < 2:
        raise DatasetError(
            "stages: the trajectory has no whole cycle about 2/eta; keep more steps, or choose another point"
        )
    return int(down[0]), int(down[1])


def pieces(x: np.ndarray, y: np.ndarray, delta: np.ndarray, first: int, last: int) -> list[tuple[int, int, Any]]:
    """Part a cycle into stretches of one stage: their first and last states, and the stage."""
    kinds = [(bool(y[k] > 0), bool(x[k] > delta[k])) for k in range(first, last + 1)]
    ends = [k for k in range(1, len(kinds)) if kinds[k] != kinds[k - 1]]
    begins = [0, *ends]
    return [(first + a, first + b, kinds[a]) for a, b in zip(begins, [*ends, len(kinds) - 1], strict=True)]


PLOT = Plot(
    stages,
    (
        View(paint, ("trajectory_x", "trajectory_y", "trajectory_delta"), step_dims, "step", measured=""),
        View(paint, ("trajectory_x", "trajectory_y", "delta"), step_dims, "step", measured=""),
    ),
    network=True,
)
