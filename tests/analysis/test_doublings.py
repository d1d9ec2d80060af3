"""Where periods double, and the constants that follow, against closed forms."""

import numpy as np
import pytest

from fastdln import DatasetError, analysis, theory


def test_flips_from_the_multiplier(cascade):
    found = analysis.flips(cascade)
    exact = theory.period_doubling([2, 3], 4)
    np.testing.assert_allclose(found.flip.values[:, 0, :4], exact, atol=1e-5)
    assert found.flip.dims == ("depth", "alpha", "doubling")
    assert list(found.doubling.values[:4]) == [1, 2, 4, 8]
    assert np.isnan(found.flip.values[:, 0, 9]).all()


def test_flips_without_exponents_are_known_to_half_a_step(cascade):
    found = analysis.flips(cascade.drop_vars("lyapunov"))
    exact = theory.period_doubling([2, 3], 4)
    error = np.abs(found.flip.values[:, 0, :4] - exact)
    assert (error <= found.uncertainty.values[:, 0, :4]).all()
    assert (error > 1e-6).any(), "the multiplier does better"


def test_feigenbaum_and_onset(cascade):
    flips = theory.period_doubling([2, 3], 9)
    assert analysis.feigenbaum(flips)[:, -1] == pytest.approx(4.6692, abs=1e-3)
    np.testing.assert_allclose(analysis.onset(flips), theory.onset_of_chaos([2, 3]), atol=1e-10)
    np.testing.assert_allclose(analysis.onset(analysis.flips(cascade))[:, 0], theory.onset_of_chaos([2, 3]), atol=2e-5)
    assert np.isnan(analysis.onset(np.array([1.0, np.nan])))


def test_a_flip_that_is_not_seen_leaves_a_gap():
    assert np.isnan(analysis.onset(np.array([1.0, np.nan, 1.288031754])))


def test_flips_ask_for_the_period(cascade):
    with pytest.raises(DatasetError, match="period"):
        analysis.flips(cascade.drop_vars("period"))
