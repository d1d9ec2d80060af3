"""Three ways to take linear networks of full matrices, three layers of one width, through many steps."""

from itertools import accumulate

import numpy as np

from benchmarks.one_core import jax_on_one_core
from fastdln.kernels.compile import compiled
from fastdln.kernels.matrices.chunk import lanes_for
from fastdln.kernels.matrices.network import Network
from fastdln.kernels.matrices.program import Code, interpreter, run
from fastdln.kernels.matrices.tiles import LANES, aligned
from fastdln.kernels.matrices.transient import Points, descent_of, enter

DEPTH = 3

# Learning rates far below 2 over any sharpness that the points of `points` have: not-a-numbers would be no fair work.
LOWEST, HIGHEST = 0.5e-3, 1e-3


def widths_of(width):
    return (width,) * (DEPTH + 1)


def operations(width):
    """Floating-point operations of a step: forward, backward and update are L - 1 products of two matrices each."""
    return 3 * (DEPTH - 1) * 2 * width**3


def points(count, width):
    """Learning rates (point), layers and target (point, row, column); the first ones are the same for every count."""
    drawn = np.random.default_rng(0).standard_normal((count, DEPTH + 1, width, width)) / np.sqrt(width)
    eta = np.random.default_rng(1).uniform(LOWEST, HIGHEST, count)
    return eta, [np.ascontiguousarray(drawn[:, layer]) for layer in range(DEPTH)], drawn[:, DEPTH]


def gradients(layers, target):
    """E = W_L .. W_1 - M carried down through the layers; no product is taken twice."""
    below = list(accumulate(layers[:-1], lambda product, layer: layer @ product))
    deltas, found = layers[-1] @ below[-1] - target, []
    for layer, product in zip(reversed(layers[1:]), reversed(below), strict=True):
        found.append(deltas @ product.swapaxes(-1, -2))
        deltas = layer.swapaxes(-1, -2) @ deltas
    return [deltas, *reversed(found)]


def moved(layers, target, eta):
    return [layer - eta * gradient for layer, gradient in zip(layers, gradients(layers, target), strict=True)]


@compiled
def repeat(runner, memory, code, section, times):
    for _ in range(times):
        run(runner, memory, code, section)


class Block:
    """One block of lanes in memory: descends from its points' starts, and applies their Hessians to `directions`."""

    def __init__(self, width):
        widths = widths_of(width)
        self.lanes, self.width = lanes_for(widths), width
        network = Network(widths, self.lanes, 1)
        code = Code()
        self.descent = descent_of(network, code, interpreter(self.lanes).address, diagonal=True)
        self.hvp, self.image = code.add(network.hvp(network.directions[0], network.images[0])), network.images[0][0].at
        self.code = code.array
        eta, layers, target = points(self.lanes, width)
        states = np.concatenate([layer.reshape(self.lanes, -1) for layer in layers], axis=1)
        block = Points(eta, np.empty((0, self.lanes)), states, -target.reshape(self.lanes, -1), np.arange(self.lanes))
        self.start = aligned(network.memory.size)
        self.start[network.one : network.one + LANES] = 1.0
        for lane in range(self.lanes):
            enter(self.start, self.descent, block, self.lanes, lane, lane)
        self.directions = np.random.default_rng(2).standard_normal((DEPTH, self.lanes, width, width))
        # the layers lie one after another, so that their directions are one stretch too
        at, numbers = network.directions[0][0].at, np.moveaxis(self.directions, 1, -1).ravel()
        self.start[at : at + numbers.size] = numbers
        self.memory = aligned(network.memory.size)

    def begin(self):
        self.memory[:] = self.start

    def run(self, section, times=1):
        repeat(self.descent.runner, self.memory, self.code, section, times)

    def descend(self, steps):
        self.begin()
        self.run(self.descent.step, steps)
        return self.vector(self.descent.weights)

    def hvp_at_start(self, times):
        self.begin()
        self.run(self.descent.forward)
        self.run(self.descent.backward)
        self.run(self.hvp, times)
        return self.vector(self.image)

    def vector(self, at):
        """The layers (layer, point, row, column) of a vector in memory."""
        found = self.memory[at : at + self.descent.size * self.lanes]
        return np.moveaxis(found.reshape(DEPTH, self.width, self.width, self.lanes), -1, 1)


def by_fastdln(width, count):
    block = Block(width)
    assert count == block.lanes
    return block.descend


def by_numpy(width, count):
    """Whole arrays of points: a call of BLAS a matrix."""
    eta, start, target = points(count, width)
    eta = eta[:, None, None]

    def numpy_run(steps):
        layers = start
        for _ in range(steps):
            layers = moved(layers, target, eta)
        return layers

    return numpy_run


def by_jax(width, count):
    """The gradients written out: those of jax.grad are as many products, and at width 5 take three times as long."""
    jax = jax_on_one_core()

    def descend(layers, target, eta, steps):
        return jax.lax.fori_loop(0, steps, lambda _, now: moved(now, target, eta), layers)

    run = jax.jit(jax.vmap(descend, in_axes=(0, 0, 0, None)))
    eta, layers, target = points(count, width)
    inputs = jax.device_put((layers, target, eta))

    def jax_run(steps):
        return jax.block_until_ready(run(*inputs, steps))

    return jax_run


CONTENDERS = {"fastdln": by_fastdln, "numpy": by_numpy, "jax vmap": by_jax}
