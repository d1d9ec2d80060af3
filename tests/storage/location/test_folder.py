"""Durable writes reach the disk in order."""

import os

import pytest

import fastdln
from fastdln.storage.location import folder
from tests.small import SWEEP, identical


@pytest.fixture(scope="module")
def reference():
    return fastdln.run(SWEEP)


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
        assert ("fsync", os.path.dirname(call[2])) in calls[k:]  # noqa: PTH120  # texts, as the calls have them
    one = f"{path}/loss/c/0/0/0", f"{path}/fate/c/0/0/0"
    data, mark = (next(k for k, call in enumerate(calls) if call[-1] == place) for place in one)
    assert any(call == ("fsync", f"{path}/loss/c/0/0") for call in calls[data:mark])
    assert any(call[0] == "fsync" and call[1] == str(tmp_path) for call in calls), "the store's own name"
