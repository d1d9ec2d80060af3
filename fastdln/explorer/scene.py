"""What a page shows: a window of two axes of a sweep, a variable, and what was changed; to and from the words of a URL."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from fastdln.errors import SweepError
from fastdln.observables import observables_of
from fastdln.sweep.axes import Axis, Range, bounds, coordinates, is_named, length
from fastdln.sweep.schema import Sweep
from fastdln.text import suggestion

# Points along each direction: a screen has no more to show, and a request of more takes memory that nobody sees.
FEWEST_PIXELS, MOST_PIXELS = 2, 2000
# Longer than any URL that a view makes; what is longer is not read.
LONGEST_VALUE = 400
# Shown over a window without a variable's name: fate and period together.
PHASE = "phase"
# Beyond these a network of modes takes a page minutes.
FEWEST_LAYERS, MOST_DEPTH, MOST_MODES = 2, 64, 32
# Singular values that a title has room for.
MOST_TOLD = 4


@dataclass(frozen=True)
class Scene:
    """A window x0 <= x <= x1, y0 <= y <= y1, and what is computed over it.

    width, height: its size in pixels. depth, steps, record, start, singular_values: of the sweep, where they are not None.
    at: the values of further axes, by name. mode: that whose value is shown, counted from 1. px, py: the network that is looked at.
    """

    x0: float
    x1: float
    y0: float
    y1: float
    width: int = 900
    height: int = 600
    variable: str = PHASE
    mode: int = 1
    depth: int | None = None
    steps: int | None = None
    record: int | None = None
    start: str | None = None
    singular_values: tuple[float, ...] | None = None
    px: float | None = None
    py: float | None = None
    at: Mapping[str, float | str] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @property
    def window(self) -> tuple[float, float, float, float]:
        return self.x0, self.x1, self.y0, self.y1


@dataclass(frozen=True, eq=False)
class Subject:
    """What is explored: a sweep, of which views change two axes and some keys; other axes have one value in a view.

    name: of the store that it is of, if there is one.
    """

    sweep: Sweep
    name: str = ""

    @cached_property
    def shown(self) -> tuple[str, str]:
        """The axes that are shown, x and y: the two with the most values, eta and alpha first where they are alike."""
        order = {"eta": 0, "alpha": 1}
        names = sorted(filter(self._continuous, self.sweep.axes), key=lambda name: order.get(name, 2))
        if len(names) < 2:
            raise SweepError(
                f"axes: a diagram needs two axes of numbers, and {self.sweep.model} has {', '.join(names)}"
            )
        longest = sorted(names, key=lambda name: -length(self.sweep.axes[name]))[:2]
        x, y = sorted(longest, key=names.index)
        return x, y

    @property
    def x(self) -> str:
        return self.shown[0]

    @property
    def y(self) -> str:
        return self.shown[1]

    def _continuous(self, name: str) -> bool:
        if name in ("depth", "seed") or is_named(self.sweep.axes[name]):
            return False
        return not (name == "alpha" and self.sweep.definition.parameters)

    @cached_property
    def others(self) -> dict[str, Axis]:
        """Further axes with several values, of which a view has one."""
        return {
            name: axis
            for name, axis in self.sweep.axes.items()
            if name not in (self.x, self.y, "depth") and length(axis) > 1
        }

    def is_log(self, name: str) -> bool:
        """Whether an axis is evenly spaced in the logarithm."""
        axis = self.sweep.axes[name]
        return isinstance(axis, Range) and axis.spacing == "log"

    @cached_property
    def variables(self) -> dict[str, str]:
        """What can be shown: the family that measures it, by the variable's name; fate and period first, "" where a model has no period."""
        known = observables_of(self.sweep.definition)
        found = {PHASE: "period" if "period" in known else ""}
        for name, family in known.items():
            if family.asked_by:
                continue
            for variable in family.variables:
                if variable.dims in ((), ("mode",)) and (name == "fate" or self._measures(name)):
                    found[variable.name] = "" if name == "fate" else name  # there without being asked for
        return found

    def _measures(self, family: str) -> bool:
        try:
            Sweep(**json.loads(self.sweep.canonical()) | {"observables": [family]})
        except SweepError:
            return False
        return True

    @cached_property
    def home(self) -> Scene:
        """The view of the sweep as it is."""
        (x0, x1), (y0, y1) = (self._span(name) for name in (self.x, self.y))
        return Scene(x0, x1, y0, y1)

    def within(self, window: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """A window without what lies beyond the values that its axes may have."""
        x0, x1, y0, y1 = window
        (left, right), (low, high) = bounds(self.x), bounds(self.y)
        return max(x0, left), min(x1, right), max(y0, low), min(y1, high)

    def in_words(self, view: Scene) -> str:
        """What is computed in a view, in a line: the network and how long it descends."""
        sweep, definition = self.sweep, self.sweep.definition
        parts = [*filter(None, [self.name]), sweep.model]
        if not definition.parameters and not sweep.widths and "depth" in sweep.axes and not definition.data:
            parts.append(f"L = {view.depth or int(coordinates(sweep.axes['depth'])[0])}")
            start = view.start or sweep.start
            parts.append(f"{start} starts" if isinstance(start, str) else "starts as given")
        if not definition.data:
            values = view.singular_values or sweep.target.singular_values
            told = ", ".join(f"{s:.6g}" for s in values[:MOST_TOLD])
            parts.append(f"s = {told}" + (", ..." if len(values) > MOST_TOLD else ""))
        for name, axis in sweep.axes.items():
            if name not in (self.x, self.y, "depth") and not (name == "alpha" and definition.parameters):
                value = self.chosen(name, view) if name in self.others else coordinates(axis)[0]
                parts.append(f"{name} = {value if isinstance(value, str) else format(value, '.6g')}")
        parts.append(f"{view.steps if view.steps is not None else sweep.steps:,} steps")
        return ", ".join(parts)

    def _span(self, name: str) -> tuple[float, float]:
        """First and last value of an axis; about its value where there is but one."""
        values = coordinates(self.sweep.axes[name])
        low, high = float(values.min()), float(values.max())
        if low < high:
            return low, high
        reach = 0.5 * abs(low) or 1.0
        return low - reach, high + reach

    def sweep_of(self, view: Scene, columns: int, rows: int, **keys: Any) -> Sweep:
        """The sweep of the middles of so many columns and rows of cells over a view's window; SweepError where there is none.

        keys: further keys, in place of the variable's family.
        """
        axes: dict[str, Any] = {
            self.x: self.cells(self.x, view.x0, view.x1, columns).model_dump(),
            self.y: self.cells(self.y, view.y0, view.y1, rows).model_dump(),
        }
        return self._changed(view, axes, keys or {"observables": [*filter(None, [self.variables[view.variable]])]})

    def sweep_at(self, view: Scene, x: float, y: float, **keys: Any) -> Sweep:
        """The sweep of a single point of a view."""
        return self._changed(view, {self.x: [x], self.y: [y]}, keys)

    def _changed(self, view: Scene, axes: Mapping[str, Any], keys: Mapping[str, Any]) -> Sweep:
        data = json.loads(self.sweep.canonical()) | {"trajectory": None}
        data.pop("period_max")  # of the record that is asked for
        if self.sweep.period_max is not None and view.record is None:
            data["period_max"] = self.sweep.period_max
        if view.depth is not None:
            data["axes"]["depth"] = [view.depth]
        data["axes"]["depth"] = data["axes"]["depth"][:1]
        data["axes"] |= {name: [self.chosen(name, view)] for name in self.others}
        data["axes"] |= axes
        for name in ("steps", "record", "start"):
            if (value := getattr(view, name)) is not None:
                data[name] = value
        if view.singular_values is not None:
            data["target"] = data["target"] | {"singular_values": list(view.singular_values)}
        return Sweep(**data | keys)

    def chosen(self, name: str, view: Scene) -> float | str:
        """The value of a further axis in a view: its first one, if none was chosen."""
        first = coordinates(self.others[name])[0]
        return view.at.get(name, str(first) if is_named(self.others[name]) else float(first))

    def cells(self, name: str, low: float, high: float, count: int) -> Range:
        """The middles of `count` cells of an axis, as a range; SweepError where there is none."""
        log = self.is_log(name)
        if log and low <= 0:
            raise SweepError(f"{name}: a logarithmic axis begins above 0 (got {low:g})")
        half = 0.5 * (math.log(high / low) if log else high - low) / count
        first, last = (low * math.exp(half), high * math.exp(-half)) if log else (low + half, high - half)
        given = {"start": first, "stop": last, "num": count, "spacing": "log" if log else "linear"}
        try:
            return Range.model_validate(given)
        except ValueError:
            raise SweepError(
                f"{name}: the window from {low!r} to {high!r} is too narrow for {count} different numbers; zoom out"
            ) from None

    def checked(self, view: Scene) -> Scene:
        """The view; SweepError with one line for what it must not be."""
        if view.variable not in self.variables:
            raise SweepError(
                f"variable: {self.sweep.model} has no {view.variable!r}{suggestion(view.variable, self.variables)}; "
                f"valid: {', '.join(self.variables)}"
            )
        for name, low, high in ((self.x, view.x0, view.x1), (self.y, view.y0, view.y1)):
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise SweepError(f"{name}: a window goes from a number to a larger one (got {low:g} to {high:g})")
        for name in ("width", "height"):
            if not FEWEST_PIXELS <= getattr(view, name) <= MOST_PIXELS:
                raise SweepError(f"{name}: must be {FEWEST_PIXELS} to {MOST_PIXELS} pixels (got {getattr(view, name)})")
        if view.depth is not None and not FEWEST_LAYERS <= view.depth <= MOST_DEPTH:
            raise SweepError(f"depth: must be {FEWEST_LAYERS} to {MOST_DEPTH} on a page (got {view.depth})")
        if (view.px is None) != (view.py is None):
            raise SweepError("px, py: a network is looked at by both; give the other one as well")
        if view.singular_values is not None and len(view.singular_values) > MOST_MODES:
            raise SweepError(
                f"singular_values: must be {MOST_MODES} at most on a page (got {len(view.singular_values)})"
            )
        for name, value in view.at.items():
            if name not in self.others:
                raise SweepError(f"{name}: is no further axis of this sweep; it has {', '.join(self.others) or 'none'}")
            if is_named(axis := self.others[name]) and value not in axis:
                raise SweepError(f"{name}: must be one of {', '.join(map(str, axis))} (got {value!r})")
        modes = view.singular_values or self.sweep.target.singular_values
        if not 1 <= view.mode <= len(modes):
            raise SweepError(f"mode: must be 1 to {len(modes)} (got {view.mode})")
        self.sweep_of(view, view.width, view.height)
        if view.px is not None and view.py is not None:
            self.sweep_at(view, view.px, view.py)
        return view

    def to_query(self, view: Scene) -> dict[str, str]:
        """The view as words of a URL; what is as in the first view is left out."""
        home = self.home
        words: dict[str, str] = {}
        for one in fields(Scene):
            value = getattr(view, one.name)
            if one.name == "at":
                words |= {f"at.{name}": str(chosen) for name, chosen in value.items()}
            elif value is not None and value != getattr(home, one.name):
                words[one.name] = ",".join(map(repr, value)) if isinstance(value, tuple) else str(value)
        return words

    def from_query(self, words: Mapping[str, str]) -> Scene:
        """The view that words of a URL are of; SweepError for any other."""
        known = {one.name: one for one in fields(Scene) if one.name != "at"}
        changes: dict[str, object] = {}
        at: dict[str, float | str] = {}
        for name, word in words.items():
            if len(word) > LONGEST_VALUE:
                raise SweepError(f"{name}: is longer than {LONGEST_VALUE} characters")
            if name.startswith("at."):
                axis = name.removeprefix("at.")
                named = axis in self.others and is_named(self.others[axis])
                at[axis] = word if named else number(axis, word)
            elif name not in known:
                raise SweepError(f"{name}: is no part of a view{suggestion(name, known)}; valid: {', '.join(known)}")
            elif name in ("variable", "start"):
                changes[name] = word
            elif name == "singular_values":
                changes[name] = tuple(number(name, part) for part in word.split(","))
            elif name in ("x0", "x1", "y0", "y1", "px", "py"):
                changes[name] = number(name, word)
            else:
                changes[name] = whole(name, word)
        return self.checked(replace(self.home, **changes, at=MappingProxyType(at)))  # type: ignore[arg-type]  # by their names


def number(name: str, word: str) -> float:
    """A finite number."""
    try:
        found = float(word)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise SweepError(f"{name}: must be a finite number (got {word!r})")
    return found


def whole(name: str, word: str) -> int:
    found = number(name, word)
    if found != int(found) or abs(found) > 1e12:
        raise SweepError(f"{name}: must be a whole number (got {word!r})")
    return int(found)
