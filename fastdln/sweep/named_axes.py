"""Axes of names: models, starts and bases of the target that one sweep compares, and the plain sweeps that it consists of."""

from __future__ import annotations

import itertools
import reprlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

from fastdln.errors import SweepError
from fastdln.models import MODELS, STARTS
from fastdln.sweep.axes import NAMED
from fastdln.sweep.choices import ways
from fastdln.sweep.messages import one_of
from fastdln.sweep.problem import Target
from fastdln.sweep.values import refuse_unquoted, shown
from fastdln.text import suggestion

if TYPE_CHECKING:
    from fastdln.sweep.schema import Sweep

KEYS = NAMED

# Other ways to write the axis of the target's basis.
DOTTED, NESTED = "target.basis", "target"
BY_KEY = {key: name for name, key in NAMED.items() if "." not in key}


# Of the JSON Schema: the key `model` may be left out where it is an axis.
REQUIRED: dict[str, Any] = {
    "required": ["axes"],
    "anyOf": [{"required": ["model"]}, {"properties": {"axes": {"required": ["model"]}}}],
}


def valid_names(axis: str) -> list[str]:
    """The names that an axis of names may have."""
    if axis == "model":
        return [*MODELS]
    if KEYS[axis] in (known := ways()):
        return list(known[KEYS[axis]].values)
    if axis == "start":
        return [start.name for start in STARTS.values() if not start.takes_values]
    return [*get_args(Target.model_fields["basis"].annotation)]


def filled(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A sweep's data with axes of names as tuples, and each key that is such an axis at its first value."""
    if not isinstance(axes := data.get("axes"), Mapping):
        return data
    axes = renamed(axes)
    named = {name: names_of(name, axes[name]) for name in axes if name in KEYS}
    if not named:
        return data
    found = {**data, "axes": {**axes, **named}}
    for name in KEYS:
        if name in named and name != "basis":
            if (key := KEYS[name]) in data:
                raise SweepError(f"{key}: is an axis of this sweep (axes.{key}); leave the key {key} out")
            found[key] = named[name][0]
    if "basis" in named and isinstance(target := data.get("target", {"singular_values": [1.0]}), Mapping):
        if "basis" in target:
            raise SweepError("target.basis: is an axis of this sweep (axes.target.basis); leave the key out")
        if "matrix" in target:
            raise SweepError("axes.target.basis: target.matrix has bases of its own; give singular_values instead")
        found["target"] = {**target, "basis": named["basis"][0]}
    return found


def renamed(axes: Mapping[str, Any]) -> dict[str, Any]:
    """Axes in their order, that of the target's basis under its own name."""
    found: dict[str, Any] = {}
    for name, axis in axes.items():
        own, values = BY_KEY.get(name, name), axis
        if name == DOTTED:
            own = "basis"
        elif name == NESTED and isinstance(axis, Mapping) and list(axis) == ["basis"]:
            own, values = "basis", axis["basis"]
        if own in found:
            raise SweepError(f"axes.{KEYS.get(own, own)}: is there twice")
        found[own] = values
    return found


def names_of(axis: str, value: Any) -> tuple[str, ...]:
    """The names of an axis, checked."""
    key, valid = f"axes.{KEYS[axis]}", valid_names(axis)
    try:
        refuse_unquoted(value, valid, key)
    except ValueError as error:
        raise SweepError(f"{key}: {error}") from None
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
        raise SweepError(f"{key}: must be a list of names; valid: {', '.join(valid)} {shown(value)}")
    for name in names:
        if axis == "start" and name in STARTS and name not in valid:
            raise SweepError(f"{key}: {name} takes values, and cannot be on an axis; valid: {', '.join(valid)}")
        if axis != "model" and name not in valid:
            hint = suggestion(name, valid)
            raise SweepError(f"{key}: unknown name {reprlib.repr(name)}{hint}; valid: {', '.join(valid)}")
        try:
            one_of(valid, name)
        except ValueError as error:
            raise SweepError(f"{key}: {error}") from None
    if len(set(names)) < len(names):
        raise SweepError(f"{key}: {next(name for name in names if names.count(name) > 1)} is there twice")
    return tuple(names)


def named(sweep: Sweep) -> dict[str, tuple[str, ...]]:
    """The axes of names of a sweep."""
    return {
        name: tuple(map(str, axis)) for name, axis in sweep.axes.items() if name in KEYS and isinstance(axis, tuple)
    }


def choices(sweep: Sweep) -> Iterator[dict[str, str]]:
    """Every choice of a name along each axis of names, the last axis fastest; one empty choice without such axes."""
    axes = named(sweep)
    for chosen in itertools.product(*axes.values()):
        yield dict(zip(axes, chosen, strict=True))


def parts(sweep: Sweep) -> list[Sweep]:
    """The plain sweeps of a sweep, one for each choice of names; itself without axes of names."""
    return [at(sweep, choice) if choice else sweep for choice in choices(sweep)]


def at(sweep: Sweep, choice: Mapping[str, str]) -> Sweep:
    """The part of a sweep at one name of some of its axes of names; that of every one of them is plain."""
    axes = named(sweep)
    update: dict[str, Any] = {}
    for name, value in choice.items():
        if name not in axes:
            raise SweepError(f"{name}: is no axis of names of this sweep; those are {', '.join(axes) or 'none'}")
        if value not in axes[name]:
            raise SweepError(f"{name}: must be one of {', '.join(axes[name])} {shown(value)}")
        update |= {"target": sweep.target.model_copy(update={name: value})} if name == "basis" else {KEYS[name]: value}
    diagonal = "model" in choice and not MODELS[choice["model"]].matrices
    if diagonal and sweep.target.matrix is None:  # modes are the same in every basis
        update["target"] = sweep.target.model_copy(update={"basis": "identity", "seed": 0})
    for key in ("axes", "chunks", "shards"):
        update[key] = {name: value for name, value in getattr(sweep, key).items() if name not in choice}
    return sweep.model_copy(update=update)


def in_words(choice: Mapping[str, str]) -> str:
    """A choice for people, such as `model = matrix`."""
    return ", ".join(f"{KEYS[name]} = {value}" for name, value in choice.items())


def without_keys(data: dict[str, Any]) -> dict[str, Any]:
    """A sweep's data without the keys that are axes."""
    along = {KEYS[name] for name in data["axes"] if name in KEYS}
    found = {name: value for name, value in data.items() if name not in along}
    if "basis" in data["axes"]:
        target = data["target"]
        found["target"] = {"singular_values": target["singular_values"], "seed": target.get("seed", 0)}
    return found
