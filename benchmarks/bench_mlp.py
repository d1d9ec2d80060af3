"""Gradient descent on small fully connected networks, tanh, 32 examples: one network at a time, against JAX's jit(vmap), on one core."""

from functools import cache

import numpy as np
import pytest

from benchmarks.one_core import jax_on_one_core, seconds
from fastdln.kernels.compile import kernel
from fastdln.kernels.simulations.perceptron import memory_size, perceptron_of, with_activation

WIDTHS, DEPTH, EXAMPLES, ETA = (8, 16, 32), 3, 32, 1e-3

# Networks at a time for JAX: more than 256 have never been the fastest.
BATCHES = (1, 16, 64, 256)


@cache
def problem(width):
    """Layers, inputs and outputs."""
    rng = np.random.default_rng(width)
    layers = [rng.normal(size=(width, width)) / np.sqrt(width) for _ in range(DEPTH)]
    return layers, rng.normal(size=(width, EXAMPLES)), rng.normal(size=(width, EXAMPLES))


def ours(width, count):
    gradient = with_activation("tanh")["gradient"]

    def descend(widths, data, weights, steps, memory, slope):
        net = perceptron_of(widths, data, memory)
        for _ in range(steps):
            gradient(net, weights, slope)
            for k in range(len(weights)):
                weights[k] -= ETA * slope[k]

    compiled, (layers, x, y) = kernel(descend, "benchmark of mlp"), problem(width)
    widths, start = np.full(DEPTH + 1, width), np.concatenate([w.ravel() for w in layers])
    data, memory, slope = (
        np.concatenate([x.ravel(), y.ravel()]),
        np.empty(memory_size([width] * (DEPTH + 1), EXAMPLES)),
        0 * start,
    )

    def run(steps):
        for _ in range(count):
            weights = start.copy()
            compiled(widths, data, weights, steps, memory, slope)
        return weights

    return run


def by_jax(width, count):
    jax = jax_on_one_core()
    layers, x, y = problem(width)

    def loss(weights):
        hidden = x
        for w in weights[:-1]:
            hidden = jax.numpy.tanh(w @ hidden)
        return 0.5 * ((weights[-1] @ hidden - y) ** 2).sum()

    def descend(weights, steps):
        def step(_, weights):
            return [w - ETA * g for w, g in zip(weights, jax.grad(loss)(weights), strict=True)]

        return jax.lax.fori_loop(0, steps, step, weights)

    compiled = jax.jit(jax.vmap(descend, in_axes=(0, None)))
    start = [np.repeat(w[None], count, axis=0) for w in layers]

    def run(steps):
        found = jax.block_until_ready(compiled(start, steps))
        return np.concatenate([np.asarray(w[-1]).ravel() for w in found])

    return run


CONTENDERS = {"fastdln": ours, "jax vmap": by_jax}


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("width", WIDTHS)
def bench_mlp_steps(benchmark, size, width, contender):
    full = size == "full"
    counts = (1,) if contender == "fastdln" or not full else BATCHES
    steps = 2000 if full else 3

    def pace(count):
        """Seconds that a step of one network takes, when checked."""
        run = CONTENDERS[contender](width, count)
        np.testing.assert_allclose(run(3), ours(width, 1)(3), rtol=1e-12, atol=1e-14)
        return min(seconds(run, -(-steps // count)) for _ in range(3)) / -(-steps // count) / count

    count = min(counts, key=pace)
    run, each = CONTENDERS[contender](width, count), -(-steps // count)
    benchmark.group = f"gradient descent on tanh networks, L = {DEPTH}, d = {width}, {EXAMPLES} examples"
    benchmark.name = (
        contender if contender == "fastdln" else f"{contender}, {count} network{'s' if count > 1 else ''} at a time"
    )
    benchmark.extra_info |= {"work": each * count, "unit": "M steps/s"}
    benchmark.pedantic(run, (each,), rounds=9 if full else 1, warmup_rounds=1)
