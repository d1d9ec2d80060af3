"""Two-cycles in closed form, against the maps."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastdln import theory
from fastdln.models.balanced import BALANCED


@given(st.integers(2, 20), st.floats(2.0001, 4.0), st.floats(0.05, 30.0))
def test_two_cycles_swing_between_their_points(depth, kappa, s):
    eta = kappa / depth / s ** (2 - 2 / depth)
    low, high = (float(x) for x in theory.two_cycle(eta, s, depth))
    assert 0 < low < s ** (1 / depth) < high < (2 * s) ** (1 / depth)
    step = BALANCED.step(depth)
    with mpmath.workdps(40):
        assert float(abs(step((mpmath.mpf(low),), mpmath.mpf(eta), mpmath.mpf(s))[0] - high)) < 1e-12 * high
        assert float(abs(step((mpmath.mpf(high),), mpmath.mpf(eta), mpmath.mpf(s))[0] - low)) < 1e-11 * high


def test_two_cycle_of_depth_two_in_closed_form():
    eta, s = np.array([1.01, 1.1, 1.5, 1.9])[:, None] / np.array([0.5, 1.0, 7.0]), np.array([0.5, 1.0, 7.0])
    low, high = theory.two_cycle(eta, s, 2)
    assert low.shape == (4, 3)
    np.testing.assert_allclose(low * high, 1 / eta, rtol=1e-13)
    np.testing.assert_allclose(low**2 + high**2, (1 + eta * s) / eta, rtol=1e-13)


@pytest.mark.parametrize("depth", [2, 3, 5, 40, 200])
@pytest.mark.parametrize("kappa", [10.0, 1e6, 1e12])
def test_two_cycles_far_beyond_the_edge(depth, kappa):
    """Unstable there, but still cycles: the equation, in 60 digits."""
    low, high = (float(x) for x in theory.two_cycle(kappa / depth, 1.0, depth))
    with mpmath.workdps(60):
        z = mpmath.mpf(high) / mpmath.mpf(low)
        assert abs(mpmath.mpf(low) ** depth * (1 + z ** (2 * depth - 1)) / (1 + z ** (depth - 1)) - 1) < 1e-11
        step = 1 + mpmath.mpf(kappa) / depth * (1 - mpmath.mpf(low) ** depth) * mpmath.mpf(low) ** (depth - 2)
        assert abs(step / z - 1) < 1e-11


def test_two_cycle_where_there_is_none():
    for eta, s, depth in (
        (0.5, 1.0, 3),
        (2 / 3, 1.0, 3),
        (1.0, 0.0, 2),
        (1.0, -1.0, 2),
        (np.nan, 1.0, 2),
        (9.0, 1.0, 1),
    ):
        assert np.isnan(theory.two_cycle(eta, s, depth)).all()
