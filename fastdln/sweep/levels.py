"""Levels of a grid, each with twice the points of the one before along every axis that is a range of learning rates and the like."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from fastdln.errors import SweepError
from fastdln.sweep.axes import LONGEST_AXIS, Range, coordinates, is_named, length
from fastdln.sweep.schema import Sweep
from fastdln.sweep.values import shown
from fastdln.sweep.windows import WHOLE_NUMBERS

# Ten levels make of a hundred values a hundred thousand, near as many as an axis may have.
MOST_LEVELS = 10


def checked_levels(levels: Any) -> int:
    """How many levels are asked for; SweepError for what is no such number."""
    if isinstance(levels, bool) or not isinstance(levels, int | np.integer) or not 1 <= levels <= MOST_LEVELS:
        raise SweepError(f"levels: must be a whole number from 1 to {MOST_LEVELS} {shown(levels)}")
    return int(levels)


def halved_axes(sweep: Sweep) -> list[str]:
    """The axes whose steps are halved: ranges of several values.

    Depths, seeds and names are whole, and every one of them keeps a diagram of its own; so does a single value.

    Raises
    ------
    SweepError
        If an axis is a list of values, between which nobody said what lies; or if no axis is a range.
    """
    found, why = [], []
    for name, axis in sweep.axes.items():
        if name in WHOLE_NUMBERS or is_named(axis):
            why.append(f"{name} has {'names' if is_named(axis) else 'whole numbers'}")
        elif length(axis) == 1:
            why.append(f"{name} has one value")
        elif isinstance(axis, Range):
            found.append(name)
        else:
            raise SweepError(
                f"axes.{name}: is a list of {length(axis):,} values, which cannot be halved; sweep a range {{start, stop, num}}"
            )
    if not found:
        raise SweepError(f"levels: no axis of the store can be halved: {', '.join(why)}; sweep a range first")
    return found


def halved(sweep: Sweep) -> Sweep:
    """The sweep with a value more between any two of each range: every second one is an old one.

    Notes
    -----
    The step of a range is its width over n - 1, and over 2 (n - 1) exactly half of that in binary, so that old values stay
    to the last bit; `keeps_values` looks, since powers are not bound to do so everywhere.
    """
    data = json.loads(sweep.canonical())
    for name in halved_axes(sweep):
        num = 2 * length(sweep.axes[name]) - 1
        if num > LONGEST_AXIS:
            raise SweepError(
                f"levels: axes.{name} would have {num:,} values, more than {LONGEST_AXIS:,}; ask for fewer"
            )
        data["axes"][name]["num"] = num
    return Sweep(**data)


def keeps_values(coarse: Sweep, fine: Sweep) -> bool:
    """Whether every second value of the halved axes is an old one, to the last bit."""
    return all(
        np.array_equal(coordinates(fine.axes[name])[::2], coordinates(coarse.axes[name]))
        for name in halved_axes(coarse)
    )


def levels_of(sweep: Sweep, levels: int) -> list[Sweep]:
    """The sweeps of so many levels, the coarsest first; the given one is none of them."""
    found = [sweep]
    for _ in range(levels):
        found.append(halved(found[-1]))
    return found[1:]
