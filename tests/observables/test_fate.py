"""What is irregular and what only slow: made signals, maps in plain NumPy, and matrices whose slow modes turn."""

import numpy as np
import pytest

from fastdln import Sweep, run
from fastdln.observables.fate import APERIODIC, DRIFTING, IRREGULAR, in_motion, with_period
from tests import reference


def verdict(window, s=1.0):
    size = len(window)
    early, late = (np.abs(half).max() for half in (window[: size // 2], window[size // 2 :]))
    longest = min(size // 2, 256)
    _, fate = with_period(window, 0, size, longest, s, max(early, late))
    return in_motion(window, 0, size, longest, s, early, late) if fate == IRREGULAR else fate


def balanced_orbit(depth, eta, record, start=0.8, steps=5000):
    rho, seen = start, []
    for _ in range(steps + record):
        rho -= eta * (rho**depth - 1) * rho ** (depth - 1)
        seen.append(rho**depth)
    return np.array(seen[-record:])


@pytest.mark.parametrize(
    "record", [64, 128, 512, 1024]
)  # of 64 states the docs say that they take chaos for drifting at times
@pytest.mark.parametrize(
    ("depth", "eta"),
    [
        (3, 0.92),
        (3, 1.1),
        (2, 1.5),
        (2, 1.32),  # two bands
        (3, 0.886),
        (4, 0.70),
    ],
)
def test_chaos_is_aperiodic(depth, eta, record):
    starts = np.linspace(0.7, 1.13, 8)
    found = [verdict(balanced_orbit(depth, eta, record, start)) for start in starts]
    assert found.count(APERIODIC) >= (6 if record < 128 else len(starts))


@pytest.mark.parametrize(("depth", "eta"), [(3, 0.9850), (3, 0.9865), (4, 0.7449541284403669)])
def test_chaos_with_long_nearly_periodic_stretches_is_aperiodic(depth, eta):
    """Just short of the window of period 3, which at L = 3 opens at 0.9872."""
    orbit = balanced_orbit(depth, eta, 1024)
    nearly = np.abs(orbit[3:] - orbit[:-3]) < 0.03
    assert nearly.mean() > 0.2, "it is of period 3, almost, for much of the time"
    assert verdict(orbit) == APERIODIC


@pytest.mark.parametrize("record", [64, 128, 512, 1024])
@pytest.mark.parametrize("turns", [1, 2, 3, 6])
@pytest.mark.parametrize("cycle", [1, 2])
def test_a_few_turns_are_a_drift(record, turns, cycle):
    """A wave of so many turns in the window, by itself or upon a two-cycle such as a faster mode forces on it."""
    t = np.arange(record)
    for phase in np.linspace(0.1, 3.0, 7):
        slow = 0.05 * np.cos(np.pi * turns * t / record + phase)
        assert verdict(0.8 + slow + 0.1 * (t % cycle)) == DRIFTING


def test_leaving_a_plateau_and_turning_once_is_a_drift():
    t = np.arange(512)
    rise = 1 / (1 + np.exp(-(t - 100) / 20)) + 0.1 * np.exp(-(((t - 300) / 60) ** 2))
    assert verdict(rise) == DRIFTING


def test_each_half_must_be_irregular():
    chaos, t = balanced_orbit(2, 1.5, 512), np.arange(256)
    slow = 0.8 + 0.05 * np.cos(np.pi * t / 100)
    assert verdict(chaos) == APERIODIC
    assert verdict(np.concatenate([chaos[:256], slow])) == DRIFTING
    assert verdict(np.concatenate([slow, chaos[256:]])) == DRIFTING


def test_slow_modes_of_full_matrices_do_not_oscillate():
    """Twenty modes of s = 1/i below the edge 2/S_1 = 0.5 are under way for thousands of steps, and turn now and then."""
    s, depth, (steps, record), etas = 1 / np.arange(1, 21), 4, (2000, 512), [0.2, 0.3, 0.32]
    sweep = Sweep(
        model="matrix",
        axes={"eta": etas, "alpha": 0.1, "depth": depth, "seed": [2]},
        target={"singular_values": s},
        start="gaussian",
        steps=steps,
        record=record,
    )
    ds = run(sweep, progress=False).squeeze()
    assert (ds.fate == DRIFTING).all()
    np.testing.assert_array_equal(ds.oscillating_modes, 0)
    start = [0.1 * reference.normal_numbers(layer, 20, seed=2) / np.sqrt(20) for layer in range(1, depth + 1)]
    for eta, at in zip(etas[1:], (ds.isel(eta=k) for k in (1, 2)), strict=True):
        products = reference.matrix_descent(start, np.diag(s), eta, steps + record)
        twin = reference.Run(products, s, eta, depth, steps, record, 256, 1, np.ones((depth, 20)))
        turned = np.diff(np.sign(np.diff(twin.window, axis=0)), axis=0) != 0
        assert turned.any(axis=0).sum() > 3, "several modes turn"
        assert reference.fate(twin)["fate"] == at.fate
        assert reference.oscillating_modes(twin)["oscillating_modes"] == at.oscillating_modes
        np.testing.assert_array_equal(reference.period(twin)["period"], at.period)
