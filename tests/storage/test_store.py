"""Stores: what is in them, resuming, refusing, and what a kill leaves."""

import json
import os
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
from fastdln import IncompleteError, StoreError, Sweep
from fastdln.execution.compute import compute
from fastdln.observables import OBSERVABLES
from fastdln.storage.location import locate
from fastdln.storage.location.folder import draft_prefix
from fastdln.storage.store import Store
from tests.commands import FORKS, LONGEST
from tests.small import SWEEP, identical


@pytest.fixture(scope="module")
def reference_run():
    return fastdln.run(SWEEP)


def test_memory_and_disk_hold_the_same_bits(tmp_path, reference_run):
    identical(fastdln.run(SWEEP, store=tmp_path / "out.zarr"), reference_run)


def test_the_dataset_is_that_of_the_contract(reference_run):
    ds = reference_run
    assert ds.fate.dims == ("depth", "alpha", "eta")
    assert ds.period.dims == ("depth", "alpha", "eta", "mode")
    assert ds.orbit.dims == ("depth", "alpha", "eta", "mode", "sample")
    assert ds.sizes["sample"] == 8
    assert set(ds.coords) == {"depth", "alpha", "eta", "mode", "singular_value"}
    assert ds.singular_value.dims == ("mode",)
    np.testing.assert_array_equal(ds.singular_value, [1.0, 0.5])
    assert (ds.fate > 0).all()
    dtypes = {"fate": "uint8", "period": "int16", "oscillating_modes": "int16", "loss": "float64", "orbit": "float64"}
    for name, dtype in dtypes.items():
        assert ds[name].dtype == dtype, name
    for name, array in ds.data_vars.items():
        assert array.attrs["long_name"], name
        assert array.attrs["units"], name
        assert "_FillValue" not in array.encoding or array.dtype.kind == "f", name
    assert list(ds.fate.attrs["flag_values"]) == list(range(7))
    assert ds.fate.attrs["flag_meanings"].split()[2] == "periodic"
    attrs = ds.attrs
    assert attrs["title"] == "a test"
    assert attrs["source"].startswith("fastdln ")
    assert attrs["sweep"] == SWEEP.canonical()
    assert attrs["sweep_sha256"] == SWEEP.sha256()
    assert attrs["complete"] == 1
    assert type(attrs["complete"]) is int, "netCDF has no booleans"
    assert {"Conventions", "history", "numba_version", "zarr_version"} <= set(attrs)


def test_integer_dimensions_follow_the_registry(reference_run):
    for observable in OBSERVABLES.values():
        for variable in observable.variables:
            if variable.name in reference_run:
                assert reference_run[variable.name].dims[3:] == variable.dims


