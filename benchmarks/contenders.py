"""Three ways to take the two-scalar map of many points through many steps."""

import numba
import numpy as np

from fastdln.kernels.compiled import compiled, inline
from fastdln.kernels.transient import LANES, STRIDE, Layout, advance_by
from fastdln.models.modes import TWO_SCALAR

# eta S from flow to the edge of chaos, where no point diverges: not-a-numbers would be no fair work.
LOWEST, HIGHEST = 0.3, 2.55


def points(count, depth):
    """Learning rates, starts (0.9, 0) and s = 1, at which the points settle or oscillate at any depth."""
    return np.linspace(LOWEST, HIGHEST, count) / depth, np.full(count, 0.9), np.zeros(count), np.ones(count)


def lanes(depth):
    """The bare block kernel: blocks of LANES points, the steps in the outer loop."""
    layout = Layout(2, (), LANES)
    rows = layout.rows
    advance = inline(advance_by(TWO_SCALAR, depth, layout))

    def run_blocks(columns, steps):
        blocks, numbers = np.empty((1, rows * STRIDE)), np.zeros(LANES)
        for first in range(0, columns.shape[1], LANES):
            for row in range(rows):
                for lane in range(LANES):
                    blocks[0, row * STRIDE + lane] = columns[row, first + lane]
            advance(blocks, 0, numbers, steps)
            for row in range(rows):
                for lane in range(LANES):
                    columns[row, first + lane] = blocks[0, row * STRIDE + lane]

    run = compiled(run_blocks)

    def lanes_run(count, steps):
        eta, a, b, s = points(count, depth)
        columns = np.stack([a, b, eta, s, np.full(count, np.inf)])
        run(columns, steps)
        return columns[0]

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
