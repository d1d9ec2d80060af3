"""What is wrong with a sweep, in one line: the key as one would type it, and what would be valid; and keys from the command line."""

from __future__ import annotations

import reprlib
import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from fastdln.errors import SweepError


def explain(error: ValidationError, owners: Mapping[str, type[BaseModel]]) -> str:
    """All that is wrong, in one line; `owners`: the models whose keys are valid at the top ("") and under a key."""
    found = error.errors(include_url=False)
    # pydantic calls a list too short whose items are wrong
    inner = {one["loc"][:length] for one in found for length in range(len(one["loc"]))}
    lines = {describe(one, owners) for one in found if one["type"] != "too_short" or one["loc"] not in inner}
    return " ".join("; ".join(sorted(lines)).split())


def describe(error: Mapping[str, Any], owners: Mapping[str, type[BaseModel]]) -> str:
    """One pydantic error in one line: the key as one would type it, what is wrong, what would be valid."""
    kind, context = error["type"], error.get("ctx", {})
    # unions add the branch taken to the place; the user never typed it
    place = [str(part) for part in error["loc"] if part not in ("range", "values", "name", "arrays")]
    key, given = ".".join(place), f"(got {reprlib.repr(error.get('input'))})"
    if kind == "extra_forbidden":
        owner = owners[place[0] if len(place) > 1 else ""]
        return f"{key}: unknown key; valid: {', '.join(owner.model_fields)}"
    if kind == "missing":
        return f"{key}: is missing"
    if kind == "too_short":
        return (
            f"{key}: must not be empty"
            if context["min_length"] == 1
            else f"{key}: must have {context['min_length']} or more"
        )
    if kind == "value_error":
        message = str(context["error"])
        return message if message.startswith(f"{key}.") or not key else f"{key}: {message}"
    words = {
        "finite_number": "must be finite",
        "greater_than_equal": f"must be at least {context.get('ge')}",
        "less_than_equal": f"must be at most {context.get('le')}",
    }
    return f"{key}: {words.get(kind) or error['msg'][0].lower() + error['msg'][1:]} {given}"


def assign(data: dict[str, Any], override: str) -> None:
    """Applies "key.inner=value" to a sweep file's data; the value is TOML, or else taken as text."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise SweepError(f"--set {override}: must look like axes.eta.num=100")
    try:
        parsed = tomllib.loads(f"value = {text}")
        value = parsed["value"] if len(parsed) == 1 else text
    except (ValueError, RecursionError):
        value = text
    *path, last = key.strip().split(".")
    for depth, part in enumerate(path, 1):
        data = data.setdefault(part, {})
        if not isinstance(data, dict):
            raise SweepError(f"--set {override}: {'.'.join(path[:depth])} is not a table of keys")
    data[last] = value
