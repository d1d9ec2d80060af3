"""Axes of a sweep: a value, a list of values, or a range, and the coordinates that they stand for."""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeGuard

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WrapValidator,
    model_validator,
)

from fastdln.models import PARAMETERS
from fastdln.sweep.values import LIST, RANGE, number, numbers, shown, unquoted, whole
from fastdln.text import suggestion

# A coordinate array of this length takes 80 MB, and opening, checking and writing one a few times that; more points than that
# want a second axis.
LONGEST_AXIS = 10_000_000

# Names of axes, beside s1, s2, ...
NAMES = ("eta", "alpha", "depth", "seed")
MOMENTUM = "momentum"

# Axes of starting values of layers (sweep/layer_axes.py).
LAYER = r"w[1-9][0-9]{0,3}"

# Axes of names, and the keys whose values they list (sweep/named_axes.py). A dot in the name of a dimension would hide it from
# ds.NAME, and a variable is called loss.
NAMED = {
    "model": "model",
    "start": "start",
    "basis": "target.basis",
    "loss_function": "loss",
    "activation": "activation",
}

# What others call an axis, by its name here.
OTHER_NAMES = {"lr": "eta", "learning_rate": "eta", "step_size": "eta", "scale": "alpha", "init_scale": "alpha"}
OTHER_NAMES |= {"layers": "depth", "num_layers": "depth", "mu": "momentum", "u": "w1", "v": "w2", "losses": "loss"}

# Of eta: 2 over the sharpness of the balanced minimum of the largest singular value.
UNIT = "2/S1"
IN_UNITS = ("values", "unit", "factor")

# Axes are float64, which beyond this has no odd numbers.
LARGEST_SEED = 2**53

# With 1 nothing is ever forgotten, and no minimum is stable.
MOST_MOMENTUM = math.nextafter(1.0, 0.0)

# Of starting values on either side of 0: squares, and a range from one end to the other, stay in the range of float64.
FURTHEST = 1e150

# Values of a list that are written out.
SHOWN = 6

# alpha^L leaves the range of float64 long before; each depth is compiled.
DEEPEST = 1000


Number = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(number)]


class Range(BaseModel):
    """`num` values from `start` to `stop`, both included, evenly spaced or, with spacing = "log", evenly in the log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: Number = Field(description="first value")
    stop: Number = Field(description="last value")
    num: Annotated[int, Field(ge=1, le=LONGEST_AXIS), BeforeValidator(whole)] = Field(description="how many values")
    spacing: Literal["linear", "log"] = Field("linear", description="even steps, or even ratios")
    unit: Literal["2/S1"] | None = Field(
        None, description="of eta: 2/S1 counts it in units of 2 / S_1, the edge of stability of s_1", exclude=True
    )
    factor: Number | None = Field(
        None,
        description="of eta with a unit: 2 / S_1 as it was computed, which stores keep; leave it out",
        exclude=True,
    )

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.factor is not None and self.unit is None:
            raise ValueError(f'factor goes with unit = "{UNIT}" only; leave it out')
        if self.spacing == "log" and min(self.start, self.stop) <= 0:
            raise ValueError("log spacing needs start and stop above 0")
        if self.num > 1 and not self.start < self.stop:
            raise ValueError(f"start must be below stop (got {self.start:g} and {self.stop:g})")
        if self.num > 1 and self._last_step() < 4 * math.ulp(self.stop):
            raise ValueError(f"{self.num} values from start to stop are too close together to differ")
        return self

    def _last_step(self) -> float:
        """Distance of the last two values, computed without them."""
        if self.spacing == "log":
            return -self.stop * math.expm1((math.log(self.start) - math.log(self.stop)) / (self.num - 1))
        return (self.stop - self.start) / (self.num - 1)

    def values(self) -> np.ndarray:
        space = np.geomspace if self.spacing == "log" else np.linspace
        return space(self.start, self.stop, self.num)


class ValuesInUnits(BaseModel):
    """Values of eta in units of 2 / S_1, for the JSON Schema."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    values: Annotated[list[Number], Field(min_length=1)]
    unit: Literal["2/S1"]
    factor: Number | None = None


