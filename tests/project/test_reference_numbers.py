"""The reference numbers of docs/theory.md, as sweeps find them."""

import numpy as np
import pytest

from fastdln import Sweep, run
from tests import reference
from tests.small import ROOT

SWEEPS = ROOT / "sweeps"

# balanced map at s = 1: 1 -> 2, 2 -> 4, 4 -> 8, 8 -> 16, 16 -> 32
FLIPS = {
    2: (1.0, 1.236067977500, 1.288031754483, 1.299227939650, 1.301628914037),
    3: (0.666666666667, 0.829738261893, 0.866944316505, 0.874987761269, 0.876714488006),
}

HALF_WIDTH = 2e-4


def located_flip(depth, near, k, model="balanced", alpha=0.5):
    """eta between the last point of period 2^k and the first of 2^(k+1), in a fine sweep around `near`."""
    ds = run(
        Sweep(
            model=model,
            axes={
                "eta": {"start": near - HALF_WIDTH, "stop": near + HALF_WIDTH, "num": 201},
                "alpha": alpha,
                "depth": depth,
            },
            steps=500_000,
            observables=["period"],
        )
    )
    period, eta = ds.period.values.ravel(), ds.eta.values
    assert set(period) <= {0, 2**k, 2 ** (k + 1)}, "only the two periods, and points still drifting between them"
    below, above = eta[period == 2**k], eta[period == 2 ** (k + 1)]
    assert below.max() < above.min()
    assert above.min() - below.max() < 5e-5
    return (below.max() + above.min()) / 2


@pytest.mark.parametrize(("depth", "k"), [(depth, k) for depth in FLIPS for k in range(5)])
def test_flips_of_depth_two_and_three(depth, k):
    assert located_flip(depth, FLIPS[depth][k], k) == pytest.approx(FLIPS[depth][k], abs=1e-5)


def test_the_twin_finds_the_table():
    for depth, flips in FLIPS.items():
        for k in (0, 1, 2, 3):
            eta = flips[k] - 1e-5
            rho = reference.settled(depth, eta)
            assert reference.flip(depth, k, (rho, eta)) == pytest.approx(flips[k], abs=1e-11)


@pytest.mark.parametrize("depth", [4, 6])
@pytest.mark.parametrize("k", [0, 1, 2])
def test_flips_of_depth_four_and_six(depth, k):
    """The table has none: the twin solves for the cycle whose multiplier is -1, started from the sweep's own orbit."""
    coarse = run(
        Sweep(
            model="balanced",
            axes={"eta": {"start": 1.9 / depth, "stop": 3.0 / depth, "num": 1101}, "alpha": 0.8, "depth": depth},
            observables=["period", "orbit"],
        )
    )
    period, eta = coarse.period.values.ravel(), coarse.eta.values
    first = int(np.argmax(period == 2 ** (k + 1)))
    last = first - 1 - int(np.argmax(period[first - 1 :: -1] == 2**k))
    rho = coarse.orbit.values[0, 0, last, 0, -1] ** (1 / depth)
    exact = reference.flip(depth, k, (rho, eta[last]))
    if k == 0:
        assert exact == pytest.approx(2 / depth, abs=1e-12)
    assert located_flip(depth, exact, k, alpha=0.8) == pytest.approx(exact, abs=1e-5)


@pytest.mark.parametrize("k", [0, 1, 2, 3])
def test_two_scalar_flips_from_a_small_start(k):
    assert located_flip(3, FLIPS[3][k], k, "modes", 0.01) == pytest.approx(FLIPS[3][k], abs=1e-5)


@pytest.mark.parametrize(("depth", "opens"), [(2, 1.450440964488), (3, 0.987242124012)])
def test_period_three_windows(quick, depth, opens):
    etas = [opens - 1e-4, opens + 1e-4]
    ds = quick("balanced", axes={"eta": etas, "alpha": 0.5, "depth": depth}, steps=100_000, record=512)
    before, after = ds.period.values.ravel()
    assert before == 0
    assert after == 3
    assert list(ds.fate.values.ravel()) == [reference.APERIODIC, reference.PERIODIC]


