"""BLAS's product of two matrices, dgemm, called from compiled code."""

from __future__ import annotations

from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.extending import get_cython_function_address, intrinsic

INT, INT32, CHAR = ir.IntType(64), ir.IntType(32), ir.IntType(8)
POINTER = CHAR.as_pointer()

# dgemm of the BLAS that SciPy brings, under a name by which kernels from the disk find it in every process.
DGEMM = "fastdln_dgemm"


def provide() -> None:
    """Register dgemm with LLVM, before kernels that call it are compiled or loaded."""
    binding.add_symbol(DGEMM, get_cython_function_address("scipy.linalg.cython_blas", "dgemm"))


@intrinsic
def gemm(
    context: Any,
    kind: Any,
    rows: Any,
    columns: Any,
    count: Any,
    alpha: Any,
    a: Any,
    a_row: Any,
    b: Any,
    b_row: Any,
    beta: Any,
    out: Any,
    out_row: Any,
) -> Any:
    """out = alpha A B + beta out by rows (A^T B for kind 1, A B^T for kind 2); a, b and out are addresses.

    BLAS stores matrices by columns: it computes the transpose, B^T A^T.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind, rows, columns, count, alpha, a, a_row, b, b_row, beta, out, out_row = arguments

        def letter(transposed: Any) -> Any:
            return builder.select(transposed, ir.Constant(CHAR, ord("t")), ir.Constant(CHAR, ord("n")))

        def at(value: Any) -> Any:
            """A pointer to the value, as Fortran takes arguments; integers have 32 bits there."""
            value = builder.trunc(value, INT32) if value.type == INT else value
            with builder.goto_entry_block():
                slot = builder.alloca(value.type)
            builder.store(value, slot)
            return builder.bitcast(slot, POINTER)

        def pointer(value: Any) -> Any:
            return builder.inttoptr(value, POINTER)

        left = letter(builder.icmp_signed("==", kind, ir.Constant(INT, 1)))
        right = letter(builder.icmp_signed("==", kind, ir.Constant(INT, 2)))
        numbers = (
            right,
            left,
            columns,
            rows,
            count,
            alpha,
            pointer(b),
            b_row,
            pointer(a),
            a_row,
            beta,
            pointer(out),
            out_row,
        )
        function_type = ir.FunctionType(ir.VoidType(), [POINTER] * len(numbers))
        function = builder.module.globals.get(DGEMM) or ir.Function(builder.module, function_type, DGEMM)
        builder.call(function, [value if value.type == POINTER else at(value) for value in numbers])
        return context.get_dummy_value()

    floats = {4, 9}
    arguments = [types.float64 if k in floats else types.int64 for k in range(12)]
    return types.void(*arguments), generate
