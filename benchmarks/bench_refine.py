"""Refinement along a boundary beside a run of the whole finer grid: the shipped phase diagram, or a small one of its kind."""

import shutil
import statistics
import time

import pytest

import fastdln
from fastdln import Sweep
from fastdln.sweep.levels import levels_of
from tests.small import ROOT

LEVELS = 3


@pytest.fixture
def coarse(size, tmp_path):
    """A store of the diagram."""
    num, chunk = (250, 125) if size == "full" else (24, 12)
    changes = [f"axes.{axis}.num={num}" for axis in ("eta", "alpha")] + [
        f"chunks.{axis}={chunk}" for axis in ("eta", "alpha")
    ]
    sweep = Sweep.from_file(ROOT / "sweeps" / "phase_diagram.toml", changes)
    fastdln.run(sweep, store=tmp_path / "coarse.zarr")
    return sweep, tmp_path / "coarse.zarr"


@pytest.mark.parametrize("way", ["refined", "whole"])
def bench_refine(benchmark, size, coarse, way, tmp_path):
    sweep, store = coarse
    (finest,) = levels_of(sweep, LEVELS)[-1:]
    taken, new = [], tmp_path / "new.zarr"

    def run():
        shutil.rmtree(new, ignore_errors=True)
        begun = time.perf_counter()
        if way == "refined":
            fastdln.refine(store, new, boundary="fate", levels=LEVELS)
        else:
            fastdln.run(finest, store=new)
        taken.append(time.perf_counter() - begun)

    benchmark.group = f"three levels of a phase diagram, to {finest.points:,} points"
    benchmark.name = {"refined": "refine along the boundary of fate", "whole": "run of the whole finest grid"}[way]
    benchmark.pedantic(run, rounds=3 if size == "full" else 1)
    benchmark.extra_info |= {"unit": "M points/s", "work": finest.points, "taken": taken}
    benchmark.extra_info["seconds"] = statistics.median(taken)
