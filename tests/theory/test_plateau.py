"""The length of plateaus."""

import mpmath
import numpy as np
import pytest

from fastdln import theory


@pytest.mark.parametrize(("depth", "constant"), [(3, np.pi / 2), (4, 1.0), (5, np.pi / 4)])
def test_plateaus_have_the_constants_of_the_theory(depth, constant):
    """T = C_L alpha^-(L-2) / (eta s), C_L by its integral as well: from b = 0 to infinity at a^2 - b^2 = alpha^2."""
    alpha, eta, s = np.array([0.1, 0.02]), 0.3, np.array([[1.0], [2.5]])
    found = theory.plateau_steps(alpha, eta, s, depth)
    np.testing.assert_allclose(found, constant * alpha ** (2 - depth) / (eta * s), rtol=1e-14)
    integral = mpmath.quad(lambda b: (1 + b**2) ** (-(depth - 1) / mpmath.mpf(2)), [0, 1, mpmath.inf])
    assert float(integral) == pytest.approx(constant, rel=1e-12)


@pytest.mark.parametrize("alpha", [0.3, 1e-7, 1e-9, 1e-160, 1e-300, 5e-324])
def test_plateaus_of_two_layers_from_the_smallest_scales(alpha):
    """asinh(s / alpha^2) / (2 log(1 + eta s)), where s / alpha^2 may be beyond all floats."""
    with mpmath.workdps(400):
        expected = mpmath.asinh(mpmath.mpf(0.7) / mpmath.mpf(alpha) ** 2) / (2 * mpmath.log(1 + mpmath.mpf(0.3) * 0.7))
    assert float(theory.plateau_steps(alpha, 0.3, 0.7, 2)) == pytest.approx(float(expected), rel=1e-13)
