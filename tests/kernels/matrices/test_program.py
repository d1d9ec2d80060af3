"""Products of matrices in lanes, against NumPy, and the tiles that they are cut into."""

import itertools

import numpy as np
import pytest

from fastdln.kernels.matrices.program import MatrixProgram, MemoryLayout
from fastdln.kernels.matrices.tiles import LANES, LEFT, PLAIN, RIGHT, aligned
from fastdln.kernels.matrices.tiling import BLOCK, SHAPES, cut
from tests.kernels.matrices.programs import perform, view

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


def products(lanes, kind, rows, columns, count, draw):
    """(found, expected) of A B and of base + factor A B, for matrices of the numbers that draw(size) gives."""
    memory, program = MemoryLayout(lanes), MatrixProgram(lanes)
    factor = memory.matrix(1, LANES // lanes).at
    a = memory.matrix(*((count, rows) if kind == LEFT else (rows, count)))
    b = memory.matrix(*((columns, count) if kind == RIGHT else (count, columns)))
    out, onto, under = (memory.matrix(rows, columns) for _ in range(3))
    program.product(out, a, b, kind)
    program.product(onto, a, b, kind, onto=under, factor=factor)
    flat = aligned(memory.size)
    flat[:] = draw(memory.size)
    x, y, before = (view(flat, m, lanes).copy() for m in (a, b, under))
    x = x.swapaxes(0, 1) if kind == LEFT else x
    y = y.swapaxes(0, 1) if kind == RIGHT else y
    product = np.einsum("ikl,kjl->ijl", x, y)
    scaled = before + flat[factor : factor + lanes] * product
    perform(lanes, flat, program)
    yield view(flat, out, lanes), product
    yield view(flat, onto, lanes), scaled
    program = MatrixProgram(lanes)
    program.product(under, a, b, kind, onto=under, factor=factor)
    perform(lanes, flat, program)
    assert np.array_equal(view(flat, under, lanes), view(flat, onto, lanes))


SIZES = range(1, 13)


@pytest.mark.parametrize("lanes", [LANES, 1])
@pytest.mark.parametrize("kind", [PLAIN, LEFT, RIGHT])
def test_products_of_every_shape(lanes, kind):
    random = np.random.default_rng(1)
    sizes = [1, 2, 5, 6, 7, 13, 2 * BLOCK + 3]
    for shape in itertools.product(sizes, sizes, [1, 2, 7]):
        for found, expected in products(lanes, kind, *shape, random.standard_normal):
            np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("kind", [PLAIN, LEFT, RIGHT])
def test_products_of_integers_are_exact(kind):
    random = np.random.default_rng(2)
    for shape in itertools.product(SIZES, SIZES, SIZES):
        for found, expected in products(LANES, kind, *shape, lambda size: random.integers(-99, 99, size)):
            assert np.array_equal(found, expected), shape


@pytest.mark.parametrize("rows, columns", [*itertools.product(SIZES, SIZES), (1, 1000), (40, 90), (30, 1)])
def test_tiles_cover_a_matrix_once(rows, columns):
    covered = np.zeros((rows, columns), int)
    for i, j, m, n, times in cut(rows, columns).tiles:
        assert (m, n) in SHAPES
        part = covered[i : i + m, j : j + times * n]
        assert part.shape == (m, times * n)
        part += 1
    assert (covered == 1).all()


def test_memory_is_aligned_to_vectors():
    assert all(aligned(size).ctypes.data % (8 * LANES) == 0 for size in (1, 7, 64, 1000))
