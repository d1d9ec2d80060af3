"""Plain Python functions into numba functions that melt into their caller."""

from __future__ import annotations

from collections.abc import Callable
from dis import get_instructions
from types import CellType, FunctionType
from typing import Any

import numba

# "contract" alone lets LLVM fuse a * b + c; any other fast-math flag would delete the NaN checks.
# error_model="numpy": 1 / 0 is inf, with no branch in the loop.
OPTIONS: dict[str, Any] = {"fastmath": {"contract"}, "error_model": "numpy"}


def jit_disabled() -> bool:
    """Whether NUMBA_DISABLE_JIT=1 was set when numba was imported."""
    return bool(getattr(numba.config, "DISABLE_JIT", False))


def inline(function: Callable[..., Any]) -> Any:
    """The function as numba code expanded in its caller, with every function that it closes over or names."""
    return compiled(function, inline="always")


def compiled(function: Callable[..., Any], **options: Any) -> Any:
    """The function as a numba function; functions that it closes over or names become inlined ones.

    With the JIT off (NUMBA_DISABLE_JIT=1) it is the function itself.
    """
    if jit_disabled() or not isinstance(function, FunctionType):
        return function

    def translate(value: Any) -> Any:
        return inline(value) if isinstance(value, FunctionType) else value

    # co_names would not do: it holds attributes too, which may be called like a global
    loaded = {step.argval for step in get_instructions(function) if step.opname == "LOAD_GLOBAL"}
    names = {name: function.__globals__[name] for name in loaded if name in function.__globals__}
    cells = tuple(CellType(translate(cell.cell_contents)) for cell in function.__closure__ or ())
    twin = FunctionType(
        function.__code__,
        function.__globals__ | {name: translate(value) for name, value in names.items()},
        function.__name__,
        function.__defaults__,
        cells,
    )
    return numba.njit(**OPTIONS, **options)(twin)
