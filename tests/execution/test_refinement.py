"""Refinement along a boundary: computed points have the bits of the whole finer grid, and the chunks are those of a plain twin."""

import shutil
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
import xarray as xr

import fastdln
from fastdln import StoreError, Sweep, SweepError
from fastdln.sweep.levels import levels_of
from tests.reference.levels import level, spread
from tests.small import identical

LEVELS = 3
CHUNK = (5, 6)
SWEEP = Sweep(
    title="a boundary",
    model="modes",
    axes={
        "eta": {"start": 0.2, "stop": 1.9, "num": 17},
        "alpha": {"start": 0.2, "stop": 1.0, "num": 11, "spacing": "log"},
        "depth": 3,
    },
    target={"singular_values": [1.0, 0.3]},
    steps=200,
    record=32,
    observables=["period", "loss", "oscillating_modes"],
    chunks={"alpha": CHUNK[0], "eta": CHUNK[1]},
)


@pytest.fixture(scope="module")
def fine():
    """Undisturbed runs of the whole grid of each level."""
    return [fastdln.run(sweep) for sweep in levels_of(SWEEP, LEVELS)]


@pytest.fixture(scope="module")
def refined(tmp_path_factory):
    folder = tmp_path_factory.mktemp("refined")
    fastdln.run(SWEEP, store=folder / "coarse.zarr")
    events = []
    fastdln.refine(folder / "coarse.zarr", folder / "fine.zarr", boundary="fate", levels=LEVELS, on_event=events.append)
    return folder, events


@pytest.fixture
def here(refined, tmp_path):
    """A copy of the store and of its levels."""
    for name in ("coarse.zarr", "fine.zarr"):
        shutil.copytree(refined[0] / name, tmp_path / name)
    return tmp_path


