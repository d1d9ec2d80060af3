"""Chunks: every point in exactly one, sizes within their bounds, nothing slow on large grids."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastdln import Sweep, SweepError
from fastdln.sweep import axes
from fastdln.sweep.checks import trajectory_bytes
from fastdln.sweep.grid import CHUNK_BYTES, MOST_CHUNK_BYTES, MOST_CHUNKS, MOST_POINTS, Grid


def sweep_of(eta, alpha, depth=1, s1=1, **keys):
    def axis(n, low):
        return {"start": low, "stop": low + 1, "num": n} if n > 1 else low

    axes = {
        "eta": axis(eta, 0.1),
        "alpha": axis(alpha, 0.1),
        "depth": list(range(2, 2 + depth)),
        "s1": axis(s1, 0.5),
    }
    return Sweep(model="modes", axes=axes, **keys)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 700), st.integers(1, 300), st.integers(1, 3), st.integers(1, 3), st.integers(0, 10**7))
def test_every_point_is_in_exactly_one_chunk(eta, alpha, depth, s1, steps):
    grid = Grid(sweep_of(eta, alpha, depth, s1, steps=steps))
    seen = np.zeros(grid.shape, dtype=int)
    for number in range(grid.chunks):
        seen[grid.slices(number)] += 1
    assert (seen == 1).all()
    assert grid.chunk_shape[0] == 1, "each depth has its own kernel"


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 10**5), st.integers(1, 10**5), st.integers(0, 10**9), st.integers(1, 4096), st.integers(1, 20))
def test_chunks_stay_within_their_bounds(eta, alpha, steps, samples, modes):
    sweep = sweep_of(
        eta,
        alpha,
        steps=steps,
        record=4096,
        orbit_samples=samples,
        observables=["orbit"],
        target={"singular_values": [1.0] * modes},
    )
    try:
        grid = Grid(sweep)
    except SweepError as refused:  # no shape within these bounds has few enough chunks
        assert str(refused).startswith("chunks: ")
        assert eta * alpha * 16 * samples * modes > MOST_CHUNKS * CHUNK_BYTES
        return
    points = np.prod(grid.chunk_shape)
    assert 1 <= points <= MOST_POINTS
    assert points == 1 or points * grid.bytes_per_point <= CHUNK_BYTES


def test_coordinates_are_those_of_numpy():
    axes = {
        "eta": {"start": 0.6, "stop": 1.0, "num": 101},
        "alpha": {"start": 1e-3, "stop": 1.0, "num": 31, "spacing": "log"},
        "depth": [2, 5],
    }
    grid = Grid(Sweep(model="modes", axes=axes))
    np.testing.assert_array_equal(grid.coordinates["eta"], np.linspace(0.6, 1.0, 101))
    np.testing.assert_array_equal(grid.coordinates["alpha"], np.geomspace(1e-3, 1.0, 31))
    assert grid.coordinates["depth"].dtype == np.int64
    values = grid.values(grid.slices(0))
    assert set(values) == {"depth", "alpha", "eta"}


def test_asked_chunks_are_used():
    grid = Grid(sweep_of(100, 50, chunks={"eta": 7, "alpha": 1000}))
    assert dict(zip(grid.dims, grid.chunk_shape, strict=True))["eta"] == 7
    assert dict(zip(grid.dims, grid.chunk_shape, strict=True))["alpha"] == 50


@pytest.mark.parametrize("steps", [100, 10_000, 10**7])
def test_a_large_grid_is_only_arithmetic(steps):
    tracemalloc.start()
    grid = Grid(sweep_of(10_000, 10_000, steps=steps))
    assert grid.points == 10**8
    assert grid.chunks < 120_000
    grid.slices(grid.chunks - 1)
    assert tracemalloc.get_traced_memory()[1] < 10**7, "nothing here may hold something a point, or a chunk"
    tracemalloc.stop()


def test_a_depth_axis_in_even_ratios_is_whole():
    axes = {"eta": 0.5, "alpha": 0.1, "depth": {"start": 2, "stop": 32, "num": 5, "spacing": "log"}}
    assert Grid(Sweep(model="modes", axes=axes)).coordinates["depth"].tolist() == [2, 4, 8, 16, 32]


@pytest.mark.parametrize(
    ("sweep", "shape", "words"),
    [
        ({"eta": 10**5, "alpha": 10**5, "chunks": {"eta": 1, "alpha": 1}}, None, "10,000,000,000 of them are more"),
        ({"eta": 10**5, "alpha": 10**5}, (1, 1, 1, 1), "10,000,000,000 of them are more"),
        (
            {"eta": 30_000, "alpha": 30_000, "chunks": {"eta": 30_000, "alpha": 30_000}},
            None,
            "one of 900,000,000 points",
        ),
        (
            {"eta": 30_000, "alpha": 30_000, "shards": {"eta": 30_000, "alpha": 30_000}},
            None,
            "one of 900,000,000 points",
        ),
        ({"eta": 10, "alpha": 10}, (1, 1, 30_000, 30_000), "one of 900,000,000 points"),
        ({"eta": 10, "alpha": 10}, (1, 1, 10, 0), "must be 1 or more"),
        (
            {"eta": 10, "alpha": 10, "observables": ["orbit"], "record": 10**10, "orbit_samples": 2**31},
            None,
            "a single point takes .* fewer modes",
        ),
    ],
)
def test_what_no_machine_can_bear_is_refused_before_it_takes_memory(sweep, shape, words):
    asked = sweep_of(**sweep)
    tracemalloc.start()
    with pytest.raises(SweepError, match=f"^chunks: .*{words}"):
        Grid(asked, shape)
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()


def test_the_longest_trajectory_of_a_point_fits_a_chunk():
    """A trajectory of one point may take all that a sweep's may."""
    sweep = sweep_of(1, 1, steps=99 * 10**6, record=64, trajectory=1, observables=[])
    assert 3.5e9 < trajectory_bytes(sweep) < Grid(sweep).working_bytes < MOST_CHUNK_BYTES


def test_axes_longer_than_memory_likes_are_refused(monkeypatch):
    with pytest.raises(SweepError, match=r"axes.eta.num: .*10000000"):
        sweep_of(200_000_000, 1)
    monkeypatch.setattr(axes, "LONGEST_AXIS", 3)
    with pytest.raises(SweepError, match=r"axes.eta: must have at most 3 values \(got 4\)"):
        Sweep(model="modes", axes={"eta": [0.1, 0.2, 0.3, 0.4], "alpha": 0.1, "depth": 2})


def test_windows_that_fill_the_memory_are_refused():
    """Those of the longest period fit for a few modes, and not for a hundred."""
    keys = {"model": "modes", "axes": {"eta": 0.1, "alpha": 0.5, "depth": 2}, "period_max": 32_767, "record": 131_068}
    Grid(Sweep(**keys, target={"singular_values": [1.0] * 5}))
    with pytest.raises(
        SweepError, match=r"^period_max: the 131,068 states of 100 modes .* take 7\.6 GB in each thread"
    ):
        Grid(Sweep(**keys, target={"singular_values": [1.0] * 100}))
