"""Messages about a sweep, in one line: the key as one would type it, and what would be valid; and changes from the command line."""

from __future__ import annotations

import re
import reprlib
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, ValidationError

from fastdln.errors import SweepError
from fastdln.text import one_line, short_words, suggestion

# Longer keys are none of ours; what is said of them stays readable.
LONGEST_KEY = 100


# Faults that are told; a long list of words where numbers belong has as many.
TOLD = 5

# What each key's tables and lists look like.
EXAMPLES = {
    "axes": "a table of axes, such as {eta = 0.1, alpha = 0.01, depth = 3}",
    "target": "a table of keys, such as {singular_values = [2, 1]}",
    "chunks": "a table of numbers of points, such as {eta = 100}",
    "shards": "a table of numbers of points, such as {eta = 1000}",
    "start.spectral": "a list of rows, one a layer, such as [[1], [1], [0]]",
    "start.layers": "a list of matrices or paths of .npy files, W_1 first",
    "start.compressed": "a table of keys, such as {noise = 0.1, seed = 0}",
}

# Required keys, and what they may be.
NEEDED = {"model": 'the name of one, such as model = "modes" (`fastdln list` has them all)', "axes": EXAMPLES["axes"]}

# Pydantic's words for a thing of another type, in ours.
KINDS = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "string_unicode": "text in Unicode",
    "dict_type": "a table of keys",
    "model_type": "a table of keys",
    "tuple_type": "a list",
    "float_type": "a number",
    "int_parsing_size": "a smaller number",
}


# Keys that people give at the top, by where they belong.
DEEPER = {name: f"axes.{name}" for name in ("eta", "alpha", "depth", "seed", "s1", "s2", "s3")}
DEEPER |= {name: f"target.{name}" for name in ("singular_values", "basis", "matrix")}
DEEPER |= {name: f"start.{name}" for name in ("spectral", "layers")}
DEEPER |= dict.fromkeys(("lr", "learning_rate"), "axes.eta")

# Words for the keys of data.
OF_DATA = {"x": "inputs", "features": "inputs", "input": "inputs", "y": "labels of classes, or outputs"}
OF_DATA |= {"targets": "outputs", "output": "outputs", "classes": "labels"}

# Words for the keys of a range, by ours; numbers of values, not distances, make a range.
OF_RANGES = dict.fromkeys(("end", "to", "last", "max", "high", "until"), "did you mean stop?")
OF_RANGES |= dict.fromkeys(("begin", "from", "first", "min", "low"), "did you mean start?")
OF_RANGES |= dict.fromkeys(("n", "count", "points", "size", "length", "number"), "did you mean num?")
OF_RANGES |= dict.fromkeys(("step", "delta", "by", "increment"), "say num, how many values")
OF_RANGES |= dict.fromkeys(("log", "scale"), 'say spacing = "log"')
OF_RANGES |= {"steps": "say num, how many values; the steps of the sweep stand above [axes]"}

# Of pydantic's errors, those of a key that a table does not have.
UNKNOWN = ("extra_forbidden", "invalid_key")


def one_of(valid: Iterable[str], value: str) -> str:
    """The value; ValueError that lists the valid names if it is none of them."""
    if value not in (known := list(valid)):
        raise ValueError(
            f"unknown name {reprlib.repr(value)}{suggestion(value, known)}; valid: {', '.join(known)}; --load FILE.py brings "
            "your own"
        )
    return value


def explain(error: ValidationError, owners: Mapping[str, type[BaseModel]]) -> str:
    """A message of one line; `owners`: the models whose keys are valid at the top ("") and under a key, or in a table of a kind."""
    found = error.errors(include_url=False)
    # pydantic calls a list too short whose items are wrong
    inner = {one["loc"][:length] for one in found for length in range(len(one["loc"]))}
    # a table with a wrong key is another thing, or lacks what that key was to be; what stands under it is told with it
    wrong = {one["loc"][:-1] for one in found if one["type"] in UNKNOWN}
    unknown = {one["loc"][:-1] for one in found if one["loc"][-1:] == ("[key]",)}
    lines = {
        describe(one, owners)
        for one in found
        if not (one["type"] == "too_short" and one["loc"] in inner)
        and not (one["type"] == "missing" and len(one["loc"]) > 1 and one["loc"][:-1] in wrong)
        and (one["loc"][-1:] == ("[key]",) or one["loc"][:2] not in unknown)
    }
    more = [f"and {len(lines) - TOLD:,} more"] if len(lines) > TOLD else []
    return one_line(short_words("; ".join([*sorted(lines)[:TOLD], *more])))


