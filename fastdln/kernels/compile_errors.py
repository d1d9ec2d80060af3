"""numba's complaint about a function that it cannot compile, in one line that the function's author can use."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

# Escape codes of colours in numba's messages.
COLOURS = re.compile(r"\x1b\[[0-9;]*m")

# Lines of numba's own passes, and beginnings of lines that follow what it says of the function.
PASSES, END = "Failed in nopython mode", re.compile(r"There are \d+ candidate|During: |File ")

# The place in the source, and the function, that it was compiling, innermost first.
PLACE, FUNCTION = re.compile(r" at (\S.*) \((\d+)\)"), re.compile(r"<function (\S+) at ")

LIBRARIES = tuple(str(Path(path).parent) for path in (Path(__file__).parent, numba.__file__))

LONGEST = 400


def complaint(error: Exception, function: Callable[..., Any]) -> str:
    """Say what is wrong, and, where it is known, the file and line; function: the one that closes over the author's functions."""
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
