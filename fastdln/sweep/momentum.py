"""The axis of momentum, and the key that stands for one with a single value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastdln.models import MODELS
from fastdln.sweep.axes import Axis

if TYPE_CHECKING:  # the model calls these checks
    from fastdln.sweep.schema import Sweep


def fill(sweep: Sweep, axes: dict[str, Axis]) -> None:
    """Adds the axis that the key stands for; ValueError where momentum is said twice, or the model has none."""
    along, key = "momentum" in axes, sweep.momentum
    if along and key is not None:
        raise ValueError("momentum: is an axis of this sweep (axes.momentum); leave the key out")
    for key_given, given in (("axes.momentum", along), ("momentum", key is not None), ("nesterov", sweep.nesterov)):
        if given and not sweep.definition.takes_momentum:
            having = ", ".join(name for name, model in MODELS.items() if model.takes_momentum)
            raise ValueError(f"{key_given}: {sweep.model} takes no momentum; the models {having} do")
    if key is not None:
        axes["momentum"] = (key,)
    elif sweep.nesterov and not along:
        raise ValueError("nesterov: goes with momentum; give momentum, from 0 on and below 1, or leave nesterov out")
