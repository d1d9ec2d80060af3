"""What a recorded step costs beside a bare one: one mode, depth 3, with more and more measured on it."""

import statistics
import time

import numpy as np
import pytest

from benchmarks.contenders import CONTENDERS, points
from fastdln.kernels.lengths import Lengths
from fastdln.kernels.modes.chunk import ChunkKernel
from fastdln.models.modes import TWO_SCALAR
from fastdln.observables import DEFAULT, OBSERVABLES

POINTS = 4096
MEASURED = {
    "fate": (),
    "lyapunov": ("lyapunov",),
    "balancing": ("balancing",),
    "sharpness": ("sharpness",),
    "default": DEFAULT,
    "everything": tuple(
        name for name, o in OBSERVABLES.items() if name != "fate" and not o.whole_run and not o.asked_by
    ),
}


@pytest.mark.parametrize("measured", MEASURED)
def bench_recorded_steps(benchmark, size, measured):
    count, long, short, rounds = (POINTS, 12_000, 2000, 9) if size == "full" else (64, 20, 10, 1)
    families = (*(OBSERVABLES[name] for name in MEASURED[measured]), OBSERVABLES["fate"])
    kernel = ChunkKernel(TWO_SCALAR, 3, families)
    eta, alpha, _, s = points(count, 3)
    states, bare, ratios = np.stack([alpha, 0.0 * alpha])[:, None], CONTENDERS["fastdln"](3), []

    def record(steps):
        begun = time.perf_counter()
        kernel(eta, s[None], states, Lengths(0, steps, 8, 1))
        return time.perf_counter() - begun

    def compare():
        begun = time.perf_counter()
        bare(count, long)
        a_bare_step = (time.perf_counter() - begun) / long
        ratios.append((record(long) - record(short)) / (long - short) / a_bare_step)

    compare()
    ratios.clear()
    benchmark.group = "recorded steps, one mode, L = 3"
    benchmark.name = measured
    benchmark.extra_info |= {"work": count * long, "unit": "M point-steps/s"}
    benchmark.pedantic(record, (long,), rounds=rounds, warmup_rounds=1)
    for _ in range(rounds):
        compare()
    benchmark.extra_info["bare steps"] = statistics.median(ratios)
