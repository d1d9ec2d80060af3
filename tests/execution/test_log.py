"""The log of a run: every line is JSON if asked for, and one that cannot be written stops nothing."""

import json
import re
from pathlib import Path

from fastdln.execution import log as journal
from tests.commands import fastdln as command
from tests.commands import invoke
from tests.execution.obstacles import obstruct


def test_lines_of_json(here):
    done = command("run", "small.toml", "--log-json", cwd=here)
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    events = [line["event"] for line in lines]
    assert events[0] == "begun"
    assert events[-1] == "ended"
    assert lines[-1]["state"] == "complete"
    chunks = [line for line in lines if line["event"] == "chunk"]
    assert sorted(line["chunk"] for line in chunks) == list(range(16))
    assert all(line["points"] == 10 and 0 <= line["kernel_seconds"] <= line["seconds"] for line in chunks)
    progress = [line for line in lines if line["event"] == "progress"]
    assert progress[-1]["points_done"] == progress[-1]["points"] == 160
    assert progress[0]["points_per_second"] > 0
    assert progress[0]["seconds_left"] > 0
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]) for line in lines)


def test_a_log_that_cannot_be_written_stops_nothing(here):
    (here / "small.zarr.log").mkdir()
    done = command("run", "small.toml", "--quiet", cwd=here)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_log_on_a_full_disk_stops_nothing(here, monkeypatch):
    written = []

    def full(log):
        written.append(log.baseFilename)
        return Path("/dev/full").open("a")

    monkeypatch.setattr(journal.LogFile, "_open", full)
    monkeypatch.chdir(here)
    done = invoke("run", "small.toml", "--quiet")
    assert (done.exit_code, done.stderr) == (0, "")
    assert set(written) == {str(here / "small.zarr.log")}


def test_every_line_is_json(here):
    obstruct(here / "small.zarr", "0/1/2")
    done = command("run", "small.toml", "--log-json", cwd=here)
    assert done.returncode == 3
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert lines[-1]["event"] == "message"
    assert lines[-1]["message"].startswith("incomplete: 10 of 160 points")
    failed = next(line for line in lines if line["event"] == "chunk_failed")
    assert failed["chunk"] == 6
    assert failed["where"] == [[0, 1], [1, 2], [20, 30]]
    assert "Traceback" in failed["traceback"]
