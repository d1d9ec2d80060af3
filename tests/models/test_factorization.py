"""Two scalar factors over the plane of their starts against the exact threshold; four, as in the minimalist example."""

import mpmath
import numpy as np
import pytest

import fastdln
from fastdln import Sweep, theory

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


def plane(y, eta, num=200, reach=1.3, **keys):
    """Fates from starts well beyond those that converge; u + v is nowhere 0, which would end at the saddle."""
    far = reach * np.sqrt(4 / eta)
    axis = {"start": -far, "stop": 1.01 * far, "num": num}
    keys = {"target": {"singular_values": [y]}, "steps": 200_000, "record": 128, "observables": ["loss"], **keys}
    ds = fastdln.run(Sweep(model="modes", axes={"eta": eta, "w1": axis, "w2": axis}, **keys)).squeeze()
    return ds, *np.meshgrid(ds.w1.values, ds.w2.values, indexing="ij")


@pytest.mark.parametrize(("y", "eta"), [(1.0, 0.2), (1.0, 0.9), (2.0, 0.3), (0.5, 1.5), (3.0, 0.05), (1.0, 0.99)])
def test_fates_over_the_plane_are_those_of_the_threshold(y, eta):
    """Below it converged, beyond it diverged, at all points but those within 1e-3 of it in eta."""
    ds, u, v = plane(y, eta)
    limit = theory.factorization_limit(u, v, y)
    clear = np.abs(eta / limit - 1) > 1e-3
    assert clear.mean() > 0.99
    converges = eta < limit
    assert 0.3 < converges.mean() < 0.6
    np.testing.assert_array_equal(ds.fate.values[clear], np.where(converges, 1, 5)[clear])
    assert ds.loss.values[clear & converges].max() < 1e-20


def test_beyond_1_over_y_nothing_converges():
    ds, u, v = plane(1.0, 1.05, num=60)
    assert not (theory.factorization_limit(u, v, 1.0) > 1.05).any()
    assert set(np.unique(ds.fate)) == {2, 5}


def test_starts_on_the_antidiagonal_end_at_the_saddle():
    keys = {"steps": 20_000, "record": 128}
    ds = fastdln.run(Sweep(model="modes", axes={"eta": 0.2, "w1": 1.5, "w2": -1.5}, **keys))
    assert theory.factorization_limit(1.5, -1.5, 1.0) > 0.2
    assert ds.fate.item() in (4, 6)
    assert abs(ds.loss.item() - 0.5) < 1e-6


@pytest.mark.parametrize("case", [(3.0, 0.4, 1.0), (-2.0, 0.5, 0.7), (1.5, 2.5, -2.0), (0.1, 0.1, 2.5)])
def test_the_limit_is_where_high_precision_says(case):
    """A part in a thousand below it the loss goes to 0, beyond it does not."""
    u0, v0, y = map(mpmath.mpf, case)
    limit = mpmath.mpf(float(theory.factorization_limit(*case)))
    for factor, converges in ((mpmath.mpf("0.999"), True), (mpmath.mpf("1.001"), False)):
        u, v, eta = u0, v0, factor * limit
        with mpmath.workdps(40):
            for _ in range(60_000):
                error = u * v - y
                if abs(error) > 1e6 or abs(error) < 1e-12:
                    break
                u, v = u - eta * error * v, v - eta * error * u
            assert (abs(u * v - y) < 1e-9) == converges


def test_limits_broadcast_and_know_their_ends():
    assert theory.factorization_limit(0.0, 0.0, 0.0) == np.inf
    assert theory.factorization_limit([1.0, 2.0], [[1.0], [0.5]], 1.0).shape == (2, 2)
    assert theory.factorization_limit(1e200, 1.0, 1.0) == 0.0
    # the larger of two equal factors, where the root is that of a square
    assert theory.factorization_limit(2.0, 2.0, 1.0) == pytest.approx(8 / (8 + 4), rel=1e-15)


def test_four_factors_end_just_below_the_edge():
    """From starts where gradient flow would end beyond 2/eta, by up to a fifth: at 2/eta - eta/2 (arXiv 2210.03294)."""
    eta = 0.01
    axes = {
        "eta": eta,
        "w1": {"start": 10.05, "stop": 10.6, "num": 12},
        "w2": {"start": 0.0931, "stop": 0.1031, "num": 9},
    }
    tied = {"spectral": ["w1", "w2", "w1", "w2"]}
    keys = {"steps": 1_000_000, "record": 128, "observables": ["sharpness"]}
    ds = fastdln.run(Sweep(model="modes", axes=axes, start=tied, **keys)).squeeze()
    x, y = np.meshgrid(ds.w1.values, ds.w2.values, indexing="ij")
    layers = np.stack([x, y, x, y], axis=-1)[..., None]
    beyond = theory.flow_sharpness(layers, [1.0]) * eta / 2
    chosen = (beyond > 1.01) & (beyond < 1.2)
    assert chosen.sum() > 40
    assert (ds.fate.values[chosen] == 1).all()
    gap = 2 / eta - ds.sharpness.values[chosen]
    assert (gap > 0).all()
    assert gap.max() < eta
    stable = beyond < 0.99
    assert (ds.fate.values[stable] == 1).all()
    np.testing.assert_allclose(ds.sharpness_ratio.values[stable], beyond[stable], rtol=0.02)
