"""Compilation of plain Python functions, with all that they call, into numba functions that are inlined into their caller."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dis import get_instructions
from functools import cache
from types import CellType, FunctionType
from typing import Any

import numba
from numba import float64
from numba.extending import intrinsic

from fastdln.kernels import numba_internals
from fastdln.kernels.disk_cache import attach
from fastdln.models.fma import fma

# "contract" alone lets LLVM fuse a * b + c; any other fast-math flag would delete the NaN checks.
# error_model="numpy": 1 / 0 is inf, with no branch in the loop.
OPTIONS: dict[str, Any] = {"fastmath": {"contract"}, "error_model": "numpy"}

# What is only called from compiled code needs no wrappers for calls from Python.
INNER: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


@intrinsic
def fused(context: Any, x: Any, y: Any, z: Any) -> Any:
    """fma as one instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        floats = [context.cast(builder, a, t, float64) for a, t in zip(arguments, signature.args, strict=True)]
        return builder.fma(*floats)

    return float64(x, y, z), generate


# Plain Python functions whose compiled twin is written by hand.
NATIVE: dict[Any, Any] = {fma: fused}


def jit_disabled() -> bool:
    """Whether NUMBA_DISABLE_JIT=1 was set when numba was imported."""
    return bool(getattr(numba.config, "DISABLE_JIT", False))


def inline(function: Callable[..., Any]) -> Any:
    """The function as numba code expanded in its caller (by numba), with every function that it closes over or names."""
    return compiled(function, inline="always")


def scalar(function: Callable[..., Any]) -> Any:
    """The function as one that LLVM inlines into its caller: for mathematics with branches, on numbers and tuples.

    Expanded by numba, its branches would keep numba from seeing that the arrays around them need no reference counts, and
    the remaining counts keep a loop over lanes from being vectorized.
    """
    return compiled(function, forceinline=True, **INNER, **numba_internals.inline_only())


def branches(function: FunctionType) -> bool:
    return any("JUMP" in step.opname for step in get_instructions(function))


def loops(function: FunctionType) -> bool:
    return any(step.opname == "FOR_ITER" or "BACKWARD" in step.opname for step in get_instructions(function))


def apart(function: Any) -> Any:
    """Decorator of a function, without a closure, that is called from several places and long enough to be called: LLVM would put it into each
    of them, and take a second for each."""
    function.kept_apart = True
    return function


@cache
def called(function: Callable[..., Any]) -> Any:
    """The function as one that is called: the same wherever it is named, so that it is compiled once, for constants as for
    variables."""
    name = own_name(function, function.__module__, function.__qualname__)
    name = numba_internals.APART + name if getattr(function, "kept_apart", False) else name
    return numba_internals.for_variables(compiled(function, name, **INNER, **numba_internals.inline_only()))


def kernel(function: Callable[..., Any], *identity: object, kept: bool = True, **options: Any) -> Any:
    """Compile a function, and cache it on the disk under `identity`: all that it is made of apart from the sources.

    What is not `kept` is compiled in every process: it may be made of the user's sources, in modules that another process
    cannot import.
    """
    dispatcher = compiled(function, own_name(function, *identity), nogil=True, **numba_internals.noalias(), **options)
    return attach(dispatcher, *identity) if kept and not jit_disabled() else dispatcher


def own_name(function: Callable[..., Any], *identity: object) -> str:
    """A name in machine code that no other function has.

    numba numbers the functions that a process compiles. Two kernels of one factory, compiled in two processes and loaded by a third,
    could otherwise have one name there.
    """
    digest = hashlib.sha256(repr(identity).encode()).hexdigest()[:16]
    return f"{function.__name__}_{digest}"


def compiled(function: Callable[..., Any], name: str = "", **options: Any) -> Any:
    """The function as a numba function, by another name if one is given, and with it every function that it closes over
    or names.

    All of them are inlined into their caller, so that its loop over lanes stays one vectorized loop, but for those with a loop
    that close over nothing, which are called. With the JIT off (NUMBA_DISABLE_JIT=1) it is the function itself.
    """
    if jit_disabled() or not isinstance(function, FunctionType):
        return function

    def translate(value: Any) -> Any:
        if not isinstance(value, FunctionType):
            return value
        if value in NATIVE:
            return NATIVE[value]
        if loops(value):
            return scalar(value) if value.__closure__ else called(value)
        return scalar(value) if branches(value) else inline(value)

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
    twin.__qualname__ = name or function.__qualname__
    return numba.njit(**OPTIONS, **options)(twin)
