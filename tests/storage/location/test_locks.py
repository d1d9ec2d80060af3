"""Locks: they exclude what overlaps, and end with their process."""

import json
import multiprocessing
import time

import obstore
import pytest

import fastdln
from fastdln import IncompleteError, StoreError
from fastdln.execution.compute import compute
from fastdln.storage.location import WHOLE, folder, locate, object_lock
from fastdln.storage.store import Store
from fastdln.sweep.shares import Share
from tests.small import SWEEP


def keys(url, options, prefix=""):
    return sorted(locate(url, options).keys(prefix))


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


@pytest.mark.parametrize("junk", [b"junk", b"{}", b"[]", b'{"expires": "x"}', b"[" * 5000])
def test_what_is_no_lock_holds_nobody_up(url, options, junk):
    place = locate(url, options)
    obstore.put(place.locks, f"{WHOLE[0]}-{WHOLE[1]}", junk)
    assert not place.in_use()
    compute(SWEEP, url, storage_options=options)


def test_shares_without_chunks_do_not_collide(url, options):
    with Store.at(locate(url, options), SWEEP, share=Share(1, 40)):
        compute(SWEEP, url, part="2/40", storage_options=options)
