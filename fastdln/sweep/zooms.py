"""The windows of a zoom: each some times narrower than the one before it, about one point, as far as float64 tells them apart."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

from fastdln.errors import SweepError
from fastdln.sweep.axes import is_named, length
from fastdln.sweep.schema import Sweep
from fastdln.sweep.units import said
from fastdln.sweep.values import shown
from fastdln.sweep.windows import WHOLE_NUMBERS, Window, changes, checked_factor, checked_point

DEFAULT_FACTOR = 2.0
DEFAULT_FRAMES = 20

# Half a minute at 30 frames a second; each is a store, and all are checked before the first is computed.
MOST_FRAMES = 1000

# Doubles from one value of an axis to the next, at least. A value is a double, up to two from where it would be in exact
# arithmetic (the ends are rounded, and then the steps between them): so it is off by a sixteenth of a cell of the picture at most.
ROOM = 32


def zoom_sweeps(sweep: Sweep, at: Any, factor: Any = DEFAULT_FACTOR, frames: Any = DEFAULT_FRAMES) -> list[Sweep]:
    """The sweeps of a zoom's frames: the sweep itself, and windows factor, factor^2, ... times narrower about the point.

    A window keeps within the sweep's own, as far in the middle as that allows. SweepError for what makes no zoom, or for more
    frames than float64 has room for.
    """
    windows = [Window(sweep, name, middle, "at", "sweep").checked() for name, middle in checked_point("at", at).items()]
    narrower, count = checked_factor(factor), checked_frames(frames)
    most = min(MOST_FRAMES, *(frames_of(window, narrower) for window in windows))
    if count > most:
        raise SweepError(refusal(windows, narrower, count, most))
    # which are no part of what is computed, and so of no changed sweep
    shapes = [
        f"{key}.{name}={points}" for key in ("chunks", "shards") for name, points in (getattr(sweep, key) or {}).items()
    ]
    return [sweep, *(sweep.changed([*changes(windows, narrower**frame), *shapes]) for frame in range(1, count))]


def left_whole(sweep: Sweep, at: Iterable[str]) -> list[str]:
    """The axes that a zoom could narrow and does not: several values that are neither whole numbers nor names."""
    return [
        name
        for name, axis in sweep.axes.items()
        if name not in at and name not in WHOLE_NUMBERS and not is_named(axis) and length(axis) > 1
    ]


def checked_frames(frames: Any) -> int:
    """A number of frames."""
    if isinstance(frames, bool) or not isinstance(frames, int | np.integer) or not 1 <= frames <= MOST_FRAMES:
        raise SweepError(f"frames: must be a whole number from 1 to {MOST_FRAMES:,} {shown(frames)}")
    return int(frames)


def resolution(window: Window) -> float:
    """The distance of doubles about the point of a zoom, in the logarithm where it zooms in that."""
    size = max(1.0, abs(math.log(window.middle))) if window.log else abs(window.middle)
    return sys.float_info.epsilon * size


def narrowest(window: Window) -> float:
    """The least width of a window whose values differ by `ROOM` doubles each."""
    return ROOM * resolution(window) * (window.count - 1)


def frames_of(window: Window, factor: float) -> int:
    """How many windows of a zoom are as wide as that, the first one, which is there whatever its width, with them."""
    for frame in range(1, MOST_FRAMES):
        scale = factor**-frame
        if scale < sys.float_info.min or window.width * scale < narrowest(window):
            return frame
    return MOST_FRAMES


def refusal(windows: list[Window], factor: float, count: int, most: int) -> str:
    """Says which window ends the zoom, how narrow it may be, and how many frames that makes."""
    window = min(windows, key=lambda window: frames_of(window, factor))
    least = f"{narrowest(window):.2g}{' in the logarithm' * window.log}{said(window.in_units)}"
    return (
        f"frames: {count:,} of factor {factor:g} are more than float64 can tell apart: {window.name} = {window.middle:g} has room "
        f"for windows of {window.count:,} values down to a width of {least}; give at most {most:,}"
    )


def magnification(factor: float, frame: int) -> str:
    """How many times narrower a frame's window is, in words."""
    times = factor**frame
    return f"{times:,.6g}x" if times < 1e6 else f"{times:.3g}x"
