"""Advice of the census that holds: it is followed, or held against the plain recursion."""

import warnings

import numpy as np
import pytest

from fastdln import Sweep, analysis, plan, run, theory
from fastdln.analysis.asked import asked_of
from fastdln.analysis.fate_census import conclude
from fastdln.analysis.fate_counter import FateCounter
from fastdln.execution.task import counted, fate_counter
from fastdln.models import MODELS
from fastdln.observables.fate import DRIFTING
from fastdln.sweep.grid import Grid
from tests.analysis.test_census import advised, one_zero
from tests.commands import invoke
from tests.reference.maps import balanced_map, matrix_descent
from tests.small import FILE, made

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:alpha = 0", "ignore:.*points are not computed yet")

CLEAR = "record = 128 tells chaos"
BEYOND = {"eta": [1.3, 1.45], "alpha": 0.3, "depth": 2}


def of_run(sweep, ds):
    """The census that the run of this sweep counts, of the same results."""
    grid = Grid(sweep)
    counter = fate_counter(grid)
    slices = tuple(slice(0, size) for size in grid.shape)
    arrays = {name: ds[name].values for name in ("fate", "escape_step") if name in ds}
    return conclude(counter, counted(counter, grid, slices, arrays), ds.fate.size)


def census_of(sweep):
    ds = run(sweep)
    found = analysis.census(ds)
    assert of_run(sweep, ds) == found
    return found


def left_by(start, depth, alpha, eta, s, steps):
    """Whether gradient descent on matrices of one entry has passed s/2 by then."""
    if start == "balanced":
        orbit = balanced_map([np.eye(1) * alpha] * depth, [s], eta, steps)[:, 0]
    else:
        orbit = matrix_descent(one_zero(depth, alpha), np.eye(1) * s, eta, steps)[:, 0]
    return bool((orbit > s / 2).any())


@pytest.mark.parametrize("observables", [[], ["escape_step"]])
def test_a_mode_with_nothing_to_learn_waits_for_nothing(observables):
    axes = {"eta": [0.05, 0.3, 0.6], "alpha": [0.1, 0.4], "depth": 2, "s2": [0.0, 0.1, 0.4]}
    keys = {"model": "modes", "target": {"singular_values": [1.0, 0.5]}, "record": 128, "observables": observables}
    census = census_of(Sweep(axes=axes, steps=17, **keys))
    without = census_of(Sweep(axes=axes | {"s2": [0.1, 0.4]}, steps=17, **keys))
    assert "no number of steps" not in " ".join(census.advice)
    assert advised(census) == advised(without)
    waiting = 0
    for eta in axes["eta"]:
        for alpha in axes["alpha"]:
            for s2 in axes["s2"]:
                waiting += not all(left_by("one-zero", 2, alpha, eta, s, 17) for s in (1.0, s2) if s > 0)
    assert f"at {waiting} points" in str(census)
    again = census_of(Sweep(axes=axes, steps=max(advised(census)), **keys))
    assert again.fates == {"converged": again.points}


def test_starts_along_an_axis_are_counted_each_by_its_own_theory():
    eta, alpha, depths, starts = [0.1, 0.5], [0.003, 0.05], [2, 3], ["one-zero", "balanced"]
    axes = {"eta": eta, "alpha": alpha, "depth": depths, "start": starts}
    keys = {"model": "modes", "record": 64, "observables": []}
    sweep = Sweep(axes=axes, steps=44, **keys)
    ds = run(sweep)
    census = analysis.census(ds)
    assert of_run(sweep, ds) == census
    waiting = {
        start: sum(not left_by(start, depth, a, e, 1.0, 44) for depth in depths for a in alpha for e in eta)
        for start in starts
    }
    assert waiting["one-zero"] != waiting["balanced"]
    assert f"has not left 0 at {sum(waiting.values())} points by step 44" in str(census)
    for start in starts:
        assert f"has not left 0 at {waiting[start]} points" in str(analysis.census(ds.sel(start=start)))
    again = run(Sweep(axes=axes, steps=max(advised(census)), **keys))
    drifting = (again.fate == DRIFTING) & (again.eta * theory.stability_limit(1.0, again.depth) < 1.98)
    assert not drifting.any()
    assert "not left 0" not in str(analysis.census(again))


