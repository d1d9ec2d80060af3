"""Exports that cannot be: one line that says what would be right, and no file under the name that was asked for."""

import os
import signal
import subprocess
import sys
import time

import pytest

import fastdln
from fastdln import DatasetError, StoreError, run
from fastdln.reports import formats
from tests.commands import invoke
from tests.small import ROOT, SWEEP, made
from tests.storage.hostile import edited


@pytest.fixture(scope="module")
def ds():
    return made(SWEEP)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def left(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"variables": "los"}, ["unknown 'los'", "did you mean loss?", "loss_min", "period"]),
        ({"variables": ["period", "xyz"]}, ["unknown 'xyz'", "valid: ", "period"]),
        ({"variables": "eta"}, ["eta is a coordinate"]),
        ({"variables": []}, ["are none"]),
        ({"variables": ""}, ["are none"]),
        ({"variables": 3}, ["variables", "got 3"]),
        ({"variables": [["a"]]}, ["variables"]),
        ({"to": "cvs"}, ["to: ", "csv, netcdf, parquet", "did you mean csv?"]),
        ({"to": 3}, ["to: ", "csv, netcdf, parquet"]),
        ({"to": "netcdf"}, ["must end in .nc"]),
        ({"path": "out.txt"}, ["out.txt", ".csv, .nc, .parquet"]),
        ({"path": ""}, ["path"]),
        ({"path": None}, ["path"]),
        ({"path": "no/out.csv"}, ["no such folder"]),
    ],
)
def test_wrong_words_are_one_line(ds, here, words, expected):
    with pytest.raises(DatasetError) as caught:
        fastdln.export(ds, **{"path": "out.csv"} | words)
    assert "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in expected), caught.value
    assert not left(here)


def test_what_is_no_dataset_of_ours(ds):
    for source, error in {"no.zarr": StoreError, 3: StoreError}.items():
        with pytest.raises(error):
            fastdln.export(source, "out.csv")
    with pytest.raises(DatasetError, match="does not come from fastdln"):
        fastdln.export(ds.drop_attrs(), "out.csv")
    with pytest.raises(DatasetError, match="eta: the dataset has none"):
        fastdln.export(ds.isel(eta=slice(0, 0)), "out.csv")


@pytest.mark.parametrize(("kind", "package"), [("netcdf", "h5netcdf"), ("parquet", "pyarrow")])
def test_a_missing_package_is_one_line(ds, here, monkeypatch, kind, package):
    def without(name, path=None):
        return None if name == package else object()

    monkeypatch.setattr("importlib.util.find_spec", without)
    with pytest.raises(DatasetError) as caught:
        fastdln.export(ds, f"out.{formats.FORMATS[kind].suffix}")
    assert f"pip install 'fastdln[{kind}]'" in str(caught.value)
    assert not left(here)


def test_the_command_line_says_what_is_missing(here):
    run(SWEEP, "s.zarr", progress=False)
    for words, expected in [
        (["export", "s.zarr"], "--to: say csv, netcdf or parquet"),
        (["export", "s.zarr", "--to", "csvv"], "did you mean csv?"),
        (["export", "s.zarr", "--to", "csv", "--variables", "perod"], "did you mean period?"),
        (["export", "s.zarr", "-o", "s.zarr/x.csv"], "lies inside a store"),
        (["export", "no.zarr", "--to", "csv"], "there is no store"),
    ]:
        done = invoke(*words)
        assert done.exit_code == 2
        assert expected in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert left(here) == ["s.zarr"]


@pytest.mark.parametrize("to", ["csv", "netcdf", "parquet"])
def test_a_damaged_store_leaves_what_was_there(here, to):
    if to == "parquet":
        pytest.importorskip("pyarrow")
    run(SWEEP, "s.zarr", progress=False)
    name = f"s.{formats.FORMATS[to].suffix}"
    (here / name).write_text("before")
    chunk = here / "s.zarr" / "loss" / "c" / "1" / "1" / "3"
    chunk.write_bytes(b"\0" + chunk.read_bytes()[1:])
    done = invoke("export", "s.zarr", "--to", to, "--variables", "loss")
    assert done.exit_code == 2
    assert "fastdln verify s.zarr" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert left(here) == sorted([name, "s.zarr"])
    assert (here / name).read_text() == "before"


def test_damaged_metadata_are_refused(here):
    run(SWEEP, "s.zarr", progress=False)
    edited(here / "s.zarr", lambda root: root["consolidated_metadata"]["metadata"]["loss"].update(data_type="float32"))
    with pytest.raises(StoreError, match="array loss"):
        fastdln.export("s.zarr", "out.csv")
    assert left(here) == ["s.zarr"]


def test_a_full_disk_is_one_line(ds, here, monkeypatch):
    (here / "out.csv").write_text("before")
    monkeypatch.setattr(formats.csv, "writer", lambda *words, **keys: Full())
    with pytest.raises(DatasetError, match=r"out\.csv: cannot be written: No space left"):
        fastdln.export(ds, "out.csv", variables="loss")
    assert left(here) == ["out.csv"]
    assert (here / "out.csv").read_text() == "before"


class Full:
    def writerow(self, row):
        raise OSError(28, "No space left on device")


def test_links_are_not_written_through(ds, here):
    (here / "other").write_text("mine")
    (here / "out.csv").symlink_to(here / "other")
    with pytest.raises(DatasetError, match="is a link"):
        fastdln.export(ds, "out.csv")
    assert (here / "other").read_text() == "mine"


SLOW = """
import time
from fastdln import export, reports
from fastdln.reports import formats, tables
from tests.small import SWEEP, made
tables.ROWS = 1
whole = formats.cells
def slow(column):
    time.sleep(0.02)
    return whole(column)
formats.cells = slow
print("begun", flush=True)
export(made(SWEEP), "out.csv", variables=["loss"])
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_kill_leaves_no_half_file(here, number):
    (here / "out.csv").write_text("before")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    process = subprocess.Popen([sys.executable, "-c", SLOW], cwd=here, env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not any(here.glob(".fastdln-*")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(0.2)
    assert process.poll() is None
    process.send_signal(number)
    process.wait()
    assert (here / "out.csv").read_text() == "before"
    drafts = [path for path in here.iterdir() if path.name != "out.csv"]
    assert len(drafts) == (1 if number == signal.SIGKILL else 0), "what a kill leaves has a name of its own"
