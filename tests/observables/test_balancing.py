"""The balancing gap against high precision, the theorem, and the paper."""

import mpmath
import numpy as np
import pytest

from fastdln import Sweep, run, theory

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:alpha = 0")


def mp_gap(layers, s, eta, steps, digits=120):
    """max over l of |w_L^2 - w_l^2| after the steps, as a difference in so many digits."""
    with mpmath.workdps(digits):
        w, eta, s = [mpmath.mpf(x) for x in layers], mpmath.mpf(eta), mpmath.mpf(s)
        for _ in range(steps):
            e = mpmath.fprod(w) - s
            w = [x - eta * e * mpmath.fprod(w[:k] + w[k + 1 :]) for k, x in enumerate(w)]
        return max(abs(w[-1] ** 2 - x**2) for x in w[:-1])


@pytest.mark.parametrize(
    ("layers", "eta", "reached"),
    [
        ((0.5, 0.0), 1.05, 1e-20),
        ((0.5, 0.0), 1.1, 1e-90),
        ((0.3, 0.3, 0.0), 0.72, 1e-10),
        ((0.3, 0.3, 0.0), 0.78, 1e-40),
        ((0.9, 0.7, 1.2), 0.7, 1e-5),
        ((0.6, 0.6, 0.6, 0.0), 0.55, 1e-10),
    ],
)
def test_gap_against_many_digits(layers, eta, reached):
    """Relative error below 1e-9 over 2,000 steps, against a difference of squares in 120 digits."""
    start = {"spectral": [[w] for w in layers]}
    for steps in (10, 100, 1000, 2000):
        exact = mp_gap(layers, 1.0, eta, steps)
        sweep = Sweep(
            model="modes", axes={"eta": eta}, start=start, steps=steps - 1, record=1, observables=["balancing"]
        )
        ds = run(sweep)
        assert abs(mpmath.mpf(ds.balancing_gap.item()) / exact - 1) < 1e-9
        assert ds.balancing_gap_log10.item() == pytest.approx(float(mpmath.log10(exact)), rel=1e-12, abs=1e-9)
    assert exact < reached


def test_gaps_below_the_range_of_float64():
    """Depth 2 on its two-cycle: the log keeps going at the exponent's rate where the gap itself is 0."""
    eta, axes = 1.1, {"eta": 1.1, "alpha": 0.5, "depth": 2}
    ds = run(Sweep(model="modes", axes=axes, steps=20_000, record=2_000, observables=["balancing"]))
    low, high = theory.two_cycle(eta, 1.0, 2)
    factors = [abs(1 - eta**2 * (rho**2 - 1) ** 2) for rho in (low, high)]
    assert ds.balancing_exponent.item() == pytest.approx(np.log(factors).mean(), rel=1e-12)
    assert ds.balancing_gap.item() == 0.0
    assert ds.balancing_gap_log10.item() < -1000
    assert ds.balancing_monotone_from.item() == 0


def test_the_balancing_theorem():
    """eta > 2/S and alpha below its bound: the gap shrinks at every step from the start on."""
    for depth in (2, 3, 4):
        kappas = np.array([2.05, 2.3, 2.6, 2.8])
        for kappa in kappas:
            eta = kappa / depth
            bound = float(theory.balancing_alpha_bound(eta, 1.0, depth))
            axes = {"eta": eta, "alpha": [0.3 * bound, 0.7 * bound, 0.999 * bound], "depth": depth}
            ds = run(Sweep(model="modes", axes=axes, steps=3000, record=64, observables=["balancing"]))
            np.testing.assert_array_equal(ds.balancing_monotone_from.values.ravel(), 0)


def test_the_papers_balancing_gap():
    """theory.md D: L = 2, s = 5, start (1.5, 2.25)."""
    expected = {0.18: (2.386000, 2.377503, 2.377503), 0.21: (1.165347, 8.846877e-3, 6.24e-12)}
    for eta, gaps in expected.items():
        for steps, gap in zip((10, 100, 500), gaps, strict=True):
            sweep = Sweep(
                model="modes",
                axes={"eta": eta},
                target={"singular_values": [5.0]},
                start={"spectral": [[1.5], [2.25]]},
                steps=steps - 1,
                record=1,
                observables=["balancing"],
            )
            assert run(sweep).balancing_gap.item() == pytest.approx(gap, rel=1e-3 if gap < 1e-6 else 1e-6)
