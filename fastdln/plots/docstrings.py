"""Summary and description of a picture, from its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

HEADING = re.compile(r"^(\w+)\n-{3,}\n", re.MULTILINE)

# A parameter with its lines; ds and ax are the same for every picture.
OPTION = re.compile(r"^\**(?!ds\b|ax\b)(\w+) : .*\n((?:[ ]+.*(?:\n|\Z))+)", re.MULTILINE)


def summary(function: Callable[..., Any]) -> str:
    """Read the first line, as it stands after a name."""
    line = (inspect.getdoc(function) or "").partition("\n")[0].removesuffix(".")
    return line[:1].lower() + line[1:]


def description(function: Callable[..., Any]) -> str:
    """Join what follows the first line, but for types, returns, errors and examples, into one paragraph."""
    opening, *sections = HEADING.split(inspect.getdoc(function) or "")
    by_name = dict(zip(sections[::2], sections[1::2], strict=True))
    options = [
        f"{name}: {meaning.strip()[:1].lower()}{meaning.strip()[1:]}"
        for name, meaning in OPTION.findall(by_name.get("Parameters", ""))
    ]
    parts = [opening.partition("\n")[2], by_name.get("Notes", ""), *options, by_name.get("References", "")]
    return " ".join(" ".join(parts).split())
