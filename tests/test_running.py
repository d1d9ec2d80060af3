"""Runs: failures, interrupts, the log, parts of a run, and what status says meanwhile."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from commands import fastdln as command
from commands import invoke
from small import FILE, SWEEP, identical, marks

import fastdln
from fastdln import IncompleteError, StoreError, SweepError
from fastdln.execution import log as journal
from fastdln.execution.compute import compute
from fastdln.execution.events import ChunkDone, ChunkFailed
from fastdln.storage.location import locate
from fastdln.storage.store import Store
from fastdln.sweep.shares import Share


@pytest.fixture(scope="module")
def reference():
    return fastdln.run(SWEEP)


@pytest.fixture
def here(tmp_path):
    (tmp_path / "small.toml").write_text(FILE)
    return tmp_path


def obstruct(path, *places):
    """Makes the writing of chunks fail, in this process and in any other: folders lie where the files would be."""
    with Store.at(locate(path), SWEEP):
        pass
    for place in places:
        (path / "loss" / "c" / place / "in the way").mkdir(parents=True)


def clear(path):
    for way in list(path.rglob("in the way")):
        shutil.rmtree(way.parent)


def test_a_failed_chunk_does_not_stop_the_others(here, reference):
    path = here / "small.zarr"
    obstruct(path, "0/1/2", "1/0/0")
    done = command("run", "small.toml", cwd=here)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert re.search(
        r"incomplete: 20 of 160 points are not computed \(chunk \d+: IsADirectoryError: [^;]*; .*\n$", done.stderr
    )
    log = (here / "small.zarr.log").read_text()
    assert log.count("Traceback (most recent call last)") == 2
    assert len(re.findall(r"ERROR chunk (6|8) failed: IsADirectoryError", log)) == 2
    assert len(re.findall(r"INFO chunk \d+: 10 points in [0-9.]+ s, [0-9.]+ s of it in the kernel", log)) == 14
    assert fastdln.status(path).chunks_left == 2
    clear(path)
    again = command("run", "small.toml", "--quiet", cwd=here)
    assert (again.returncode, again.stderr) == (0, "")
    identical(fastdln.open(path), reference)


def test_fail_fast_stops(tmp_path):
    path, events = tmp_path / "out.zarr", []
    obstruct(path, *(f"{depth}/{alpha}/{eta}" for depth in range(2) for alpha in range(2) for eta in range(4)))
    with pytest.raises(IncompleteError, match="160 of 160 points are not computed"):
        compute(SWEEP, path, fail_fast=True, on_event=events.append)
    assert 1 <= len(events) <= os.cpu_count() + 1
    assert all(isinstance(event, ChunkFailed) for event in events)


def test_a_place_that_refuses_everything_ends_the_run(tmp_path):
    """Not each of a million chunks has to fail on its own."""
    path, events = tmp_path / "out.zarr", []
    obstruct(path, *(f"{depth}/{alpha}/{eta}" for depth in range(2) for alpha in range(2) for eta in range(4)))
    with pytest.raises(IncompleteError, match=r"and \d+ more"):
        compute(SWEEP, path, on_event=events.append)
    assert 8 <= len(events) < 16


def test_a_fault_in_the_program_is_one_chunks_failure(tmp_path, reference, monkeypatch):
    from fastdln.execution.task import Task

    right = Task.compute

    def wrong(task, slices):
        if slices[2].start == 20:
            raise ZeroDivisionError("a fault")
        return right(task, slices)

    monkeypatch.setattr(Task, "compute", wrong)
    path = tmp_path / "out.zarr"
    with pytest.raises(
        IncompleteError, match=r"40 of 160 points are not computed .*ZeroDivisionError: a fault; and 3 more"
    ):
        compute(SWEEP, path)
    monkeypatch.undo()
    before = marks(path)
    identical(fastdln.run(SWEEP, store=path), reference)
    assert {name: marks(path)[name] for name in before} == before


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


def test_parts_of_a_run_make_the_whole(here, reference):
    path = here / "small.zarr"
    for part in (2, 1):
        done = command("run", "small.toml", "--part", f"{part}/3", "--quiet", cwd=here)
        assert done.returncode == 0, done.stderr
    found = fastdln.status(path)
    assert found.chunks_left == 6
    shown = command("status", "small.zarr", "--parts", "3", cwd=here).stdout
    assert "part 1/3: complete" in shown
    assert "part 3/3: 6 chunks left" in shown
    assert not found.running
    assert np.flatnonzero(found.left).tolist() == Share(3, 3).numbers(16).tolist()
    assert "missing chunk numbers " in shown
    with pytest.warns(UserWarning, match="60 of 160 points"):
        assert not fastdln.open(path).attrs["complete"]
    before = marks(path)
    fastdln.run(SWEEP, store=path, part="3/3")
    assert {name: marks(path)[name] for name in before} == before
    identical(fastdln.open(path), reference)
    assert fastdln.open(path).attrs["complete"]


def test_parts_at_the_same_time(here, reference):
    """Four jobs that know nothing of each other, started at once, on a store that is not there yet."""
    words = [sys.executable, "-m", "fastdln", "run", "small.toml", "--quiet"]
    jobs = [
        subprocess.Popen([*words, "--part", f"{part}/4"], cwd=here, stderr=subprocess.PIPE, text=True)
        for part in (1, 2, 3, 4)
    ]
    ends = [(job.communicate()[1], job.returncode) for job in jobs]
    assert ends == [("", 0)] * 4
    identical(fastdln.open(here / "small.zarr"), reference)
    assert fastdln.open(here / "small.zarr").attrs["complete"]


def test_overlapping_runs_are_refused(tmp_path):
    path = tmp_path / "out.zarr"
    with Store.at(locate(path), SWEEP, share=Share(1, 2)):
        assert fastdln.status(path).running
        for part in ("1/2", "1/3", "2/3", "1/1", None):
            with pytest.raises(StoreError, match="in use by another run"):
                compute(SWEEP, path, part=part)
        compute(SWEEP, path, part="2/2")
    assert not fastdln.status(path).running
    compute(SWEEP, path)
    assert fastdln.status(path).chunks_left == 0


def test_leftovers_of_other_parts_are_left_alone(tmp_path):
    path = tmp_path / "out.zarr"
    with Store.at(locate(path), SWEEP):
        pass
    old, young = (path / "loss" / "c" / f"0.{age}.partial" for age in ("old", "young"))
    for file in (old, young):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"half")
    os.utime(old, (0, 0))
    compute(SWEEP, path, part="1/2")
    assert not old.exists()
    assert young.exists()
    compute(SWEEP, path)
    assert not young.exists()


@pytest.mark.parametrize("words", [{"part": "1/2"}, {"durable": True}, {"storage_options": {"key": "x"}}])
def test_what_only_stores_have(words):
    with pytest.raises(SweepError, match="give one"):
        fastdln.run(SWEEP, **words)


@pytest.mark.parametrize(
    "words",
    [
        ("--part", "0/2"),
        ("--part", "x"),
        ("--workers", "0"),
        ("--workers", "1", "--scheduler", "tcp://127.0.0.1:1"),
        ("--scheduler", "nonsense"),
        ("--dashboard",),
        ("--storage", "key"),
        ("--storage", "key=1"),
        ("-o", "foo://bucket/x.zarr"),
        ("-o", "s3://bucket/x.zarr", "--storage", "nonsense=1"),
    ],
)
def test_bad_words_are_one_line(here, words):
    done = command("run", "small.toml", *words, cwd=here)
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(r"error: [^\n]+\n", done.stderr), done.stderr
    assert [p.name for p in here.iterdir()] == ["small.toml"]


LONG = ["--set", "axes.eta={start=0.88,stop=1.0,num=20000}", "--set", "steps=2000000", "--set", "chunks.eta=100"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_run_cleanly(here, number):
    words = [sys.executable, "-m", "fastdln", "run", "small.toml", *LONG]
    child = subprocess.Popen(words, cwd=here, stderr=subprocess.PIPE, text=True)
    path = here / "small.zarr"
    try:
        deadline = time.monotonic() + 120
        while not marks(path) and time.monotonic() < deadline:
            time.sleep(0.05)
        shown = command("status", "small.zarr", cwd=here)
        assert "a run is going on" in shown.stdout
        child.send_signal(number)
        stderr = child.communicate(timeout=120)[1]
    finally:
        child.kill()
    assert child.returncode == 3, stderr
    assert re.search(r"interrupted: [\d,]+ of 80,000 points are not computed; the same command goes on", stderr), stderr
    assert "Traceback" not in stderr
    assert "interrupted" in (here / "small.zarr.log").read_text().splitlines()[-1]
    found = fastdln.verify(path)
    assert not found.damaged
    assert 0 < found.points_left < 80_000


def test_a_second_signal_leaves_at_once(here):
    """The chunk that is being computed takes minutes."""
    compute(SWEEP, here / "compiled.zarr")  # while kernels are compiled the first would end the run at once
    words = ["--set", "axes.eta={start=0.88,stop=1.0,num=2000}", "--set", "steps=50000000", "--set", "chunks.eta=2000"]
    child = subprocess.Popen(
        [sys.executable, "-m", "fastdln", "run", "small.toml", *words], cwd=here, stderr=subprocess.PIPE
    )
    try:
        deadline = time.monotonic() + 120
        while not (here / "small.zarr.log").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(5.0)
        child.send_signal(signal.SIGINT)
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        stderr = child.communicate(timeout=20)[1].decode()
    finally:
        child.kill()
    assert child.returncode == 3, stderr
    assert "leaving at once" in stderr


def test_a_signal_while_the_process_ends_changes_nothing(here):
    child = subprocess.Popen(
        [sys.executable, "-m", "fastdln", "run", "small.toml", "--set", "steps=50000000"],
        cwd=here,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert "0 of 160 points" in child.stderr.readline()
        child.send_signal(signal.SIGINT)
        while "the same command goes on from there" not in child.stderr.readline():
            assert child.poll() in (None, 3)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 3


def test_events_tell_of_every_chunk(tmp_path):
    events = []
    fastdln.run(SWEEP, store=tmp_path / "out.zarr", on_event=events.append)
    assert sorted(event.number for event in events) == list(range(16))
    assert all(isinstance(event, ChunkDone) and event.points == 10 and event.begun < event.ended for event in events)


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


def test_chunks_that_another_worker_stored_count(tmp_path, monkeypatch):
    """A worker may die between storing a chunk and saying so; who finds it there has computed none of its points."""
    from dataclasses import replace

    from fastdln.execution import run

    reports, right = [], run.compute_chunk
    monkeypatch.setattr(run, "compute_chunk", lambda *words: replace(right(*words), points=0))
    compute(SWEEP, tmp_path / "out.zarr", progress=lambda done, total: reports.append((done, total)))
    assert reports[-1] == (160, 160)


@pytest.mark.parametrize(
    "words",
    [
        ("--set", "axes.eta.num=" + "9" * 5000),
        ("--set", ".".join("a" * 3000) + "=1"),
        ("--set", "axes.eta=" + "[" * 5000),
        ("-o", "small.zarr/in/side.zarr"),
        ("-o", "nodir/a/" + "b" * 300),
        ("-o", "file://other/x.zarr"),
        ("-o", b"\xff.zarr"),
        ("--scheduler", "tls://127.0.0.1:1"),
        ("--scheduler", "tcp://127.0.0.1:1"),
        ("--scheduler", "ucx://127.0.0.1:1"),
    ],
)
def test_odd_words_are_one_line(here, words):
    (here / "small.zarr").mkdir()
    (here / "small.zarr" / "zarr.json").write_text("{}")
    before = sorted(here.rglob("*"))
    done = command_bytes("run", "small.toml", *words, cwd=here)
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(rb"error: [^\n]+\n", done.stderr), done.stderr
    assert sorted(here.rglob("*")) == before


def command_bytes(*words, cwd):
    words = [word if isinstance(word, bytes) else word.encode() for word in words]
    return subprocess.run([sys.executable.encode(), b"-m", b"fastdln", *words], cwd=cwd, capture_output=True)


@pytest.mark.parametrize("setting", ["abc", "-1", "1.5", "0"])
def test_odd_numbers_of_threads_are_one_line(here, setting):
    done = command("run", "small.toml", "--quiet", cwd=here, DASK_NUM_WORKERS=setting)
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(r"error: num_workers: [^\n]+\n", done.stderr), done.stderr
    assert [p.name for p in here.iterdir()] == ["small.toml"]


def test_more_chunks_than_any_place_holds(tmp_path):
    axes = {name: {"start": 0.1, "stop": 1.0, "num": 10_000_000} for name in ("eta", "alpha")}
    with pytest.raises(SweepError, match=r"chunks: .* are more than"):
        compute(fastdln.Sweep(model="modes", axes=axes | {"depth": 3}, chunks={"eta": 1000}), tmp_path / "out.zarr")
    assert list(tmp_path.iterdir()) == []


SLOW_TO_IMPORT = """
import sys, time
from importlib.abc import MetaPathFinder

class Slow(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "fastdln.sweep.schema":
            print("importing", flush=True)
            time.sleep(60)

sys.meta_path.insert(0, Slow())
sys.argv[1:] = ["run", "small.toml"]
from fastdln.cli.app import main
main()
"""


def test_a_signal_at_the_start(here):
    """Handlers are there before the imports that take long."""
    words = [sys.executable, "-c", SLOW_TO_IMPORT]
    child = subprocess.Popen(words, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "importing\n"
    child.send_signal(signal.SIGTERM)
    stderr = child.communicate(timeout=60)[1]
    assert child.returncode == 3, stderr
    assert "Traceback" not in stderr
