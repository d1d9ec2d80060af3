"""Momentum of diagonal networks: twins, thresholds, exponents of the whole state, orbits and balancing."""

import numpy as np
import pytest

import fastdln
from fastdln import SweepError, theory
from fastdln.models.model import Map, Model
from tests.reference import momentum as twin

pytestmark = pytest.mark.filterwarnings("ignore:steps =")

STARTS = {
    "two layers": ("modes", 2, "one-zero", [0.6, 0.0]),
    "two scalars": ("modes", 3, "one-zero", [0.6, 0.6, 0.0]),
    "layer by layer": ("modes", 4, {"spectral": [[0.9], [-1.3], [-0.8], [1.1]]}, [0.54, -0.78, -0.48, 0.66]),
    "balanced": ("balanced", 3, "balanced", [0.6, 0.6, 0.6]),
}


def run(model, depth, start, eta, mu, nesterov, alpha=0.6, **keys):
    axes = {"eta": eta, "alpha": alpha, "depth": depth, "momentum": mu}
    return fastdln.run(fastdln.Sweep(model=model, axes=axes, start=start, nesterov=nesterov, **keys))


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("case", STARTS)
def test_orbits_agree_with_the_twin(case, nesterov):
    model, depth, start, layers = STARTS[case]
    etas, mus = [0.05, 0.2], [0.0, 0.5, 0.9]
    ds = run(model, depth, start, etas, mus, nesterov, steps=0, record=200, observables=["orbit"], orbit_samples=200)
    for eta in etas:
        for mu in mus:
            states, _ = twin.descend(layers, 1.0, eta, mu, nesterov, 200)
            orbit = ds.orbit.sel(eta=eta, momentum=mu).values.ravel()
            np.testing.assert_allclose(orbit, np.prod(states, axis=1)[1:], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize(("depth", "s"), [(2, 1.0), (3, 1.0), (3, 2.5), (5, 0.4)])
def test_minima_are_stable_up_to_the_critical_learning_rate(depth, s, nesterov):
    """From next to the balanced minimum, 1e-4 of eta below it and above."""
    mus = [0.0, 0.3, 0.7]
    for mu in mus:
        critical = float(theory.critical_learning_rate(s, depth, mu, nesterov))
        sharpness = float(theory.stability_limit(s, depth))
        assert critical * sharpness == pytest.approx(2 * (1 + mu) / (1 + 2 * mu if nesterov else 1), rel=1e-14)
        keys = {"target": {"singular_values": [s]}, "steps": 400_000, "record": 64, "observables": ["period"]}
        axes = {"eta": [critical * (1 - 1e-4), critical * (1 + 1e-4)], "alpha": s ** (1 / depth) * (1 + 1e-5)}
        ds = fastdln.run(
            fastdln.Sweep(model="balanced", axes=axes | {"depth": depth, "momentum": mu}, nesterov=nesterov, **keys)
        )
        below, above = ds.fate.values.ravel().tolist()
        assert (below, above) == (1, 2), mu
        assert int(ds.period.values.ravel()[1]) == 2


@pytest.mark.parametrize("bad", [-0.1, 1.0, np.nan])
def test_momentum_outside_its_range_has_no_critical_learning_rate(bad):
    assert np.isnan(theory.critical_learning_rate(1.0, 2, bad))
    assert np.isnan(theory.critical_learning_rate(1.0, 2, [bad, 0.5])).tolist() == [True, False]
    with pytest.raises(ValueError, match=r"^nesterov: must be True or False"):
        theory.critical_learning_rate(1.0, 2, 0.5, nesterov=1)


def test_without_momentum_nothing_changes():
    """mu = 0 beside none: another map, but the same orbits to rounding, and the same fates."""
    axes = {"eta": {"start": 0.1, "stop": 1.0, "num": 19}, "alpha": 0.3, "depth": 3}
    keys = {"steps": 3000, "record": 256, "observables": ["oscillation_range", "period"]}
    plain = fastdln.run(fastdln.Sweep(model="modes", axes=axes, **keys))
    for nesterov in (False, True):
        zero = fastdln.run(fastdln.Sweep(model="modes", axes=axes, momentum=0.0, nesterov=nesterov, **keys))
        np.testing.assert_array_equal(zero.fate.values.ravel(), plain.fate.values.ravel())
        regular = (plain.period > 0).values.ravel()
        ranges = [ds.oscillation_range.values.ravel()[regular] for ds in (zero, plain)]
        np.testing.assert_allclose(*ranges, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("mu", [0.2, 0.9])
def test_the_exponent_of_a_minimum_is_that_of_its_polynomial(mu, nesterov):
    """Of the balanced model: x'' = (1 + mu - eta S) x' - mu x, or (1 - eta S) ((1 + mu) x' - mu x)."""
    depth, sharpness = 3, 3.0
    for part in (0.3, 0.8, 0.97):
        eta = part * float(theory.critical_learning_rate(1.0, depth, mu, nesterov))
        ahead = 1 - eta * sharpness
        polynomial = [1, -ahead * (1 + mu), ahead * mu] if nesterov else [1, -(ahead + mu), mu]
        rate = np.log(np.abs(np.roots(polynomial)).max())
        keys = {"steps": 20_000, "record": 20_000, "observables": ["lyapunov"]}
        ds = run("balanced", depth, "balanced", eta, mu, nesterov, alpha=0.999, **keys)
        assert ds.lyapunov.item() == pytest.approx(rate, abs=1e-4)
        assert ds.fate.item() == 1


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("case", STARTS)
def test_exponents_on_cycles_agree_with_the_multipliers_of_the_whole_state(case, nesterov):
    """The Jacobians of layers and velocities around a 2-cycle; of balanced modes those of one layer for all."""
    model, depth, start, layers = STARTS[case]
    mu = 0.3
    eta = 1.01 * float(theory.critical_learning_rate(1.0, depth, mu, nesterov))
    # complex multipliers turn the deviation, so that its mean growth is exact to 1 / record only
    keys = {"steps": 20_000, "record": 200_000, "observables": ["lyapunov", "period"]}
    ds = run(model, depth, start, eta, mu, nesterov, **keys)
    assert ds.period.item() == 2, case
    multiplier = twin.cycle_multiplier(layers, 1.0, eta, mu, nesterov, 20_000, 2, shared=model == "balanced")
    assert ds.lyapunov.item() == pytest.approx(np.log(multiplier) / 2, abs=1e-5)


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_two_cycles_of_the_heavy_ball_are_those_of_descent_at_a_smaller_learning_rate(depth):
    """v alternates on a 2-cycle, so that eta grad = (1 + mu) v: the cycle of plain descent at eta / (1 + mu)."""
    mu = 0.4
    eta = 1.01 * float(theory.critical_learning_rate(1.0, depth, mu))
    keys = {"steps": 20_000, "record": 64, "observables": ["orbit", "period"]}
    ds = run("balanced", depth, "balanced", eta, mu, False, alpha=0.98, **keys)
    assert ds.period.item() == 2
    low, high = theory.two_cycle(eta / (1 + mu), 1.0, depth)
    np.testing.assert_allclose([ds.orbit.min(), ds.orbit.max()], [low**depth, high**depth], rtol=1e-9)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("case", ["two layers", "two scalars", "layer by layer"])
def test_gaps_far_below_rounding_agree_with_250_digits(case, nesterov):
    model, depth, start, layers = STARTS[case]
    mu, steps, record = 0.3, 7000, 64
    etas = [0.1, 1.02 * float(theory.critical_learning_rate(1.0, depth, mu, nesterov))]
    ds = run(model, depth, start, etas, mu, nesterov, steps=steps, record=record, observables=["balancing", "period"])
    for k, eta in enumerate(etas):
        logs = twin.gaps(layers, 1.0, eta, mu, nesterov, steps + record)
        at = ds.isel(eta=k)
        assert at.balancing_gap_log10.item() == pytest.approx(logs[-1] / np.log(10), abs=1e-9)
        assert at.balancing_exponent.item() == pytest.approx((logs[-1] - logs[steps]) / record, abs=1e-9)
    assert ds.balancing_gap_log10.values.min() < -8


def test_what_no_closed_form_knows_is_left_out():
    """Minima and two-cycles are known, these up to where they double; exponents are not."""
    ds = fastdln.run(
        fastdln.Sweep(
            model="modes",
            axes={"eta": [0.3, 0.8, 0.95], "alpha": 0.3, "depth": 3, "momentum": [0.0, 0.3]},
            steps=3000,
            record=128,
            observables=["period", "oscillation_range", "lyapunov"],
        )
    )
    found = fastdln.analysis.compare(ds).squeeze()
    known = np.isfinite(found.oscillation_range.transpose("momentum", "eta").values)
    assert known.tolist() == [[True, True, False], [True, True, True]]
    assert np.nanmax(abs(found.oscillation_range)) < 1e-12
    assert np.isnan(found.lyapunov).all()


def test_a_map_of_ones_own_takes_momentum_too():
    """v' = mu v + g(w) - w of any map."""
    own = Map(
        name="halving",
        components=lambda depth: (0,) * depth,
        step=lambda depth: lambda state, eta, s: (state[0] - eta * 0.5 * (state[0] - s),),
        product=lambda depth: lambda state: state[0],
    )
    model = Model("halving_for_momentum", summary="a test", starts=("balanced",), reduce=lambda layers: own)
    fastdln.register(model)
    axes = {"eta": 0.4, "alpha": 0.1, "depth": 2, "momentum": 0.6}
    keys = {"steps": 0, "record": 20, "observables": ["orbit"], "orbit_samples": 20}
    orbit = fastdln.run(fastdln.Sweep(model=model.name, axes=axes, **keys)).orbit.values.ravel()
    w, v, seen = 0.1, 0.0, []
    for _ in range(20):
        v = 0.6 * v - 0.2 * (w - 1.0)
        w += v
        seen.append(w)
    np.testing.assert_allclose(orbit, seen, rtol=1e-13)


def test_the_key_is_an_axis_of_one_value():
    axes = {"eta": 0.4, "alpha": 0.1, "depth": 2}
    by_key = fastdln.Sweep(model="modes", axes=axes, momentum=0.5)
    by_axis = fastdln.Sweep(model="modes", axes=axes | {"momentum": 0.5})
    assert by_key.canonical() == by_axis.canonical()
    assert fastdln.Sweep.stored(by_key.canonical()).canonical() == by_key.canonical()
    assert by_key.differing(fastdln.Sweep(model="modes", axes=axes, momentum=0.5, nesterov=True)) == ["nesterov"]
    plain = fastdln.Sweep(model="modes", axes=axes).canonical()
    assert "momentum" not in plain
    assert "nesterov" not in plain
    with pytest.raises(SweepError, match=r"^momentum: is an axis of this sweep"):
        fastdln.Sweep(model="modes", axes=axes | {"momentum": 0.5}, momentum=0.5)
