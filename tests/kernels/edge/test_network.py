"""Derivatives of one network against products written out, the third ones by complex steps, which are exact."""

import itertools

import numpy as np
import pytest

from tests import reference
from tests.kernels.edge.single_networks import derivatives, flat

WIDTHS = [(1, 1, 1), (5, 5, 5, 5), (3, 4, 2), (2, 3, 4, 3), (4, 3, 3, 2, 3), (2, 7, 1, 5, 3, 2)]


def random_network(widths, *seed):
    random = np.random.default_rng([18, *seed, *widths])
    layers = [random.standard_normal((m, n)) / np.sqrt(n) for n, m in itertools.pairwise(widths)]
    return layers, random.standard_normal((widths[-1], widths[0])), random


def shaped(layers, vector):
    ends = np.cumsum([w.size for w in layers])[:-1]
    return [part.reshape(w.shape) for part, w in zip(np.split(vector, ends), layers, strict=True)]


def third_derivative(layers, target, u, v):
    """D^3 f(u, v, .): the imaginary part of H(W + i h v) u / h."""
    moved = [w + 1e-30j * part for w, part in zip(layers, shaped(layers, v), strict=True)]
    return flat(reference.hessian_times(moved, target, shaped(layers, u))).imag / 1e-30


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain"])
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_derivatives_are_exact(widths, compiled):
    layers, target, random = random_network(widths)
    u, v = random.standard_normal((2, sum(w.size for w in layers)))
    loss, found = derivatives(layers, target, u, v, compiled)
    assert loss == pytest.approx(0.5 * ((reference.chain(layers) - target) ** 2).sum(), rel=1e-14)
    expected = (
        flat(reference.matrix_gradients(layers, target)),
        reference.hessian(layers, target) @ u,
        third_derivative(layers, target, u, u),
        third_derivative(layers, target, u, v),
    )
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-13 * np.abs(other).max())
