"""BLAS's product of two matrices, callable from compiled code."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

INT, INT32, CHAR, DOUBLE = ir.IntType(64), ir.IntType(32), ir.IntType(8), ir.DoubleType()


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

    Through the door that numba's own np.dot uses, so that it is the BLAS that SciPy brings. BLAS counts by columns:
    it is asked for the transpose, B^T A^T.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind, rows, columns, count, alpha, a, a_row, b, b_row, beta, out, out_row = arguments
        pointer = CHAR.as_pointer()
        function_type = ir.FunctionType(
            INT32, [CHAR, CHAR, CHAR, INT, INT, INT, pointer, pointer, INT, pointer, INT, pointer, pointer, INT]
        )
        function = cgutils.get_or_insert_function(builder.module, function_type, "numba_xxgemm")

        def letter(transposed: Any) -> Any:
            return builder.select(transposed, ir.Constant(CHAR, ord("t")), ir.Constant(CHAR, ord("n")))

        def number(value: Any) -> Any:
            return builder.bitcast(cgutils.alloca_once_value(builder, value), pointer)

        def place(value: Any) -> Any:
            return builder.inttoptr(value, pointer)

        left = letter(builder.icmp_signed("==", kind, ir.Constant(INT, 1)))
        right = letter(builder.icmp_signed("==", kind, ir.Constant(INT, 2)))
        builder.call(
            function,
            [
                ir.Constant(CHAR, ord("d")),
                right,
                left,
                columns,
                rows,
                count,
                number(alpha),
                place(b),
                b_row,
                place(a),
                a_row,
                number(beta),
                place(out),
                out_row,
            ],
        )
        return context.get_dummy_value()

    floats = {4, 9}
    arguments = [types.float64 if k in floats else types.int64 for k in range(12)]
    return types.void(*arguments), generate
