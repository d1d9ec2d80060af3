"""Addresses: numbers and functions at them, for compiled code that calls compiled code which it does not contain."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastdln.kernels import numba_internals
from fastdln.kernels.compile import NATIVE, jit_disabled

INT, DOUBLE, BYTE = ir.IntType(64), ir.DoubleType(), ir.IntType(8)


def pointed(context: Any, builder: Any, array_type: Any, array: Any) -> Any:
    """LLVM code for the address of an array's first element, or the one that a pointer holds."""
    if isinstance(array_type, types.CPointer):
        return builder.ptrtoint(array, INT)
    return builder.ptrtoint(context.make_array(array_type)(context, builder, array).data, INT)


@intrinsic
def address(context: Any, array: Any) -> Any:
    """The address of an array's first element."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return pointed(context, builder, array, arguments[0])

    return types.int64(array), generate


def pointer(array):
    """The array as a pointer to its first element: code that indexes it is the same, and compiles in a fraction of the time."""
    return array


@intrinsic
def native_pointer(context: Any, array: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(array)(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), generate


NATIVE[pointer] = native_pointer


@intrinsic
def peek(context: Any, at: Any) -> Any:
    """The integer at an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(builder.inttoptr(arguments[0], INT.as_pointer()))

    return types.int64(types.int64), generate


@intrinsic
def peek_float(context: Any, at: Any) -> Any:
    """The float at an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(builder.inttoptr(arguments[0], DOUBLE.as_pointer()))

    return types.float64(types.int64), generate


@intrinsic
def poke_float(context: Any, at: Any, value: Any) -> Any:
    """Store a float at an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[1], builder.inttoptr(arguments[0], DOUBLE.as_pointer()))
        return context.get_dummy_value()

    return types.void(types.int64, types.float64), generate


@intrinsic
def moved(context: Any, to: Any, at: Any, count: Any) -> Any:
    """Copy `count` floats from one address to another."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to, at = (builder.inttoptr(address, BYTE.as_pointer()) for address in arguments[:2])
        move = builder.module.declare_intrinsic("llvm.memmove", [to.type, at.type, INT])
        builder.call(move, [to, at, builder.mul(arguments[2], ir.Constant(INT, 8)), ir.Constant(ir.IntType(1), 0)])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 3), generate


@intrinsic
def called_at(context: Any, function: Any, memory: Any, code: Any, section: Any) -> Any:
    """Call the function at an address with the addresses of a memory and of a section's first line, and the number of its lines."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        function, memory, code, section = arguments
        _, memory_type, code_type, _ = signature.args
        first, last = (builder.extract_value(section, k) for k in (0, 1))
        stride = builder.extract_value(context.make_array(code_type)(context, builder, code).strides, 0)
        line = builder.add(pointed(context, builder, code_type, code), builder.mul(first, stride))
        addresses = [pointed(context, builder, memory_type, memory), line, builder.sub(last, first)]
        numba_internals.call(context, builder, function, [types.int64] * 3, addresses)
        return context.get_dummy_value()

    return types.void(types.int64, memory, code, section), generate


@intrinsic
def call(context: Any, function: Any, values: Any) -> Any:
    """Call the function at an address, which returns nothing, with the values of a tuple."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args[1].types
        values = [builder.extract_value(arguments[1], k) for k in range(len(kinds))]
        numba_internals.call(context, builder, arguments[0], kinds, values)
        return context.get_dummy_value()

    return types.void(types.int64, values), generate


def call_directly(function: Any, arguments: tuple[Any, ...]) -> None:
    """Call a kernel with the JIT off."""
    function(*arguments)


call_kernel = call_directly if jit_disabled() else call
