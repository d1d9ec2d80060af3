"""Steps of a mode: the bare kernel against C, JAX, NumPy, a scalar numba loop, and what a core can do at most."""

import statistics

import numpy as np
import pytest

from benchmarks.contenders import CONTENDERS
from benchmarks.one_core import limit_now, operations_of_a_step, seconds

DEPTHS = (2, 3, 4, 8, 16)

# Points at a time for those whose arrays are as long: fewer, and calls cost more than arithmetic; more, and they leave a
# cache. The fastest is taken.
BATCHES = {"NumPy": (4096, 16_384), "JAX jit": (256, 1024, 4096, 16_384)}
POINTS = 16_384
STEPS = {"fastdln": 4000, "C (gcc)": 4000, "JAX jit": 1000, "NumPy": 300, "scalar numba loop": 100}


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("contender", CONTENDERS)
def bench_transient_steps(benchmark, size, depth, contender):
    full, run = size == "full", CONTENDERS[contender](depth)

    def steps(count):
        return STEPS[contender] * POINTS // count if full else 3

    def pace(count):
        run(count, 3)
        return min(seconds(run, count, steps(count)) for _ in range(3))

    count = min(BATCHES.get(contender, (POINTS,)), key=pace) if full else 512
    expected = CONTENDERS["NumPy"](depth)(count, 3)
    np.testing.assert_allclose(run(count, 3), expected, rtol=1e-10)
    assert np.isfinite(run(count, steps(count))).all()
    rounds, limits = 9 if full else 1, []
    work = steps(count) * count
    benchmark.group = f"steps of a mode, two-scalar map, L = {depth}, one core"
    benchmark.name = contender
    benchmark.extra_info |= {"work": work, "unit": "M steps/s"}
    benchmark.pedantic(
        run, (count, steps(count)), setup=lambda: limits.append(limit_now(size)), rounds=rounds, warmup_rounds=1
    )
    # pair by pair: what one core can do changes from second to second
    limits = [limit / operations_of_a_step(depth) for limit in limits[-rounds:]]
    pairs = zip(benchmark.stats.stats.data, limits, strict=True)
    benchmark.extra_info["share of limit"] = statistics.median(work / taken / limit for taken, limit in pairs)
    benchmark.extra_info["limit"] = statistics.median(limits)
