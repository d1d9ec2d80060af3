"""Every observable against its plain twin, computed from the kernel's own whole trajectory."""

import warnings

import numpy as np
import pytest

from fastdln import Sweep, run
from fastdln.observables import OBSERVABLES
from tests import reference
from tests.small import EVERYTHING

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:alpha = 0")

# Learning rates through every regime at s = 1, from frozen to diverging, and scales from plateau to overshoot.
ETAS = [0.0, 0.01, 0.3, 0.6666, 0.7, 0.8298, 0.85, 0.877, 0.9, 0.9873, 1.0, 1.1, 1.25, 1.3, 1.35, 1.4, 1.5, 3.0]
ALPHAS = [0.0, 0.001, 0.02, 0.3, 0.7, 1.0, 1.3]


def test_every_registered_observable_has_a_twin():
    assert set(reference.OBSERVABLES) == set(OBSERVABLES)


def test_every_registered_observable_has_its_attributes():
    for observable in OBSERVABLES.values():
        assert observable.summary
        for variable in observable.variables:
            assert variable.long_name, variable.name
            assert variable.units, variable.name
            assert variable.comment, variable.name
            assert np.dtype(variable.dtype).kind in "iuf"


def whole_run(keys, steps, record):
    """The same sweep recorded from its first step, with every state kept."""
    ds = run(Sweep(**keys, steps=0, record=steps + record, orbit_samples=steps + record, observables=EVERYTHING))
    return ds.orbit