def test_models_along_an_axis_are_counted_too():
    axes = {"eta": [0.1, 0.5], "alpha": 0.003, "depth": 2, "model": ["modes", "matrix"]}
    sweep = Sweep(axes=axes, steps=8, record=64, observables=[], start="one-zero")
    census = census_of(sweep)
    assert not any(left_by("one-zero", 2, 0.003, eta, 1.0, 8) for eta in axes["eta"])
    assert "the mode has not left 0 at 4 points by step 8" in str(census)
    axes = {name: np.atleast_1d(values) for name, values in axes.items()} | {"model": np.array(["modes", "mine"])}
    counter = FateCounter(
        steps=8,
        record=64,
        longest_period=32,
        singular_values=np.ones(1),
        layers={"one-zero": lambda depth: np.array([[1.0], [0.0]])},
        coordinates=axes,
        own=["mine"],
    )
    tally = counter.count(np.full((2, 1, 1, 2), DRIFTING, dtype=np.uint8), axes)
    assert tally.waiting == 2


@pytest.mark.parametrize("start", ["gaussian", "orthogonal", {"layers": [[[0.5]], [[1.0]], [[0.3]]]}])
def test_no_record_is_advised_where_nobody_knows_who_waits(start):
    """At this scale points wait for longer than the record that would be advised."""
    keys = {"model": "matrix", "axes": BEYOND | {"alpha": 1e-3, "depth": 3}, "start": start, "steps": 3}
    if start == "orthogonal":  # a single entry may have the wrong sign, and collapse
        keys["target"] = {"singular_values": [1.0, 0.9]}
    short = run(Sweep(record=16, observables=["period"], **keys))
    assert (short.fate == DRIFTING).all()
    assert (run(Sweep(record=128, observables=["period"], **keys)).fate == DRIFTING).all()
    assert analysis.census(short).advice == ()
    # escape_step tells
    ds = made(Sweep(record=16, observables=["period", "escape_step"], **keys))
    ds["fate"].values[...], ds["escape_step"].values[...] = DRIFTING, 2
    assert f"2 points beyond 2/S drift over a record of 16, which is short: {CLEAR}" in str(analysis.census(ds))


def test_layers_without_a_closed_form_are_told_mode_by_mode():
    start = {"spectral": [[0.2, 1.0], [0.1, 1.0], [0.0, 0.0]]}
    axes = BEYOND | {"depth": 3, "eta": 0.8, "alpha": 0.6}
    keys = {"target": {"singular_values": [1.0, 1.0]}, "steps": 500, "record": 64, "observables": []}
    ds = made(Sweep(model="modes", start=start, axes=axes, **keys))
    ds["fate"].values[...] = DRIFTING
    assert CLEAR not in str(analysis.census(ds))
    assert CLEAR in str(analysis.census(ds.isel(mode=[1])))


def test_no_record_is_advised_where_another_mode_is_on_its_way():
    """The first mode is on a cycle, the second still comes to its minimum; with a longer record it drifts as before."""
    axes, keys = BEYOND | {"eta": 1.2}, {"model": "modes", "target": {"singular_values": [1.0, 0.02]}, "steps": 100}
    short = Sweep(axes=axes, record=64, observables=["escape_step", "period"], **keys)
    census = census_of(short)
    assert census.fates == analysis.census(run(Sweep(axes=axes, record=128, **keys))).fates == {"drifting": 1}
    assert left_by("one-zero", 2, 0.3, 1.2, 0.02, 100)
    assert CLEAR not in str(census)


