"""Windows of a grid about a centre: an axis some times as narrow as the old one, with as many values."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fastdln.errors import SweepError, warn
from fastdln.sweep.axes import UNIT, Axis, Range, coordinates, is_named, length
from fastdln.sweep.schema import Sweep
from fastdln.sweep.units import ratio_of, said
from fastdln.sweep.values import unquoted
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
    return checked_point("center", center), DEFAULT_FACTOR if factor is None else checked_factor(factor)


def checked_point(word: str, given: Any) -> dict[str, float]:
    """A point as numbers by axis; word: the argument's name."""
    if not isinstance(given, Mapping) or not given:
        raise SweepError(
            f"{word}: must be a dict of axes, such as {{'eta': 1.42, 'alpha': 0.55}} (got {reprlib.repr(given)})"
        )
    return {str(name): as_number(f"{word} {name}", value) for name, value in given.items()}


def checked_factor(factor: Any) -> float:
    if isinstance(factor, str):
        raise SweepError(f"factor: must be a number{unquoted(factor, alone=True)} (got {reprlib.repr(factor)})")
    found = as_number("factor", factor)
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
    """The changes, as of --set, that make the window about a centre of a store's sweep.

    A window that would reach beyond the grid is shifted to lie within it, and a warning says so.
    """
    return changes([Window(sweep, name, middle).checked() for name, middle in center.items()], factor, warn)


def changes(windows: Iterable[Window], factor: float, tell: Callable[[str], object] = lambda line: None) -> list[str]:
    """The changes, as of --set, that make windows narrower; tell: called with a line on each that is shifted."""
    return [f"axes.{window.name}={window.narrowed(factor, tell)}" for window in windows]


@dataclass(frozen=True, eq=False)
class Window:
    """The windows about a value of an axis, in its unit.

    word: the argument that has the value; of: what has the axis.
    """

    sweep: Sweep
    name: str
    middle: float
    word: str = "center"
    of: str = "store"

    def checked(self) -> Window:
        """The same; SweepError where the axis is not there, has no such value, or no width."""
        valid = list(self.sweep.axes)
        if self.name not in valid:
            raise SweepError(
                f"{self.word}: the {self.of} has no axis {self.name!r}{suggestion(self.name, valid)}; valid: {', '.join(valid)}"
            )
        for kind, is_of_it in (
            ("names", is_named(self.sweep.axes[self.name])),
            ("whole numbers", self.name in WHOLE_NUMBERS),
        ):
            if is_of_it:
                raise SweepError(
                    f"{self.word}: {self.name} has {kind}; choose some of them with axes.{self.name}=[...] (--set)"
                )
        if self.count == 1:
            raise SweepError(f"{self.word}: {self.name} has one value, {self.first:g}, and no width; leave it out")
        if not self.first <= self.middle <= self.last:
            raise SweepError(
                f"{self.word}: {self.name} must lie within the {self.of}'s {self.first:g} to {self.last:g} "
                f"(got {self.middle:g}){said(self.in_units)}"
            )
        return self

    @cached_property
    def axis(self) -> Axis:
        """The axis, in its unit."""
        asked = self.sweep.axes[self.name]
        ratio = ratio_of(asked)
        return asked if ratio is None else ratio

    @property
    def in_units(self) -> bool:
        """Whether it counts in units of 2 / S_1."""
        return ratio_of(self.sweep.axes[self.name]) is not None

    @property
    def log(self) -> bool:
        """Whether it is narrowed in the logarithm."""
        return isinstance(self.axis, Range) and self.axis.spacing == "log"

    @property
    def count(self) -> int:
        """The number of values."""
        return length(self.axis)

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The first value and the last."""
        values = coordinates(self.axis)
        return float(values[0]), float(values[-1])

    @property
    def first(self) -> float:
        """The first value."""
        return self.ends[0]

    @property
    def last(self) -> float:
        """The last value."""
        return self.ends[1]

    @property
    def width(self) -> float:
        """From the first value to the last; in the logarithm, where it is narrowed there."""
        return math.log(self.last) - math.log(self.first) if self.log else self.last - self.first

    def narrowed(self, factor: float, tell: Callable[[str], object]) -> str:
        """The range 1 / factor as wide, with as many values, within the axis, as TOML."""
        to, back = (math.log, math.exp) if self.log else (float, float)
        first, last, middle = self.first, self.last, self.middle
        width = self.width / factor
        low, high = to(middle) - width / 2, to(middle) + width / 2
        shift = max(0.0, to(first) - low) - max(0.0, high - to(last))
        start = max(first, back(low + shift)) if shift <= 0 else first
        stop = min(last, back(high + shift)) if shift >= 0 else last
        if shift:
            tell(
                f"{self.name}: the window about {middle:g} would reach beyond the {self.of}'s grid; "
                f"it is shifted to {start:g} to {stop:g}{said(self.in_units)}"
            )
        if not start < stop:
            raise SweepError(
                f"axes.{self.name}: {self.count} values from start to stop are too close together to differ"
            )
        unit = f', unit = "{UNIT}"' if self.in_units else ""
        spacing = "log" if self.log else "linear"
        return f'{{start = {start!r}, stop = {stop!r}, num = {self.count}, spacing = "{spacing}"{unit}}}'
