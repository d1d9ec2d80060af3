"""Axes that set numbers of a model of its own, in place of a target and a start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastdln.models import MODELS, PARAMETERS, Model
from fastdln.sweep.axes import Axis, Ratios, swept_mode
from fastdln.sweep.problem import Target

if TYPE_CHECKING:  # the model calls these checks
    from fastdln.sweep.schema import Sweep

# What the grid's dimensions alpha and depth are where a model has neither.
ALPHA, DEPTH = 1.0, 2.0


def check_keys(sweep: Sweep) -> None:
    """ValueError for axes of another model's numbers, and for keys of networks where there is none."""
    own = [one.name for one in sweep.definition.parameters]
    for name in sweep.axes:
        if name in PARAMETERS and name not in own:
            having = ", ".join(model.name for model in MODELS.values() if PARAMETERS[name] in model.parameters)
            raise ValueError(f"axes.{name}: {sweep.model} has no {name}; it is of the model {having}")
    if not own:
        return
    if sweep.start not in ("", *sweep.definition.starts):
        raise ValueError(f"start: {sweep.model} begins at the numbers of its axes, {', '.join(own)}; leave start out")
    check_no_unit(sweep)
    if not sweep.definition.initial:
        check_no_target(sweep)
    elif (count := len(sweep.target.singular_values)) > 1:
        raise ValueError(f"target.singular_values: {sweep.model} learns one number (got {count})")
    for name in ("alpha", "depth", "seed", "model"):
        axis, only = sweep.axes.get(name), {"alpha": (ALPHA,), "depth": (DEPTH,)}.get(name)
        if axis is not None and axis != only:
            raise ValueError(f"axes.{name}: {sweep.model} has no {name}; leave it out")


def check_no_unit(sweep: Sweep) -> None:
    """ValueError for learning rates in units of 2 / S_1, where there is none."""
    if isinstance(eta := sweep.axes["eta"], Ratios) or getattr(eta, "unit", None):
        raise ValueError(f"axes.eta: {sweep.model} has no S_1; give eta itself, without a unit")


def check_no_target(sweep: Sweep) -> None:
    """ValueError for a target where a model learns none."""
    if sweep.target != Target.model_validate({"singular_values": (1.0,)}):
        raise ValueError(f"target: {sweep.model} learns none; leave it out")
    for name in sweep.axes:
        if swept_mode(name) is not None:
            raise ValueError(f"axes.{name}: {sweep.model} has no singular values; leave it out")


def fill(model: Model, axes: dict[str, Axis]) -> None:
    """Adds the axes of a model's own numbers that are left out, at their defaults; ValueError where one has none."""
    if not model.parameters:
        return
    axes.setdefault("alpha", (ALPHA,))
    axes.setdefault("depth", (DEPTH,))
    for one in model.parameters:
        if one.name in axes:
            continue
        if one.default is None:
            raise ValueError(f"axes: {one.name} is missing ({one.summary}): give it as a value, a list or a range")
        axes[one.name] = (one.default,)
