"""Values of a sweep's keys as they are given: numbers, lists and names, in Python's own types."""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeGuard

import numpy as np

from fastdln.errors import SweepError
from fastdln.sweep.families import known_names
from fastdln.sweep.sources import MOST_NUMBERS

# Examples that every key of numbers takes.
LIST, RANGE = "[2, 3]", "{start = 2, stop = 3, num = 5}"

# Characters of a text that is looked at for numbers.
LONGEST_QUOTED = 200


def plain(value: Any, key: str = "") -> Any:
    """Arrays of NumPy, pandas, xarray and their like, and ranges, as Python's own lists and numbers, all the way down."""
    if isinstance(value, Mapping):
        return {name: plain(item, f"{key}.{name}".lstrip(".")) for name, item in value.items()}
    if isinstance(value, list | tuple):
        # a million numbers need no million calls
        return list(value) if set(map(type, value)) <= {int, float, str} else [plain(item, key) for item in value]
    if isinstance(value, range):
        refuse_many(len(value), key)
        return list(value)
    if isinstance(value, type) or not hasattr(value, "__array__"):
        return value
    try:
        array = np.asanyarray(value)  # masked ones stay so
    except Exception:  # what others make of it; it is no array, and refused by its key
        return value
    refuse_many(array.size, key)
    return (array if array.dtype.kind in "biufcO" else array.astype(str)).tolist()


def refuse_many(numbers: int, key: str) -> None:
    if numbers > MOST_NUMBERS:
        raise SweepError(
            f"{key}: has {numbers:,} numbers, more than {MOST_NUMBERS:,}, which a sweep writes out; a range such as "
            f"{RANGE} may have more"
        )


def number(value: Any) -> Any:
    """A finite number; bounds would say of others that they are too large."""
    if isinstance(real(value), float) and not math.isfinite(value):
        raise ValueError(f"must be finite {shown(value)}")
    return value


def real(value: Any) -> Any:
    """Refuses what Python would count as a number but no sweep file means as one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"must be a number{unquoted(value, alone=True)} {shown(value)}")
    return value


def is_number(value: object) -> TypeGuard[float]:
    """Whether an argument is a number of Python or NumPy."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def unquoted(value: Any, alone: bool = False) -> str:
    """What to write instead of numbers in quotes, to stand behind what would be valid; empty for whatever is none.

    alone: where one number is valid only.
    """
    if not isinstance(value, str) or len(value) > LONGEST_QUOTED:
        return ""
    text = value.strip()
    if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+", text) and alone:
        return f"; write {text.replace(',', '_')} without quotes and commas"
    if not alone and text.startswith("{") and text.endswith("}"):
        return f"; write {text} without quotes"
    with suppress(ValueError):
        words = text.strip("[]()").replace(",", " ").replace(";", " ").split()
        [float(word) for word in words]  # each of them is one
        meant = words[0] if len(words) == 1 and words[0] == text else f"[{', '.join(words)}]"
        return f"; write {meant} without quotes" if words and not (alone and meant.startswith("[")) else ""
    return ""


def whole(value: Any) -> Any:
    if real(value) != value // 1:
        raise ValueError(f"must be a whole number (got {reprlib.repr(value)})")
    return int(value)


def shown(value: Any) -> str:
    return f"(got {reprlib.repr(value)})"


def numbers(value: Any) -> Any:
    """A list of numbers, or one."""
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"must be a number, or a list such as {LIST}{unquoted(value)} {shown(value)}")
    return [value]


def names(value: Any) -> Any:
    """A list of names, or one."""
    refuse_unquoted(value, known_names(), "observables")
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"must be a list of names; valid: {', '.join(known_names())} {shown(value)}")
    return value


def refuse_unquoted(value: Any, known: Iterable[str], key: str) -> None:
    """ValueError that says what to write for several names in one text, or for a list that a shell took the quotes of."""
    texts = [text for text in (value if isinstance(value, list | tuple) else [value]) if isinstance(text, str)]
    valid = set(known)
    if valid.issuperset(texts) or sum(map(len, texts)) > LONGEST_QUOTED:
        return
    words = [word for text in texts for word in re.findall(r"[\w-]+", text)]
    if words and valid.issuperset(words):
        meant = "[" + ", ".join(f'"{word}"' for word in words) + "]"
        for_shells = f"; for a shell in single quotes: --set '{key}={meant}'" if texts[0].startswith("[") else ""
        raise ValueError(f"must be a list of names, each in quotes: {meant}{for_shells} {shown(value)}")


def layer_widths(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise ValueError(
            f"must be a list of whole numbers, one more than there are layers, such as [3, 5, 2] {shown(value)}"
        )
    return value
