"""More levels for a group that is there: what comes of it is a group of so many, and what was there stays as it is."""

import json
import shutil

import pytest

import fastdln
from fastdln import StoreError
from fastdln.storage.level_store import LevelStore
from fastdln.storage.location import regular_files
from fastdln.storage.location.folder import Folder
from fastdln.sweep.levels import levels_of
from tests.commands import fastdln as command
from tests.storage.test_levels import SWEEP, refine, refused


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("more")
    fastdln.run(SWEEP, store=folder / "coarse.zarr")
    refine(folder, levels=1)
    (folder / "fine.zarr").rename(folder / "one")
    refine(folder, levels=2)
    return folder


@pytest.fixture
def here(made, tmp_path):
    """A store and a group of one level."""
    shutil.copytree(made / "coarse.zarr", tmp_path / "coarse.zarr")
    shutil.copytree(made / "one", tmp_path / "fine.zarr")
    return tmp_path


def chunks(folder):
    return {p.relative_to(folder): p.read_bytes() for p in (folder / "fine.zarr").rglob("c/**/*") if p.is_file()}


def numbers(folder):
    """What the group, and each level, says of its number and of how many there are."""
    roots = [folder / "fine.zarr" / name / "zarr.json" for name in (".", "1", "2")]
    return [[json.loads(root.read_text())["attributes"].get(key) for key in ("level", "levels")] for root in roots]


def test_a_larger_number_adds_levels(here, made):
    before = {p: p.stat().st_mtime_ns for p in (here / "fine.zarr" / "1").rglob("c/**/*")}
    found = refine(here, levels=2)
    assert chunks(here) == chunks(made)
    assert {p: p.stat().st_mtime_ns for p in before} == before
    assert numbers(here) == numbers(made) == [[None, 2], [1, 2], [2, 2]]
    assert found.equals(fastdln.open(made / "fine.zarr"))
    assert fastdln.verify(here / "fine.zarr").whole
    refused(here, "holds levels 1 to 2 of the boundary of fate", levels=1)


def test_a_group_that_is_not_finished_gets_them_too(here, made):
    next(p for p in (here / "fine.zarr" / "1" / "fate" / "c").rglob("*") if p.is_file()).unlink()
    refine(here, levels=2)
    assert chunks(here) == chunks(made)


@pytest.mark.parametrize(
    "place",
    [("fine.zarr", "2/fate/zarr.json"), ("fine.zarr", "2/zarr.json"), ("fine.zarr", "zarr.json"), ("1", "zarr.json")],
)
def test_it_goes_on_after_a_kill(here, made, place, monkeypatch):
    """Killed before this is written: the group is as it was, or a longer one, and the same command completes it."""
    write = regular_files.write

    def killing(folder, key, *words):
        if (folder.name, key) == place:
            raise KeyboardInterrupt
        write(folder, key, *words)

    monkeypatch.setattr(regular_files, "write", killing)
    with pytest.raises(KeyboardInterrupt):
        refine(here, levels=2)
    monkeypatch.undo()
    assert fastdln.status(here / "fine.zarr").points in (9 * 33, 17 * 65)
    refine(here, levels=2)
    assert chunks(here) == chunks(made)
    assert numbers(here) == numbers(made)


def test_another_run_or_boundary_keeps_it_as_it_is(here):
    refused(here, "holds levels 1 to 1 of the boundary of fate", boundary="period")
    with LevelStore.at(Folder(here / "fine.zarr" / "1"), levels_of(SWEEP, 1)[0]):
        refused(here, "1: is in use by another run")


def test_the_command(here):
    done = command(
        "refine", "coarse.zarr", "-o", "fine.zarr", "--boundary", "fate", "--levels", "2", "--quiet", cwd=here
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert command("verify", "fine.zarr", "--quiet", cwd=here).returncode == 0
    done = command("refine", "coarse.zarr", "-o", "fine.zarr", "--boundary", "fate", cwd=here)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "more to add some" in done.stderr


def test_a_link_in_the_place_of_a_level_is_refused(here):
    (here / "elsewhere").mkdir()
    (here / "fine.zarr" / "2").symlink_to(here / "elsewhere")
    with pytest.raises(StoreError, match="is a link"):
        refine(here, levels=2)
    assert not list((here / "elsewhere").iterdir())
