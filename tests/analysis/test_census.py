"""The census: counts against plain NumPy, and advice that does what it says."""

import json
import re

import numpy as np
import pytest

from fastdln import DatasetError, Sweep, analysis, run, theory
from fastdln import open as open_store
from fastdln.analysis import blockwise
from fastdln.analysis.fate_census import Census, share, would_do
from fastdln.analysis.fate_counter import FateCounter
from fastdln.observables.fate import NAMES
from fastdln.theory.plateau import enough_steps, plateau_steps_of_layers
from tests.reference.maps import balanced_map, matrix_descent
from tests.small import SWEEP, made

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:alpha = 0", "ignore:.*points are not computed yet")

CORNER = {
    "eta": {"start": 0.05, "stop": 0.6, "num": 12},
    "alpha": {"start": 0.02, "stop": 0.5, "num": 9, "spacing": "log"},
}


def counts(fate):
    codes, numbers = np.unique(fate, return_counts=True)
    return {NAMES[code]: number for code, number in zip(codes, numbers, strict=True) if code}


def advised(census):
    """The numbers of steps that would do."""
    return [int(found.replace(",", "")) for found in re.findall(r"steps = ([\d,]+) would do", str(census))]


@pytest.mark.parametrize("values_per_block", [7, 10**9])
def test_counts_are_those_of_numpy(monkeypatch, tmp_path, values_per_block):
    monkeypatch.setattr(blockwise, "VALUES_PER_BLOCK", values_per_block)
    ds = made(SWEEP)
    fate = ds["fate"].values
    fate.flat[::7] = 0
    found = analysis.census(ds)
    assert found.fates == counts(fate)
    assert list(found.fates.values()) == sorted(found.fates.values(), reverse=True)
    assert (found.points, found.not_computed) == (fate.size, (fate == 0).sum())
    assert f"{(fate == 0).sum()} of {fate.size} points not computed" in str(found)
    assert analysis.census(ds.isel(eta=3)).fates == counts(fate[..., 3])


def test_a_store_is_counted_as_the_arrays_are(tmp_path):
    stored = run(SWEEP, tmp_path / "s.zarr")
    assert str(analysis.census(open_store(tmp_path / "s.zarr"))) == str(analysis.census(run(SWEEP)))
    assert analysis.census(stored).fates == counts(stored.fate.values)


def test_codes_that_nobody_has_written_count_as_nothing():
    ds = made(SWEEP)
    ds["fate"].values[...] = 200
    assert str(analysis.census(ds)) == "fate: nothing is computed yet"
    assert analysis.census(ds).not_computed == ds["fate"].size


@pytest.mark.parametrize(
    ("count", "total", "text"),
    [
        (1, 1, "100 %"),
        (999_999, 1_000_000, "99.9 %"),
        (1, 1_000_000, "under 0.1 %"),
        (24, 1000, "2.4 %"),
        (63, 100, "63 %"),
        (0, 5, "0 %"),
        (999, 1000, "99.9 %"),
    ],
)
def test_shares_make_sense(count, total, text):
    assert share(count, total) == text


@pytest.mark.parametrize(
    ("steps", "number"),
    [(38_001.2, "39,000"), (40_000, "40,000"), (7.1, "8"), (99.5, "100"), (101, "110"), (0.0, None)],
)
def test_steps_are_rounded_up_to_two_digits(steps, number):
    assert would_do(steps) == (f": steps = {number} would do" if number else "")


def one_zero(depth, alpha):
    return [np.eye(1) * alpha * (layer < depth - 1) for layer in range(depth)]


@pytest.mark.parametrize(("depth", "alpha"), [(2, 0.01), (2, 0.3), (3, 0.02), (3, 0.1), (4, 0.1), (4, 0.2)])
@pytest.mark.parametrize("start", ["one-zero", "balanced"])
def test_plateaus_are_those_of_the_plain_recursion(start, depth, alpha):
    """Of gradient descent on matrices of one entry: when it passes s/2, and that it stands still where it is said to."""
    eta, s = 0.1, 0.8
    layers = np.ones((depth, 1))
    layers[-1] = start == "balanced"
    plateau = float(plateau_steps_of_layers(layers, alpha, eta, np.array([s]))[0])
    enough = int(np.ceil(enough_steps(plateau, eta, s, depth)))
    if start == "balanced":
        orbit = balanced_map([np.eye(1) * alpha] * depth, [s], eta, enough + 10)[:, 0]
    else:
        orbit = matrix_descent(one_zero(depth, alpha), np.eye(1) * s, eta, enough + 10)[:, 0]
    left = int(np.argmax(orbit > s / 2))
    # the formulas are of the map near 0; close to s/2 the orbit is slower by a part of an e-folding
    assert 0.95 * plateau - 1 <= left <= 1.1 * plateau + 0.5 / (eta * s)
    assert np.ptp(orbit[enough:]) < 1e-9 * s
    assert abs(orbit[enough] - s) < 1e-6 * s


