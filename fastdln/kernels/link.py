"""Small kernels that call each other by address, so that each is compiled once, and their memory as plain rows of floats.

What rests on numba's private names is here and in cache.py. Where a name is missing, kernels are slower, or compiled in
every process, but right; the program says so once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastdln.kernels.compiled import NATIVE, jit_disabled, kernel

FLOATS, COUNT = types.CPointer(types.float64), types.int64
INTEGER, POINTER = ir.IntType(64), ir.DoubleType().as_pointer()


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
        for k in range(count):
            memory[at + k * distance] = values[k]

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
    """The memory from its first number on as an array of this shape."""
    return memory[: math.prod(shape)].reshape(shape)


NATIVE[view] = numba.carray


def call(function, memory, places, numbers):
    """Calls a kernel with rows of the memory (row, lane) and with integers."""
    flat, stride = memory.reshape(-1), memory.shape[1]
    function(*(flat[place * stride :] for place in places), *numbers)


@intrinsic
def native_call(context: Any, function: Any, memory: Any, places: Any, numbers: Any) -> Any:
    """The call by address, by numba's own convention: an exception of the kernel goes on through the caller."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, memory, places, numbers = arguments
        kind = signature.args[1]
        array = context.make_array(kind)(context, builder, memory)
        stride = builder.extract_value(array.shape, 1)
        pointers = [
            builder.gep(array.data, [builder.mul(builder.extract_value(places, k), stride)])
            for k in range(len(signature.args[2].types))
        ]
        counts = [builder.extract_value(numbers, k) for k in range(len(signature.args[3].types))]
        convention = context.call_conv
        target = convention.get_function_type(types.none, [FLOATS] * len(pointers) + [COUNT] * len(counts)).as_pointer()
        result, failure = (target.pointee.args[k].pointee for k in (0, 1))
        with builder.goto_entry_block():
            returned, raised = builder.alloca(result), builder.alloca(failure)
        code = builder.call(builder.inttoptr(address, target), [returned, raised, *pointers, *counts])
        status = convention._get_return_status(builder, code, builder.load(raised))
        with builder.if_then(status.is_error, likely=False):
            convention.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.void(types.int64, memory, places, numbers), generate


NATIVE[call] = native_call


def apart() -> dict[str, Any]:
    """Options of a kernel no two of whose arguments point to the same memory: no checks before each loop, and half the code."""
    from numba.core.compiler import Compiler

    class Apart(Compiler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.state.flags.noalias = True

    return {"pipeline_class": Apart}


# What every kernel that is called by address takes: rows of memory, then what to do and with which states.
SIGNATURE = (FLOATS,) * 6 + (COUNT,) * 4

# Kernels whose addresses were given away must not be collected.
KEPT: list[Any] = []


def linked(function: Callable[..., None], *identity: object) -> Any:
    """What `call` takes for the function: the address of its code, or, where the JIT is off, the function itself."""
    if jit_disabled():
        return function
    made = kernel(function, *identity, **apart(), no_cpython_wrapper=True, no_cfunc_wrapper=True)
    made.compile(SIGNATURE)
    KEPT.append(made)
    (result,) = made.overloads.values()
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_func_name))
