"""Gradient steps and Hessian-vector products of a network in memory, and how that memory is laid out."""

import itertools

import numpy as np
import pytest

from fastdln.kernels.matrices.network import Network
from fastdln.kernels.matrices.program import Matrix
from fastdln.kernels.matrices.tiles import LANES, aligned
from tests import reference
from tests.kernels.matrices.programs import perform, view

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


def network(widths, lanes, directions=1, seed=0):
    """A network with random layers, target and directions in memory: (network, memory, layers, target, directions)."""
    random, made = np.random.default_rng(seed), Network(widths, lanes, directions)
    memory = aligned(made.memory.size)
    memory[made.one : made.one + LANES] = 1.0
    memory[made.minus_eta : made.minus_eta + LANES] = -0.01
    places = [*made.weights, made.minus_target, *(m for vector in made.directions for m in vector)]
    for place in places:
        view(memory, place, lanes)[...] = random.standard_normal((place.rows, place.columns, lanes))
    return made, memory


WIDTHS = [(2, 2, 2), (5, 5, 5, 5), (3, 5, 4, 2), (1, 4, 1), (6, 2, 7), (9, 9, 9, 9, 9, 9), (30, 31, 29)]


@pytest.mark.parametrize("lanes", [LANES, 1])
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_steps_are_those_of_the_gradient(widths, lanes):
    made, memory = network(widths, lanes)
    before = [view(memory, m, lanes).copy() for m in made.weights]
    target = -view(memory, made.minus_target, lanes)
    for program in (made.forward(), made.backward(), made.update()):
        perform(lanes, memory, program)
    for lane in range(lanes):
        gradients = reference.matrix_gradients([w[:, :, lane] for w in before], target[:, :, lane])
        for place, w, gradient in zip(made.weights, before, gradients, strict=True):
            expected, scale = w[:, :, lane] - 0.01 * gradient, np.abs(gradient).max()
            np.testing.assert_allclose(view(memory, place, lanes)[:, :, lane], expected, rtol=1e-12, atol=1e-14 * scale)


@pytest.mark.parametrize("lanes", [LANES, 1])
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_hessian_vector_products_are_differences_of_gradients(widths, lanes):
    made, memory = network(widths, lanes, directions=2)
    weights = [view(memory, m, lanes) for m in made.weights]
    target = -view(memory, made.minus_target, lanes)
    for program in (made.forward(), made.backward(), made.hvp(made.directions[1], made.images[1])):
        perform(lanes, memory, program)
    h = 1e-4
    for lane in range(lanes):
        along = [view(memory, m, lanes)[:, :, lane] for m in made.directions[1]]

        def moved(by, lane=lane, along=along):
            layers = [w[:, :, lane] + by * h * v for w, v in zip(weights, along, strict=True)]
            return reference.matrix_gradients(layers, target[:, :, lane])

        found = [view(memory, m, lanes)[:, :, lane] for m in made.images[1]]
        # differences of fourth order, so that neither truncation nor rounding reaches 1e-7
        ends = [moved(by) for by in (-2, -1, 1, 2)]
        scale = max(np.abs(f).max() for f in found)
        for layer, value in enumerate(found):
            a, b, c, d = (end[layer] for end in ends)
            np.testing.assert_allclose(value, (a - 8 * b + 8 * c - d) / (12 * h), rtol=0, atol=1e-7 * scale)


def test_memory_of_small_networks_fits_the_cache():
    """Gradient descent on a block of lanes: within 512 KB, the smallest L2 cache of current processors, for d = 16."""
    made = Network((16,) * 4, LANES)
    touched = [*made.weights, made.minus_target, made.below_(3), *made.deltas]
    assert sum(8 * m.rows * m.row for m in touched) < 512 * 1024


def test_memory_layout_has_no_overlaps():
    made = Network((3, 5, 4, 2), LANES, 2)
    places = [*made.weights, made.minus_target, made.below_(3), *made.deltas, made.left, made.right, made.rotated]
    places += [*made.moved_below, *(m for v in (*made.directions, *made.images) for m in v)]
    spans = sorted((m.at, m.at + m.rows * m.row) for m in places if isinstance(m, Matrix))
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))
    assert spans[-1][1] <= made.memory.size