@pytest.mark.parametrize("depth", [2, 3, 4])
@pytest.mark.parametrize("start", ["one-zero", "balanced"])
def test_the_advised_steps_do(depth, start):
    keys = {
        "model": "modes",
        "axes": CORNER | {"depth": depth},
        "target": {"singular_values": [1.0, 0.4]},
        "start": start,
        "record": 128,
        "observables": ["escape_step"],
    }
    short = run(Sweep(steps=100, **keys))
    census = analysis.census(short)
    assert "not left 0" in str(census)
    assert "too slowly" in str(census)
    longer = run(Sweep(steps=max(advised(census)), **keys))
    again = analysis.census(longer)
    assert not again.advice
    assert (longer.escape_step >= 0).all()
    # what drifts now is where nothing was promised: at 2/S, or beyond it
    edge = longer.eta * theory.stability_limit(np.array([1.0, 0.4]), depth).max()
    assert not ((longer.fate == 6) & (edge < 1.98)).any()


def test_who_has_not_left_is_what_escape_step_says():
    axes = CORNER | {"depth": [2, 3]}
    keys = {"model": "modes", "axes": axes, "target": {"singular_values": [1.0, 0.4, 0.1, 0.0]}, "record": 128}
    ds = run(Sweep(steps=100, observables=["escape_step"], **keys))
    waits = (ds.escape_step < 0) | (ds.escape_step > 100)
    waits = waits.values[..., :3] & (ds.fate.values == 6)[..., None]
    points, many = int(waits.any(-1).sum()), waits.sum(-1)
    assert many[many > 0].min() < many.max() == 3
    assert f"up to 3 of 4 modes have not left 0 at {points} points by step 100: steps" in str(analysis.census(ds))
    # without it the theory tells, which is right but for points that leave just then
    guess = str(analysis.census(run(Sweep(steps=100, observables=[], **keys))))
    assert int(re.search(r"not left 0 at (\d+) points", guess)[1]) == pytest.approx(points, rel=0.1)
    one = analysis.census(ds.isel(mode=[2]))
    assert f"the mode has not left 0 at {waits[..., 2].sum()} points" in str(one)


def test_swept_singular_values_have_plateaus_of_their_own():
    axes = {"eta": 0.1, "s2": [0.05, 0.5, 1.0], "alpha": 0.01, "depth": 3}
    keys = {"model": "modes", "axes": axes, "target": {"singular_values": [2.0, 0.3]}, "record": 128}
    census = analysis.census(run(Sweep(steps=1700, observables=[], **keys)))
    assert "1 of 2 modes has not left 0 at 2 points by step 1,700" in str(
        census
    )  # pi/2 / (alpha eta s) is 1,571 at s = 1
    assert advised(census)[0] >= np.pi / 2 / (0.01 * 0.1 * 0.05)
    assert not analysis.census(run(Sweep(steps=advised(census)[0], observables=[], **keys))).advice


def test_the_saddle_itself_is_left_by_no_number_of_steps():
    axes = {"eta": [0.1, 0.2], "alpha": [0.0, 0.5], "depth": 2}
    census = analysis.census(run(Sweep(model="modes", axes=axes, steps=500, record=64)))
    assert "at 2 points by step 500, and no number of steps would do at all of them" in str(census)
    assert not advised(census)


def test_nothing_is_said_where_nothing_is_known():
    """Drifting just past 2/S, and random starts; a map of somebody's own has no closed form either."""
    past = Sweep(model="modes", axes={"eta": [1.001, 1.2], "alpha": 0.5, "depth": 2}, steps=1000, record=128)
    ds = made(past)
    ds["fate"].values[...] = 6
    assert analysis.census(ds).advice == ()
    axes = {"eta": 0.01, "alpha": 0.01, "depth": 2}
    gaussian = Sweep(model="matrix", start="gaussian", axes=axes, steps=2, record=128, observables=["escape_step"])
    census = analysis.census(run(gaussian))
    assert census.advice == ("the mode has not left 0 at 1 point by step 2",)
    ds = made(Sweep(model="modes", axes=axes, steps=2, record=128))
    ds["fate"].values[...] = 6
    assert advised(analysis.census(ds))
    own = json.loads(ds.attrs["sweep"]) | {"model": "mine"}
    ds.attrs |= {"sweep": json.dumps(own), "registered": json.dumps({"mine": "0" * 64})}
    assert analysis.census(ds).advice == ()


