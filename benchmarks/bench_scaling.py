"""Cost against the number of points and of steps, which must be linear, and the memory that it takes: a process each."""

import json
import statistics
import subprocess
import sys

import pytest

# Chaotic at L = 3, so that nothing stands still and every step is taken.
LOWEST, HIGHEST = 0.9, 0.95

# Computes a sweep into a store, and prints the seconds from the first chunk to the last, and the process's largest resident
# size in kB: getrusage would count the process that started it as well.
RUN = """
import json, sys
import dask
from fastdln import Sweep
from fastdln.execution.compute import compute
points, steps, store = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
axes = {"eta": {"start": %f, "stop": %f, "num": points}, "alpha": 0.5, "depth": 3}
events = []
with dask.config.set(num_workers=1):
    compute(Sweep(model="modes", axes=axes, steps=steps, record=64), store, progress=False, on_event=events.append)
most = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([max(e.ended for e in events) - min(e.begun for e in events), int(most)]))
"""

# (points, steps)
BY_POINTS = [(10**4, 2000), (10**5, 2000), (10**6, 2000), (10**7, 2000)]
BY_STEPS = [(10**5, 10**3), (10**5, 10**4), (10**5, 10**5)]


def measured(points, steps, store):
    command = [sys.executable, "-c", RUN % (LOWEST, HIGHEST), str(points), str(steps), str(store)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    span, kilobytes = json.loads(done.stdout.splitlines()[-1])
    return span, kilobytes / 1000


@pytest.mark.parametrize(
    ("along", "points", "steps"),
    [("points", *case) for case in BY_POINTS] + [("steps", *case) for case in BY_STEPS],
)
def bench_scaling(benchmark, size, along, points, steps, tmp_path):
    if size == "tiny":
        if points * steps > 10**8:
            pytest.skip("two show that it runs")
        points, steps = points // 100, steps // 10
    spans, most = [], []

    def run():
        span, memory = measured(points, steps, tmp_path / f"{len(spans)}.zarr")
        spans.append(span)
        most.append(memory)

    benchmark.group = f"cost against the number of {along}, chaotic networks, one thread"
    benchmark.name = f"{points:,} points x {steps:,} steps"
    benchmark.pedantic(run, rounds=3 if size == "full" else 1)
    benchmark.extra_info |= {"unit": "M steps/s", "work": points * steps, "taken": spans, "MB at most": max(most)}
    benchmark.extra_info["seconds"] = statistics.median(spans)
