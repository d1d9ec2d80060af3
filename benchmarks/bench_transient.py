"""Transient steps: the block kernel against NumPy and a scalar numba loop, in one run."""

import numpy as np
import pytest

from benchmarks.contenders import CONTENDERS

# NumPy is fastest at some 16,000 points: fewer, and calls cost more than arithmetic; more, and they leave the L2 cache.
POINTS = 16_384
STEPS = {"lanes": 4000, "numpy": 300, "scalar numba": 100}


@pytest.mark.parametrize("depth", [3, 2, 4, 8, 32])
@pytest.mark.parametrize("contender", CONTENDERS)
def bench_transient_steps(benchmark, size, depth, contender):
    run = CONTENDERS[contender](depth)
    count, steps = (POINTS, STEPS[contender]) if size == "full" else (512, 3)
    expected = CONTENDERS["numpy"](depth)(count, 3)
    np.testing.assert_allclose(run(count, 3), expected, rtol=1e-10)
    assert np.isfinite(run(count, steps)).all()
    benchmark.group = f"transient steps, two-scalar map, L = {depth}"
    benchmark.name = contender
    benchmark.extra_info["work"] = count * steps
    benchmark.extra_info["unit"] = "M point-steps/s"
    benchmark.pedantic(run, (count, steps), rounds=9 if size == "full" else 1, warmup_rounds=1)