@pytest.mark.parametrize(
    ("observables", "keys", "says"),
    [
        (["escape_step", "divergence_step"], {}, False),
        ([], {"trajectory": 5}, False),
        (["escape_step", "period"], {}, True),
        (["divergence_step", "lyapunov"], {}, True),
        ([], {}, True),
    ],
)
def test_a_longer_record_is_advised_only_where_it_is_asked_about(observables, keys, says):
    chaos = {"eta": {"start": 1.4, "stop": 1.9, "num": 20}, "alpha": 0.3, "depth": 2}
    sweep = Sweep(model="modes", axes=chaos, steps=1000, record=40, observables=observables, **keys)
    census = census_of(sweep)
    assert census.fates["aperiodic"]
    assert ("have no period up to 20" in str(census)) == says
    if says:
        longer = Sweep(model="modes", axes=chaos, steps=1000, record=512, period_max=256, observables=observables)
        assert not census_of(longer).advice
    ds = made(sweep)
    ds["fate"].values[...] = DRIFTING
    assert (CLEAR in str(analysis.census(ds))) == says


def test_even_strides_hide_the_two_cycle():
    axes = {"eta": [0.3, 1.2], "alpha": 0.3, "depth": 2}
    states = matrix_descent(one_zero(2, 0.3), np.eye(1), 1.2, 1200)[1000:, 0]
    seen = {every: len(np.unique(np.round(states[::every], 9))) for every in (3, 4, 5)}
    assert seen == {3: 2, 4: 1, 5: 2}
    line = "trajectory = 4 is even: it keeps one of the two states of a two-cycle; 3 or 5 keep both"
    keys = {"model": "modes", "steps": 1000, "record": 128, "target": {"singular_values": [1.0, 0.5]}}
    assert census_of(Sweep(axes=axes, trajectory=4, **keys)).advice == (line,)
    assert census_of(Sweep(axes=axes, trajectory=5, **keys)).advice == ()
    assert census_of(Sweep(axes=axes | {"eta": 0.3}, trajectory=4, **keys)).advice == ()
    sampled = Sweep(axes=axes, sharpness_every=2, observables=["sharpness"], **keys)
    (line,) = census_of(sampled).advice
    assert line == "sharpness_every = 2 is even: it looks at one of the two states of a two-cycle; 1 or 3 look at both"
    assert asked_of(MODELS["modes"], ["mixing", "loss"], {"sharpness_every": 2}).even_strides() == []


def test_plan_says_so_too_where_the_grid_reaches_beyond_the_edge(tmp_path):
    keys = {"model": "modes", "steps": 1000, "record": 128, "trajectory": 4}
    axes = {"eta": [0.3, 1.2], "alpha": 0.3, "depth": 2}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lines = plan(Sweep(axes=axes, **keys)).warnings
        run(Sweep(axes=axes, **keys))
    assert lines == ["trajectory = 4 is even: it keeps one of the two states of a two-cycle; 3 or 5 keep both"]
    (sweep_file := tmp_path / "small.toml").write_text(FILE)
    sets = ["axes.eta=[0.3, 1.2]", "trajectory=4", "steps=1000"]
    said = invoke("plan", sweep_file, "--no-probe", *(word for change in sets for word in ("--set", change)))
    assert f"warning: {lines[0]}" in said.stderr.splitlines()
    assert plan(Sweep(axes=axes | {"eta": [0.3, 0.9]}, **keys)).warnings == []
    assert plan(Sweep(axes=axes, **keys | {"trajectory": 3})).warnings == []


def test_the_line_has_two_pieces_and_the_most_useful_first():
    axes = {"eta": {"start": 0.05, "stop": 1.9, "num": 60}, "alpha": [0.02, 0.3], "depth": 2}
    keys = {"model": "modes", "steps": 60, "record": 40, "target": {"singular_values": [1.0, 0.4]}}
    census = census_of(Sweep(axes=axes, trajectory=4, **keys))
    assert len(census.advice) > 2
    assert str(census).endswith("; ".join(census.advice[:2]))
    numbers = [int(line.partition(" point")[0].rpartition(" ")[2]) for line in census.advice[:-1]]
    assert numbers == sorted(numbers, reverse=True)
    assert census.advice[-1].startswith("trajectory = 4 is even")
