"""Activations and their derivatives in high precision."""

import mpmath
import numpy as np
import pytest

from fastdln.kernels.compile import kernel
from fastdln.kernels.simulations.activations import ACTIVATIONS


def exact(name, x):
    x = mpmath.mpf(float(x))
    normal, density = mpmath.ncdf(x), mpmath.npdf(x)
    t = mpmath.tanh(x)
    return {
        "tanh": (t, 1 - t**2, -2 * t * (1 - t**2)),
        "relu": (max(x, 0), int(x > 0), 0),
        "gelu": (x * normal, normal + x * density, (2 - x * x) * density),
        "linear": (x, 1, 0),
    }[name]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_derivatives_are_exact_to_rounding(name):
    rng = np.random.default_rng(0)
    z = np.concatenate(
        [rng.normal(size=400) * 3, 10.0 ** rng.uniform(-12, 1.4, 400) * rng.choice([-1, 1], 400), [0.0, 1e-300]]
    )
    found = [np.empty_like(z) for _ in range(3)]
    kernel(ACTIVATIONS[name], f"test of {name}", kept=False)(z, *found, z.size)
    with mpmath.workdps(40):
        for k, x in enumerate(z):
            h, first, second = exact(name, x)
            assert abs(found[0][k] - h) <= 3 * np.spacing(abs(float(h))) + 1e-300 + (
                1e-15 * abs(x) if name == "gelu" else 0
            )
            assert abs(found[1][k] - first) < 1e-15
            assert abs(found[2][k] - second) < 2e-15


def test_tanh_of_what_is_no_small_number():
    z = np.array([25.0, -40.0, np.inf, -np.inf, 1e300, np.nan])
    found = [np.empty_like(z) for _ in range(3)]
    kernel(ACTIVATIONS["tanh"], "test of tanh", kept=False)(z, *found, z.size)
    np.testing.assert_array_equal(found[0], [1, -1, 1, -1, 1, np.nan])
