"""The largest eigenpairs of one network's Hessian against the dense Hessian."""

import numpy as np
import pytest

from tests import reference
from tests.kernels.edge.single_networks import eigenpairs_from
from tests.kernels.edge.test_network import WIDTHS, random_network
from tests.kernels.matrices.single_points import random_point


def check(layers, target, vectors, compiled=True):
    """Search from these vectors; returns what is found."""
    dense = reference.hessian(layers, target)
    exact = np.linalg.eigvalsh(dense)[::-1]
    scale, wanted = np.abs(exact).max(), len(vectors) - 1
    values, vectors, found = eigenpairs_from(layers, target, vectors, compiled)
    assert found
    np.testing.assert_allclose(values[:wanted], exact[:wanted], rtol=0, atol=1e-13 * scale)
    residuals = dense @ vectors[:wanted].T - vectors[:wanted].T * values[:wanted]
    assert np.linalg.norm(residuals, axis=0).max() <= 2e-12 * scale
    np.testing.assert_allclose(vectors[:wanted] @ vectors[:wanted].T, np.eye(wanted), rtol=0, atol=1e-14)
    return vectors


@pytest.mark.parametrize("wanted", [1, 2, 4])
@pytest.mark.parametrize("widths", [w for w in WIDTHS if max(w) > 1], ids=str)
def test_eigenpairs_are_those_of_the_dense_hessian(widths, wanted):
    layers, target, random = random_network(widths)
    size = sum(w.size for w in layers)
    vectors = check(layers, target, np.zeros((wanted + 1, size)))
    moved = [w + 1e-3 * random.standard_normal(w.shape) for w in layers]
    check(moved, target, vectors)


@pytest.mark.parametrize("trial", range(60))
def test_no_larger_eigenvalue_is_missed(trial):
    """From eigenvectors, even exact ones, of smaller eigenvalues; also at saddles and minima, where eigenvalues are multiple."""
    layers, target = random_point(trial)
    vectors = np.linalg.eigh(reference.hessian(layers, target))[1].T[::-1]
    wanted = 1 + trial % 3
    check(layers, target, vectors[1 : wanted + 2].copy())


def test_plain_functions_find_them_too():
    layers, target, _ = random_network((2, 3, 2))
    check(layers, target, np.zeros((3, 12)), compiled=False)


def test_networks_with_as_many_weights_as_are_wanted_and_overflowing_ones():
    layers, target, _ = random_network((1, 1, 1))
    check(layers, target, np.zeros((3, 2)))
    assert not eigenpairs_from([1e200 * w for w in layers], target, np.zeros((2, 2)))[2]


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("depth", [2, 3, 4, 6])
@pytest.mark.parametrize("wanted", [1, 2])
def test_symmetric_networks_hide_nothing(width, depth, wanted):
    """Layers that are all alike, whose largest eigenvector may be (1, 1, .., 1), from no vectors at all."""
    for scale in (0.2, 1.0, 1.3, 4.0):
        layers = [scale * np.eye(width)] * depth
        check(layers, np.diag([5.0, 1.0, 0.5][:width]), np.zeros((wanted + 1, depth * width**2)))
