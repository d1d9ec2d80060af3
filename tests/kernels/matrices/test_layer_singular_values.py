"""Singular values of layers, against NumPy."""

import numpy as np
import pytest

from fastdln.kernels.compile import compiled
from fastdln.kernels.matrices import layer_singular_values

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


@pytest.mark.parametrize("shape", [(1, 4), (3, 7), (5, 5), (12, 9)])
def test_singular_values_by_turning_columns(shape):
    """Of matrices of any scale, with equal singular values, and with columns that are nearly the same, beside each other."""
    random = np.random.default_rng(shape)
    kinds = [random.standard_normal(shape) * 10.0**power for power in (-9, 0, 9)]
    kinds += [1.3 * np.eye(*shape), np.zeros(shape), np.outer(*map(random.standard_normal, shape))]
    kinds[5] += 1e-9 * kinds[1]
    found = -np.sort(-compiled(layer_singular_values.by_jacobi)(np.stack(kinds, axis=-1)), axis=0)
    for lane, one in enumerate(kinds):
        exact = np.linalg.svd(one, compute_uv=False)
        np.testing.assert_allclose(found[:, lane], exact, rtol=0, atol=1e-14 * exact[0])
        alone = -np.sort(-compiled(layer_singular_values.by_jacobi)(one[..., None].copy()), axis=0)
        np.testing.assert_array_equal(alone[:, 0], found[:, lane], "it depends on what is beside it")
