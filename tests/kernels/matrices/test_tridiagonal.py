"""Vector passes and the largest eigenvalue of tridiagonal matrices, against NumPy."""

import numpy as np
import pytest

from fastdln.kernels.compile import kernel
from fastdln.kernels.matrices.tiles import LANES, TOGETHER, aligned
from fastdln.kernels.matrices.tridiagonal import top
from fastdln.kernels.matrices.vectors import add_up, combine, dot, rows, scale


def call_top(memory, theta, a, b, size, s, u, numbers):
    top(memory, theta, a, b, size, s, u, numbers)


def call_passes(memory, x, y, to, first, second, third, count):
    dot(memory, first, x, y, count)
    add_up(memory, to, third, x, (y, x), (first, second), count)
    scale(memory, to, to, second, count)


def call_combine(memory, to, x, y, first, second, noise, share, count):
    combine(memory, to, (x, y), (first, second), noise, 3, share, count)


@pytest.mark.parametrize("near", [0.0, 1e-9, 1e-4], ids=str)
def test_the_largest_eigenvalue_and_its_vector(near):
    random, memory, find = np.random.default_rng(0), aligned(LANES * 200), kernel(call_top, "test top")
    theta, a, b, s, u, numbers = (LANES * k for k in (2, 40, 80, 110, 150, 180))
    for _ in range(60):
        size, scale_of = int(random.integers(2, 25)), 10.0 ** random.uniform(-3, 3)
        diagonal = scale_of * random.standard_normal((size, LANES))
        off = scale_of * np.abs(random.standard_normal((size, LANES))) * 10.0 ** random.uniform(-8, 0, (size, LANES))
        if near:
            diagonal[1] = diagonal[0] * (1 + near * random.standard_normal(LANES))
        memory[:] = 0.0
        rows(memory, a, size)[:], rows(memory, b, size)[:] = diagonal, off
        matrices = [np.diag(diagonal[:, k]) + np.diag(off[:-1, k], 1) + np.diag(off[:-1, k], -1) for k in range(LANES)]
        rows(memory, theta, 1)[0] = [np.linalg.eigvalsh(matrix[:-1, :-1])[-1] for matrix in matrices]
        find(memory, theta, a, b, size, s, u, numbers)
        for lane, matrix in enumerate(matrices):
            values, found, vector = np.linalg.eigvalsh(matrix), memory[theta + lane], rows(memory, s, size)[:, lane]
            norm = np.abs(values).max()
            assert abs(found - values[-1]) <= 1e-10 * norm
            assert np.linalg.norm(matrix @ vector - found * vector) <= 2e-9 * norm
            assert np.linalg.norm(vector) == pytest.approx(1.0, rel=1e-12)


def test_passes_over_vectors():
    random, passes = np.random.default_rng(1), kernel(call_passes, "test passes")
    for count in (TOGETHER, 5 * TOGETHER, 19 * TOGETHER):
        memory = aligned(LANES * (3 * count + 3))
        x, y, to = (k * count * LANES for k in range(3))
        first, second, third = ((3 * count + k) * LANES for k in range(3))
        memory[:] = random.standard_normal(memory.size)
        factor = rows(memory, second, 1)[0].copy()
        passes(memory, x, y, to, first, second, third, count)
        inner = (rows(memory, x, count) * rows(memory, y, count)).sum(axis=0)
        total = rows(memory, x, count) + inner * rows(memory, y, count) + factor * rows(memory, x, count)
        np.testing.assert_allclose(rows(memory, first, 1)[0], inner, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(rows(memory, third, 1)[0], (total**2).sum(axis=0), rtol=1e-12)
        np.testing.assert_allclose(rows(memory, to, count), factor * total, rtol=1e-11, atol=1e-12)


def test_combinations_of_vectors_and_random_numbers():
    random, count = np.random.default_rng(2), 7
    memory, noise = aligned(LANES * (3 * count + 3)), random.standard_normal(count + 5)
    x, y, to = (k * count * LANES for k in range(3))
    first, second, share = ((3 * count + k) * LANES for k in range(3))
    memory[:] = random.standard_normal(memory.size)
    kernel(call_combine, "test combine")(memory, to, x, y, first, second, noise, share, count)
    expected = rows(memory, share, 1) * noise[3 : 3 + count, None]
    expected += rows(memory, first, 1) * rows(memory, x, count) + rows(memory, second, 1) * rows(memory, y, count)
    np.testing.assert_allclose(rows(memory, to, count), expected, rtol=1e-14, atol=1e-15)
