"""Zooms: what is computed and drawn, going on after a kill, and what is refused before anything is written."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

import fastdln
from fastdln import DatasetError, StoreError, Sweep, SweepError
from fastdln.execution.pace import Pace
from fastdln.execution.progress import Callback
from fastdln.plots import figure
from fastdln.plots.frames import Frames
from fastdln.reports import animation
from fastdln.reports.zoom import OfFrame
from tests import commands
from tests.small import FILE, ROOT, identical, marks

ETA = {"start": 0.4, "stop": 1.6, "num": 24}
ALPHA = {"start": 0.2, "stop": 2.0, "num": 20, "spacing": "log"}
SWEEP = Sweep(
    title="a test", model="modes", axes={"eta": ETA, "alpha": ALPHA, "depth": 3}, steps=300, record=32,
    observables=["period", "loss"],
)  # fmt: skip
AT = {"eta": 1.2345678, "alpha": 0.77}
SMALL = {"size": "5x3", "dpi": 60, "animation": "gif", "progress": False}


def zoom(folder, sweep=SWEEP, at=AT, **options):
    return fastdln.zoom(sweep, at=at, folder=folder, **{"frames": 4, "factor": 5, **SMALL, **options})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return zoom(tmp_path_factory.mktemp("zoom") / "frames")


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_frames_are_windows_that_know_what_they_are_of(made):
    first = fastdln.open(made.stores[0])
    identical(first, fastdln.run(SWEEP))
    for number, store in enumerate(made.stores):
        ds = fastdln.open(store)
        assert store.name == f"frame-{number:03}.zarr"
        assert (ds.sizes["eta"], ds.sizes["alpha"], ds.attrs["title"]) == (24, 20, "a test")
        assert np.ptp(ds.eta.values) == pytest.approx(1.2 / 5**number)
        assert np.ptp(np.log(ds.alpha.values)) == pytest.approx(np.log(10) / 5**number)
        if number:
            assert ds.attrs["parent_sweep_sha256"] == SWEEP.sha256()
            assert Path(ds.attrs["parent_store"]) == made.stores[0]
        identical(ds, fastdln.run(Sweep.stored(ds.attrs["sweep"])))
    assert made.points == 4 * 24 * 20
    assert str(made).endswith("frame-000 to frame-003; 1,920 points computed")


def test_pictures_have_one_size_and_the_axes_in_one_place(made):
    images = [pixels(path) for path in made.pictures]
    assert {image.shape for image in images} == {(180, 300, 3)}
    # black lines left of and below the picture, which are all dark from end to end
    dark = np.mean([(image.max(axis=-1) < 90) for image in images], axis=0) == 1
    assert dark.sum(axis=0).max() > 90
    assert dark.sum(axis=1).max() > 120


def test_the_animation_shows_all_of_them_in_their_colours(made):
    with Image.open(made.animation) as image:
        assert (image.n_frames, image.size, image.info["loop"], image.info["duration"]) == (4, (300, 180), 0, 250)
        for number, path in enumerate(made.pictures):
            image.seek(number)
            wanted = pixels(path)
            found = np.asarray(image.convert("RGB")).astype(int)
            assert np.abs(found - wanted).mean() < 2


def test_called_again_it_computes_nothing_and_more_frames_go_on(made):
    before = [marks(store) for store in made.stores]
    content = [path.read_bytes() for path in (*made.pictures, made.animation)]
    again = zoom(made.animation.parent)
    assert again.points == 0
    assert [path.read_bytes() for path in (*made.pictures, made.animation)] == content
    more = zoom(made.animation.parent, frames=5)
    assert more.points == 24 * 20
    assert [marks(store) for store in made.stores] == before


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"sweep": SWEEP.changed(["steps=200"])}, "steps"),
        ({"factor": 4}, "axes.eta, axes.alpha|axes.alpha, axes.eta"),
        ({"at": {"eta": 1.2345678}}, "axes.alpha"),
        ({"at": AT | {"eta": 1.2}}, "axes.eta"),
    ],
)
def test_another_zoom_in_the_folder_is_refused(made, options, keys):
    before = {path: path.stat().st_mtime_ns for path in made.animation.parent.rglob("*")}
    with pytest.raises(StoreError, match=r"is of another zoom, with other .*; give another folder with -o") as said:
        zoom(made.animation.parent, **options)
    assert any(key.split(".")[0] in str(said.value) for key in keys.split("|"))
    assert {path: path.stat().st_mtime_ns for path in made.animation.parent.rglob("*")} == before


REFUSED = {
    "at: the sweep has no axis 'beta'": {"at": {"beta": 1}},
    "frames: 60 of factor 5 are more than float64 can tell apart": {"frames": 60},
    "factor: must be above 1": {"factor": 1},
    "fps: must be a number from 0.1 to 50 (got 0)": {"fps": 0},
    "fps: must be a number from 0.1 to 50 (got nan)": {"fps": float("nan")},
    "dpi: must be a number of pixels an inch from 10 to 819, of pictures of 5 x 3 inches (got 'x')": {"dpi": "x"},
    "an inch from 10 to 682, of pictures of 6 x 3 inches (got 100000)": {"dpi": 100000, "size": "6x3"},
    "an inch from 10 to 2,000, of pictures of 2 x 2 inches (got 2001)": {"dpi": 2001, "size": "2x2"},
    "factor: must be a number; write 2 without quotes (got '2')": {"factor": "2"},
    "frames: must be a whole number from 1 to 1,000 (got np.float64(2.0))": {"frames": np.float64(2)},
    "frames: must be a whole number from 1 to 1,000 (got np.True_)": {"frames": np.True_},
    "make pictures of 10,000 x 6,000 pixels; at most 4,096": {"dpi": 2000},
    "animation: must be one of gif, mp4 (got 'png')": {"animation": "png"},
    "unknown picture 'fase'": {"kind": "fase"},
    "lyapunov: needs lyapunov": {"kind": "lyapunov"},
    "cmap: phase does not take it": {"cmap": "viridis"},
    "style: must be one of screen, paper, talk": {"style": "large"},
    "variable: must be one of": {"kind": "map", "variable": "losss"},
    "progress: must be True, False": {"progress": 3},
    "workers: must be a whole number from 1 on (got 0)": {"workers": 0},
    "folder: must be the path of a folder (got 3)": {"folder": 3},
    "pictures are written into a folder of this machine": {"folder": "s3://bucket/zoom"},
    "file: is a file; give a folder": {"folder": "file"},
    "sweep: must be a fastdln.Sweep": {"sweep": {"model": "modes"}},
}  # fmt: skip


@pytest.mark.parametrize("said", REFUSED)
def test_bad_input_is_a_line_and_nothing_is_written(said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("mine")
    with pytest.raises((SweepError, DatasetError)) as error:
        zoom(**{"folder": "new", **REFUSED[said]})
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_numbers_of_numpy_are_taken(tmp_path):
    numbers = {"factor": np.float32(5), "frames": np.int64(2), "dpi": np.int16(60), "fps": np.float32(4)}
    found = zoom(tmp_path / "numpy", **numbers, at={"eta": np.float64(1.2)}, size=(np.float32(5), np.int8(3)))
    plain = zoom(tmp_path / "plain", factor=5, frames=2, dpi=60, fps=4, at={"eta": 1.2}, size=(5, 3))
    for one, other in zip((*found.pictures, found.animation), (*plain.pictures, plain.animation), strict=True):
        np.testing.assert_array_equal(pixels(one), pixels(other))


def test_points_of_all_frames_are_counted(tmp_path):
    counted = []
    zoom(tmp_path / "new", frames=3, progress=lambda done, total: counted.append((done, total)))
    done = [done for done, _ in counted]
    assert {total for _, total in counted} == {3 * 24 * 20}
    assert done == sorted(done)
    assert done[-1] == 3 * 24 * 20


def test_the_pace_is_counted_from_the_first_chunk_on():
    clock = iter(range(0, 1000, 10))
    pace = Pace(0, clock=lambda: next(clock))
    frame = OfFrame(Callback(), pace, there=0, before=0, total=200)
    frame(0, 100)
    frame(50, 100)
    assert pace.rate() == 5.0
    later = Pace(100, clock=lambda: next(clock))
    OfFrame(Callback(), later, there=0, before=100, total=200)(100, 100)
    assert later.rate() is None, "what was there before is read, and not computed"
    frame = OfFrame(Callback(), later, there=100, before=100, total=200)
    frame(0, 100)
    frame(20, 100)
    assert later.rate() == 2.0


def test_titles_stand_above_the_middle_of_the_picture():
    """Beside it is a legend, so that this is not the middle of the figure."""
    drawn, frames = figure(fastdln.run(SWEEP), "phase", title="a test"), Frames()
    frames.include(drawn)
    frames.unify(drawn)
    place = drawn.axes[0].get_position()
    middle = (place.x0 + place.x1) / 2
    assert abs(middle - 0.5) > 0.02
    (title,) = [text for text in drawn.findobj(Text) if text.get_text() == "a test"]
    assert title.get_position()[0] == pytest.approx(middle)


def test_a_scale_of_colours_is_that_of_all_frames(tmp_path):
    """The colour bar, right of the picture, is the same in all of them."""
    made = zoom(tmp_path / "new", kind="map", variable="loss", size="6x4")
    images = [pixels(path) for path in made.pictures]
    bars = [image[60:180, 300:] for image in images]
    coloured = [(np.ptp(bar, axis=-1) > 30) for bar in bars]
    assert coloured[0].sum() > 300
    for bar, where in zip(bars, coloured, strict=True):
        np.testing.assert_array_equal(where, coloured[0])
        assert np.abs(bar[where] - bars[0][where]).max() <= 3


def test_ffmpeg_that_fails_leaves_a_gif(made, tmp_path, monkeypatch):
    ffmpeg = tmp_path / "ffmpeg"
    ffmpeg.write_text("#!/bin/sh\nexit 1\n")
    ffmpeg.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.warns(UserWarning, match=r"ffmpeg could not make it .*; it is a GIF instead"):
        path = animation.animate(tmp_path / "zoom.mp4", made.pictures, 4.0)
    assert path == tmp_path / "zoom.gif"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["ffmpeg", "zoom.gif"]


@pytest.mark.skipif(not animation.writers.is_available("ffmpeg"), reason="ffmpeg is not installed")
def test_an_mp4_is_whole(made, tmp_path):
    path = animation.animate(tmp_path / "zoom.mp4", made.pictures, 4.0)
    assert path.read_bytes()[4:8] == b"ftyp"
    assert [file.name for file in tmp_path.iterdir()] == ["zoom.mp4"]


def test_what_is_found_decides(monkeypatch):
    for found, wanted in ((True, "mp4"), (False, "gif")):
        monkeypatch.setattr(animation.writers, "is_available", lambda name, found=found: found)
        assert animation.format_of(None) == wanted
        assert animation.format_of("gif") == "gif"
    with pytest.raises(DatasetError, match="mp4 needs the program ffmpeg"):
        animation.format_of("mp4")


def test_a_killed_zoom_goes_on(tmp_path):
    """After a kill -9 in a frame: its finished chunks, and the frames before it, are not computed again."""
    (tmp_path / "small.toml").write_text(FILE)
    words = ["zoom", "small.toml", "--at", "eta=1.2", "--frames", "3", "--quiet", "--animation", "gif", "--size", "6x4"]
    words += ["--set", "steps=100000", "--set", "axes.eta.num=400", "--set", "axes.alpha=0.6", "--set", "axes.depth=3"]
    words += ["--set", "chunks={eta=20}", "--dpi", "40"]
    command, environment = [sys.executable, "-m", "fastdln", *words], os.environ | {"PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    stores = [tmp_path / "small-zoom" / f"frame-00{k}.zarr" for k in range(3)]
    try:
        deadline = time.monotonic() + 240
        while not marks(stores[1]) and time.monotonic() < deadline and child.poll() is None:
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=60)
    finally:
        child.kill()
    before = [marks(store) for store in stores]
    assert len(before[0]) == 20
    assert before[1]
    assert not (tmp_path / "small-zoom" / "zoom.gif").exists()
    done = commands.fastdln(*words, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("error")) == (0, 0), done.stderr
    for store, there in zip(stores, before, strict=True):
        assert {name: marks(store)[name] for name in there} == there
        ds = fastdln.open(store)
        identical(ds, fastdln.run(Sweep.stored(ds.attrs["sweep"])))
    assert "small-zoom/zoom.gif, of 3 stores and pictures" in done.stdout


def test_the_command_refuses_another_zoom(tmp_path):
    (tmp_path / "small.toml").write_text(FILE)
    words = ["--frames", "2", "--quiet", "--set", "axes.depth=3", "--animation", "gif", "--size", "6x4", "--dpi", "40"]
    one = commands.fastdln("zoom", "small.toml", "--at", "eta=0.7", "-o", "out", *words, cwd=tmp_path)
    assert one.returncode == 0, one.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "frame-000.png", "frame-000.zarr", "frame-001.png", "frame-001.zarr", "zoom.gif"
    ]  # fmt: skip
    other = commands.fastdln("zoom", "small.toml", "--at", "eta=0.8", "-o", "out", *words, cwd=tmp_path)
    assert (other.returncode, other.stdout, other.stderr.count("\n")) == (2, "", 1)
    assert "frame-001.zarr: is of another zoom, with other axes.eta" in other.stderr


def test_the_command_says_what_is_not_zoomed(tmp_path):
    (tmp_path / "small.toml").write_text(FILE)
    words = ["--frames", "1", "--animation", "gif", "--size", "6x4", "--dpi", "40", "--set", "axes.depth=3"]
    words += ["--set", "axes.alpha={start=0.3, stop=0.9, num=3}"]
    for at, wanted in (("eta=0.7", ["--at eta=0.7: alpha stays whole in every frame"]), ("eta=0.7,alpha=0.5", [])):
        done = commands.fastdln("zoom", "small.toml", "--at", at, "-o", at, *words, cwd=tmp_path)
        said = [line.partition(";")[0] for line in done.stderr.splitlines() if line.startswith("--at")]
        assert (done.returncode, said) == (0, wanted), done.stderr
