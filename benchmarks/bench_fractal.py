"""Measures of boundaries: a diagram of 4,096 x 4,096 points in memory, and a store of a hundred million."""

import subprocess
import sys

import pytest

from fastdln import Sweep, analysis, run
from fastdln.execution.compute import compute

MEASURES = {
    "box counting": analysis.box_counting_dimension,
    "uncertainty exponent": analysis.uncertainty_exponent,
    "basin entropy": analysis.basin_entropy,
}
# In a process of its own, which then says its largest resident size in kB.
OF_STORE = """
import sys
import fastdln
from fastdln import analysis
print(analysis.box_counting_dimension(fastdln.open(sys.argv[1]), group="diverged").dimension.item())
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def sweep(along):
    axes = {
        "eta": {"start": 1.3, "stop": 1.6, "num": along},
        "alpha": {"start": 0.3, "stop": 1.2, "num": along},
        "depth": 3,
    }
    return Sweep(model="modes", axes=axes, steps=200, record=8, observables=[])


@pytest.mark.parametrize("name", MEASURES)
def bench_measure(benchmark, size, name):
    along = 4096 if size == "full" else 96
    ds = run(sweep(along))
    benchmark.group = f"a boundary on {along:,} x {along:,} points"
    benchmark.name = name
    benchmark.pedantic(lambda: MEASURES[name](ds, group="diverged"), rounds=5 if size == "full" else 1)
    benchmark.extra_info |= {"work": along**2, "unit": "M points/s"}


def bench_store(benchmark, size, tmp_path):
    """The whole process, and the memory that it took."""
    along = 10_000 if size == "full" else 96
    compute(sweep(along), tmp_path / "out.zarr", progress=False)
    command, most = [sys.executable, "-c", OF_STORE, str(tmp_path / "out.zarr")], []

    def measure():
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        most.append(int(said.split()[-1]) / 1000)

    benchmark.group = f"a boundary of a store of {along**2:,} points"
    benchmark.name = "box counting"
    benchmark.pedantic(measure, rounds=3 if size == "full" else 1)
    benchmark.extra_info |= {"work": along**2, "unit": "M points/s", "MB at most": max(most)}
