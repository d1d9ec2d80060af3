"""Kernels that are called by address, so that each is compiled once, and access to their memory: rows of floats."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, types  # type: ignore[attr-defined]  # public, but not said so
from numba.extending import intrinsic

from fastdln.errors import SweepError
from fastdln.kernels import numba_internals
from fastdln.kernels.compile import INNER, NATIVE, jit_disabled, kernel
from fastdln.kernels.compile_errors import complaint

FLOATS, COUNT = types.CPointer(types.float64), types.int64
INTEGER = ir.IntType(64)


def zeros(*shape: int) -> np.ndarray:
    """Zeros on a boundary of 64 bytes: a 512-bit load across two cache lines takes twice the time."""
    raw = np.zeros(math.prod(shape) + 8)
    first = -(raw.ctypes.data // 8) % 8
    return raw[first : first + math.prod(shape)].reshape(shape)


@cache
def rows(count: int, distance: int) -> tuple[Callable[..., Any], Callable[..., None]]:
    """Functions get(memory, at) and put(memory, at, values) of tuples of `count` numbers, a constant distance apart.

    With constant distances the compiler sees that rows do not overlap; told only while it runs, it would check each pair
    of rows before each pass over the lanes, which takes longer than the pass.
    """

    def get(memory, at):
        return tuple(memory[at + k * distance] for k in range(count))

    def put(memory, at, values):
        for k, value in zip(range(count), values, strict=True):
            memory[at + k * distance] = value

    def element(builder: Any, memory: Any, at: Any, k: int) -> Any:
        return builder.gep(memory, [builder.add(at, ir.Constant(INTEGER, k * distance))])

    @intrinsic
    def native_get(context: Any, memory: Any, at: Any) -> Any:
        kind = types.UniTuple(types.float64, count)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            memory, at = arguments
            return context.make_tuple(
                builder, kind, [builder.load(element(builder, memory, at, k)) for k in range(count)]
            )

        return kind(FLOATS, COUNT), generate

    @intrinsic
    def native_put(context: Any, memory: Any, at: Any, values: Any) -> Any:
        kinds = getattr(values, "types", ())  # tuples have them
        if len(kinds) != count or not all(isinstance(kind, types.Number | types.Boolean) for kind in kinds):
            raise ValueError(f"a tuple of {count} number{'s' * (count != 1)} is wanted here (got {values})")

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            memory, at, values = arguments
            for k, kind in enumerate(signature.args[2].types):
                value = context.cast(builder, builder.extract_value(values, k), kind, types.float64)
                builder.store(value, element(builder, memory, at, k))
            return context.get_dummy_value()

        return types.void(FLOATS, COUNT, values), generate

    NATIVE[get], NATIVE[put] = native_get, native_put
    return get, put


def view(memory, shape):
    """The memory as an array of this shape, from its first number on."""
    return memory[: math.prod(shape)].reshape(shape)


NATIVE[view] = carray


def offset_by(memory, offset):
    """The memory from an offset on, in numbers."""
    return memory[offset:]


@intrinsic
def native_offset_by(context: Any, memory: Any, offset: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.gep(arguments[0], [arguments[1]])

    return memory(memory, COUNT), generate


NATIVE[offset_by] = native_offset_by


def call(function, memory, first_rows, numbers):
    """Call a kernel with rows of the memory (row, lane), each from a first row on, and with integers."""
    flat, stride = memory.reshape(-1), memory.shape[1]
    function(*(flat[row * stride :] for row in first_rows), *numbers)


@intrinsic
def native_call(context: Any, function: Any, memory: Any, first_rows: Any, numbers: Any) -> Any:
    """The call by address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, memory, first_rows, numbers = arguments
        array = context.make_array(signature.args[1])(context, builder, memory)
        stride = builder.extract_value(array.shape, 1)
        pointers = [
            builder.gep(array.data, [builder.mul(builder.extract_value(first_rows, k), stride)])
            for k in range(len(signature.args[2].types))
        ]
        counts = [builder.extract_value(numbers, k) for k in range(len(signature.args[3].types))]
        numba_internals.call(context, builder, address, SIGNATURE, [*pointers, *counts])
        return context.get_dummy_value()

    return types.void(types.int64, memory, first_rows, numbers), generate


NATIVE[call] = native_call


def call_with(function, arrays):
    """Call a kernel with the first elements of a tuple of arrays."""
    function(*arrays)


@intrinsic
def native_call_with(context: Any, function: Any, arrays: Any) -> Any:
    """The call by address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, values = arguments
        arrays = signature.args[1].types
        parts = [builder.extract_value(values, k) for k in range(len(arrays))]
        pointers = [
            context.make_array(kind)(context, builder, part).data for kind, part in zip(arrays, parts, strict=True)
        ]
        numba_internals.call(context, builder, address, [types.CPointer(kind.dtype) for kind in arrays], pointers)
        return context.get_dummy_value()

    return types.void(types.int64, arrays), generate


NATIVE[call_with] = native_call_with


# What every kernel that is called by address takes: rows of memory, then what to do and with which states.
SIGNATURE = (FLOATS,) * 6 + (COUNT,) * 4


# The sha256 of a source, as a part of a kernel's identity.
SOURCE = re.compile(r" [0-9a-f]{64}\b")


class Linked:
    """A kernel that is called by address; it is compiled, or loaded from the disk, when its address is asked for.

    identity: what tells it from all other kernels. name: the identity without the sha256 of sources, as people are shown it.
    kept: whether it is kept on the disk for other processes.
    """

    def __init__(
        self,
        function: Callable[..., None],
        *identity: object,
        kept: bool = True,
        signature: tuple[Any, ...] = SIGNATURE,
    ) -> None:
        self.function, self.kept, self.signature = function, kept, signature
        self.identity = " ".join(str(part) for part in identity if part != "")
        self.name = SOURCE.sub("", self.identity)
        self._kernel = None if jit_disabled() else kernel(function, *identity, kept=kept, **INNER)

    def make(self) -> None:
        self.address  # noqa: B018  # asking for the address compiles it

    @cached_property
    def address(self) -> Any:
        """What `call` takes: the address of the machine code, or, with the JIT off, the function itself."""
        if self._kernel is None:
            return self.function
        try:
            return numba_internals.address_of(self._kernel, self.signature)
        except Exception as error:
            if self.kept or isinstance(error, MemoryError):
                raise
            reason = complaint(error, self.function)
            raise SweepError(f"{self.name}: is no mathematics that can be compiled: {reason}") from error
