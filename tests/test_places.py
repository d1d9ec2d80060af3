"""Places: locks that exclude what overlaps, durable writes, object stores, and what a kill leaves in them."""

import json
import multiprocessing
import os
import pickle
import time

import obstore
import pytest
import xarray as xr
from commands import invoke
from small import SWEEP, identical

import fastdln
from fastdln import IncompleteError, StoreError, Sweep
from fastdln.execution.compute import compute
from fastdln.storage.location import WHOLE, folder, locate, object_lock
from fastdln.storage.store import Store
from fastdln.sweep.shares import Share


@pytest.fixture(scope="module")
def reference():
    return fastdln.run(SWEEP)


def keys(url, options, prefix=""):
    return sorted(locate(url, options).keys(prefix))


def test_a_store_in_a_bucket(url, options, reference):
    ds = fastdln.run(SWEEP, store=url, storage_options=options)
    identical(ds, reference)
    assert ds.attrs["complete"]
    again = fastdln.status(url, storage_options=options)
    assert (again.chunks_left, again.running) == (0, False)
    assert fastdln.verify(url, storage_options=options).whole
    identical(xr.open_zarr(locate(url, options).zarr(read_only=True)), reference)
    assert keys(url + ".lock", options) == []


def test_a_store_by_the_environment_and_the_command_line(url, endpoint, options, tmp_path, monkeypatch, reference):
    from small import FILE

    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(FILE)
    for name, value in {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    words = ["small.toml", "-o", url, "--storage", f"endpoint={endpoint}", "--quiet"]
    assert invoke("run", *words).exit_code == 0
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    assert "160 of 160" in invoke("status", url).stdout
    assert "whole" in invoke("verify", url).stdout
    identical(fastdln.open(url), reference)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.zarr.log", "small.toml"]


def test_an_interrupted_upload_resumes_by_listing(url, options, reference, monkeypatch):
    write, written = Store.write, []

    def few(store, slices, results):
        if len(written) == 5:
            raise OSError(28, "No space left on device")
        written.append(slices)
        write(store, slices, results)

    monkeypatch.setattr(Store, "write", few)
    with pytest.raises(IncompleteError):
        compute(SWEEP, url, storage_options=options)
    monkeypatch.setattr(
        Store, "write", lambda store, slices, results: (written.append(slices), write(store, slices, results))
    )
    identical(fastdln.run(SWEEP, store=url, storage_options=options), reference)
    assert len(written) == 16 == len(set(map(str, written)))


def test_shards(url, options, reference):
    sharded = Sweep(**SWEEP.model_dump() | {"shards": {"eta": 20, "alpha": 2}})
    assert sharded.sha256() == SWEEP.sha256()
    ds = fastdln.run(sharded, store=url, storage_options=options)
    identical(ds, reference)
    assert ds.fate.encoding["chunks"] == (1, 1, 10)
    assert ds.fate.encoding["shards"] == (1, 2, 20)
    assert len(keys(url, options, "fate/c")) == 4
    place = locate(url, options)
    for key in keys(url, options, "loss/c"):
        data = bytearray(place.read(key))
        data[len(data) // 3] ^= 4
        place.write(key, bytes(data))
    found = fastdln.verify(url, storage_options=options)
    assert {damage.variable for damage in found.damaged} == {"loss"}
    assert len(found.damaged) == 4
    identical(fastdln.run(SWEEP, store=url, storage_options=options), reference)
    assert fastdln.open(url, storage_options=options).fate.encoding["shards"] == (1, 2, 20)


def test_shards_that_do_not_fit_are_refused():
    for keys_ in ({"shards": {"eta": 25}}, {"shards": {"depth": 2}}, {"shards": {"eta": 0}}):
        with pytest.raises(fastdln.SweepError, match="shards"):
            Sweep(**SWEEP.model_dump() | keys_)


def test_a_store_grows_in_a_bucket(url, options, reference):
    fastdln.run(
        Sweep(**SWEEP.model_dump() | {"axes": {**SWEEP.axes, "depth": [2]}}), store=url, storage_options=options
    )
    before = {key: locate(url, options).read(key) for key in keys(url, options, "fate/c")}
    ds = fastdln.extend(url, "axes.depth=[2,3]", storage_options=options)
    identical(ds, reference)
    assert {key: locate(url, options).read(key) for key in before} == before


def test_a_second_run_on_a_bucket_is_refused(url, options):
    place = locate(url, options)
    with Store.at(place, SWEEP):
        with pytest.raises(StoreError, match=r"in use by another run \(process \d+ on .*its lock ends in \d+ s"):
            compute(SWEEP, url, storage_options=options)
        with pytest.raises(StoreError, match="in use"):
            compute(SWEEP, url, part="1/2", storage_options=options)
        assert fastdln.status(url, storage_options=options).running
    with Store.at(place, SWEEP, share=Share(1, 2)):
        compute(SWEEP, url, part="2/2", storage_options=options)
        with pytest.raises(StoreError, match="in use"):
            compute(SWEEP, url, part="2/3", storage_options=options)
        with pytest.raises(StoreError, match="in use"):
            compute(SWEEP, url, storage_options=options)
    compute(SWEEP, url, storage_options=options)
    assert keys(url + ".lock", options) == []


def test_the_lock_of_a_killed_run_expires(url, options, monkeypatch):
    monkeypatch.setattr(object_lock, "LOCK_SECONDS", 2.0)
    place = locate(url, options)
    compute(SWEEP, url, storage_options=options)
    dead = place.lock(WHOLE)
    dead._stopped.set()  # nobody renews it, as after kill -9
    with pytest.raises(StoreError, match="in use"):
        compute(SWEEP, url, storage_options=options)
    time.sleep(2.1)
    assert not place.in_use()
    new = place.lock(WHOLE)
    with pytest.raises(IncompleteError, match="lost"):
        dead.check()
    dead.release()  # does not take the new one away
    assert place.in_use()
    time.sleep(3.0)
    new.check()
    assert place.in_use(), "it is renewed"
    new.release()
    assert not place.in_use()


def test_a_lost_lock_stops_a_run(url, options, monkeypatch):
    monkeypatch.setattr(object_lock, "LOCK_SECONDS", 0.4)
    lock = locate(url, options).lock(WHOLE)
    obstore.put(lock._locks, lock._key, json.dumps({"owner": "another", "expires": time.time() + 60}).encode())
    time.sleep(0.5)
    with pytest.raises(IncompleteError, match="lost to another run"):
        lock.check()
    lock.release()


def test_a_half_made_store_is_made_again(url, options, reference):
    place = locate(url, options)
    place.write("loss/zarr.json", b"{}")
    identical(fastdln.run(SWEEP, store=url, storage_options=options), reference)


def test_foreign_buckets_are_left_alone(url, options):
    place = locate(url, options)
    place.write("thesis.tex", b"mine")
    with pytest.raises(StoreError, match=r"holds something else .*thesis\.tex"):
        compute(SWEEP, url, storage_options=options)
    assert keys(url, options) == ["thesis.tex"]
    for bad in (url + "/nothing", "s3://no-such-bucket/x.zarr"):
        with pytest.raises(StoreError):
            fastdln.open(bad, storage_options=options)
    with pytest.raises(StoreError, match="no-such-bucket"):
        compute(SWEEP, "s3://no-such-bucket/x.zarr", storage_options=options)


def test_places_travel(url, options):
    place = locate(url, options)
    place.write("x", b"1")
    assert pickle.loads(pickle.dumps(place)).read("x") == b"1"
    assert locate("file:///tmp/a.zarr").path == folder.Path("/tmp/a.zarr")


def hold(path, holding, done):
    with Store.at(locate(path), SWEEP):
        holding.set()
        done.wait(60)


def test_a_lock_ends_with_its_process(tmp_path):
    path, spawn = tmp_path / "out.zarr", multiprocessing.get_context("spawn")
    compute(SWEEP, path)
    holding, done = spawn.Event(), spawn.Event()
    holder = spawn.Process(target=hold, args=(path, holding, done))
    holder.start()
    assert holding.wait(60)
    with pytest.raises(StoreError, match="in use by another run"):
        compute(SWEEP, path)
    holder.kill()
    holder.join()
    compute(SWEEP, path)


def test_a_file_system_without_locks_says_so(tmp_path, monkeypatch):
    def none(*arguments):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(folder.fcntl, "fcntl", none)
    with pytest.warns(UserWarning, match="no locks"):
        compute(SWEEP, tmp_path / "out.zarr")
    assert not fastdln.status(tmp_path / "out.zarr").running


def test_durable_writes_reach_the_disk_in_order(tmp_path, monkeypatch, reference):
    """What has a name is on the disk before, the name after; and a mark after all that it stands for."""
    path, calls = tmp_path / "out.zarr", []
    fsync, replace = os.fsync, folder.Path.replace

    def noting_fsync(handle):
        calls.append(("fsync", str(folder.Path(f"/proc/self/fd/{handle}").readlink())))
        fsync(handle)

    def noting_replace(source, target):
        calls.append(("replace", str(source), str(target)))
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(folder.Path, "replace", noting_replace)
    identical(fastdln.run(SWEEP, store=path, durable=True), reference)
    moved = [call for call in calls if call[0] == "replace"]
    assert len([call for call in moved if "/c/" in call[2] and call[2].startswith(str(path))]) == 16 * len(
        reference.data_vars
    )
    for call in moved:
        k = calls.index(call)
        assert ("fsync", call[1]) in calls[:k]
        assert ("fsync", os.path.dirname(call[2])) in calls[k:]  # noqa: PTH120
    one = f"{path}/loss/c/0/0/0", f"{path}/fate/c/0/0/0"
    data, mark = (next(k for k, call in enumerate(calls) if call[-1] == place) for place in one)
    assert any(call == ("fsync", f"{path}/loss/c/0/0") for call in calls[data:mark])
    assert any(call[0] == "fsync" and call[1] == str(tmp_path) for call in calls), "the store's own name"


@pytest.mark.parametrize("junk", [b"junk", b"{}", b"[]", b'{"expires": "x"}', b"[" * 5000])
def test_what_is_no_lock_holds_nobody_up(url, options, junk):
    place = locate(url, options)
    obstore.put(place.locks, f"{WHOLE[0]}-{WHOLE[1]}", junk)
    assert not place.in_use()
    compute(SWEEP, url, storage_options=options)


def test_shares_without_chunks_do_not_collide(url, options):
    with Store.at(locate(url, options), SWEEP, share=Share(1, 40)):
        compute(SWEEP, url, part="2/40", storage_options=options)


def test_a_window_from_a_folder_into_a_bucket(url, options, tmp_path):
    compute(SWEEP, tmp_path / "out.zarr")
    words = ["axes.eta={start=0.5,stop=0.6,num=7}", "axes.depth=3"]
    fine = fastdln.refine(tmp_path / "out.zarr", url, *words, storage_options=options)
    again = fastdln.refine(url, tmp_path / "finer.zarr", "axes.alpha=0.3", storage_options=options)
    assert again.attrs["parent_sweep_sha256"] == fine.attrs["sweep_sha256"]
    with pytest.raises(StoreError, match="storage options are for stores by URL"):
        fastdln.refine(tmp_path / "out.zarr", tmp_path / "x.zarr", storage_options=options)
