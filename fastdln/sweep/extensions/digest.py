"""sha256 of all that an object of functions, numbers and dataclasses is made of, the same in every process."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

# Their versions are recorded with a store.
KNOWN = ("fastdln", "numpy", "numba", "math")


def sha256(item: Any) -> str:
    """Of the source of every function that an item holds, closes over or names, with the values beside them."""
    digest = hashlib.sha256()
    for part in parts(item, {}):
        digest.update(f"{len(part)} {part}".encode(errors="surrogatepass"))
    return digest.hexdigest()


def parts(value: Any, seen: dict[int, tuple[int, Any]]) -> Iterator[str]:
    """The parts of a value, one by one; those met before, by their order. `seen` keeps the values alive, so that their ids stay theirs."""
    if isinstance(value, bool | int | float | complex | str | bytes | type(None) | type(...)):
        yield repr(value)
        return
    if id(value) in seen:
        yield f"again {seen[id(value)][0]}"
        return
    seen[id(value)] = len(seen), value
    if isinstance(value, FunctionType):
        yield from of_function(value, seen)
    elif is_dataclass(value) and not isinstance(value, type):
        yield type(value).__qualname__
        for field in fields(value):
            if field.name != "source":  # this very digest
                yield field.name
                yield from parts(getattr(value, field.name), seen)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield repr(key)
            yield from parts(inner, seen)
    elif isinstance(value, tuple | list):
        yield f"{type(value).__qualname__} of {len(value)}"
        for inner in value:
            yield from parts(inner, seen)
    elif isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        yield f"{array.dtype} {array.shape} {hashlib.sha256(array.tobytes()).hexdigest()}"
    elif isinstance(value, partial):
        yield from parts((value.func, value.args, value.keywords), seen)
    elif isinstance(value, MethodType):
        yield from parts((value.__func__, value.__self__), seen)
    elif isinstance(function := getattr(value, "py_func", None), FunctionType):  # numba's, of a function
        yield from parts(function, seen)
    elif isinstance(value, ModuleType):
        yield value.__name__
    else:
        yield getattr(value, "__qualname__", type(value).__qualname__)


def of_function(function: FunctionType, seen: dict[int, tuple[int, Any]]) -> Iterator[str]:
    """The source, the values of arguments left out and of what it closes over, and what it and the functions in it name."""
    yield function.__qualname__
    if (function.__module__ or "").partition(".")[0] in KNOWN:
        return
    try:
        yield inspect.getsource(function)
    except (OSError, TypeError):  # typed in, with no file to read
        yield from of_code(function.__code__)
    yield from parts(function.__defaults__, seen)
    yield from parts(function.__kwdefaults__, seen)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield name
        try:
            yield from parts(cell.cell_contents, seen)
        except ValueError:  # not filled yet
            continue
    used, visited = names(function.__code__), set[int]()
    for name in used:
        if name in function.__globals__:
            yield name
            yield from of_name(function.__globals__[name], used, seen, visited)


def of_name(value: Any, used: list[str], seen: dict[int, tuple[int, Any]], visited: set[int]) -> Iterator[str]:
    """What a function names; of a module what the function may use of it: all that is called like another name in the function.

    visited: the modules that were looked through for this function, each once, for they may lead to each other.
    """
    yield from parts(value, seen)
    if not isinstance(value, ModuleType) or id(value) in visited or value.__name__.partition(".")[0] in KNOWN:
        return
    visited.add(id(value))
    for name in used:
        if name in vars(value):
            yield name
            yield from of_name(vars(value)[name], used, seen, visited)


def names(code: CodeType) -> list[str]:
    """The names that a function's code uses, and those that are used by the functions in it."""
    inner = (names(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return sorted({*code.co_names, *(name for found in inner for name in found)})


def of_code(code: CodeType) -> Iterator[str]:
    """Compiled code itself, of a function that has no source."""
    yield code.co_code.hex()
    yield repr(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from of_code(constant)
        else:
            yield repr(constant)
