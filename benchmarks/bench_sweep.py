"""Whole sweeps: points a second, and how much of the threads' time is inside kernels."""

import shutil
from pathlib import Path

import pytest

from fastdln import Sweep
from fastdln.api import compute
from fastdln.engine import threads
from fastdln.grid import Grid

SWEEPS = Path(__file__).parent.parent / "sweeps"


@pytest.mark.parametrize("name", ["phase_diagram", "period_doubling"])
def bench_sweep(benchmark, size, name, tmp_path):
    small = ["axes.eta.num=50", "axes.depth=3"] if size == "tiny" else []
    sweep = Sweep.from_file(SWEEPS / f"{name}.toml", small)
    shares, store = [], tmp_path / "out.zarr"

    def run():
        events = []
        compute(sweep, store, progress=False, on_event=events.append)
        span = max(e.ended for e in events) - min(e.begun for e in events)
        shares.append(sum(e.kernel_seconds for e in events) / span / min(threads(), len(events)))

    def empty():
        shutil.rmtree(store, ignore_errors=True)

    benchmark.group = f"sweeps/{name}.toml, {threads()} threads"
    benchmark.name = "sweep"
    rounds = 5 if size == "full" else 1
    benchmark.pedantic(run, setup=empty, rounds=rounds, warmup_rounds=1)
    benchmark.extra_info["work"] = Grid(sweep).points
    benchmark.extra_info["unit"] = "M points/s"
    benchmark.extra_info["in kernels"] = sorted(shares)[len(shares) // 2]