def axis_values(value: Any) -> Any:
    """The values of an axis."""
    try:
        return numbers(value)
    except ValueError:
        raise ValueError(
            f"must be a number, [a list] or {{start, stop, num}}, such as {LIST} or {RANGE}{unquoted(value)} {shown(value)}"
        ) from None


class Ratios(tuple[float, ...]):
    """The values of an axis of eta in units of 2 / S_1, as they are asked for; `factor`: the unit, where it was given."""

    factor: float | None = None


def perhaps_in_units(value: Any, validated: Callable[[Any], Any]) -> Any:
    """The values of an axis, of a list or of {values, unit}."""
    if not isinstance(value, Mapping):
        return validated(value)
    for key in value:
        if key not in IN_UNITS:
            raise ValueError(
                f"a table of values has no key {reprlib.repr(key)}{suggestion(key, IN_UNITS)}; valid: {', '.join(IN_UNITS)}"
            )
    if value.get("unit") != UNIT:
        got = shown(value["unit"]) if "unit" in value else "(it is missing)"
        raise ValueError(f'a table of values has unit = "{UNIT}"; without a unit give the list itself {got}')
    found = Ratios(validated(value["values"]))
    if value.get("factor") is not None:
        found.factor = factor_given(value["factor"])
    return found


def factor_given(value: Any) -> float:
    try:
        if math.isfinite(found := number(value)):
            return float(found)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"factor must be a finite number {shown(value)}")


Values = Annotated[tuple[Number, ...], Field(min_length=1), BeforeValidator(numbers)]
AxisValues = Annotated[
    tuple[Number, ...],
    Field(min_length=1),
    BeforeValidator(axis_values),
    WrapValidator(perhaps_in_units, json_schema_input_type=Number | list[Number] | ValuesInUnits),
]


Names = Annotated[tuple[str, ...], Field(min_length=1)]


def is_named(axis: Any) -> TypeGuard[tuple[str, ...]]:
    """Whether these are the names of an axis (sweep/named_axes.py), which data have as a tuple; lists are of numbers."""
    return isinstance(axis, tuple) and bool(axis) and isinstance(axis[0], str)


def kind_of_axis(value: Any) -> str:
    if isinstance(value, Mapping) and "values" in value:
        return "values"
    if isinstance(value, Mapping | Range):
        return "range"
    return "names" if is_named(value) else "values"


Axis = Annotated[
    Annotated[Range, Tag("range")] | Annotated[AxisValues, Tag("values")] | Annotated[Names, Tag("names")],
    Discriminator(kind_of_axis),
]


def axis_name(name: str) -> str:
    """The name; ValueError if no axis has it."""
    numbered = swept_mode(name) is not None or re.fullmatch(LAYER, name)
    if name not in (*NAMES, MOMENTUM, *NAMED, *PARAMETERS) and not numbered:
        other = OTHER_NAMES.get(name.casefold())
        meant = (
            f" (did you mean {other}?)" if other else suggestion(name, (*NAMES, MOMENTUM, *NAMED.values(), *PARAMETERS))
        )
        raise ValueError(
            f"unknown axis{meant}; valid: {', '.join(NAMES)}, s1, s2, ..., w1, w2, ..., {MOMENTUM}, "
            f"{', '.join(NAMED.values())}; of models of their own {', '.join(PARAMETERS)}"
        )
    return name


AxisName = Annotated[str, AfterValidator(axis_name)]


def length(axis: Axis) -> int:
    return axis.num if isinstance(axis, Range) else len(axis)


def coordinates(axis: Axis) -> np.ndarray:
    """The axis's values as a float64 array; names as text."""
    if isinstance(axis, Range):
        return axis.values()
    return np.array(axis, dtype=None if is_named(axis) else float)


def whole_numbers(axis: Axis) -> np.ndarray:
    """The values of depth or seed as integers; those of log ranges are whole but for rounding."""
    integers: np.ndarray = np.rint(coordinates(axis)).astype(np.int64)
    return integers


