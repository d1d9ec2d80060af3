"""A sweep as a table of its keys, for notebooks and reports."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastdln.models import MODELS
from fastdln.sweep.axes import in_words, is_named
from fastdln.sweep.html import table

if TYPE_CHECKING:
    from fastdln.sweep.schema import Sweep

# Numbers of a matrix that are written out; of a larger one its size says more than a part of it.
MOST_NUMBERS = 12


def rows(sweep: Sweep) -> list[tuple[str, str, str]]:
    """(key, value, meaning) of every key that says something of the model, in words."""
    data = json.loads(sweep.canonical())
    values = {key: reprlib.repr(value) for key, value in data.items() if value not in (None, {}, [])}
    values |= {"axes": "; ".join(f"{name}: {values}" for name, values in axes(sweep))}
    values |= {"observables": ", ".join(sweep.observables) or "fate only"}
    values |= {key: data[key] for key in ("model", "start", "loss", "activation") if isinstance(data.get(key), str)}
    values |= {"target": keys_in_words(data["target"])}
    values |= {key: parts_in_words(data[key]) for key in ("data", "start") if isinstance(data.get(key), dict)}
    for key in not_of_model(sweep):
        values.pop(key, None)
    meanings = {key: str(field.description).replace("`", "") for key, field in type(sweep).model_fields.items()}
    return [(key, values[key], meanings[key]) for key in data if key in values]


def not_of_model(sweep: Sweep) -> list[str]:
    """Keys that have a value in every sweep, and that this one's model has no use for."""
    found = [] if "orbit" in sweep.observables else ["orbit_samples"]
    model = MODELS.get(sweep.model)  # that of a store may be somebody's own, whose code is not loaded
    if model and not model.has_target:
        found.append("target")
    if model and not model.has_layers:
        found.append("start")
    return found


def axes(sweep: Sweep) -> list[tuple[str, str]]:
    """(name, values) of the axes that the model has; datasets have depth and alpha anyway."""
    model = MODELS.get(sweep.model)
    without = () if model is None or model.has_layers else ("depth", "alpha")
    return [(name, in_words(axis)) for name, axis in sweep.axes.items() if name not in without]


def by_key(sweep: Sweep) -> list[tuple[str, str]]:
    """(key, value) of the same keys, a row an axis."""
    of_axes = [(f"axes.{name}", values) for name, values in axes(sweep)]
    plain = [(key, value) for key, value, _ in rows(sweep)]
    return [row for key, value in plain for row in (of_axes if key == "axes" else [(key, value)])]


def keys_in_words(table: Mapping[str, Any]) -> str:
    """The keys of a table, with their values."""
    return ", ".join(
        f"{key} = {matrix(value) if key == 'matrix' else reprlib.repr(value)}" for key, value in table.items()
    )


def parts_in_words(table: Mapping[str, Any]) -> str:
    """What data or a start consist of: a part a key, by the sizes of its arrays or by its own keys."""
    return "; ".join(f"{key}: {part_in_words(key, value)}" for key, value in table.items())


def part_in_words(key: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return keys_in_words(value) or "{}"
    if key == "labels":
        ones = sum(label > 0 for label in value)
        return f"{len(value):,}, {ones:,} of 1 and {len(value) - ones:,} of -1"
    if key == "layers":
        return ", ".join(map(matrix, value))
    return reprlib.repr(value) if key == "spectral" else matrix(value)


def matrix(rows: Sequence[Sequence[float]]) -> str:
    """A small matrix itself, the size of a larger one."""
    small = len(rows) * len(rows[0]) <= MOST_NUMBERS
    return str([list(row) for row in rows]) if small else f"{len(rows):,} x {len(rows[0]):,}"


def subject(sweep: Sweep) -> str:
    """What is simulated, in a sentence."""
    axis = sweep.axes.get("model")
    names = axis if axis is not None and is_named(axis) else (sweep.model,)
    known = [MODELS[name] for name in names if name in MODELS]
    if known and not any(model.own_theory for model in known):
        return "Gradient descent on deep linear networks, min 1/2 ||W_L ... W_1 - M||_F^2."
    said = "; ".join(f"{model.name}, {model.summary}" for model in known)
    return f"{'Models' if len(known) > 1 else 'Model'} {said}." if known else f"Model {', '.join(names)}."


def html(sweep: Sweep) -> str:
    """The keys as an HTML table."""
    return table(sweep.title or "Sweep", [("points", f"{sweep.points:,}", "networks in all"), *rows(sweep)])