def files(folder):
    """Every chunk's file of a group of levels, and its bytes."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and p.name != "zarr.json"
    }


def test_levels_open_and_have_the_bits_of_the_whole_grid_where_they_are_computed(refined, fine):
    folder, _ = refined
    for number, whole in enumerate(fine, start=1):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = xr.open_zarr(folder / "fine.zarr" / str(number)).load()
        computed = found.computed.values[0] == 1
        assert 0.2 < computed.mean() <= 1.0
        for name in whole.data_vars:
            ours, theirs = found[name].values[0], whole[name].values[0]
            assert ours[computed].tobytes() == theirs[computed].tobytes(), name
            if name != "fate":
                fill = np.nan if ours.dtype.kind == "f" else np.iinfo(ours.dtype).min
                np.testing.assert_array_equal(ours[~computed], np.full_like(ours[~computed], fill), name)
        assert (found.fate.values[0][~computed] != 0).all()
        for name in ("eta", "alpha"):
            assert found[name].values.tobytes() == whole[name].values.tobytes()
        assert found.attrs["complete"] == 1
        assert found.attrs["title"] == "a boundary"
        assert found.attrs["parent_sweep_sha256"] == SWEEP.sha256()
    assert computed.mean() < 0.9


def test_chunks_are_those_of_the_plain_twin(refined, fine):
    folder, events = refined
    before, points = fastdln.open(folder / "coarse.zarr").fate.values[0], 0
    known = np.ones(before.shape, dtype=bool)
    for number, whole in enumerate(fine, start=1):
        found, codes = xr.open_zarr(folder / "fine.zarr" / str(number)).load(), whole.fate.values[0]
        chosen, drawn, inherited = level(before, codes, CHUNK, found.attrs["sweep_sha256"])
        chosen, drawn = (spread(chunks, CHUNK, codes.shape) for chunks in (chosen, drawn))
        np.testing.assert_array_equal(found.computed.values[0] == 1, chosen)
        np.testing.assert_array_equal(found.fate.values[0], np.where(chosen, codes, inherited))
        assert found.attrs["points_computed"] == chosen.sum()
        assert found.attrs["points_sampled"] == drawn.sum()
        assert found.attrs["points_differing"] == (drawn & (codes != inherited)).sum()
        old = np.zeros(codes.shape, dtype=bool)
        old[::2, ::2] = known
        points += int((chosen & ~old).sum())  # those that the level before has computed are taken over
        before, known = found.fate.values[0], chosen
    assert sum(event.points for event in events) == points


def test_the_boundary_of_another_code(tmp_path, fine):
    fastdln.run(SWEEP, store=tmp_path / "coarse.zarr")
    found = fastdln.refine(tmp_path / "coarse.zarr", tmp_path / "fine.zarr", boundary="period", levels=2).load()
    computed = found.computed.values[0] == 1
    assert (found.period.values[0] >= -1).all(), "inherited with the fate"
    for name in ("period", "fate"):
        assert (found[name].values[0] != fine[1][name].values[0])[~computed].mean() < 0.02, name
    assert found.loss[0].isnull().values[~computed].all()


def test_depths_and_seeds_keep_diagrams_of_their_own(tmp_path):
    sweep = Sweep(**SWEEP.model_dump() | {"axes": SWEEP.axes | {"depth": [2, 3]}})
    fastdln.run(sweep, store=tmp_path / "coarse.zarr")
    found = fastdln.refine(tmp_path / "coarse.zarr", tmp_path / "fine.zarr", boundary="fate").load()
    whole = fastdln.run(levels_of(sweep, 1)[0])
    computed = found.computed.values == 1
    assert computed.any((1, 2)).all() and not computed.all((1, 2)).any()
    assert (found.computed[0] != found.computed[1]).any()
    assert found.fate.values[computed].tobytes() == whole.fate.values[computed].tobytes()
    assert (found.fate.values != whole.fate.values).mean() < 0.02


def test_it_goes_on_after_kills_and_computes_nothing_twice(refined, tmp_path):
    """Killed some six times, each after as many writes as make another chunk incomplete."""
    shutil.copytree(refined[0] / "coarse.zarr", tmp_path / "coarse.zarr")
    code = (
        "import os, sys, fastdln, dask\n"
        "from fastdln.storage.location import regular_files\n"
        "left, write = [int(sys.argv[1])], regular_files.write\n"
        "def killing(*words):\n"
        "    left[0] -= 1\n"
        "    os._exit(9) if left[0] < 0 else write(*words)\n"
        "regular_files.write = killing\n"
        "fastdln.refine('coarse.zarr', 'fine.zarr', boundary='fate', levels=3)\n"
    )
    seen = {}
    for attempt in range(40):
        done = subprocess.run([sys.executable, "-c", code, str(300 + 40 * attempt)], cwd=tmp_path, capture_output=True, text=True)  # fmt: skip
        group = tmp_path / "fine.zarr"
        written = group.rglob("fate/c/*/*/*") if group.exists() else ()
        now = {path: path.stat().st_mtime_ns for path in written if path.suffix != ".partial"}
        assert now.items() >= seen.items(), "a finished chunk is not written again"
        seen = now
        if done.returncode != 9:
            break
    assert done.returncode == 0, done.stderr
    assert attempt > 3
    assert files(tmp_path / "fine.zarr") == files(refined[0] / "fine.zarr")
    assert fastdln.verify(tmp_path / "fine.zarr").whole


def test_a_signal_ends_it_and_it_goes_on(refined, tmp_path):
    shutil.copytree(refined[0] / "coarse.zarr", tmp_path / "coarse.zarr")
    words = [
        sys.executable,
        "-m",
        "fastdln",
        "refine",
        "coarse.zarr",
        "-o",
        "fine.zarr",
        "--boundary",
        "fate",
        "--levels",
        "3",
    ]
    child = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 120
        while not any((tmp_path / "fine.zarr" / "2" / "fate" / "c").rglob("*")) and time.monotonic() < deadline:
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        stderr = child.communicate(timeout=120)[1]
    finally:
        child.kill()
    assert child.returncode in (0, 3), stderr
    assert "Traceback" not in stderr
    found = fastdln.refine(tmp_path / "coarse.zarr", tmp_path / "fine.zarr", boundary="fate", levels=3)
    identical(found, fastdln.open(refined[0] / "fine.zarr"))


def test_done_is_done(here):
    events = []
    before = files(here / "fine.zarr")
    again = fastdln.refine(
        here / "coarse.zarr", here / "fine.zarr", boundary="fate", levels=LEVELS, on_event=events.append
    )
    assert not events
    assert files(here / "fine.zarr") == before
    identical(again, fastdln.open(here / "fine.zarr"))
    assert again.equals(fastdln.open(here / "fine.zarr" / "3"))


@pytest.mark.parametrize(
    ("name", "kind"), [("fate", "computed"), ("loss", "computed"), ("computed", "computed"), ("fate", "inherited")]
)
def test_damage_is_found_and_mended(here, refined, name, kind):
    group = here / "fine.zarr"
    marked, there = (
        {p.relative_to(group / "2" / of) for p in (group / "2" / of / "c").rglob("*") if p.is_file()}
        for of in ("computed", "fate")
    )
    file = group / "2" / name / sorted(marked if kind == "computed" else there - marked)[1]
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    found = fastdln.verify(group)
    assert [(damage.level, damage.variable) for damage in found.damaged] == [(2, name)]
    assert "level 2" in str(found) and "fastdln refine --boundary" in str(found)
    assert "level 2" in str(fastdln.status(group))
    fastdln.refine(here / "coarse.zarr", group, boundary="fate", levels=LEVELS)
    assert files(group) == files(refined[0] / "fine.zarr")
    assert fastdln.verify(group).whole


def test_a_lost_mark_is_damage(here, refined):
    group = here / "fine.zarr"
    next(p for p in (group / "1" / "computed" / "c").rglob("*") if p.is_file()).unlink()
    assert [damage.reason for damage in fastdln.verify(group).damaged] == ["the file is gone"]
    fastdln.refine(here / "coarse.zarr", group, boundary="fate", levels=LEVELS)
    assert files(group) == files(refined[0] / "fine.zarr")


def test_status_names_every_level(refined):
    said = str(fastdln.status(refined[0] / "fine.zarr"))
    for number, ds in ((k, xr.open_zarr(refined[0] / "fine.zarr" / str(k))) for k in (1, 2, 3)):
        sizes = f"{ds.sizes['alpha']:,} x {ds.sizes['eta']:,} points"
        assert f"level {number} {sizes}, {ds.attrs['chunks_computed']:,} of " in said
    assert "computed or inherited (100.0%)" in said
    assert fastdln.status(refined[0] / "fine.zarr" / "1").points == 21 * 33


BAD = {
    (
        "boundary",
        "fat",
    ): r"boundary: fat is no variable of the store \(did you mean fate\?\); valid: oscillating_modes, period, fate",
    ("boundary", "loss"): "boundary: loss is no code, and has no boundary",
    ("boundary", 3): "boundary: must be the name of a variable",
    ("levels", 0): r"levels: must be a whole number from 1 to 10 \(got 0\)",
    ("levels", 20): r"levels: must be a whole number from 1 to 10 \(got 20\)",
    ("part", "1/2"): "part: a level needs all of the one before",
    ("boundary", None): "levels: are of a boundary",
    ("factor", 3.0): "boundary: is followed over the whole grid",
    ("workers", 0): "workers: must be a whole number",
}


@pytest.mark.parametrize(("name", "given"), BAD)
def test_bad_words_are_one_line_and_nothing_is_written(refined, name, given):
    folder = refined[0]
    before = sorted(folder.iterdir())
    with pytest.raises((SweepError, StoreError), match=BAD[name, given]) as error:
        fastdln.refine(folder / "coarse.zarr", folder / "new.zarr", **{"boundary": "fate", "levels": 2, name: given})
    assert "\n" not in str(error.value)
    assert sorted(folder.iterdir()) == before


def test_workers_make_the_same_files(refined, tmp_path):
    pytest.importorskip("distributed")
    coarse = refined[0] / "coarse.zarr"
    fastdln.refine(coarse, tmp_path / "alone.zarr", boundary="fate")
    fastdln.refine(coarse, tmp_path / "fine.zarr", boundary="fate", workers=1)
    assert files(tmp_path / "fine.zarr") == files(tmp_path / "alone.zarr")


def test_progress_is_of_points(refined, tmp_path):
    said = []
    found = fastdln.refine(
        refined[0] / "coarse.zarr",
        tmp_path / "fine.zarr",
        boundary="fate",
        progress=lambda done, total: said.append((done, total)),
    )
    assert said[-1] == (found.attrs["points_computed"],) * 2
    assert all(0 <= done <= total for done, total in said)
    assert {total for _, total in said[:-1]} == {found.fate.size}, "at most all, from the beginning on"
    assert [done for done, _ in said] == sorted(done for done, _ in said)


@pytest.mark.filterwarnings("ignore::UserWarning")  # advice on a sweep of four points
def test_levels_of_a_great_many_small_files_are_refused(tmp_path):
    axes = {"eta": {"start": 0.2, "stop": 1.6, "num": 2}, "alpha": {"start": 0.1, "stop": 1.2, "num": 2}, "depth": 3}
    fastdln.run(Sweep(model="modes", axes=axes, steps=50, record=8), tmp_path / "coarse.zarr")
    with pytest.raises(SweepError, match=r"levels: level 9 would have 66,049 chunks of 1 x 2 x 2 points"):
        fastdln.refine(tmp_path / "coarse.zarr", tmp_path / "fine.zarr", boundary="fate", levels=10)
    assert not (tmp_path / "fine.zarr").exists()
