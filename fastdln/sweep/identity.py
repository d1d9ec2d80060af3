"""Identity of a sweep: the keys that its results depend on, and those in which two sweeps differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastdln.sweep import named_axes
from fastdln.sweep.axes import Range, coordinates, length, swept_mode, whole_numbers
from fastdln.sweep.units import Scaled, close

if TYPE_CHECKING:
    from fastdln.sweep.schema import Sweep


def differing(one: Sweep, other: Sweep) -> list[str]:
    """Keys, dotted, in which two sweeps differ by their results.

    Keys that nothing uses do not count, nor other spellings of the same: [0.5, 0.6] is the range of two values.
    """
    ours, theirs = meaning(one), meaning(other)
    keys = [key for key in {**ours, **theirs} if not same(ours.get(key), theirs.get(key))]
    return keys or (["axes (in another order)"] if list(one.axes) != list(other.axes) else [])


def meaning(sweep: Sweep) -> dict[str, Any]:
    """The values that the results depend on, by key; None for those that are not used."""
    families, sizes = sweep.families, sweep.sizes
    dims = {dim for family in families for variable in family.variables for dim in variable.dims}
    found: dict[str, Any] = {f"axes.{name}": axis for name, axis in sweep.axes.items()}
    if (matrix := sweep.target.matrix) is not None:
        found["target.matrix"] = matrix
    else:
        values: dict[int, float | None] = dict(enumerate(sweep.target.singular_values))
        values |= {mode: None for name in sweep.axes if (mode := swept_mode(name)) is not None}  # the axis has them
        random = "random" in (sweep.target.basis, *sweep.axes.get("basis", ()))
        found |= {"target.singular_values": values, "target.basis": sweep.target.basis}
        found["target.seed"] = sweep.target.seed if random else None
    if any(part.definition.matrices for part in named_axes.parts(sweep)):
        found["widths"] = [sweep.widths_at(int(depth)) for depth in whole_numbers(sweep.axes["depth"])]
    found |= {
        "model": sweep.model,
        "start": sweep.start,
        "steps": sweep.steps,
        "record": sweep.record,
        "period_max": sweep.longest_period,
        "observables": sorted(family.name for family in families if not family.asked_by),
        "orbit_samples": sizes["sample"] if "sample" in dims else None,
        "trajectory": sweep.trajectory,
        "sharpness_every": sweep.sharpness_every if any(family.sampled for family in families) else None,
        "sharpness_count": sweep.sharpness_count,
        "nesterov": sweep.nesterov,
        "data": sweep.data,
        "loss": sweep.loss,
        "activation": sweep.activation,
    }
    # the axis has the names, in place of a key
    return found | {key: None for name, key in named_axes.KEYS.items() if name in sweep.axes}


def same(one: Any, other: Any) -> bool:
    """Whether two values of a key have the same results; axes do where their coordinates agree to the last bit, or those in
    units of 2 / S_1 but for the last bits of the unit."""
    if not isinstance(one, Range | tuple) or not isinstance(other, Range | tuple) or one == other:
        return bool(one == other)
    if isinstance(one, Scaled) and isinstance(other, Scaled) and same(one.ratio, other.ratio):
        return close(one.factor, other.factor)
    if type(one) is type(other) is Range and one.num > 2:
        return False  # both ends are values, and the spacing tells the others
    return length(one) == length(other) and np.array_equal(coordinates(one), coordinates(other))
