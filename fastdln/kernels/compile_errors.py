"""What numba says of a function that it cannot compile, in a line that its author can use."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

# numba paints what it says.
COLOURS = re.compile(r"\x1b\[[0-9;]*m")

# Lines of its own passes, and where what it says of the function itself ends.
PASSES, END = "Failed in nopython mode", re.compile(r"There are \d+ candidate|During: |File ")

# What it was at, from the innermost on.
PLACE, FUNCTION = re.compile(r" at (\S.*) \((\d+)\)"), re.compile(r"<function (\S+) at ")

LIBRARIES = tuple(str(Path(path).parent) for path in (Path(__file__).parent, numba.__file__))

LONGEST = 400


def complaint(error: Exception, function: Callable[..., Any]) -> str:
    """What is wrong, and, where that is known, the file and line of the function, closed over by this one, that it is wrong with."""
    text = COLOURS.sub("", str(error))
    said: list[str] = []
    for line in map(str.strip, text.splitlines()):
        if END.match(line):
            break
        said += [] if line.startswith(PASSES) else line.split()
    return " ".join(said or text.split())[:LONGEST] + where(text, function)


def where(text: str, function: Callable[..., Any]) -> str:
    for path, line in PLACE.findall(text):
        if not path.startswith(LIBRARIES):
            return f" ({Path(path).name}, line {line})"
    cells = (cell.cell_contents for cell in function.__closure__ or ())
    codes = {cell.__qualname__: cell.__code__ for cell in cells if hasattr(cell, "__code__")}
    for name in FUNCTION.findall(text):
        if code := codes.get(name):
            return f" (the function at {Path(code.co_filename).name}, line {code.co_firstlineno})"
    return ""