@pytest.mark.parametrize(("depth", "chaos"), [(2, 1.302283463), (3, 0.877185315)])
def test_onset_of_chaos(quick, depth, chaos):
    etas = [chaos - 2e-4, chaos + 3e-3]
    ds = quick("balanced", axes={"eta": etas, "alpha": 0.5, "depth": depth}, steps=100_000, record=2048)
    assert list(ds.fate.values.ravel()) == [reference.PERIODIC, reference.APERIODIC]


@pytest.mark.parametrize(("depth", "diverges"), [(2, 2.0), (3, 1.433449193295)])
def test_divergence(quick, depth, diverges):
    """Below it no start between 0 and 1 diverges; above it some do (odd depth: the others collapse)."""
    alphas = {"start": 0.01, "stop": 1.0, "num": 300}
    etas = [diverges - 1e-3, diverges + 1e-3]
    ds = quick("balanced", axes={"eta": etas, "alpha": alphas, "depth": depth}, steps=20_000)
    below, above = ds.fate.values[0].T
    assert not (below == reference.DIVERGED).any()
    assert (above == reference.DIVERGED).any()


@pytest.mark.filterwarnings("ignore:steps =")
@pytest.mark.parametrize(("depth", "touches"), [(2, 1.598076211353), (3, 1.220332092045)])
def test_attractor_touches_zero(quick, depth, touches):
    etas = [touches - 1e-3, touches + 1e-3]
    ds = quick(
        "balanced",
        axes={"eta": etas, "alpha": 0.5, "depth": depth},
        steps=0,
        record=200_000,
        orbit_samples=200_000,
        observables=["orbit"],
    )
    rho = ds.orbit.values[0, 0, :, 0, :]
    if depth % 2:
        assert (rho[0] > 0).all()
        assert (rho[1] < 0).any()
    else:  # the product is even there: past the touch it comes arbitrarily close to 0
        assert rho[0].min() > 10 * rho[1].min()


def test_oscillation_range_figure():
    ds = run(Sweep.from_file(SWEEPS / "oscillation_range.toml"))
    assert ds.attrs["complete"]
    values = ds.oscillation_range.isel(depth=0, alpha=0)
    expected = {
        0.0315: (2.074051, 0.0, 0.0),
        0.0345: (4.920583, 2.937072, 0.0),
        0.0360: (5.695360, 4.129319, 1.462288),
    }
    for eta, ranges in expected.items():
        at = values.sel(eta=eta, method="nearest")
        assert float(at.eta) == pytest.approx(eta, abs=1e-12)
        np.testing.assert_allclose(at.values, (*ranges, 0.0, 0.0), atol=1e-6)
    s = ds.singular_value.values
    edge = 2 / (3 * s[:3] ** (4 / 3))
    for mode in range(3):
        stable = ds.eta.values < edge[mode] - 5e-4
        last = ds.orbit.isel(depth=0, alpha=0, mode=mode, sample=-1).values
        np.testing.assert_allclose(last[stable], s[mode], atol=1e-6)
    np.testing.assert_array_equal(ds.orbit.isel(mode=[3, 4]).values, 0.0)


def test_balancing_gap_figure():
    """Depth 2, s = 5, start (1.5, 2.25): the gap after 10, 100 and 500 steps, by the difference of squares."""
    expected = {0.18: (2.386000, 2.377503, 2.377503), 0.21: (1.165347, 8.846877e-3, 6.24e-12)}
    from fastdln.models.modes import TWO_SCALAR

    step = TWO_SCALAR.step(2)
    for eta, gaps in expected.items():
        state = (1.5, 2.25)
        for number in range(1, 501):
            state = step(state, eta, 5.0)
            if number in (10, 100, 500):
                gap = abs(state[0] - state[1]) * abs(state[0] + state[1])
                # 6.24e-12 is near where differences of float64 end
                assert gap == pytest.approx(gaps[(10, 100, 500).index(number)], rel=1e-6 if gap > 1e-6 else 2e-3)
