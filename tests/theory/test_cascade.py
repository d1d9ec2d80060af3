"""Period doublings and the onset of chaos, against the table in docs/theory.md and the plain twin."""

import itertools

import mpmath
import numpy as np
import pytest

from fastdln import theory
from tests import reference

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
