"""Powers of two, by the exponent's bits."""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba import float64
from numba.extending import intrinsic

from fastdln.kernels.compile import NATIVE


def power_of_two(n):  # type: ignore[no-untyped-def]  # compiled
    """2^n of a whole number n, a float, for normal results."""
    return math.ldexp(1.0, int(n)) if math.isfinite(n) else math.nan


@intrinsic
def shifted(context: Any, n: Any) -> Any:
    """2^n as one conversion and one shift, so that a loop of it is vectorized."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = ir.IntType(64)
        exponent = builder.add(builder.fptosi(arguments[0], whole), ir.Constant(whole, 1023))
        return builder.bitcast(builder.shl(exponent, ir.Constant(whole, 52)), ir.DoubleType())

    return float64(n), generate


NATIVE[power_of_two] = shifted
