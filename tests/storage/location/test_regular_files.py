"""Links, devices and folders where files should be: not read, not followed, and kept."""

import contextlib
import os
import shutil
import warnings
from pathlib import Path

import pytest

import fastdln
from fastdln import StoreError
from fastdln.execution.compute import compute
from fastdln.storage.location.folder import draft_prefix
from tests.small import SWEEP, identical
from tests.storage.hostile import verbs


@pytest.mark.parametrize("target", ["/dev/zero", "/", "loop", "fifo", "inner"])
@pytest.mark.parametrize("name", ["fate/c", "fate/c/0/0/0", "loss/c/0/0/0", "singular_value", "zarr.json"])
def test_links_devices_and_fifos_are_not_read(store, name, target):
    """No verb waits, walks elsewhere, or reads without end; what is refused is named."""
    path = store / name
    kept = path.with_name("kept")
    path.rename(kept)
    if target == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to({"loop": path.name, "inner": kept.name}.get(target, target))
    kept.is_dir() and shutil.rmtree(kept)
    for verb in verbs(store).values():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with contextlib.suppress(StoreError):  # or named as damaged, and computed again
                verb()
    assert not (store / "fine.zarr").exists()


def test_a_chunk_that_is_a_link_is_refused_or_damaged(store, made):
    path = store / "loss/c/0/0/0"
    path.unlink()
    path.symlink_to(made / "loss/c/0/0/0")
    with pytest.raises(StoreError, match="is a link"):
        fastdln.open(store).load()
    with pytest.raises(StoreError, match="is a link"):
        fastdln.verify(store)


@pytest.mark.parametrize("name", ["singular_value/zarr.json", "alpha/zarr.json", "alpha/c/0"])
def test_metadata_and_coordinates_are_plain_files(store, name):
    """verify does not promise to mend what the next run refuses."""
    (store / name).unlink()
    os.mkfifo(store / name)
    for verb in ("verify", "run", "extend"):
        with pytest.raises(StoreError, match="is no regular file"):
            verbs(store)[verb]()


def test_a_strangers_folder_that_is_called_like_a_draft(tmp_path):
    foreign = Path(f"{draft_prefix(tmp_path / 'out.zarr')}x")
    (tmp_path / foreign).mkdir()
    (tmp_path / foreign / "singular_value").symlink_to("/etc")
    os.utime(tmp_path / foreign, (0, 0))
    compute(SWEEP, tmp_path / "out.zarr")
    assert (tmp_path / foreign / "singular_value").is_symlink()


@pytest.mark.parametrize("fate", ["renamed", "deleted", "replaced"])
def test_a_run_holds_on_to_its_folder(tmp_path, made, fate):
    """Where its store is gone, it stops with what is left, and writes nothing under the old name."""
    store, away = tmp_path / "out.zarr", tmp_path / "away.zarr"
    events = []

    def lose(event):
        events.append(event)
        if len(events) == 2:
            store.rename(away)
            if fate == "deleted":
                shutil.rmtree(away)
            if fate == "replaced":
                store.mkdir()

    with pytest.raises(fastdln.IncompleteError, match="renamed, deleted or replaced"):
        fastdln.run(SWEEP, store=store, on_event=lose)
    assert not store.exists() or not any(store.iterdir())
    if fate == "renamed":
        fastdln.run(SWEEP, store=away)
        identical(fastdln.open(away).load(), fastdln.open(made).load())
    if fate == "replaced":
        store.rmdir()
    fastdln.run(SWEEP, store=store)  # the name is free for another
