"""The folder of a zoom: fewer frames than are there, frames of another zoom, and files of somebody else's."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

import fastdln
from fastdln import DatasetError, StoreError, Sweep
from tests import commands
from tests.small import FILE, marks

AXES = {"eta": {"start": 0.4, "stop": 1.6, "num": 12}, "alpha": {"start": 0.2, "stop": 2.0, "num": 10}, "depth": 3}
SWEEP = Sweep(model="modes", axes=AXES, steps=50, record=16, observables=["period"])
AT = {"eta": 1.2345678, "alpha": 0.77}


def zoom(folder, at=AT, **options):
    small = {"size": "4x3", "dpi": 40, "animation": "gif", "progress": False, "frames": 4, "factor": 2}
    return fastdln.zoom(SWEEP, at=at, folder=folder, **{**small, **options})


def content(folder):
    """What every file holds; of stores when they were written."""
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    return {path: path.stat().st_mtime_ns if ".zarr" in str(path) else path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoom") / "four"
    zoom(folder)
    return folder


@pytest.fixture
def made(four, tmp_path):
    return Path(shutil.copytree(four, tmp_path / "made"))


def test_fewer_frames_leave_the_animation_of_all(made):
    before = [marks(made / f"frame-00{k}.zarr") for k in range(4)]
    again = zoom(made, frames=1, size="3x3")
    assert (again.points, len(again.stores), len(again.pictures)) == (0, 4, 4)
    assert [marks(store) for store in again.stores] == before
    with Image.open(again.animation) as image:
        assert (image.n_frames, image.size) == (4, (120, 120))
    for path in again.pictures:
        with Image.open(path) as image:
            assert image.size == (120, 120)


@pytest.mark.parametrize(
    ("frames", "other"),
    [
        (1, {"factor": 3}),
        (3, {"factor": 3}),
        (5, {"factor": 3}),
        (1, {"factor": 1e9}),  # which has no room for as many as are there
        (1, {"at": AT | {"eta": 1.2}}),
        (2, {"at": {"eta": 1.2345678}}),
    ],
)
def test_another_zoom_is_refused_whatever_frames_are_asked_for(made, frames, other):
    before = content(made)
    with pytest.raises(StoreError, match=r"of another zoom, with .*; give another folder with -o"):
        zoom(made, frames=frames, **other)
    assert content(made) == before


def test_a_frame_that_is_not_done_is_not_computed_unless_it_is_asked_for(made):
    lost = sorted((made / "frame-002.zarr" / "fate" / "c").rglob("*"))[-1]
    lost.unlink()
    some = zoom(made, frames=1)
    assert (some.points, len(some.stores)) == (0, 2)
    assert not lost.exists()
    more = zoom(made, frames=3)
    assert (more.points > 0, len(more.stores)) == (True, 4)


def test_one_frame_has_no_factor(tmp_path):
    zoom(tmp_path / "new", frames=1)
    more = zoom(tmp_path / "new", frames=2, factor=3)
    assert more.points == 120


@pytest.mark.parametrize("name", ["zoom.gif", "frame-000.png", "frame-003.png"])
def test_files_of_somebody_else_are_not_overwritten(name, tmp_path):
    (tmp_path / name).write_bytes(b"mine")
    (tmp_path / "notes.txt").write_bytes(b"mine as well")
    before = content(tmp_path)
    with pytest.raises(DatasetError) as refusal:
        zoom(tmp_path)
    assert str(refusal.value).startswith(f"{tmp_path / name}: is there, without stores of a zoom")
    assert content(tmp_path) == before


def test_files_that_are_not_in_the_way_stay(tmp_path):
    (tmp_path / "frame-003.png").write_bytes(b"mine")
    assert len(zoom(tmp_path, frames=2).stores) == 2
    assert (tmp_path / "frame-003.png").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["zoom.gif", "frame-002.png"])
def test_a_folder_in_the_way_is_found_before_anything_is_computed(name, tmp_path):
    (tmp_path / name).mkdir()
    with pytest.raises(DatasetError, match="is a folder"):
        zoom(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_pictures_of_a_zoom_that_was_killed_are_drawn_again(made):
    """Its stores tell that they are its own."""
    (made / "zoom.gif").unlink()
    (made / "frame-003.png").unlink()
    shutil.rmtree(made / "frame-003.zarr")
    assert zoom(made).points == 120


def test_the_command_says_so_in_a_line(tmp_path):
    (tmp_path / "small.toml").write_text(FILE)
    (tmp_path / "small-zoom").mkdir()
    (tmp_path / "small-zoom" / "zoom.gif").write_bytes(b"mine")
    words = ["zoom", "small.toml", "--at", "eta=0.7", "--frames", "2", "--animation", "gif", "--quiet"]
    refused = commands.fastdln(*words, cwd=tmp_path)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert "zoom.gif: is there, without stores of a zoom" in refused.stderr
    assert [path.name for path in (tmp_path / "small-zoom").iterdir()] == ["zoom.gif"]
