"""Closed forms against each other, against high precision, and against the maps."""

import itertools

import mpmath
import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st

from fastdln import theory
from fastdln.models.balanced import BALANCED

# docs/theory.md, section C: the flips of depth 2 and 3, and the onset of chaos.
FLIPS = {
    2: (1.0, 1.236067977500, 1.288031754483, 1.299227939650, 1.301628914037),
    3: (0.666666666667, 0.829738261893, 0.866944316505, 0.874987761269, 0.876714488006),
}
ONSETS = {2: 1.302283463, 3: 0.877185315}


def test_flips_of_the_table():
    for depth, flips in FLIPS.items():
        np.testing.assert_allclose(theory.period_doubling(depth, 5), flips, rtol=0, atol=6e-13)
    assert theory.period_doubling(2, 2)[1] == float(mpmath.sqrt(5) - 1)
    np.testing.assert_allclose(theory.onset_of_chaos([2, 3]), [ONSETS[2], ONSETS[3]], rtol=0, atol=6e-10)


@pytest.mark.parametrize("depth", [2, 3, 4, 6, 9])
def test_flips_against_the_twin(depth):
    """The twin solves for the cycle in 30 digits from the orbit just below the flip, with a differenced Jacobian."""
    flips = theory.period_doubling(depth, 5)
    for k in range(1, 5):
        before = flips[k] - 1e-3 * (flips[k] - flips[k - 1])
        assert reference.flip(depth, k, (reference.settled(depth, before), flips[k])) == pytest.approx(
            flips[k], abs=1e-14
        )


@pytest.mark.parametrize("depth", [2, 3, 5, 12, 1000])
def test_flips_close_in_by_feigenbaums_ratio(depth):
    flips = theory.period_doubling(depth, 12)
    gaps = np.diff(flips)
    assert np.all(gaps > 0)
    assert gaps[-2] / gaps[-1] == pytest.approx(4.669201609, abs=1e-4)
    onset = float(theory.onset_of_chaos(depth))
    assert flips[-1] < onset < flips[-1] + gaps[-1]
    # one extrapolation from each earlier pair agrees ever better
    early = [(4.669201609 * b - a) / 3.669201609 for a, b in itertools.pairwise(flips)]
    assert abs(early[-2] - onset) < 1e-11


def test_shapes_of_the_cascade():
    assert theory.period_doubling(3, 0).shape == (0,)
    assert theory.period_doubling([[2], [3]], 4).shape == (2, 1, 4)
    assert theory.onset_of_chaos([2, 3, 4]).shape == (3,)
    assert np.ndim(theory.onset_of_chaos(2)) == 0
    for bad in (-1, 21, 2.5):
        with pytest.raises(ValueError, match="count: must be a whole number from 0 to 20"):
            theory.period_doubling(2, bad)
    for bad in (1, 2.5):
        with pytest.raises(ValueError, match="depth: must be whole numbers from 2 "):
            theory.period_doubling(bad, 2)


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


@pytest.mark.parametrize("depth", [56, 80, 300, 1000])
def test_flips_of_very_deep_networks(depth):
    scaled = theory.period_doubling(depth, 4) * depth / 2
    np.testing.assert_allclose(scaled, [1.0, 1.2516, 1.3106, 1.3234], atol=5e-4)


def test_onset_of_chaos_of_very_deep_networks():
    """L times it is smooth in 1/L: three depths tell those beyond, but for a term of third order, some (1/L)^3."""
    depths = np.array([250, 500, 1000, 2000, 100_000])
    scaled = depths * theory.onset_of_chaos(depths)
    told = np.polynomial.Polynomial.fit(1 / depths[:3], scaled[:3], 2)(1 / depths)
    np.testing.assert_allclose(scaled, told, rtol=0, atol=2e-9)
    for bad in (100_001, 1e308, np.full((3, 2, 2), 0)):
        with pytest.raises(ValueError, match=r"^depth: must be whole numbers from 2 to 100,000") as caught:
            theory.period_doubling(bad, 3)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=r"^count: "):
        theory.period_doubling(3, np.timedelta64(3, "s"))


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


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_hessian_eigenvalues_at_the_balanced_minimum(depth):
    s = np.array([1.7, 1.0, 0.4, 0.0])
    values = theory.hessian_eigenvalues(s, depth)
    np.testing.assert_allclose(np.diag(values), theory.stability_limit(s, depth), rtol=1e-13)
    np.testing.assert_allclose(values, values.T, rtol=1e-13)
    weights = [np.diag(s ** (1 / depth))] * depth
    dense = np.linalg.eigvalsh(reference.hessian(weights, np.diag(s)))
    nonzero = np.sort(values.ravel())[::-1]
    np.testing.assert_allclose(np.sort(dense)[::-1][: nonzero.size], nonzero, atol=1e-12)
    assert theory.hessian_eigenvalues([s, s], [[2], [3], [4]]).shape == (3, 2, 4, 4)


def test_eigenvalues_of_too_many_layers_are_refused():
    with pytest.raises(ValueError, match=r"^depth: must be at most 10,000 "):
        theory.hessian_eigenvalues([1.0], 10_001)


def test_balancing_alpha_bound():
    eta, s, depth = 0.75, 1.3, 3
    limit = float(theory.stability_limit(s, depth))
    eta = 2.3 / limit
    formula = (np.log(2 * np.sqrt(2) / 2.3) * s ** (4 / 3) / (9 * 2.0)) ** 0.25
    assert theory.balancing_alpha_bound(eta, s, depth) == pytest.approx(formula, rel=1e-13)
    assert np.isnan(theory.balancing_alpha_bound(np.array([1.9, 2.9]) / limit, s, depth)).all()


def test_sharpness_broadcasts_and_knows_nan():
    rng = np.random.default_rng(0)
    layers, s = rng.normal(size=(5, 4, 3, 2)), rng.uniform(0, 2, size=(4, 2))
    values = theory.sharpness(layers, s)
    assert values.shape == (5, 4)
    assert values[2, 1] == theory.sharpness(layers[2, 1], s[1])
    layers[0, 0, 0, 0] = np.nan
    assert np.isnan(theory.sharpness(layers, s)[0, 0])
    assert np.isfinite(theory.sharpness(layers, s)).sum() == 19


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
