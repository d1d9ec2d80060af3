"""Five ways to take the two-scalar map of many points through many steps, on one core."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numba
import numpy as np
import pytest

from benchmarks.one_core import jax_on_one_core
from fastdln.kernels.compile import kernel
from fastdln.kernels.driver import enter, leave
from fastdln.kernels.link import call, zeros
from fastdln.kernels.matrices.tiling import WIDE_VECTORS
from fastdln.kernels.modes.steps import advance as advance_kernel
from fastdln.kernels.spans import LANES, STATE, STRIDE
from fastdln.models.modes import TWO_SCALAR

# eta S from flow to the edge of chaos, where no point diverges: not-a-numbers would be no fair work.
LOWEST, HIGHEST = 0.3, 2.55


def points(count, depth):
    """Learning rates, starts (0.9, 0) and s = 1, at which the points settle or oscillate at any depth."""
    return np.linspace(LOWEST, HIGHEST, count) / depth, np.full(count, 0.9), np.zeros(count), np.ones(count)


def lanes(depth):
    """The bare kernel: blocks of LANES points, the steps in the outer loop."""
    memory, advance = zeros(STATE + 2, STRIDE), advance_kernel(TWO_SCALAR, depth).address

    def run_blocks(advance, memory, columns, steps):
        count = columns.shape[1]
        for first in range(0, count, LANES):
            enter(memory, 0, 0, 1, columns, count, first)
            call(advance, memory, (0, 0, 0, 0, 0, 0), (0, 0, 1, steps))
            leave(memory, 0, 0, 1, columns, count, first, STATE, STATE + 2)

    run = kernel(run_blocks, "blocks of a benchmark")

    def lanes_run(count, steps):
        eta, a, b, s = points(count, depth)
        columns = np.stack([eta, s, np.full(count, np.inf), np.zeros(count), a, b])
        run(advance, memory, columns, steps)
        return columns[STATE]

    return lanes_run


def scalar(depth):
    """One point after another, every step of it, in numba."""
    n = depth - 2

    @numba.njit(fastmath={"contract"}, error_model="numpy")
    def run(eta, a, b, s, steps):
        for point in range(len(a)):
            x, y = a[point], b[point]
            for _ in range(steps):
                p = x**n
                g = eta[point] * (x * y * p - s[point]) * p
                x, y = x - g * y, y - g * x
            a[point], b[point] = x, y

    def scalar_run(count, steps):
        eta, a, b, s = points(count, depth)
        run(eta, a, b, s, steps)
        return a

    return scalar_run


# As one would write it for speed: the step of a block of points in the innermost loop, for the vector unit.
C = """
void descend(long count, long steps, const double *restrict eta, double *restrict a, double *restrict b, const double *restrict s)
{
    for (long first = 0; first < count; first += 64)
        for (long step = 0; step < steps; step++)
            for (long k = first; k < first + 64; k++) {
                double x = a[k], y = b[k], p = 1;
                for (int n = 0; n < DEPTH - 2; n++)
                    p *= x;
                double g = eta[k] * (x * y * p - s[k]) * p;
                a[k] = x - g * y;
                b[k] = y - g * x;
            }
}
"""
C_FLAGS = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
if WIDE_VECTORS:  # gcc takes half of them unless told otherwise, as LLVM does
    C_FLAGS.append("-mprefer-vector-width=512")


def c_loop(depth):
    """The same blocks in C, in the order of loops that vectorizes."""
    if not shutil.which("gcc"):
        pytest.skip("there is no gcc")
    with tempfile.TemporaryDirectory() as folder:
        library, source = Path(folder) / "descend.so", Path(folder) / "descend.c"
        source.write_text(C)
        subprocess.run(["gcc", *C_FLAGS, f"-DDEPTH={depth}", str(source), "-o", str(library)], check=True)
        descend = ctypes.CDLL(os.fspath(library)).descend
    descend.argtypes = [ctypes.c_long, ctypes.c_long] + [ctypes.POINTER(ctypes.c_double)] * 4
    descend.restype = None

    def c_run(count, steps):
        assert count % 64 == 0
        columns = points(count, depth)
        descend(count, steps, *(column.ctypes.data_as(descend.argtypes[2]) for column in columns))
        return columns[1]

    return c_run


def jax_arrays(depth):
    """JAX: whole arrays in a loop that XLA compiles, each step fused to one pass."""
    jax = jax_on_one_core()
    n = depth - 2

    def descend(eta, a, b, s, steps):
        def step(_, now):
            x, y = now
            p = x**n
            g = eta * (x * y * p - s) * p
            return x - g * y, y - g * x

        return jax.lax.fori_loop(0, steps, step, (a, b))[0]

    compiled = jax.jit(descend)

    def jax_run(count, steps):
        return np.asarray(jax.block_until_ready(compiled(*points(count, depth), steps)))

    return jax_run


def whole_arrays(depth):
    """NumPy, the whole array a step."""
    n = depth - 2

    def numpy_run(count, steps):
        eta, a, b, s = points(count, depth)
        for _ in range(steps):
            p = a**n if n > 1 else a if n == 1 else 1.0
            g = eta * (a * b * p - s) * p
            a, b = a - g * b, b - g * a
        return a

    return numpy_run


CONTENDERS = {
    "fastdln": lanes,
    "C (gcc)": c_loop,
    "JAX jit": jax_arrays,
    "NumPy": whole_arrays,
    "scalar numba loop": scalar,
}