def test_no_number_is_given_where_it_is_unknown_of_a_mode():
    """Layers that are neither equal nor one-zero have no closed form."""
    start = {"spectral": [[0.01, 0.01], [0.01, 0.02], [0.0, 0.03]]}
    keys = {"axes": {"eta": 0.1, "alpha": 1.0, "depth": 3}, "target": {"singular_values": [1.0, 0.5]}}
    ds = run(Sweep(model="modes", start=start, steps=10, record=128, observables=["escape_step"], **keys))
    assert analysis.census(ds).advice == ("2 of 2 modes have not left 0 at 1 point by step 10",)
    assert advised(analysis.census(ds.isel(mode=[0])))


def test_further_advice():
    keys = {"model": "modes", "steps": 2000, "observables": []}
    far = run(Sweep(axes={"eta": [3.0, 4.0], "alpha": 0.3, "depth": [2, 3]}, **keys, record=128))
    assert (
        str(analysis.census(far)) == "fate: 100 % diverged; none settled: minima are stable below eta = 0.667 (2/S_1)"
    )
    chaos = {"eta": {"start": 1.4, "stop": 1.9, "num": 50}, "alpha": 0.3, "depth": 2}
    short = run(Sweep(axes=chaos, **keys, record=256, period_max=20))
    aperiodic = int((short.fate == 3).sum())
    assert f"{aperiodic} points have no period up to 20" in str(analysis.census(short))
    assert analysis.census(run(Sweep(axes=chaos, **keys, record=512))).advice == ()
    ds = made(Sweep(axes=chaos, **keys, record=32))
    ds["fate"].values[...] = 6
    assert "50 points beyond 2/S drift over a record of 32, which is short" in str(analysis.census(ds))


def test_searches_that_did_not_converge_are_counted():
    axes = {"eta": [0.1, 0.2], "alpha": 0.5, "depth": 2, "seed": [0, 1]}
    keys = {"target": {"singular_values": [1.0, 0.5]}, "start": "gaussian", "steps": 50, "record": 128}
    ds = made(Sweep(model="matrix", axes=axes, observables=["sharpness"], **keys))
    ds["fate"].values[...] = 1
    ds["sharpness_unconverged"].values[...] = 0
    assert analysis.census(ds).advice == ()
    ds["sharpness_unconverged"].values.flat[:3] = 2
    assert analysis.census(ds).advice == ("the search for the sharpness did not converge at 3 points",)


@pytest.mark.parametrize(
    "change", [{"record": "x"}, {"record": None}, {"period_max": 1.5}, {"start": {"spectral": [[1.0, 2.0, 3.0]]}}]
)
def test_a_sweep_of_a_stranger_is_one_line(change):
    ds = made(SWEEP)
    ds["fate"].values[...] = 6
    ds.attrs["sweep"] = json.dumps(json.loads(ds.attrs["sweep"]) | change)
    with pytest.raises(DatasetError, match="sweep"):
        analysis.census(ds)


def test_counted_in_pieces_it_is_the_same():
    rng = np.random.default_rng(1)
    coordinates = {"depth": np.array([2, 3]), "alpha": np.geomspace(0.01, 1, 6), "eta": np.linspace(0.05, 1.5, 8)}

    def layers(depth):
        return np.array([[1.0, 1.0]] * (depth - 1) + [[0.0, 0.0]])

    keys = {"steps": 100, "record": 64, "longest_period": 32, "singular_values": np.array([1.0, 0.3])}
    counter = FateCounter(**keys, layers={"one-zero": layers}, coordinates=coordinates)
    fate = rng.choice([0, 1, 6, 6], size=(2, 6, 8)).astype(np.uint8)
    at_once, pieces = (
        counter.count(fate, coordinates),
        counter.count(fate[:, :, :0], coordinates | {"eta": np.zeros(0)}),
    )
    for a in range(6):
        pieces.add(counter.count(fate[:, a : a + 1], coordinates | {"alpha": coordinates["alpha"][a : a + 1]}))
    assert pieces == at_once
    assert at_once.waiting
    assert at_once.slow


def test_a_census_can_be_kept_in_a_set():
    one, same = (Census(3, 1, {"converged": 2}) for _ in range(2))
    assert len({one, same}) == 1
