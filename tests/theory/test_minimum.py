"""The sharpness at a minimum, against the dense Hessian and the kernels."""

import itertools

import numpy as np
import pytest

from fastdln import theory
from tests import reference
from tests.kernels.matrices.single_points import matrix_run

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


@pytest.mark.parametrize("widths", [(3, 4, 2), (2, 3, 4, 3), (4, 3, 3, 2, 3), (5, 5, 5, 5), (2, 33, 3)], ids=str)
def test_sharpness_at_minima_is_exact(widths):
    """Where the error is 0, by a matrix of d_0 d_L rows, of the dense Hessian, and by the search."""
    random = np.random.default_rng([5, len(widths), *widths])
    layers = [random.standard_normal((m, n)) / np.sqrt(n) for n, m in itertools.pairwise(widths)]
    target = reference.chain(layers)
    exact = theory.sharpness_at_minimum(layers)
    dense = np.linalg.eigvalsh(reference.hessian(layers, target))[-1]
    assert exact == pytest.approx(dense, rel=1e-12)
    assert matrix_run(layers, target).sharpness_last.item() == pytest.approx(exact, rel=1e-8)
    many = theory.sharpness_at_minimum([np.stack([w, 2 * w, np.nan * w]) for w in layers])
    scale = 4.0 ** (len(layers) - 1)
    np.testing.assert_allclose(many, [exact, scale * exact, np.nan], rtol=1e-12)


def test_sharpness_at_minima_of_what_is_no_network():
    for layers, word in (
        ([np.ones((2, 3)), np.ones((2, 3))], "rows of each"),
        ([np.ones((2, 3))], "two matrices or more"),
        ([np.ones(3), np.ones((2, 3))], "must be matrices"),
        ([np.ones((4, 2, 3)), np.ones((3, 2, 2))], "do not broadcast"),
        ([np.ones((2, 70)), np.ones((70, 2))], "at most 4,096"),
    ):
        with pytest.raises(ValueError, match=f"^layers: .*{word}"):
            theory.sharpness_at_minimum(layers)
