"""What one core can do: its limit of fused multiplications and additions, and JAX held to one thread."""

import time
from functools import cache

import pytest
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastdln.kernels.compile import compiled
from fastdln.kernels.matrices.tiles import LANES, VEC, Writer
from fastdln.kernels.matrices.tiling import SHAPES

# As many sums as the largest tile holds: they stay in the registers, and are enough to keep two units with four cycles of
# latency busy.
SUMS = max(rows * columns for rows, columns in SHAPES)


def seconds(run, *arguments):
    begun = time.perf_counter()
    run(*arguments)
    return time.perf_counter() - begun


@intrinsic
def fused_sums(context, times):
    """SUMS independent sums of one fused multiplication and addition a turn, all in registers."""

    def generate(context, builder, signature, arguments):
        writer, factor = Writer(builder), ir.Constant(VEC, [0.999] * LANES)

        def add(sums):
            return [writer.fma(value, factor, factor) for value in sums]

        # different values, or they would be one
        starts = [ir.Constant(VEC, [float(k)] * LANES) for k in range(SUMS)]
        total, *others = writer.loop(arguments[0], starts, add)
        for value in others:
            total = builder.fadd(total, value)
        return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))

    return types.float64(types.int64), generate


@compiled
def fused(times):
    return fused_sums(times)


def limit_now(size):
    """Fused multiplications and additions a second, of numbers, that one core can do at this moment; some 20 ms."""
    turns = 5_000_000 if size == "full" else 2000
    fused(1)
    return LANES * SUMS * turns / seconds(fused, turns)


# Multiplications that raise a number to the power n: the shortest chains.
POWERS = {0: 0, 1: 0, 2: 1, 6: 3, 14: 5}


def operations_of_a_step(depth):
    """The fewest instructions that the two-scalar map needs, a product fused with a sum counting as one.

    For L > 2: a^(L-2), a b, the error, two factors of the gradient, two updates; at L = 2 the error, one factor, and the updates.
    """
    return 6 + POWERS[depth - 2] if depth > 2 else 4


@cache
def jax_on_one_core():
    """JAX in float64 on one thread, or a skipped benchmark where there is none.

    The usual flags are not enough: with them alone, JAX 0.10 keeps two cores busy at 256 points. NPROC sets the size of
    XLA's own pool of threads. All are read when the first device is made.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
        patch.setenv("NPROC", "1")
        jax = pytest.importorskip("jax")
        jax.config.update("jax_enable_x64", True)
        jax.config.update("jax_platforms", "cpu")
        jax.devices()
    return jax
