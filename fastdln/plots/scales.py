"""Scales: robust ones of colours, y axes without strays, and one scale for the panels that show one quantity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, LogNorm, Normalize, TwoSlopeNorm

from fastdln.errors import DatasetError
from fastdln.plots.labels import note
from fastdln.plots.ticks import Decades, PowersOfTen

# Percentiles at either end, and how far beyond them in parts of what lies between them a scale still reaches; what lies
# further away has the last colour.
CLIPPED, FARTHEST = 0.5, 0.5

# Values that may be strays: no more than this part at either end, of so many at least, and further from the others than
# this part of what those extend.
STRAY_PART, FEWEST_VALUES, FAR = 0.005, 100, 0.15

# The same along a run, whose start and first swings belong to the picture: only what diverges is so far away.
FAR_ALONG_STEPS = 5.0

# Room beyond the last values, in parts of their extent.
ROOM = 0.05

# What is less is below 0 by more than rounding.
LEAST_SIGNED = -1e-12

# How the note on values beyond a scale of colours begins.
BEYOND = "beyond the colours"

# Length of a colour bar in parts of its width, along one row of panels.
ASPECT = 20


def robust_scale(values: np.ndarray, log: bool) -> tuple[Normalize, int, int]:
    """Make a scale of colours that a few strays do not stretch; gives how many values lie below and above it, too.

    Parameters
    ----------
    values : numpy.ndarray
        Finite ones, of one dimension.
    log : bool
        Whether the scale is logarithmic; values of 0 and less are below it.

    Returns
    -------
    norm : matplotlib.colors.Normalize
        Of all values, but for those beyond the percentiles that are far away.
    below, above : int
        Numbers of values beyond the scale.
    """
    drawn = np.log(values[values > 0]) if log else values
    low, high = 0.0, 1.0
    if drawn.size:
        near, far = np.percentile(drawn, [CLIPPED, 100 - CLIPPED])
        room = FARTHEST * (far - near)
        low, high = max(drawn.min(), near - room), min(drawn.max(), far + room)
    below, above = int((drawn < low).sum()) + values.size - drawn.size, int((drawn > high).sum())
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300):  # one value; a log scale is a decade long
        room = np.log(10) / 2 if log else 0.5 * (abs(low) or 1)
        low, high = low - room, high + room
    norm = LogNorm(np.exp(low), np.exp(high)) if log else Normalize(low, high)
    return norm, below, above


def whole_numbers(low: int, high: int, cmap: str) -> dict[str, Any]:
    """Give the colours of the whole numbers from low to high, one each."""
    count = high - low + 1
    norm = BoundaryNorm(np.arange(count + 1) + low - 0.5, count)
    return {"cmap": colormaps[cmap].resampled(count), "norm": norm}


def extend_of(below: bool, above: bool) -> str:
    """Name the ends of a colour bar that get an arrow."""
    return ("neither", "min", "max", "both")[below + 2 * above]


def without_strays(values: Any, far: float = FAR) -> tuple[float, float, int]:
    """Find the limits of all finite values but for a few that lie far outside.

    Parameters
    ----------
    values : array_like of float
        Of any shape; on a log axis their logarithms.
    far : float, default: FAR
        How far a stray is from the others at least, in parts of what those extend.

    Returns
    -------
    low, high : float
        Least and greatest of the others; NaN if there is no value.
    strays : int
        Values that are left out.
    """
    finite = np.sort(np.asarray(values, dtype=float).ravel())
    finite = finite[np.isfinite(finite)]
    if not finite.size:
        return np.nan, np.nan, 0
    low, high = float(finite[0]), float(finite[-1])
    cut = int(np.ceil(STRAY_PART * finite.size))
    if finite.size < FEWEST_VALUES or finite[cut] == finite[-1 - cut]:
        return low, high, 0
    reach = far * (finite[-1 - cut] - finite[cut])
    kept = finite[(finite >= finite[cut] - reach) & (finite <= finite[-1 - cut] + reach)]
    return float(kept[0]), float(kept[-1]), int(finite.size - kept.size)


def limits_of_lines(values: np.ndarray, far: float = FAR) -> tuple[float, float]:
    """Find limits that hold a line, or a line a column, but for the strays of each; NaN if there is no value.

    Each is looked at by itself: that one of many lines rises above the others makes its end no stray.
    """
    found = [without_strays(line, far)[:2] for line in (values.T if values.ndim > 1 else [values])]
    drawn = [ends for ends in found if np.isfinite(ends[0])]
    return min((low for low, _ in drawn), default=np.nan), max((high for _, high in drawn), default=np.nan)


def leave_out_strays(ax: Axes, values: Any, far: float = FAR) -> None:
    """Set the y limits so that a few values far outside do not stretch the axis, and say how many they are.

    values: of a line, or a column a line. Without such values the limits stay.
    """
    log = ax.get_yscale() == "log"
    measured = np.asarray(values, dtype=float)
    if log:
        measured = np.log10(np.where(measured > 0, measured, np.nan))
    low, high = limits_of_lines(measured, far)
    strays = int(np.count_nonzero((measured < low) | (measured > high)))
    if not strays:
        return
    room = ROOM * (high - low)
    bottom, top = low - room, high + room
    ax.set_ylim(*((10**bottom, 10**top) if log else (bottom, top)))
    note_outside(ax, strays, int(np.isfinite(measured).sum()))


def note_outside(ax: Axes, count: int, of: int, what: str = "values") -> None:
    """Say on a picture how many values are beyond its axis."""
    if count:
        note(ax, f"{count:,} of {of:,} {what} beyond the axis")


def share_y(axes: Sequence[Axes]) -> None:
    """Give all panels the y limits that hold those of each; ticks are labelled once a row."""
    low = min(min(ax.get_ylim()) for ax in axes)
    high = max(max(ax.get_ylim()) for ax in axes)
    for ax in axes:
        ax.set_ylim(low, high)


def share_colours(axes: Sequence[Axes]) -> None:
    """Give the maps of all panels one scale of colours, and one colour bar for each quantity."""
    meshes: list[Any] = [mesh for ax in axes for mesh in ax.collections if getattr(mesh, "colorbar", None) is not None]
    by_label: dict[str, list[Any]] = {}
    for mesh in meshes:
        by_label.setdefault(mesh.colorbar.ax.get_ylabel(), []).append(mesh)
    shared = len(axes) == 1 or any(len(alike) > 1 for alike in by_label.values())
    for label, alike in by_label.items():
        if len(meshes) > 1 and shared:
            share_bar(axes, label, alike)


def one_scale(norms: Sequence[Any], cmap: str) -> dict[str, Any]:
    """Make one scale of several, as keywords of what has it; empty where they are of different kinds.

    cmap: the colour map's name, of which whole numbers take a colour each.
    """
    if len({type(norm) for norm in norms}) > 1:
        return {}
    low, high = min(norm.vmin for norm in norms), max(norm.vmax for norm in norms)
    if isinstance(norms[0], TwoSlopeNorm):
        about = {norm.vcenter for norm in norms}
        return {"norm": TwoSlopeNorm(about.pop(), low, high)} if len(about) == 1 else {}
    if isinstance(norms[0], BoundaryNorm):
        return whole_numbers(round(low + 0.5), round(high - 0.5), cmap)
    return {"norm": (LogNorm if isinstance(norms[0], LogNorm) else Normalize)(low, high)}


def share_bar(axes: Sequence[Axes], label: str, meshes: list[Any]) -> None:
    """Give maps of one quantity one scale and one colour bar."""
    norms = [mesh.norm for mesh in meshes]
    if not (shared := one_scale(norms, meshes[0].get_cmap().name)):
        return
    place = axes[0].get_subplotspec()
    aspect = ASPECT * (1 if place is None else place.get_gridspec().nrows)
    ends = joined_ends([mesh.colorbar.extend for mesh in meshes])
    replace_bar(meshes, shared, label, ends, ax=list(axes), aspect=aspect)


def joined_ends(ends: Sequence[str]) -> str:
    """Name the ends of a colour bar that get an arrow where one of several has it."""
    return extend_of(bool({"min", "both"} & set(ends)), bool({"max", "both"} & set(ends)))


def replace_bar(meshes: Sequence[Any], scale: dict[str, Any], label: str, extend: str, **place: Any) -> None:
    """Give maps another scale, and one new colour bar instead of theirs, like the last one's; place: as for colorbar."""
    bar = meshes[-1].colorbar
    lines = [line.get_ydata()[0] for line in bar.ax.lines]
    locator = bar.locator if isinstance(bar.norm, BoundaryNorm) else None
    for mesh in meshes:
        if mesh.colorbar is not None:
            mesh.colorbar.remove()
        mesh.set(**scale)
    one: Any = meshes[-1].axes.figure.colorbar(meshes[-1], extend=extend, label=label, ticks=locator, **place)
    tidy_bar(one)
    for line in lines:
        one.ax.axhline(line, color="black", linewidth=0.8)


def tidy_bar(bar: Any) -> None:
    """Give a colour bar ticks that can be read: on a log scale those of log axes, and none without a number."""
    if isinstance(bar.norm, LogNorm):
        bar.locator, bar.formatter = Decades(), PowersOfTen()
        bar.update_ticks()
    bar.ax.minorticks_off()


def set_log(ax: Axes, log: bool) -> None:
    """Give the y axis a log scale or a linear one, with limits about what is drawn."""
    if log and any(np.any(np.asarray(line.get_ydata(), dtype=float) < LEAST_SIGNED) for line in ax.lines):
        raise DatasetError(f"log: {ax.get_ylabel().replace(chr(10), ' ')} has values below 0; leave it out")
    ax.set_yscale("log" if log else "linear")
    ax.relim()
    ax.autoscale(axis="y")


def union(one: tuple[float, float], two: tuple[float, float]) -> tuple[float, float]:
    """Limits that hold both."""
    return min(*one, *two), max(*one, *two)