def test_plain_xarray_opens_a_store_without_a_warning(tmp_path, reference_run):
    fastdln.run(SWEEP, store=tmp_path / "out.zarr")
    code = (
        "import sys, warnings; warnings.simplefilter('error'); sys.modules['fastdln'] = None; import xarray;"
        f"ds = xarray.open_zarr({str(tmp_path / 'out.zarr')!r}); assert ds.fate.values.all();"
        "print(ds.attrs['complete'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1"


@pytest.mark.parametrize("chunks", [{}, {"eta": 3}, {"eta": 40, "alpha": 2}, {"eta": 1, "alpha": 1}])
def test_chunk_shapes_do_not_change_the_bits(reference_run, chunks):
    identical(fastdln.run(SWEEP.model_copy(update={"chunks": chunks})), reference_run)


def test_an_incomplete_store_resumes_and_computes_nothing_twice(tmp_path, reference_run, monkeypatch):
    path, computed = tmp_path / "out.zarr", []

    write = Store.write

    def write_few(store, slices, results):
        if len(computed) == 5:
            raise OSError(28, "No space left on device")
        computed.append(slices)
        write(store, slices, results)

    monkeypatch.setattr(Store, "write", write_few)
    with pytest.raises(IncompleteError, match="No space left on device"):
        compute(SWEEP, path)
    with pytest.warns(UserWarning, match="110 of 160 points are not computed"):
        partial = fastdln.open(path)
    assert not partial.attrs["complete"]
    assert int((partial.fate != 0).sum()) == 50
    left = fastdln.status(path)
    assert (left.points, left.points_left, left.chunks, left.chunks_left) == (160, 110, 16, 11)

    def write_and_count(store, slices, results):
        computed.append(slices)
        write(store, slices, results)

    monkeypatch.setattr(Store, "write", write_and_count)
    identical(fastdln.run(SWEEP, store=path), reference_run)
    assert len(computed) == 16
    assert len(set(map(str, computed))) == 16
    fastdln.run(SWEEP, store=path)
    assert len(computed) == 16, "a finished store computes nothing"


def test_data_without_its_mark_is_computed_again(tmp_path, reference_run):
    path = tmp_path / "out.zarr"
    fastdln.run(SWEEP, store=path)
    mark = path / "fate" / "c" / "1" / "0" / "2"
    mark.unlink()
    (path / "loss" / "c" / "1" / "0" / "2").write_bytes(b"half of a chu")
    (path / "loss" / "c" / "1" / "0" / "2.abc.partial").write_bytes(b"left over")
    identical(fastdln.run(SWEEP, store=path), reference_run)
    assert mark.exists()
    assert not list(path.rglob("*.partial"))


def test_the_stores_own_chunks_are_kept(tmp_path, reference_run):
    path = tmp_path / "out.zarr"
    fastdln.run(SWEEP, store=path)
    (path / "fate" / "c" / "0" / "0" / "0").unlink()
    ds = fastdln.run(SWEEP.model_copy(update={"chunks": {"eta": 7}}), store=path)
    assert ds.fate.encoding["chunks"] == (1, 1, 10)
    identical(ds, reference_run)


def test_other_sweeps_are_refused_by_their_keys(tmp_path):
    path = tmp_path / "out.zarr"
    fastdln.run(SWEEP, store=path)
    before = snapshot(path)
    other = Sweep(**json.loads(SWEEP.canonical()) | {"steps": 401, "observables": ["loss"]})
    with pytest.raises(StoreError, match=r"with other steps, observables, orbit_samples; give another path"):
        fastdln.run(other, store=path)
    assert snapshot(path) == before


def snapshot(path):
    return {p: p.stat().st_mtime_ns for p in path.rglob("*")}


def test_foreign_places_are_refused_and_left_alone(tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "thesis.tex").write_text("mine too")
    foreign = tmp_path / "foreign.zarr"
    xr.Dataset({"x": ("t", [1.0, 2.0])}).to_zarr(foreign, consolidated=False)
    before = snapshot(tmp_path)
    for path, why in ((file, "is a file"), (folder, "something else"), (foreign, "something else")):
        with pytest.raises(StoreError, match=why) as refusal:
            fastdln.run(SWEEP, store=path)
        assert "\n" not in str(refusal.value)
    for path in (file, folder, foreign, tmp_path / "nothing"):
        with pytest.raises(StoreError):
            fastdln.open(path)
        with pytest.raises(StoreError):
            fastdln.status(path)
    assert snapshot(tmp_path) == before
    with pytest.raises(StoreError, match="cannot be written"):
        fastdln.run(SWEEP, store=file / "below" / "out.zarr")


def test_an_empty_folder_becomes_a_store(tmp_path, reference_run):
    path = tmp_path / "out.zarr"
    path.mkdir()
    identical(fastdln.run(SWEEP, store=path), reference_run)


def test_a_store_in_use_is_refused(tmp_path):
    path = tmp_path / "out.zarr"
    with Store.at(locate(path), SWEEP), pytest.raises(StoreError, match="in use"):
        fastdln.run(SWEEP, store=path)
    fastdln.run(SWEEP, store=path)


def test_a_failed_mark_of_completion_is_incomplete(tmp_path, monkeypatch):
    def full(store, complete):
        if complete:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "set_complete", full)
    with pytest.raises(IncompleteError, match="No space left"):
        compute(SWEEP, tmp_path / "out.zarr")


