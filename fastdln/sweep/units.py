"""Learning rates in units of 2 / S_1, the edge of stability of the largest singular value.

The axis holds plain learning rates, as every other does, and what was asked for beside them. The unit as it was computed
goes with the sweep: on another processor its last bit may be another, and so would be every learning rate of a store.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from fastdln.sweep.axes import UNIT, Axis, Range, Ratios, coordinates, length, swept_mode, whole_numbers
from fastdln.theory.stability import stability_limit

if TYPE_CHECKING:
    from fastdln.sweep.problem import Target
    from fastdln.sweep.schema import Sweep


# Two computations of the unit of one target differ by no more, relative to it.
ROUNDING = 1e-9


class ScaledRange(Range):
    """A range of learning rates that was given in units: `factor` times the values of `ratio`, to the last bit."""

    ratio: Range = Field(exclude=True)
    factor: float = Field(exclude=True)

    def values(self) -> np.ndarray:
        return self.factor * self.ratio.values()


class ScaledValues(tuple[float, ...]):
    """Learning rates that were given in units, as a list."""

    ratio: Ratios
    factor: float


Scaled = (ScaledRange, ScaledValues)


def ratio_of(axis: Axis) -> Range | Ratios | None:
    """The axis in units of 2 / S_1; None of one that was given in plain learning rates."""
    if isinstance(axis, Scaled):
        return axis.ratio
    return axis if isinstance(axis, Ratios) or (isinstance(axis, Range) and axis.unit) else None


def ratios(sweep: Sweep) -> np.ndarray | None:
    """The learning rates of a sweep in the unit that they were given in."""
    ratio = ratio_of(sweep.axes["eta"])
    return None if ratio is None else coordinates(ratio)


def dumped(axis: Axis) -> Any:
    """An axis as a sweep file's data."""
    ratio = ratio_of(axis)
    plain = axis if ratio is None else ratio
    data = plain.model_dump() if isinstance(plain, Range) else list(plain)
    if not isinstance(axis, Scaled):
        return data
    return {**(data if isinstance(data, dict) else {"values": data}), "unit": UNIT, "factor": axis.factor}


def said(in_units: bool) -> str:
    """What follows numbers in a message, where they are in units."""
    return f", in units of {UNIT}" if in_units else ""


def without_factor(data: dict[str, Any]) -> dict[str, Any]:
    """A sweep's data without the unit as it was computed."""
    eta = data["axes"].get("eta")
    if not isinstance(eta, dict):
        return data
    return {**data, "axes": {**data["axes"], "eta": {key: eta[key] for key in eta if key != "factor"}}}


def keep_factor(data: dict[str, Any], new: Sweep, old: Sweep) -> bool:
    """Gives the data of a new sweep the unit as an old one has it; False where it is not the same unit, or there is none."""
    one, other = new.axes["eta"], old.axes["eta"]
    if not isinstance(one, Scaled) or not isinstance(other, Scaled):
        return False
    if (
        one.factor == other.factor
        or not close(one.factor, other.factor)
        or data["axes"]["eta"].get("factor") is not None
    ):
        return False
    data["axes"]["eta"]["factor"] = other.factor
    return True


def close(one: float, other: float) -> bool:
    """Whether two numbers are computations of the same unit."""
    return abs(one - other) <= ROUNDING * min(abs(one), abs(other))


def in_learning_rates(axes: dict[str, Axis], target: Target) -> dict[str, Axis]:
    """The axes with learning rates as numbers; ValueError where the unit is none."""
    asked, ratio = axes["eta"], ratio_of(axes["eta"])
    if ratio is None:
        return axes
    factor = edge(axes, target)
    written = not isinstance(asked, Scaled)  # and not the axis of another sweep
    given = asked.factor if isinstance(asked, Scaled) else ratio.factor
    if isinstance(ratio, Range):
        ratio = ratio.model_copy(update={"factor": None})
    if given is not None and close(given, factor):
        factor = given
    elif given is not None and written:
        raise ValueError(
            f"axes.eta: its factor is not 2 / S_1 of the target, which is {factor!r}; leave factor out (got {given!r})"
        )
    with np.errstate(over="ignore"):
        values = factor * (telling(ratio) if isinstance(ratio, Range) else coordinates(ratio))
    if not np.isfinite(values).all() or (values[values > 0] < sys.float_info.min).any():
        raise ValueError(f"axes.eta: in units of 2 / S_1 = {factor:g} it leaves the range of float64")
    if (np.diff(values) <= 0).any():
        raise ValueError(f"axes.eta: its values are too close together to differ in units of 2 / S_1 = {factor:g}")
    axis: ScaledRange | ScaledValues
    if isinstance(ratio, Range):
        ends = {"start": factor * ratio.start, "stop": factor * ratio.stop, "num": ratio.num, "spacing": ratio.spacing}
        axis = ScaledRange.model_validate({**ends, "unit": UNIT, "ratio": ratio, "factor": factor})
    else:
        axis = ScaledValues(values.tolist())
        axis.ratio, axis.factor = Ratios(ratio), factor
    return {**axes, "eta": axis}


def telling(ratio: Range) -> np.ndarray:
    """The values of a range that show whether all of them are sound: it may be long."""
    second = [ratio.start + (ratio.stop - ratio.start) / (ratio.num - 1)] if ratio.num > 2 else []
    return np.array([ratio.start, *second, ratio.stop] if ratio.num > 1 else [ratio.start])


def edge(axes: Mapping[str, Axis], target: Target) -> float:
    """The unit 2 / S_1; ValueError where it is not one number."""
    if (count := length(axes["depth"])) != 1:
        raise ValueError(
            f"axes.eta: the unit 2/S1 depends on the depth; give one depth, or plain values (got {count} depths)"
        )
    values = np.array(target.singular_values)
    swept = {name: mode for name in axes if (mode := swept_mode(name)) is not None}
    fixed = np.delete(values, list(swept.values()))
    largest = float(fixed.max(initial=0.0))
    for name in swept:
        if float(coordinates(axes[name])[-1]) > largest:
            raise ValueError(
                f"axes.eta: the unit 2/S1 is of the largest singular value, which axes.{name} sets; give plain values"
            )
    with np.errstate(over="ignore", under="ignore"):  # refused below
        sharpness = float(stability_limit(largest, int(whole_numbers(axes["depth"])[0])))
    if not 0 < sharpness < np.inf or not np.isfinite(2 / sharpness):
        raise ValueError(
            f"axes.eta: the unit 2/S1 needs a largest singular value above 0, whose 2 / S_1 is a float64 (got {largest:g})"
        )
    return 2 / sharpness
