"""Keys that choose among a few ways that a model has, by name: a loss, an activation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastdln.models import MODELS, KeyChoice
from fastdln.text import suggestion

if TYPE_CHECKING:  # the model calls these checks
    from fastdln.sweep.schema import Sweep


def ways() -> dict[str, KeyChoice]:
    """The choice that each key is of, with the values of all models."""
    found: dict[str, KeyChoice] = {}
    for model in MODELS.values():
        for one in model.choices:
            there = found.get(one.name, one)
            found[one.name] = KeyChoice(one.name, there.summary, tuple(dict.fromkeys((*there.values, *one.values))))
    return found


def chosen(sweep: Sweep) -> str:
    """What a sweep chooses of its model's ways, the first if it does not say; "" of a model without."""
    return next((getattr(sweep, one.name) or one.values[0] for one in sweep.definition.choices), "")


def check(sweep: Sweep) -> None:
    """ValueError for a choice that the model has not; fills in the one that it has by default."""
    own = {one.name: one for one in sweep.definition.choices}
    for key in ways():
        value = getattr(sweep, key)
        if key not in own:
            if value is not None:
                having = ", ".join(name for name, model in MODELS.items() if key in [one.name for one in model.choices])
                raise ValueError(f"{key}: {sweep.model} has none to choose; the model {having} has")
            continue
        valid = own[key].values
        if value is None:
            object.__setattr__(sweep, key, valid[0])
        elif value not in valid:
            raise ValueError(f"{key}: unknown name {value!r}{suggestion(value, valid)}; valid: {', '.join(valid)}")