@pytest.mark.parametrize(
    ("depth", "model", "start", "s"),
    [
        (2, "balanced", "balanced", (1.0,)),
        (3, "modes", "one-zero", (1.0, 0.8, 0.0)),
        (3, "modes", "balanced", (1.0, 0.0)),
        (4, "modes", "one-zero", (1.2,)),
        (3, "modes", {"spectral": [[0.5, 1.0], [-0.4, 1.2], [1.0, 0.0]]}, (1.0, 0.5)),
    ],
)
@pytest.mark.parametrize(("steps", "record", "period_max"), [(700, 96, 48), (400, 40, None), (193, 1, None), (5, 3, 1)])
def test_observables_agree_with_their_twins(depth, model, start, s, steps, record, period_max):
    keys = {
        "model": model,
        "axes": {"eta": ETAS, "alpha": ALPHAS, "depth": depth},
        "target": {"singular_values": list(s)},
        "start": start,
    }
    trajectory = whole_run(keys, steps, record)
    ds = run(Sweep(**keys, steps=steps, record=record, period_max=period_max, orbit_samples=16, observables=EVERYTHING))
    layers = {
        alpha: reference.STARTS[start if isinstance(start, str) else "spectral"](
            alpha, depth, len(s), None if isinstance(start, str) else start["spectral"]
        )
        for alpha in ALPHAS
    }
    longest = min(record // 2, 256) if period_max is None else period_max
    checked = 0
    for a, alpha in enumerate(ALPHAS):
        first = np.prod([np.diag(w) for w in layers[alpha]], axis=0)
        for e, eta in enumerate(ETAS):
            orbit = trajectory.values[0, a, e].T
            if np.isnan(orbit).any() and not np.isnan(orbit).all():
                continue  # one mode diverged: its states are not kept, so that the twin cannot follow
            if np.isnan(orbit).all():
                assert ds.fate.values[0, a, e] == reference.DIVERGED
                continue
            with np.errstate(all="ignore"):
                end = reference.layers_after(layers[alpha], s, eta, steps + record)
            known = np.allclose(np.prod(end, axis=0), orbit[-1], rtol=1e-3, atol=1e-12)
            seen = reference.Run(np.vstack([first, orbit]), s, eta, depth, steps, record, longest, min(record, 16), end)
            for name in (*EVERYTHING, "fate"):
                if name in ("fate", "oscillating_modes") and not known:
                    continue  # the twin's own chaotic orbit went elsewhere, so that its layers do not tell
                for variable, value in reference.OBSERVABLES[name](seen).items():
                    got = ds[variable].values[0, a, e]
                    np.testing.assert_allclose(
                        got, value, rtol=1e-12, atol=1e-14, err_msg=f"{name}: {variable} at {eta=} {alpha=}"
                    )
                    checked += 1
    assert checked > 500


def test_divergence_step_and_fate_agree(quick):
    ds = quick(axes={"eta": ETAS, "alpha": ALPHAS, "depth": 3}, steps=1000)
    diverged = ds.divergence_step.values[..., 0] >= 0
    assert diverged.any()
    assert not diverged.all()
    np.testing.assert_array_equal(diverged, ds.fate.values == reference.DIVERGED)
    np.testing.assert_array_equal(diverged, ds.period.values[..., 0] == -1)
    np.testing.assert_array_equal(diverged, np.isnan(ds.loss.values))
    np.testing.assert_array_equal(diverged, ds.oscillating_modes.values == -1)


def test_divergence_step_is_the_first_state_out_of_bounds(quick):
    eta, alpha = 1.6, 0.5
    ds = quick(axes={"eta": eta, "alpha": alpha, "depth": 3}, steps=400)
    with np.errstate(over="ignore", invalid="ignore"):
        products = reference.matrix_descent(reference.one_zero(alpha, 3, 1), np.eye(1), eta, 400)[:, 0]
        bound = max(10.0, (1e6 / eta) ** 0.75)
        assert ds.divergence_step.item() == reference.first_true(~(np.abs(products) <= bound))


def test_critical_slowing_is_drifting_and_not_a_fixed_point(quick):
    # the multiplier is -(1 - 2e-5): after 20,000 steps two thirds of the oscillation are left
    ds = quick("balanced", axes={"eta": 1 - 1e-5, "alpha": 0.5, "depth": 2}, steps=20_000, record=512)
    assert ds.period.item() == 0
    assert ds.fate.item() == reference.DRIFTING
    assert ds.oscillating_modes.item() == 0


def test_a_plateau_not_left_and_a_saddle_are_drifting(quick):
    ds = quick(axes={"eta": 0.01, "alpha": [0.0, 0.001], "depth": 4}, steps=2000)
    np.testing.assert_array_equal(ds.fate.values.ravel(), reference.DRIFTING)
    np.testing.assert_array_equal(ds.escape_step.values.ravel(), -1)


def test_a_collapsed_orbit_is_told_from_a_plateau(quick):
    # from below 0 the balanced map of odd depth dies algebraically (docs/theory.md, section C)
    ds = quick("balanced", axes={"eta": [1.25, 1.3, 1.35], "alpha": 0.9, "depth": 3}, steps=20_000)
    np.testing.assert_array_equal(ds.fate.values.ravel(), reference.COLLAPSED)


def test_zero_modes_do_not_decide_the_fate(quick):
    ds = quick(axes={"eta": 0.1, "alpha": 0.5, "depth": 3}, s=(1.0, 0.0), start="balanced", steps=2000)
    assert ds.fate.item() == reference.CONVERGED
    assert list(ds.period.values.ravel()) == [1, 0]
    assert ds.oscillating_modes.item() == 0


def test_a_saddle_met_again_is_drifting_and_not_collapsed(quick):
    """At even depth the chaotic attractor past its touch of 0 is thrown back to the saddle, and leaves it again."""
    etas = {"start": 0.95, "stop": 1.2, "num": 400}
    ds = quick("balanced", axes={"eta": etas, "alpha": 0.3, "depth": 4}, steps=5000, record=512, orbit_samples=512)
    orbit, fate = ds.orbit.values[0, 0, :, 0], ds.fate.values.ravel()
    at_zero = np.abs(orbit).max(axis=1) <= 1e-6
    leaving = at_zero & (np.abs(orbit[:, -1]) > np.abs(orbit[:, 0]))
    assert leaving.any()
    np.testing.assert_array_equal(fate[leaving], reference.DRIFTING)


@pytest.mark.parametrize("period_max", [1, 2, 3, 4, 6, 8, 12, 16])
def test_cycles_longer_than_period_max_are_aperiodic_and_counted(quick, period_max):
    etas = {1.1: 2, 1.26: 4, 1.295: 8, 1.3005: 16}
    ds = quick(
        "balanced", axes={"eta": list(etas), "alpha": 0.5, "depth": 2}, steps=200_000, record=512, period_max=period_max
    )
    periods = np.array(list(etas.values()))
    found = periods <= period_max
    np.testing.assert_array_equal(ds.period.values.ravel(), np.where(found, periods, 0))
    np.testing.assert_array_equal(ds.fate.values.ravel(), np.where(found, reference.PERIODIC, reference.APERIODIC))
    np.testing.assert_array_equal(ds.oscillating_modes.values.ravel(), 1)


def test_chaos_that_begins_in_the_record_is_aperiodic(quick):
    ds = quick("balanced", axes={"eta": 1.5, "alpha": [0.1, 0.2, 0.3, 0.5], "depth": 2}, steps=0, record=512)
    np.testing.assert_array_equal(ds.fate.values.ravel(), reference.APERIODIC)


def test_a_plateau_left_late_in_the_record_is_drifting(quick):
    escape = quick(axes={"eta": 0.9, "alpha": 0.01, "depth": 3}, steps=1000).escape_step.item()
    for record in (16, 64, 128):
        ds = quick(axes={"eta": 0.9, "alpha": 0.01, "depth": 3}, steps=escape - record + 5, record=record)
        assert ds.fate.item() == reference.DRIFTING


def test_extreme_numbers_raise_no_warning(quick):
    cases = [
        {"axes": {"eta": 1e-305, "alpha": 1.0, "depth": 3}},
        {"axes": {"eta": 0.1, "alpha": 1e308, "depth": 3}},
        {"axes": {"eta": 1e308, "alpha": 0.5, "depth": 3}},
        {"axes": {"eta": 0.1, "alpha": 0.5, "depth": 3}, "s": (1e308, 1e-308)},
    ]
    for case in cases:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", message="steps = ")
            quick(**case)


def test_keeping_many_states_takes_few_lanes_and_the_same_bits(quick):
    axes = {"eta": [0.5, 0.7, 0.9, 1.5], "alpha": 0.5, "depth": 2}
    many = quick("balanced", axes=axes, steps=300, record=100_000, orbit_samples=100_000, observables=["orbit", "loss"])
    few = quick("balanced", axes=axes, steps=300, record=100_000, orbit_samples=64, observables=["orbit", "loss"])
    assert many.orbit.values[..., -64:].tobytes() == few.orbit.values.tobytes()
    np.testing.assert_array_equal(many.loss, few.loss)


@pytest.mark.parametrize("flip", [(2, 1.0), (2, 1.236067977500), (3, 0.829738261893)])
def test_a_dying_cycle_is_neither_a_period_nor_chaos(quick, flip):
    """Just below a flip the cycle of twice the period dies slowly; whatever its size, it is on its way to the other."""
    depth, eta = flip
    etas = {"start": eta - 2e-3, "stop": eta - 2e-5, "num": 2000}
    ds = quick("balanced", axes={"eta": etas, "alpha": 0.5, "depth": depth}, steps=20_000, record=512)
    settled = {1.0: reference.CONVERGED}.get(eta, reference.PERIODIC)
    assert set(np.unique(ds.fate)) == {settled, reference.DRIFTING}
    assert set(np.unique(ds.period)) == {0, 1 if eta == 1.0 else 2}


def test_collapsed_orbits_stay_where_they_are(quick):
    """What 10,000 steps call collapsed is collapsed after 300,000: a saddle that is only passed is not."""
    for depth in (3, 4, 5):
        axes = {
            "eta": {"start": 0.8, "stop": 2.0, "num": 200},
            "alpha": {"start": 0.1, "stop": 1.0, "num": 10},
            "depth": depth,
        }
        early, late = (quick(axes=axes, steps=steps, observables=[]).fate.values for steps in (10_000, 300_000))
        assert (early == reference.COLLAPSED).sum() > 50
        np.testing.assert_array_equal(late[early == reference.COLLAPSED], reference.COLLAPSED)


def test_zero_approached_from_below_is_collapsed_from_any_start(quick):
    start = {"spectral": [[-1.0]] * 3}
    ds = quick(axes={"eta": 0.1, "alpha": [0.005, 0.02]}, start=start, steps=1000, observables=[])
    np.testing.assert_array_equal(ds.fate.values.ravel(), reference.COLLAPSED)