def in_words(axis: Axis) -> str:
    """An axis as people say it."""
    if (ratio := getattr(axis, "ratio", None)) is not None:
        return f"{in_words(ratio)}, in units of 2 / S_1 = {axis.factor:.6g}"  # type: ignore[union-attr]  # what has a ratio has a factor
    if isinstance(axis, Range):
        return f"{axis.num:,} values from {axis.start:.6g} to {axis.stop:.6g}" + (
            ", log" if axis.spacing == "log" else ""
        )
    shown = ", ".join(value if isinstance(value, str) else f"{value:.6g}" for value in axis[:SHOWN])
    return shown + (f", ... ({len(axis):,} values)" if len(axis) > SHOWN else "")


def swept_mode(name: str) -> int | None:
    """The mode (0 is the first) whose singular value an axis called `name` sets: s1, s2, ...; None for other names."""
    found = re.fullmatch(r"s([1-9][0-9]{0,8})", name)
    return int(found[1]) - 1 if found else None


def require_whole_seeds(axis: Range | tuple[float, ...]) -> None:
    if isinstance(axis, tuple) or axis.num <= 64:
        values = coordinates(axis)
    elif axis.spacing == "linear":  # whole where the first two are
        values = np.array([axis.start, axis.start + (axis.stop - axis.start) / (axis.num - 1), axis.stop])
    else:  # so many whole numbers in even ratios end beyond 2^53
        values = np.array([axis.start * (axis.stop / axis.start) ** (1 / (axis.num - 1))])
    for seed in values[(values != np.round(values)) | (values > LARGEST_SEED)][:1]:
        raise ValueError(f"must be whole numbers up to 2^53 (got {seed:g})")


def bounds(name: str) -> tuple[float, float]:
    """The least and the largest value that an axis may have."""
    if name == MOMENTUM:
        return 0.0, MOST_MOMENTUM
    if re.fullmatch(LAYER, name):
        return -FURTHEST, FURTHEST
    parameter = PARAMETERS.get(name)
    return (parameter.lowest, parameter.highest) if parameter else (0.0, math.inf)


def check_axis(name: str, axis: Range | tuple[Any, ...]) -> None:
    """Refuses values that the axis cannot have; the message does not repeat the axis's name."""
    first, last = (axis.start, axis.stop) if isinstance(axis, Range) else (min(axis), max(axis))
    lowest, highest = bounds(name)
    if first < lowest or last > highest:
        wanted = (
            "must not be negative"
            if lowest == 0.0 and first < lowest
            else "must be below 1"
            if name == MOMENTUM
            else f"must lie between {lowest:g} and {highest:g}"
        )
        raise ValueError(f"{wanted} (got {first if first < lowest else last:g})")
    if length(axis) > LONGEST_AXIS:
        raise ValueError(f"must have at most {LONGEST_AXIS:,} values (got {length(axis):,})")
    if isinstance(axis, tuple) and any(a >= b for a, b in pairwise(axis)):
        raise ValueError("values must rise strictly: each above the one before it")
    if name == "seed":
        require_whole_seeds(axis)
    if name == "depth":
        last, count = (axis.stop, axis.num) if isinstance(axis, Range) else (max(axis), len(axis))
        if last > DEEPEST or count > DEEPEST:
            raise ValueError(f"must be at most {DEEPEST} (got {last:g})")
        for depth in coordinates(axis):
            if depth < 2 or abs(depth - round(depth)) > 1e-12 * depth:
                raise ValueError(f"must be whole numbers from 2 on (got {depth:g})")


def check_axes(axes: Mapping[str, Axis]) -> None:
    """ValueError for values that axes cannot have, and where eta is missing."""
    for name, axis in axes.items():
        if name != "eta" and (isinstance(axis, Ratios) or getattr(axis, "unit", None)):
            raise ValueError(f"axes.{name}: only eta has a unit; leave it out")
        if is_named(axis):
            continue
        try:
            check_axis(name, axis)
        except ValueError as error:
            raise ValueError(f"axes.{name}: {error}") from None
    if "eta" not in axes:
        raise ValueError("eta is missing: give the learning rate as a value, a list or a range")
