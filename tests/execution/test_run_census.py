"""The last line of a run: the census of its points, whatever was there before, in the log and in the event too."""

import json
import logging
import subprocess
import sys

import numpy as np
import pytest

import fastdln
from fastdln import IncompleteError, analysis
from fastdln.execution import log, run_census
from fastdln.observables.fate import NAMES
from fastdln.storage.location import locate
from fastdln.storage.store import Store
from fastdln.sweep.grid import Grid
from fastdln.sweep.shares import Share
from tests.commands import fastdln as command
from tests.commands import invoke
from tests.execution.obstacles import clear, obstruct
from tests.small import SWEEP

pytestmark = pytest.mark.filterwarnings("ignore:.*points are not computed yet", "ignore:steps =")


@pytest.fixture
def ended(monkeypatch):
    """The content of the last RunEnded, as listeners of the log get it."""
    events = []

    class Listener(logging.Handler):
        def emit(self, record):
            if record.event["event"] == "ended":
                events.append(record.event)

    listener = Listener()
    log.logger.addHandler(listener)
    with log.listening():
        yield lambda: events[-1]
    log.logger.removeHandler(listener)


def counted(ds):
    """What a census has to say of a dataset, by plain NumPy."""
    codes, numbers = np.unique(ds.fate.values, return_counts=True)
    fates = {NAMES[code]: int(number) for code, number in zip(codes, numbers, strict=True)}
    return fates.pop("not_computed", 0), fates


def agrees(event, ds):
    census = event["census"]
    return (census["not_computed"], census["fates"]) == counted(ds) and census["points"] == ds.fate.size


def test_the_last_line_but_one_says_what_was_found(here):
    done = command("run", "small.toml", cwd=here)
    line = str(analysis.census(fastdln.open(here / "small.zarr")))
    assert done.stderr.splitlines()[-2] == line
    assert line.startswith("fate: ")
    assert done.stderr.splitlines()[-1].startswith("done: ")
    assert (here / "small.zarr.log").read_text().splitlines()[-1].partition("\t")[0].endswith(f"0 points left; {line}")
    again = command("run", "small.toml", cwd=here)
    assert again.stderr.splitlines()[-2] == line
    assert command("run", "small.toml", "--quiet", cwd=here).stderr == ""
    said = command("run", "small.toml", "--log-json", cwd=here).stderr.splitlines()
    (census,) = [found["census"] for found in map(json.loads, said) if found["event"] == "ended"]
    assert {name: number / 160 for name, number in census["fates"].items()}
    assert sum(census["fates"].values()) == census["points"] == 160
    assert not any(line in one for one in said)


def test_extended_and_refined_stores_end_with_it_too(here):
    command("run", "small.toml", "--quiet", cwd=here)
    longer = command("extend", "small.zarr", "--set", "axes.alpha=[0.3, 0.6, 0.9]", cwd=here)
    assert longer.stderr.splitlines()[-2] == str(analysis.census(fastdln.open(here / "small.zarr")))
    finer = command("refine", "small.zarr", "-o", "f.zarr", "--set", "axes.eta={start=0.2,stop=0.4,num=20}", cwd=here)
    assert finer.stderr.splitlines()[-2] == str(analysis.census(fastdln.open(here / "f.zarr")))


def test_in_memory_and_resumed(tmp_path, ended, capsys):
    ds = fastdln.run(SWEEP, progress=True)
    assert agrees(ended(), ds)
    assert capsys.readouterr().err.splitlines()[-1] == str(analysis.census(ds))
    fastdln.run(SWEEP, progress=False)
    assert capsys.readouterr().err == ""
    fastdln.run(SWEEP, tmp_path / "s.zarr", part="1/3")
    stored = fastdln.run(SWEEP, tmp_path / "s.zarr")
    assert agrees(ended(), stored)
    fastdln.run(SWEEP, tmp_path / "s.zarr")  # with nothing to do
    assert agrees(ended(), stored)
    assert ended()["seconds"] > 0


