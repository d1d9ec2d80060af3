"""A sweep as a table of its keys, for notebooks and reports."""

from __future__ import annotations

import json
import reprlib
from typing import TYPE_CHECKING

from fastdln.sweep.axes import in_words
from fastdln.sweep.html import table

if TYPE_CHECKING:
    from fastdln.sweep.schema import Sweep


def rows(sweep: Sweep) -> list[tuple[str, str, str]]:
    """(key, value, meaning) of every key that says something, in words."""
    data = json.loads(sweep.canonical())
    values = {key: reprlib.repr(value) for key, value in data.items() if value not in (None, {}, [])}
    values |= {"axes": "; ".join(f"{name}: {in_words(axis)}" for name, axis in sweep.axes.items())}
    values |= {"observables": ", ".join(sweep.observables) or "fate only"}
    values |= {key: str(data[key]) for key in ("model", "start") if isinstance(data.get(key), str)}
    values |= {"target": ", ".join(f"{key} = {reprlib.repr(value)}" for key, value in data["target"].items())}
    if "orbit" not in sweep.observables:
        values.pop("orbit_samples", None)
    meanings = {key: str(field.description).replace("`", "") for key, field in type(sweep).model_fields.items()}
    return [(key, values[key], meanings[key]) for key in data if key in values]


def by_key(sweep: Sweep) -> list[tuple[str, str]]:
    """(key, value) of the same keys, a row an axis."""
    axes = [(f"axes.{name}", in_words(axis)) for name, axis in sweep.axes.items()]
    plain = [(key, value) for key, value, _ in rows(sweep)]
    return [row for key, value in plain for row in (axes if key == "axes" else [(key, value)])]


def html(sweep: Sweep) -> str:
    """The keys as an HTML table."""
    return table(sweep.title or "Sweep", [("points", f"{sweep.points:,}", "networks in all"), *rows(sweep)])
