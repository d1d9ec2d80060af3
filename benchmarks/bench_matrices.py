"""Gradient descent on full matrices: blocks of networks against NumPy and JAX, on one core, in one run."""

import statistics

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from benchmarks.matrix_contenders import CONTENDERS, DEPTH, Block, gradients, operations, points, widths_of
from benchmarks.one_core import limit_now, seconds
from fastdln.kernels.matrices.chunk import lanes_for

WIDTHS = (5, 8, 10, 12, 16, 32, 64)
TINY = (5, 32)

# Points at a time for those who choose it: small widths want many, to spread what a call costs; large ones few, to stay
# in the cache. More than 256 have never been the fastest.
BATCHES = (1, 16, 64, 256)

# Floating-point operations a round: some 50 ms.
ROUND = {"fastdln": 3e9, "numpy": 3e8, "jax vmap": 5e8}


@pytest.fixture(autouse=True)
def one_thread():
    """For the BLAS of fastdln and NumPy alike; what JAX computes with it does not know."""
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("width", WIDTHS)
def bench_matrix_steps(benchmark, size, width, contender):
    if size == "tiny" and width not in TINY:
        pytest.skip("two show that it runs")
    full, ours = size == "full", contender == "fastdln"
    counts = (lanes_for(widths_of(width)),) if ours else BATCHES if full else BATCHES[1:2]

    def steps(count):
        return max(1, round(ROUND[contender] / operations(width) / count)) if full else 3

    def pace(count):
        """Seconds that a step of one point takes, when checked and in its best of three."""
        run = CONTENDERS[contender](width, count)
        expected = CONTENDERS["numpy"](width, count)(3)
        np.testing.assert_allclose(np.stack(run(3)), np.stack(expected), rtol=1e-10, atol=1e-15)
        assert all(np.isfinite(layer).all() for layer in run(steps(count)))
        return min(seconds(run, steps(count)) for _ in range(3)) / steps(count) / count

    count = min(counts, key=pace)
    run, rounds, peaks = CONTENDERS[contender](width, count), 9 if full else 1, []
    work = steps(count) * count * operations(width)
    benchmark.group = f"gradient descent on matrices, L = {DEPTH}, d = {width}"
    benchmark.name = contender if ours else f"{contender}, {count} point{'s' if count > 1 else ''} at a time"
    benchmark.extra_info |= {"work": work, "unit": "GFlop/s"}
    benchmark.pedantic(
        run, (steps(count),), setup=lambda: peaks.append(2 * limit_now(size)), rounds=rounds, warmup_rounds=1
    )
    if ours:
        # pair by pair: what one core can do changes from second to second
        pairs = zip(benchmark.stats.stats.data, peaks[-rounds:], strict=True)
        benchmark.extra_info["share of peak"] = statistics.median(work / taken / peak for taken, peak in pairs)
        benchmark.extra_info["peak"] = statistics.median(peaks)


@pytest.mark.parametrize("width", WIDTHS)
def bench_hessian_products(benchmark, size, width):
    if size == "tiny" and width not in TINY:
        pytest.skip("two show that it runs")
    full, block = size == "full", Block(width)
    step = operations(width) * block.lanes
    # A product with the Hessian is twice the products of matrices of a step.
    times, steps = (round(ROUND["fastdln"] / step / 2), round(ROUND["fastdln"] / step)) if full else (3, 3)
    _, layers, target = points(block.lanes, width)
    # The gradients are polynomials: their derivative by an imaginary step has no rounding of differences.
    beside = gradients([w + 1e-30j * v for w, v in zip(layers, block.directions, strict=True)], target)
    expected = np.imag(beside) * 1e30
    np.testing.assert_allclose(block.hvp_at_start(1), expected, rtol=1e-10, atol=1e-13 * np.abs(expected).max())
    block.descend(steps)
    rounds, bare = 9 if full else 1, []
    benchmark.group = f"gradient descent on matrices, L = {DEPTH}, d = {width}"
    benchmark.name = "Hessian-vector product"
    benchmark.extra_info |= {"work": 2 * step * times, "unit": "GFlop/s"}
    benchmark.pedantic(
        block.hvp_at_start,
        (times,),
        setup=lambda: bare.append(seconds(block.descend, steps) / steps),
        rounds=rounds,
        warmup_rounds=1,
    )
    pairs = zip(benchmark.stats.stats.data, bare[-rounds:], strict=True)
    benchmark.extra_info["gradient steps"] = statistics.median(taken / times / one for taken, one in pairs)
