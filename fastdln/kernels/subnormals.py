"""Subnormal numbers, those nearer 0 than 2.2e-308, taken for 0 while kernels run.

An orbit that falls to the saddle passes through them, and there a step takes an Intel processor a hundred times as long.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from llvmlite import binding

# Bits of the x86 control register: a result that is subnormal is 0, and so is an operand.
FLUSH_TO_ZERO, DENORMALS_ARE_ZERO = 1 << 15, 1 << 6

CODE = """
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)

define i32 @get() {
  %place = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %place)
  %bits = load i32, ptr %place
  ret i32 %bits
}

define void @set(i32 %bits) {
  %place = alloca i32
  store i32 %bits, ptr %place
  call void @llvm.x86.sse.ldmxcsr(ptr %place)
  ret void
}
"""


@cache
def register() -> tuple[Callable[[], int], Callable[[int], None]]:
    """Functions that get and set the control register of this thread."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine()
    engine = binding.create_mcjit_compiler(binding.parse_assembly(CODE), machine)
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
