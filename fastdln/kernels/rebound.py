"""Functions of a module that are the same for several kinds of things, but for some of the functions that they call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any


def rebound(functions: Sequence[Any], kind: str, apart: bool = False, **own: Callable[..., Any]) -> dict[str, Any]:
    """The functions, by name, that call `own` and each other where they name functions so called.

    apart: whether they stay where they are in machine code (compile.apart). functions: in the order in which they call each other, callees first. kind: tells them from others in machine code.
    """
    made: dict[str, Any] = {}
    for function in functions:
        twin = FunctionType(
            function.__code__, function.__globals__ | own | made, function.__name__, function.__defaults__
        )
        twin.__qualname__, twin.__module__ = f"{function.__qualname__} of {kind}", function.__module__
        twin.__dict__.update(function.__dict__)
        twin.__dict__.update(kept_apart=apart or getattr(function, "kept_apart", False))
        made[function.__name__] = twin
    return made
