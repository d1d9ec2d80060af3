"""Axes w1, w2, ... of starting values of layers: the rows of a start by singular values that they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastdln.models import STARTS
from fastdln.sweep.axes import LAYER
from fastdln.sweep.problem import Spectral, Start

if TYPE_CHECKING:  # the model calls these checks
    from fastdln.sweep.schema import Sweep


def layer_of(name: str) -> int | None:
    """The layer (1 is W_1) whose starting value an axis called `name` sets: w1, w2, ...; None for other names."""
    return int(name[1:]) if re.fullmatch(LAYER, name) else None


def of_layers(axes: Iterable[str]) -> dict[int, str]:
    """The axes of starting values by their layers."""
    return {layer: name for name in axes if (layer := layer_of(name)) is not None}


def named_rows(start: Any) -> list[str]:
    """The axes that rows of a start name, each once."""
    rows = start.spectral if isinstance(start, Spectral) else ()
    return list(dict.fromkeys(row for row in rows if isinstance(row, str)))


def filled(sweep: Sweep) -> Start:
    """The start with the axes of its layers as rows; ValueError where the two do not go together."""
    axes, start = of_layers(sweep.axes), sweep.start
    if not axes:
        if names := named_rows(start):
            raise ValueError(
                f"axes: {names[0]} is missing, which start.spectral names: give it as a value, a list or a range"
            )
        return start
    first = axes[min(axes)]
    if "spectral" not in sweep.definition.starts:
        raise ValueError(f"axes.{first}: {sweep.model} has no starting values of layers, as it has no start spectral")
    if not start:
        start = Spectral(spectral=rows_of(axes))
    if not isinstance(start, Spectral):
        raise ValueError(
            f"axes.{first}: sets a row of start = {{spectral = [...]}}; the start is {sweep.start_name}, which has its own"
        )
    said = named_rows(start)
    unsaid = {layer: name for layer, name in axes.items() if name not in said}  # each sets the row of its own layer
    rows = [row if isinstance(row, str) else unsaid.get(layer, row) for layer, row in enumerate(start.spectral, 1)]
    used = {row for row in rows if isinstance(row, str)}
    for name in axes.values():
        if name not in used:
            raise ValueError(
                f"axes.{name}: no layer begins there; start.spectral has {len(rows)} rows, and none names it"
            )
    for name in used - set(axes.values()):
        raise ValueError(f"axes: {name} is missing, which start.spectral names: give it as a value, a list or a range")
    return Spectral(spectral=tuple(rows))


def rows_of(axes: Mapping[int, str]) -> tuple[str, ...]:
    """Rows for axes of all layers; ValueError where one has none."""
    last = max(axes)
    if last < 2:
        raise ValueError("axes.w1: a network has two layers or more; give w2 as well, or start = {spectral = [...]}")
    for layer in range(1, last):
        if layer not in axes:
            raise ValueError(
                f"axes: w{layer} is missing, where w{last} is there; give it, or start = {{spectral = [...]}}"
            )
    return tuple(axes[layer] for layer in range(1, last + 1))


def with_numbers(rows: Sequence[Any], modes: int, numbers: Mapping[str, float]) -> list[list[float]]:
    """Rows of numbers for those of a start, with a number for each axis that one names."""
    return [[numbers[row]] * modes if isinstance(row, str) else list(row) for row in rows]


def apart(start: Any) -> dict[str, float]:
    """A number for each axis that a start names, which differ from each other and from what its other rows have."""
    rows = start.spectral if isinstance(start, Spectral) else ()
    largest = max((abs(value) for row in rows if not isinstance(row, str) for value in row), default=0.0)
    return {name: largest + k for k, name in enumerate(named_rows(start), 1)}


def has_closed_form(sweep: Any) -> bool:
    """Whether the layers at state 0 are the same singular values at every point, in units of alpha."""
    return STARTS[sweep.start_name].layers is not None and not named_rows(sweep.start)
