"""Whole sweeps on one thread and two, from the first chunk's beginning to the last one's end, beside the least that they can take."""

import shutil
import statistics
from pathlib import Path

import dask
import pytest

from benchmarks.one_core import limit_now, operations_of_a_step
from fastdln import Sweep
from fastdln.execution.compute import compute
from fastdln.sweep.grid import Grid

SWEEPS = Path(__file__).parent.parent / "sweeps"


@pytest.mark.parametrize("threads", [2, 1])
@pytest.mark.parametrize("name", ["phase_diagram", "period_doubling"])
def bench_sweep(benchmark, size, name, threads, tmp_path):
    small = ["axes.eta.num=50", "axes.depth=3"] if size == "tiny" else []
    sweep = Sweep.from_file(SWEEPS / f"{name}.toml", small)
    spans, shares, ratios, store = [], [], [], tmp_path / "out.zarr"
    grid = Grid(sweep)
    operations = statistics.mean(operations_of_a_step(int(depth)) for depth in grid.coordinates["depth"])
    work = grid.points * (sweep.steps + sweep.record) * operations

    def run():
        events = []
        with dask.config.set(num_workers=threads):
            compute(sweep, store, progress=False, on_event=events.append)
        span = max(e.ended for e in events) - min(e.begun for e in events)
        spans.append(span)
        shares.append(sum(e.kernel_seconds for e in events) / span / min(threads, len(events)))
        ratios.append(span / (work / (threads * limit_now(size))))

    def empty():
        shutil.rmtree(store, ignore_errors=True)

    benchmark.group = f"sweeps/{name}.toml, whole"
    benchmark.name = f"{threads} thread{'s' if threads > 1 else ''}"
    rounds = 5 if size == "full" else 1
    benchmark.pedantic(run, setup=empty, rounds=rounds, warmup_rounds=1)
    benchmark.extra_info |= {
        "work": grid.points,
        "unit": "M points/s",
        "seconds": statistics.median(spans),
        "in kernels": statistics.median(shares),
        "times the limit": statistics.median(ratios),
    }