def test_a_full_disk_while_making_the_store_is_no_bad_input(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fastdln.storage.location.regular_files.write", full)
    with pytest.raises(IncompleteError, match="No space left"):
        compute(SWEEP, tmp_path / "out.zarr")
    assert not list(tmp_path.iterdir())


def compute_in_child(text, path, locks, ends=None):
    """ends: where an error's words go; None: it is raised."""
    if not locks:
        import fcntl

        del fcntl.F_OFD_SETLK  # as on a system without such locks
    try:
        compute(Sweep(**json.loads(text)), path)
    except StoreError as error:
        if ends is None:
            raise
        ends.put(str(error))
    else:
        if ends is not None:
            ends.put("")


@pytest.mark.skipif(os.name != "posix", reason="locks of POSIX")
@pytest.mark.parametrize("locks", [True, False])
def test_runs_that_start_at_once(tmp_path, reference_run, locks):
    """One makes the store, the others find it in use, or go on with it; without locks all work, and write the same."""
    path, ends = tmp_path / "out.zarr", FORKS.Queue()
    children = [
        FORKS.Process(target=compute_in_child, args=(SWEEP.canonical(), str(path), locks, ends)) for _ in range(3)
    ]
    for child in children:
        child.start()
    said = [ends.get(timeout=LONGEST) for _ in children]
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert "" in said
    assert all(not words or (locks and "is in use by another run" in words) for words in said), said
    identical(fastdln.open(path).load(), reference_run)


def test_drafts_that_a_kill_left_are_removed(tmp_path):
    path = tmp_path / "out.zarr"
    old, young = (tmp_path / f"{draft_prefix(path)}{k}" for k in "ab")
    for draft in (old, young):
        draft.mkdir()
        (draft / "zarr.json").write_text("{}")
    os.utime(old, (0, 0))
    compute(SWEEP, path)
    assert not old.exists()
    assert young.exists()


def test_nothing_is_left_beside_a_store(tmp_path):
    fastdln.run(SWEEP, store=tmp_path / "out.zarr")
    assert [p.name for p in tmp_path.iterdir()] == ["out.zarr"]


def test_swept_singular_values(tmp_path):
    axes = {"eta": 0.3, "alpha": 0.5, "depth": 2, "s2": [0.2, 0.4, 0.6]}
    keys = {"steps": 500, "record": 32, "observables": ["orbit"]}
    ds = fastdln.run(Sweep(model="modes", axes=axes, target={"singular_values": [1.0, 0.5]}, **keys))
    assert ds.orbit.dims == ("depth", "s2", "alpha", "eta", "mode", "sample")
    np.testing.assert_allclose(ds.orbit.isel(mode=1, sample=-1).values.ravel(), [0.2, 0.4, 0.6])
    np.testing.assert_allclose(ds.orbit.isel(mode=0, sample=-1).values.ravel(), 1.0)
    np.testing.assert_array_equal(ds.singular_value, [1.0, np.nan])


@pytest.mark.skipif(os.name != "posix", reason="the child is killed by a POSIX signal")
def test_kill_and_resume(tmp_path, reference_run):
    """A real child is killed at various moments; what it finished stays, bit for bit, and is not computed again."""
    keys = json.loads(SWEEP.canonical())
    path, finished, kills = tmp_path / "out.zarr", {}, 0
    data = json.dumps({**keys, "chunks": {"eta": 1, "alpha": 1}})
    for attempt in range(40):
        child = FORKS.Process(target=compute_in_child, args=(data, str(path), True))
        child.start()
        marks = path / "fate" / "c"
        before = len(list(marks.rglob("?*"))) if marks.exists() else 0
        while child.is_alive():
            now = len([p for p in marks.rglob("*") if p.is_file()]) if marks.exists() else 0
            if now >= before + 1 + 5 * attempt or (attempt == 0 and path.exists()):
                child.kill()
                break
            time.sleep(0.01)
        child.join()
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
        kills += 1
        done = {p: p.stat().st_mtime_ns for p in marks.rglob("*") if p.is_file() and p.suffix != ".partial"}
        for mark, written in finished.items():
            assert done[mark] == written, "a finished chunk was computed again"
        finished = done
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            partial = xr.open_zarr(path)
        done_points = partial.fate.values != 0
        for name in partial.data_vars:
            mine, full = partial[name].values[done_points], reference_run[name].values[done_points]
            assert mine.tobytes() == full.tobytes(), name
    assert kills >= 3
    identical(fastdln.run(SWEEP, store=path), reference_run)
    assert [p.name for p in tmp_path.iterdir()] == ["out.zarr"]
    shutil.rmtree(path)


def test_what_others_write_until_a_run_begins_stays(tmp_path, monkeypatch):
    """Between the moment at which the run has read the root and that at which it writes it."""
    path = tmp_path / "out.zarr"
    fastdln.run(SWEEP, store=path)
    next(file for file in (path / "fate" / "c").rglob("*") if file.is_file()).unlink()

    def annotate(sweep):
        root = json.loads((path / "zarr.json").read_text())
        root["attributes"]["note"] = "mine"
        (path / "zarr.json").write_text(json.dumps(root))
        return []

    monkeypatch.setattr("fastdln.execution.run.plateau_warnings", annotate)
    fastdln.run(SWEEP, store=path)
    attributes = json.loads((path / "zarr.json").read_text())["attributes"]
    assert (attributes["note"], attributes["complete"]) == ("mine", 1)
    assert "continued by" in attributes["history"]
