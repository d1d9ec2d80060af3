"""Runs: parts of them, words that they do not take, and what status says meanwhile."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

import fastdln
from fastdln import StoreError, SweepError
from fastdln.execution.compute import compute
from fastdln.execution.events import ChunkDone
from fastdln.storage.location import locate
from fastdln.storage.store import Store
from fastdln.sweep.shares import Share
from tests.commands import fastdln as command
from tests.small import SWEEP, identical, marks


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


def test_events_tell_of_every_chunk(tmp_path):
    events = []
    fastdln.run(SWEEP, store=tmp_path / "out.zarr", on_event=events.append)
    assert sorted(event.number for event in events) == list(range(16))
    assert all(isinstance(event, ChunkDone) and event.points == 10 and event.begun < event.ended for event in events)


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
