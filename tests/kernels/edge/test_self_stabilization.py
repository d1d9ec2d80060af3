"""The local map of self-stabilization against its plain twin and the closed orbits of small eta."""

import itertools
import math

import numpy as np
import pytest

from fastdln import Sweep, SweepError, run
from tests import reference


def swept(**given):
    axes = {"eta": [0.01, 0.1], "alpha_ps": [0.1, 1.0], "beta": [0.5, 2.0], "x0": [0.02, 0.7], "y0": [-0.3, 0.1]}
    keys = {"model": "self-stabilization", "axes": axes, "steps": 0, "record": 3000} | given
    return run(Sweep(**keys), progress=False)


def test_cycles_agree_with_the_twin():
    ds = swept(steps=50, record=900, trajectory=7)
    axes = ("alpha_ps", "beta", "x0", "y0", "eta")
    fates = set()
    for values in itertools.product(*(ds[name].values for name in axes)):
        here = ds.sel(dict(zip(axes, values, strict=True))).squeeze()
        *numbers, eta = map(float, values)
        xs, ys = reference.local_map(eta, *numbers, 950)
        fates.add(int(here.fate))
        if len(xs) < 951:
            assert here.fate == reference.DIVERGED
            assert math.isnan(here.x_last) and math.isnan(here.cycle_amplitude)
            continue
        delta = math.sqrt(2 * numbers[0] / numbers[1])
        for name, value in reference.cycles(xs, ys, 50, delta).items():
            np.testing.assert_allclose(here[name], value, rtol=1e-9, atol=1e-12, err_msg=f"{name} {values}")
        np.testing.assert_allclose(here.trajectory_x, xs[::7], rtol=1e-9)
        np.testing.assert_allclose(here.trajectory_y, ys[::7], rtol=1e-9, atol=1e-12)
        assert here.cycle_amplitude_ratio == pytest.approx(here.cycle_amplitude / delta)
    assert {reference.APERIODIC, reference.DRIFTING, reference.DIVERGED} <= fates


@pytest.mark.parametrize("ratio", [0.9, 0.5, 0.1])
def test_orbits_close_as_eta_goes_to_0(ratio):
    """Period and amplitude go to those of the closed orbit, at first order in eta."""
    alpha_ps, beta = 0.3, 0.7
    period, largest = reference.closed_orbit(alpha_ps, beta, ratio)
    x0, errors = ratio * math.sqrt(2 * alpha_ps / beta), []
    for eta in (0.004, 0.002, 0.001):
        axes = {"eta": eta, "alpha_ps": alpha_ps, "beta": beta, "x0": x0, "y0": -1e-12}
        ds = swept(axes=axes, record=math.ceil(1.2 * period / eta)).squeeze()
        assert ds.cycles == 1
        errors.append((float(ds.cycle_period) * eta / period - 1, float(ds.cycle_amplitude_ratio) / largest - 1))
    first, second, third = np.abs(errors)
    np.testing.assert_allclose(first / second, 2.0, rtol=0.1)
    np.testing.assert_allclose(second / third, 2.0, rtol=0.1)
    assert third.max() < 0.01


def test_small_cycles_have_the_linear_period():
    alpha_ps, eta = 0.5, 1e-3
    ds = swept(axes={"eta": eta, "alpha_ps": alpha_ps, "beta": 1.0, "x0": 1.001}, record=40_000).squeeze()
    assert float(ds.cycle_period) == pytest.approx(2 * math.pi / (eta * math.sqrt(2 * alpha_ps)), rel=1e-4)
    # forward Euler's determinant: |lambda|^2 = 1 + 2 eta^2 alpha_ps a step
    growth = 0.5 * math.log1p(2 * eta**2 * alpha_ps) * float(ds.cycle_period)
    assert float(ds.cycle_growth) == pytest.approx(growth, rel=0.05)


def test_the_two_cycle_stays():
    ds = swept(axes={"eta": 0.25, "alpha_ps": 0.5, "beta": 1.0, "x0": 1.0}, record=1000).squeeze()
    assert ds.fate == reference.PERIODIC and ds.delta == 1.0 and abs(ds.x_last) == 1.0 and ds.y_last == 0.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axes": {"eta": 0.1}}, "axes: alpha_ps is missing"),
        ({"axes": {"eta": 0.1, "alpha_ps": -1}}, "axes.alpha_ps: must not be negative"),
        ({"axes": {"eta": 0.1, "alpha_ps": 1, "x0": 1e7}}, "axes.x0: must lie between -1e"),
        ({"axes": {"eta": 0.1, "alpha_ps": 1, "alpha": 0.5}}, "axes.alpha: self-stabilization has no alpha"),
        ({"axes": {"eta": 0.1, "alpha_ps": 1, "depth": 3}}, "axes.depth: self-stabilization has no depth"),
        ({"axes": {"eta": 0.1, "alpha_ps": 1, "seed": [1]}}, "axes.seed: self-stabilization has no seed"),
        ({"start": "balanced"}, "start: self-stabilization begins at the numbers of its axes"),
        ({"target": {"singular_values": [2, 1]}}, "target: self-stabilization learns none"),
        ({"observables": ["lyapunov"]}, "observables: self-stabilization cannot give lyapunov; it can give cycle, end"),
        ({"axes": {"eta": 0.1, "alpha_ps": 1, "s1": [1, 2]}}, "axes.s1: self-stabilization has no singular values"),
        (
            {"axes": {"eta": {"values": [1.0], "unit": "2/S1"}, "alpha_ps": 1}},
            "axes.eta: self-stabilization has no S_1",
        ),
        ({"target": {"matrix": [[1.0]]}}, "target: self-stabilization learns none"),
        ({"widths": [2, 2, 2]}, "widths: self-stabilization has no matrices"),
        (
            {"model": "modes", "axes": {"eta": 0.1, "alpha": 1, "depth": 2, "beta": 1}},
            "axes.beta: modes has no beta; it is of",
        ),
        ({"axes": {"eta": 0.1, "alpha_p": 1}}, "did you mean alpha_ps"),
    ],
)
def test_wrong_keys_are_named(changes, message):
    keys = {"model": "self-stabilization", "axes": {"eta": 0.1, "alpha_ps": 1.0}} | changes
    with pytest.raises(SweepError) as found:
        Sweep(**keys)
    assert message in str(found.value)
    assert "\n" not in str(found.value)