def describe(error: Mapping[str, Any], owners: Mapping[str, type[BaseModel]]) -> str:
    """One pydantic error in one line: the key as one would type it, what is wrong, what would be valid."""
    kind, context = error["type"], error.get("ctx", {})
    # unions add the branch taken to the path; the user never typed it
    path = [
        str(part) for part in error["loc"] if part not in ("range", "values", "name", "arrays", "surrogate", "[key]")
    ]
    key, given = ".".join(one_line(part, LONGEST_KEY) for part in path), f"(got {reprlib.repr(error.get('input'))})"
    if error["loc"][-1:] == ("[key]",) and kind != "value_error":
        return f"{key}: keys must be text {given}"
    if below := key_of_the_top(path, error, owners[""].model_fields):
        return f"{'.'.join(below)}: {below[-1]} is a key of its own; put it above [{path[0]}], or after --set write {below[-1]}=..."
    if kind in UNKNOWN:
        owner = owners.get(".".join(path[:-1])) or owners[path[0] if len(path) > 1 else ""]
        valid = list(owner.model_fields)
        deeper = path[-1] in DEEPER and len(path) == 1
        meant = f" (did you mean {DEEPER[path[-1]]}?)" if deeper else suggestion(path[-1], valid)
        if path[0] == "axes" and path[-1] in OF_RANGES:
            meant = f" ({OF_RANGES[path[-1]]})"
        if path[:-1] == ["data"] and path[-1].casefold() in OF_DATA:
            meant = f" (did you mean {OF_DATA[path[-1].casefold()]}?)"
        return f"{key}: unknown key{meant}; valid: {', '.join(valid)}"
    if kind == "missing":
        return f"{key}: is missing" + (f": give {NEEDED[key]}" if key in NEEDED else "")
    if kind == "too_short":
        least = context["min_length"]
        return f"{key}: must not be empty" if least == 1 else f"{key}: must have {least} or more values {given}"
    if kind == "value_error":
        message = str(context["error"])
        return message if message.startswith(f"{key}.") or not key else f"{key}: {message}"
    words = {
        "finite_number": "must be finite",
        "greater_than_equal": f"must be at least {context.get('ge')}",
        "less_than": f"must be below {context.get('lt'):g}" if "lt" in context else "",
        "less_than_equal": f"must be at most {context.get('le')}",
        "literal_error": f"must be {context.get('expected')}{of_literal(error)}",
    }
    if kind in KINDS:
        words[kind] = f"must be {EXAMPLES.get(key, KINDS[kind])}"
    if kind in ("bool_type", "bool_parsing") and str(error.get("input")).casefold() in ("true", "false"):
        words[kind] += f"; write {str(error['input']).casefold()}, in small letters and without quotes"
    return f"{key}: {words.get(kind) or error['msg'][0].lower() + error['msg'][1:]} {given}"


def key_of_the_top(path: list[str], error: Mapping[str, Any], top: Iterable[str]) -> list[str]:
    """The path of a key of the sweep's own that stands below a table, as [axes]; empty where the error is another."""
    inside = error.get("input")
    if path == ["start"] and isinstance(inside, Mapping):  # refused as a whole
        path = [*path, *[name for name in inside if name in top][:1]]
    below = (
        error["type"] in UNKNOWN or error["loc"][-1:] == ("[key]",) or path[:1] in (["chunks"], ["shards"], ["start"])
    )
    of_range = len(path) == 3 and path[-1] in OF_RANGES
    return path if len(path) > 1 and path[-1] in top and below and not of_range else []


def of_literal(error: Mapping[str, Any]) -> str:
    """The word that was meant where one of a few is valid."""
    valid = re.findall(r"'([^']*)'", str(error.get("ctx", {}).get("expected")))
    return suggestion(error.get("input"), valid)


# As TOML has numbers, there is a digit on both sides of the point.
BARE_POINT = re.compile(r"(?<![\w.])(?=\.[0-9])|(?<=[0-9]\.)(?![0-9])")


def value_of(text: str) -> Any:
    """TOML's value, with .5 and 5. as numbers too; else the text itself."""
    for tried in (text, BARE_POINT.sub("0", text)):
        with suppress(ValueError, RecursionError):
            parsed = tomllib.loads(f"value = {tried}")
            if len(parsed) == 1:
                return parsed["value"]
    return text


def checked_overrides(overrides: Any) -> list[str]:
    """The overrides as a list; SweepError if they are not texts."""
    if isinstance(overrides, str) or not isinstance(overrides, Iterable):
        raise SweepError(
            f'overrides: must be a list of texts such as "axes.eta.num=3000" (got {reprlib.repr(overrides)})'
        )
    found = list(overrides)
    for override in found:
        if not isinstance(override, str):
            raise SweepError(f'overrides: must be texts such as "axes.eta.num=3000" (got {reprlib.repr(override)})')
    return found


def assign(data: dict[str, Any], override: str) -> None:
    """Applies "key.inner=value" to a sweep file's data; the value is TOML, or else taken as text."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise SweepError(
            f"--set {one_line(override, LONGEST_KEY)}: must look like steps=100 or axes.eta.num=100, a key, = and a value"
        )
    *path, last = key.strip().split(".")
    for depth, part in enumerate(path, 1):
        data = data.setdefault(part, {})
        if not isinstance(data, dict):
            there = ".".join(path[:depth])
            example = "{start = 0.1, stop = 1, num = 10}" if path[0] == "axes" else "..."
            raise SweepError(
                f"--set {one_line(override, LONGEST_KEY)}: {there} is not a table of keys; give all of it: --set "
                f"'{there}={example}'"
            )
    data[last] = value_of(text)
