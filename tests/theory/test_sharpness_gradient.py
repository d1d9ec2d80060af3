"""The gradient of the sharpness against fourth-order differences of the dense Hessian's largest eigenvalue."""

import numpy as np
import pytest

from fastdln import theory
from tests import reference
from tests.kernels.edge.single_networks import derivatives, flat
from tests.kernels.edge.test_network import random_network, shaped

# Relative gap to the next eigenvalue from which on the sharpness counts as separated, and step of the differences.
SEPARATED, STEP = 0.01, 1e-3


def sharpness(layers, target):
    return np.linalg.eigvalsh(reference.hessian(layers, target))[-1]


def along(layers, target, direction, step):
    """The derivative of the sharpness along a direction, by differences of fourth order."""
    values = [
        sharpness([w + k * step * d for w, d in zip(layers, direction, strict=True)], target) for k in (-2, -1, 1, 2)
    ]
    return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)


def points():
    """50 networks, square and rectangular, whose sharpness is separated."""
    random, found = np.random.default_rng(18), 0
    while found < 50:
        widths = random.integers(2, 6, random.integers(2, 5) + 1)
        layers, target, _ = random_network(widths.tolist(), found)
        values = np.linalg.eigvalsh(reference.hessian(layers, target))
        if values[-1] - values[-2] >= SEPARATED * values[-1]:
            found += 1
            yield layers, target


def test_gradients_agree_with_differences():
    random = np.random.default_rng(1)
    for layers, target in points():
        value, u, gradient = theory.sharpness_gradient(layers, target)
        dense = reference.hessian(layers, target)
        assert value == pytest.approx(np.linalg.eigvalsh(dense)[-1], rel=1e-13)
        np.testing.assert_allclose(dense @ flat(u), value * flat(u), rtol=0, atol=1e-13 * value)
        assert flat(u)[np.abs(flat(u)).argmax()] > 0
        assert np.linalg.norm(flat(u)) == pytest.approx(1, rel=1e-14)
        # along the gradient itself, which gives its length, and across it
        length = np.linalg.norm(flat(gradient))
        gap = (value - np.linalg.eigvalsh(dense)[-2]) / value
        step = STEP * min(1.0, 10 * gap)
        unit = [g / length for g in gradient]
        assert along(layers, target, unit, step) == pytest.approx(length, rel=1e-6)
        for _ in range(3):
            direction = shaped(layers, random.standard_normal(flat(u).size))
            across = flat(gradient) @ flat(direction)
            assert along(layers, target, direction, 0.1 * step) == pytest.approx(across, abs=1e-6 * length)


def test_many_networks_at_once_and_what_the_kernels_find():
    networks = [random_network((3, 4, 2, 3), seed) for seed in range(4)]
    layers = [
        np.stack([network[0][k] for network in networks]).reshape(2, 2, *w.shape) for k, w in enumerate(networks[0][0])
    ]
    target = np.stack([network[1] for network in networks]).reshape(2, 2, 3, 3)
    values, u, gradient = theory.sharpness_gradient(layers, target)
    for k, at in enumerate(np.ndindex(2, 2)):
        of_one = theory.sharpness_gradient(networks[k][0], networks[k][1])
        assert values[at] == pytest.approx(of_one[0], rel=1e-13)
        one = flat([g[at] for g in u])
        third = derivatives(networks[k][0], networks[k][1], one, one)[1][2]
        np.testing.assert_allclose(flat([g[at] for g in gradient]), third, rtol=0, atol=1e-12 * np.abs(third).max())
    shared = theory.sharpness_gradient(networks[0][0], target)
    assert shared[0].shape == (2, 2) and shared[2][0].shape == (2, 2, 4, 3)


def test_where_eigenvalues_meet_there_is_no_gradient():
    """At the balanced minimum of two modes of s = 1 + x and 1 the two largest eigenvalues are 2 (1 + x) and 2 + x for L = 2."""
    for x, known in ((0.0, False), (1e-7, False), (1e-5, True)):
        root = np.diag([(1 + x) ** 0.5, 1.0])
        value, _, gradient = theory.sharpness_gradient([root, root], root @ root)
        assert value == pytest.approx(2 * (1 + x), rel=1e-14)
        assert np.isfinite(flat(gradient)).all() == known
        assert np.isnan(flat(gradient)).all() != known
    overflown = theory.sharpness_gradient([np.full((2, 2), 1e300)] * 3, np.eye(2))
    assert np.isnan(overflown[0]) and all(np.isnan(part).all() for parts in overflown[1:] for part in parts)


def test_arguments_that_make_no_network():
    layers = [np.ones((2, 3)), np.ones((4, 2))]
    for bad, word in ((np.ones((3, 4)), r"\(..., 4, 3\)"), (1.0, "must be shaped")):
        with pytest.raises(ValueError, match=f"^target: .*{word}"):
            theory.sharpness_gradient(layers, bad)
    with pytest.raises(ValueError, match=r"^layers, target: .* do not broadcast"):
        theory.sharpness_gradient([np.ones((5, 2, 2))] * 2, np.ones((3, 2, 2)))
    with pytest.raises(ValueError, match=r"^layers: must have at most 2,048 entries \(got 2,178\)"):
        theory.sharpness_gradient([np.ones((33, 33))] * 2, np.ones((33, 33)))
