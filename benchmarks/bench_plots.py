"""Pictures of much: a bifurcation of ten million samples, and the phase diagram of a store of a hundred million points."""

import subprocess
import sys

from fastdln import Sweep, plots, run
from fastdln.execution.compute import compute

# `fastdln ...`, which then says its largest resident size in kB: getrusage would count the process that started it as well.
COMMAND = """
from fastdln.cli.app import app
try:
    app()
finally:
    print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def bench_bifurcation(benchmark, size):
    """From the dataset to the PNG's bytes."""
    points = 100_000 if size == "full" else 100
    axes = {"eta": {"start": 0.5, "stop": 1.2, "num": points}, "alpha": 0.5, "depth": 3}
    ds = run(Sweep(model="balanced", axes=axes, steps=2000, record=128, observables=["orbit"], orbit_samples=100))
    benchmark.group = f"bifurcation of {ds.orbit.size:,} samples"
    benchmark.name = "drawn and encoded"
    rounds = 5 if size == "full" else 1
    benchmark.pedantic(lambda: plots.encode(plots.figure(ds, "bifurcation")), rounds=rounds)
    benchmark.extra_info["work"] = ds.orbit.size
    benchmark.extra_info["unit"] = "M samples/s"


def bench_phase(benchmark, size, tmp_path):
    """The whole command, `fastdln plot STORE phase`, in a process of its own, and the memory that it took."""
    along = 10_000 if size == "full" else 100
    axes = {
        "eta": {"start": 0.05, "stop": 1.5, "num": along},
        "alpha": {"start": 0.3, "stop": 1.0, "num": along, "spacing": "log"},
        "depth": 3,
    }
    store = tmp_path / "out.zarr"
    compute(Sweep(model="modes", axes=axes, steps=150, record=16, observables=["period"]), store, progress=False)
    command = [sys.executable, "-c", COMMAND, "plot", str(store), "phase", "-o", str(tmp_path / "phase.png")]
    most = []

    def draw():
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        most.append(int(said.split()[-1]) / 1000)

    benchmark.group = f"phase diagram of a store of {along**2:,} points"
    benchmark.name = "the command"
    benchmark.pedantic(draw, rounds=3 if size == "full" else 1)
    benchmark.extra_info["work"] = along**2
    benchmark.extra_info["unit"] = "M points/s"
    benchmark.extra_info["MB at most"] = max(most)
