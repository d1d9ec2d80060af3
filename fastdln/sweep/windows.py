"""Windows of a grid about a centre: an axis some times as narrow as the old one, with as many values."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from typing import Any

from fastdln.errors import SweepError, warn
from fastdln.sweep.axes import UNIT, Axis, Range, coordinates, is_named, length
from fastdln.sweep.schema import Sweep
from fastdln.sweep.units import ratio_of, said
from fastdln.text import suggestion

DEFAULT_FACTOR = 10.0

# Their values are whole numbers, which a narrower range would not be.
WHOLE_NUMBERS = ("depth", "seed")


def checked_centre(center: Any, factor: Any) -> tuple[dict[str, float], float]:
    """The centre as numbers by axis, and the factor; SweepError for what is none."""
    if center is None:
        if factor is not None:
            raise SweepError("factor: is of a window about a centre; give center={'eta': 1.42} (--center eta=1.42) too")
        return {}, DEFAULT_FACTOR
    if not isinstance(center, Mapping) or not center:
        raise SweepError(
            f"center: must be a dict of axes, such as {{'eta': 1.42, 'alpha': 0.55}} (got {reprlib.repr(center)})"
        )
    return {str(name): as_number(f"center {name}", value) for name, value in center.items()}, checked_factor(factor)


def checked_factor(factor: Any) -> float:
    found = DEFAULT_FACTOR if factor is None else as_number("factor", factor)
    if found <= 1:
        raise SweepError(
            f"factor: must be above 1, such as 10 for a window a tenth as wide (got {reprlib.repr(factor)})"
        )
    return found


def as_number(what: str, value: Any) -> float:
    """A finite number; texts, which the command line gives, are read as numbers."""
    try:
        if isinstance(value, bool):
            raise TypeError
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        raise SweepError(f"{what}: must be a number (got {reprlib.repr(value)})") from None
    if not math.isfinite(found):
        raise SweepError(f"{what}: must be finite (got {found})")
    return found


def around(sweep: Sweep, center: Mapping[str, float], factor: float) -> list[str]:
    """The changes, as of --set, that make the window about a centre of a sweep.

    A window that would reach beyond the grid is shifted to lie within it, and a warning says so.
    """
    valid = list(sweep.axes)
    for name in center:
        if name not in valid:
            raise SweepError(
                f"center: the store has no axis {name!r}{suggestion(name, valid)}; valid: {', '.join(valid)}"
            )
        if is_named(sweep.axes[name]):
            raise SweepError(f"center: {name} has names; choose some of them with axes.{name}=[...] (--set)")
        if name in WHOLE_NUMBERS:
            raise SweepError(f"center: {name} has whole numbers; choose some of them with axes.{name}=[...] (--set)")
    return [f"axes.{name}={narrowed(name, sweep.axes[name], middle, factor)}" for name, middle in center.items()]


def narrowed(name: str, asked: Axis, middle: float, factor: float) -> str:
    """The range 1 / factor as wide about a value, in the unit of the axis, as TOML."""
    ratio = ratio_of(asked)
    axis = asked if ratio is None else ratio
    values = coordinates(axis)
    first, last, count = float(values[0]), float(values[-1]), length(axis)
    if count == 1:
        raise SweepError(f"center: {name} has one value, {first:g}, and no width; leave it out")
    if not first <= middle <= last:
        raise SweepError(
            f"center: {name} must lie within the store's {first:g} to {last:g} (got {middle:g}){said(ratio is not None)}"
        )
    log = isinstance(axis, Range) and axis.spacing == "log"
    to, back = (math.log, math.exp) if log else (float, float)
    width = (to(last) - to(first)) / factor
    low, high = to(middle) - width / 2, to(middle) + width / 2
    shift = max(0.0, to(first) - low) - max(0.0, high - to(last))
    start = max(first, back(low + shift)) if shift <= 0 else first
    stop = min(last, back(high + shift)) if shift >= 0 else last
    if shift:
        warn(
            f"{name}: the window about {middle:g} would reach beyond the store's grid; it is shifted to {start:g} to {stop:g}"
            + said(ratio is not None)
        )
    if not start < stop:
        raise SweepError(f"axes.{name}: {count} values from start to stop are too close together to differ")
    unit = "" if ratio is None else f', unit = "{UNIT}"'
    return f'{{start = {start!r}, stop = {stop!r}, num = {count}, spacing = "{"log" if log else "linear"}"{unit}}}'
