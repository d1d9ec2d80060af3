"""Subnormal numbers, those nearer 0 than 2.2e-308, taken for 0 while kernels run.

An orbit that falls to the saddle passes through them, and there a step takes an Intel processor a hundred times as long.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from llvmlite import binding, ir

# Bits of the x86 control register: a result that is subnormal is 0, and so is an operand.
FLUSH_TO_ZERO, DENORMALS_ARE_ZERO = 1 << 15, 1 << 6


def code() -> str:
    """LLVM's text of two functions, get() and set(bits), of the control register."""
    bits, byte = ir.IntType(32), ir.IntType(8).as_pointer()
    module, at_memory = ir.Module(), ir.FunctionType(ir.VoidType(), [byte])
    store, load = (ir.Function(module, at_memory, f"llvm.x86.sse.{name}") for name in ("stmxcsr", "ldmxcsr"))
    get = ir.Function(module, ir.FunctionType(bits, []), "get")
    builder = ir.IRBuilder(get.append_basic_block())
    memory = builder.alloca(bits)
    builder.call(store, [builder.bitcast(memory, byte)])
    builder.ret(builder.load(memory))
    put = ir.Function(module, ir.FunctionType(ir.VoidType(), [bits]), "set")
    builder = ir.IRBuilder(put.append_basic_block())
    memory = builder.alloca(bits)
    builder.store(put.args[0], memory)
    builder.call(load, [builder.bitcast(memory, byte)])
    builder.ret_void()
    return str(module)


@cache
def register() -> tuple[Callable[[], int], Callable[[int], None]]:
    """Functions that get and set the control register of this thread."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine()
    engine = binding.create_mcjit_compiler(binding.parse_assembly(code()), machine)
    engine.finalize_object()
    register.engine = engine  # type: ignore[attr-defined]  # or the code would be freed
    get = ctypes.CFUNCTYPE(ctypes.c_uint32)(engine.get_function_address("get"))
    return get, ctypes.CFUNCTYPE(None, ctypes.c_uint32)(engine.get_function_address("set"))


@contextmanager
def subnormals_are_zero() -> Iterator[None]:
    """Flush subnormal numbers to 0 in what this thread computes meanwhile; only on x86."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        yield
        return
    get, set_to = register()
    before = get()
    set_to(before | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO)
    try:
        yield
    finally:
        set_to(before)
