"""Gradient flow of the modes against closed forms, high precision, and what it conserves."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fastdln import Sweep, SweepError, run
from fastdln.models import modes_flow
from fastdln.models.modes_flow import reduce

pytestmark = pytest.mark.filterwarnings("ignore:steps =")

TWO = reduce(np.ones((3, 1)))
ALL = reduce(np.array([[1.0], [2.0], [3.0]]))


def followed(map_, state, eta, s, states, depth):
    step = map_.step(depth)
    with np.errstate(all="ignore"):  # trials far too long
        for _ in range(states):
            state = step(state, eta, s)
    return state


@settings(max_examples=30)
@given(st.floats(0.01, 1.5), st.floats(0.2, 3.0), st.floats(0.05, 3.0))
def test_two_balanced_layers_are_the_logistic_equation(rho, s, eta):
    """u = rho^2 obeys u' = 2 u (s - u)."""
    time = 7 * eta
    exact = s / (1.0 + (s / rho**2 - 1.0) * math.exp(-2.0 * s * time))
    a, b = followed(TWO, (rho, rho), eta, s, 7, 2)
    assert a == b
    assert math.isclose(a * b, exact, rel_tol=1e-10)


@pytest.mark.parametrize(
    "layers", [(0.3, 0.0), (0.3, 0.3, 0.0), (0.2, 0.2, 0.9), (0.5, -0.4, 1.1), (-0.3, 0.6, 0.7, 1.2)], ids=str
)
@pytest.mark.parametrize(("eta", "states"), [(0.2, 15), (2.0, 2)])
def test_layers_agree_with_high_precision(layers, eta, states):
    """mpmath's Taylor series of all layers; through 0 as well, where a layer has the other sign than it will."""
    depth, s = len(layers), 0.8
    with mpmath.workdps(25):

        def velocity(time, w):
            error = mpmath.fprod(w) - s
            return [-error * mpmath.fprod(w[:k] + w[k + 1 :]) for k in range(depth)]

        exact = mpmath.odefun(velocity, 0, [mpmath.mpf(w) for w in layers], tol=mpmath.mpf("1e-18"))(eta * states)
    found = followed(reduce(np.arange(depth)[:, None] + 1.0), layers, eta, s, states, depth)
    np.testing.assert_allclose(found, np.array(exact, float), rtol=0, atol=1e-11)
    if len(set(layers[:-1])) == 1:
        a, b = followed(TWO, (layers[0], layers[-1]), eta, s, states, depth)
        np.testing.assert_allclose((a, b), np.array(exact, float)[[0, -1]], rtol=0, atol=1e-11)


@pytest.mark.parametrize("eta", [0.05, 1.0, 40.0])
def test_differences_of_squares_stay_over_a_long_time(eta):
    layers = (0.5, -0.4, 1.1, 0.9)
    found = np.array(followed(ALL, layers, eta, 0.7, round(1000 / eta), 4))
    start = np.square(layers)
    np.testing.assert_allclose(found**2 - found[0] ** 2, start - start[0], rtol=0, atol=1e-9)
    assert np.prod(found) == pytest.approx(0.7, rel=1e-14)


@settings(max_examples=20)
@given(st.floats(0.1, 1.5), st.floats(-1.5, 1.5), st.floats(0.1, 50.0), st.integers(2, 5))
def test_a_state_at_rest_is_the_same_to_the_last_bit(a, b, eta, depth):
    state = followed(TWO, (a, b), eta, 1.0, 60 + round(60 / eta), depth)
    assume(abs(state[1] * state[0] ** (depth - 1) - 1.0) < 1e-14)  # where the plateau is behind it
    state = followed(TWO, state, eta, 1.0, 100, depth)
    assert followed(TWO, state, eta, 1.0, 1, depth) == state


def test_a_zero_mode_and_the_saddle_stay():
    assert followed(TWO, (0.4, 0.0), 0.3, 0.0, 5, 3) == (0.4, 0.0)
    assert followed(TWO, (0.0, 0.0), 0.3, 1.0, 5, 3) == (0.0, 0.0)
    assert followed(ALL, (0.0, 0.0, 0.5), 0.3, 1.0, 5, 3) == (0.0, 0.0, 0.5)


def test_a_state_that_is_not_come_to_is_lost(monkeypatch):
    monkeypatch.setattr(modes_flow, "MOST_TRIALS", 3)
    assert all(map(math.isnan, followed(TWO, (0.4, 0.1), 5.0, 1.0, 1, 3)))
    assert all(map(math.isnan, followed(ALL, (0.4, 0.1, 0.2), 5.0, 1.0, 1, 3)))


def test_descent_at_small_steps_approaches_it_at_first_order():
    axes = {"alpha": 0.4, "depth": 3}
    keys = {"steps": 0, "observables": ["orbit"], "orbit_samples": 1, "target": {"singular_values": [1.0, 0.6]}}
    flow = run(Sweep(model="modes-flow", axes=axes | {"eta": 0.2}, record=20, **keys), progress=False).orbit.values
    errors = []
    for finer in (16, 32, 64, 128):
        descent = Sweep(model="modes", axes=axes | {"eta": 0.2 / finer}, record=20 * finer, **keys)
        errors.append(np.abs(run(descent, progress=False).orbit.values - flow).max())
    ratios = np.array(errors[:-1]) / errors[1:]
    assert ((ratios > 1.9) & (ratios < 2.1)).all(), ratios


def test_modes_are_the_matrices_they_stand_for():
    axes = {"eta": [0.1, 0.7, 2.5], "alpha": [0.1, 0.8], "depth": 3}
    keys = {"axes": axes, "target": {"singular_values": [1.0, 0.6]}, "steps": 10, "record": 6}
    keys["observables"] = ["loss", "orbit", "sharpness"]
    modes, matrices = (run(Sweep(model=model, **keys), progress=False) for model in ("modes-flow", "flow"))
    np.testing.assert_allclose(modes.orbit, matrices.orbit, rtol=0, atol=1e-9)
    np.testing.assert_allclose(modes.sharpness, matrices.sharpness, rtol=1e-7)


def test_nothing_diverges_and_states_do_not_depend_on_what_is_measured():
    axes = {"eta": [0.1, 0.5, 1.0, 2.0, 5.0], "alpha": [0.05, 0.9, 5.0], "depth": 3}
    keys = {"model": "modes-flow", "axes": axes, "target": {"singular_values": [1.0, 0.5]}, "record": 16}
    bare = run(Sweep(steps=2000, observables=["period", "orbit"], **keys), progress=False)
    whole = run(Sweep(steps=2000, observables=["orbit", "escape_step", "sharpness"], **keys), progress=False)
    np.testing.assert_array_equal(bare.orbit, whole.orbit)
    assert (bare.fate == 1).all()
    assert (bare.period == 1).all()


def test_what_needs_steps_of_descent_is_refused_by_name():
    axes = {"eta": 0.1, "alpha": 0.5, "depth": 3}
    for name in ("lyapunov", "mixing", "balancing"):
        with pytest.raises(SweepError, match=rf"modes-flow cannot give {name}; it can give .*sharpness"):
            Sweep(model="modes-flow", axes=axes, observables=[name])
    with pytest.raises(
        SweepError, match="tolerance: modes has no steps whose error is controlled; the models flow, modes-flow"
    ):
        Sweep(model="modes", axes=axes, tolerance=1e-11)


def test_trials_that_overflow_are_shortened():
    state = followed(TWO, (0.5390625, 0.25), 10.0, 1.0, 20, 4)
    assert state[1] * state[0] ** 3 == pytest.approx(1.0, rel=1e-13)
