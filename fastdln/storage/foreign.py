"""Stores that were made with models and observables that are not registered here.

Unknown observables are left out of the sweep, and an unknown model stands for one of the package, so that the rest is checked as
ever; their arrays are read like others that are not of the sweep, where they are plain and bounded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastdln.errors import SweepError
from fastdln.models import MODELS, STAND_IN
from fastdln.sweep.extensions.own_code import VARIABLES
from fastdln.sweep.extensions.register import NAME
from fastdln.sweep.families import known_names
from fastdln.sweep.schema import Sweep


def without(text: str, names: Sequence[str]) -> str:
    """The text of a sweep, of one that asks for none of these models and observables."""
    data, plain = json.loads(text), {name for name in names if NAME.fullmatch(name)}

    def left_out(name: Any) -> bool:
        return isinstance(name, str) and name in plain

    if left_out(data.get("model")):
        data["model"] = STAND_IN
    if isinstance(asked := data.get("observables"), list):
        data["observables"] = [name for name in asked if not left_out(name)]
    return json.dumps(data)


def on_axis(text: str, names: Sequence[str]) -> bool:
    """Whether an axis of a sweep's text lists one of these models, for which nothing else can stand."""
    axes = json.loads(text).get("axes")
    models = axes.get("model") if isinstance(axes, dict) else None
    return isinstance(models, list) and any(name in models for name in names)


def as_said(sweep: Sweep, text: str) -> Sweep:
    """The sweep with all names that the text has, to be shown; it cannot be run, see `refuse`."""
    data = json.loads(text)
    asked = data.get("observables")
    observables = tuple(asked) if isinstance(asked, list) else sweep.observables
    return sweep.model_copy(update={"model": data.get("model", sweep.model), "observables": observables})


def refuse(sweep: Sweep) -> None:
    """SweepError if a sweep, that of such a store, is to be run where what it asks for is still not known."""
    unknown = [name for name in sweep.observables if name not in known_names()]
    unknown += [sweep.model] if sweep.model not in MODELS else []
    if unknown:
        raise SweepError(f"{', '.join(unknown)}: not known here; give the file with --load, or call fastdln.register")


def variables(attributes: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """The arrays of observables of these names, as a store says."""
    try:
        said = json.loads(attributes.get(VARIABLES, "{}"))
        found = [variable for name in names for variable in said.get(name, [])]
    except (ValueError, TypeError, AttributeError, RecursionError):
        return []
    return [name for name in found if isinstance(name, str)]
