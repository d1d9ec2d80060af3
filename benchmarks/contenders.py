"""Three ways to take the two-scalar map of many points through many steps."""

import numba
import numpy as np

from fastdln.kernels import spans
from fastdln.kernels.compiled import kernel
from fastdln.kernels.link import call, zeros
from fastdln.kernels.program import enter, leave
from fastdln.kernels.spans import LANES, STATE, STRIDE
from fastdln.models.modes import TWO_SCALAR

# eta S from flow to the edge of chaos, where no point diverges: not-a-numbers would be no fair work.
LOWEST, HIGHEST = 0.3, 2.55


def points(count, depth):
    """Learning rates, starts (0.9, 0) and s = 1, at which the points settle or oscillate at any depth."""
    return np.linspace(LOWEST, HIGHEST, count) / depth, np.full(count, 0.9), np.zeros(count), np.ones(count)


def lanes(depth):
    """The bare kernel: blocks of LANES points, the steps in the outer loop."""
    memory, advance = zeros(STATE + 2, STRIDE), spans.advance(TWO_SCALAR, depth).address

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


CONTENDERS = {"lanes": lanes, "numpy": whole_arrays, "scalar numba": scalar}