def test_shares_count_what_is_theirs(tmp_path, ended):
    whole = fastdln.run(SWEEP)
    grid = Grid(SWEEP)
    for part in (2, 1, 3):
        fastdln.run(SWEEP, tmp_path / "s.zarr", part=f"{part}/3")
        fates = [whole.fate.values[grid.slices(number)].ravel() for number in Share(part, 3).numbers(grid.chunks)]
        codes, numbers = np.unique(np.concatenate(fates), return_counts=True)
        census = ended()["census"]
        assert census["fates"] == {NAMES[code]: number for code, number in zip(codes, numbers, strict=True)}
        assert (census["points"], census["not_computed"]) == (numbers.sum(), 0)


def test_incomplete_runs_say_what_is_missing(tmp_path, ended):
    path = tmp_path / "s.zarr"
    obstruct(path, "0/1/2", "1/0/0")
    with pytest.raises(IncompleteError):
        fastdln.run(SWEEP, path)
    assert ended()["state"] == "incomplete"
    assert ended()["census"]["not_computed"] == 20
    assert agrees(ended(), fastdln.open(path))
    clear(path)
    fastdln.run(SWEEP, path)
    assert agrees(ended(), fastdln.open(path))


def test_chunks_that_were_there_in_part_count_once(tmp_path, ended):
    """Of a store that grew through its chunks, and whose further points cannot be written."""
    path = tmp_path / "s.zarr"
    fastdln.run(SWEEP.changed(["axes.eta={start=0.1,stop=0.8,num=15}"]), path)
    longer = fastdln.extend(path, "axes.eta={start=0.1,stop=1.0,num=19}")
    assert agrees(ended(), longer)
    assert ended()["census"]["points"] == longer.fate.size


def test_damaged_flags_count_as_not_computed(tmp_path, ended):
    path = tmp_path / "s.zarr"
    fastdln.run(SWEEP, path)
    chunk = next(p for p in (path / "fate" / "c").rglob("*") if p.is_file())
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"\0")
    with Store.at(locate(path), SWEEP) as store:
        census = run_census.RunCensus(store)
        census.begin(np.arange(16), np.zeros(16, dtype=int))
        found = census.conclude(1.0, "complete")
    assert (found.points, found.not_computed) == (160, 10)


def test_nobody_waits_for_a_long_count(tmp_path, ended, monkeypatch, capsys):
    fastdln.run(SWEEP, tmp_path / "s.zarr", part="1/2")
    monkeypatch.setattr(run_census, "SECONDS", -1.0)
    monkeypatch.setattr(run_census, "SHARE", -1.0)
    fastdln.run(SWEEP, tmp_path / "s.zarr", progress=True)
    assert ended()["census"] is None
    assert "fate:" not in capsys.readouterr().err
    fastdln.run(SWEEP, progress=False)  # what the run itself computes is counted on the way
    assert ended()["census"]["points"] == 160


def test_an_interrupt_says_what_is_there(tmp_path, ended):
    def stop(event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fastdln.run(SWEEP, tmp_path / "s.zarr", on_event=stop)
    assert ended()["state"] == "interrupted"
    assert ended()["census"]["not_computed"] in (140, 150, 160)


def test_a_bar_is_followed_by_it(monkeypatch, capsys):
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    fastdln.run(SWEEP, progress=True)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(str(analysis.census(fastdln.run(SWEEP))))


def test_a_run_imports_no_xarray(here):
    invoke("run", "small.toml", "--quiet")
    code = (
        "import sys; sys.argv = ['fastdln', 'run', 'small.toml']\n"
        "try:\n    from fastdln.cli.app import main; main()\nexcept SystemExit:\n    pass\n"
        "assert not {'xarray', 'pandas'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=here, check=True, capture_output=True, text=True)
    assert "fate: " in done.stderr
