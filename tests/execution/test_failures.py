"""Chunks that fail: the others go on, and the next run computes what is missing."""

import os
import re

import pytest

import fastdln
from fastdln import IncompleteError, SweepError
from fastdln.execution.compute import compute
from fastdln.execution.events import ChunkFailed
from tests.commands import fastdln as command
from tests.execution.obstacles import clear, obstruct
from tests.small import SWEEP, identical, marks


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


def test_more_chunks_than_any_place_holds(tmp_path):
    axes = {name: {"start": 0.1, "stop": 1.0, "num": 10_000_000} for name in ("eta", "alpha")}
    with pytest.raises(SweepError, match=r"chunks: .* are more than"):
        compute(fastdln.Sweep(model="modes", axes=axes | {"depth": 3}, chunks={"eta": 1000}), tmp_path / "out.zarr")
    assert list(tmp_path.iterdir()) == []
