"""The search for the sharpness against dense eigenvalues, and its cost in steps: `python -m benchmarks.search_accuracy [--width 5] [--seeds 20]`.

Families of states: networks at the edge of stability, at every step and at every 7th; starts with one layer 0; diagonal ones, which never leave their
blocks; paths on which eigenvalues pass each other; and such on which two to four lie within 1e-1 to 1e-8 of each other.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict

import numpy as np

from fastdln.kernels.compile import compiled
from fastdln.kernels.matrices.chunk import lanes_for
from fastdln.kernels.matrices.eigenvalue_search import EigenvalueSearch
from fastdln.kernels.matrices.network import Network
from fastdln.kernels.matrices.pointers import call_kernel
from fastdln.kernels.matrices.program import Code, interpreter, run
from fastdln.kernels.matrices.tiles import LANES, aligned
from fastdln.kernels.matrices.transient import descent_of

DEPTH = 3


@compiled
def follow(memory, code, descent, kernel, layout, noise, states, values, converged, searched, steps):
    """Searches at each of the given states, or, without any, at every `steps`-th state of a descent."""
    one, residual, flags = np.empty((1, len(values[0]))), np.empty(len(values[0])), np.empty(len(values[0]), np.bool_)
    for number in range(len(values)):
        if len(states):
            for k in range(states.shape[1]):
                memory[descent.weights + k] = states[number, k]
        else:
            for _ in range(steps if number else 0):
                run(descent.runner, memory, code, descent.step)
        run(descent.runner, memory, code, descent.forward)
        run(descent.runner, memory, code, descent.backward)
        if searched:
            call_kernel(kernel, (memory, code, layout, noise, number, one, residual, flags))
            values[number], converged[number] = one[0], flags


class Block:
    """LANES networks of one width in memory, with a search."""

    def __init__(self, width: int, by_lanczos: bool = True) -> None:
        widths = (width,) * (DEPTH + 1)
        assert lanes_for(widths) == LANES
        found = EigenvalueSearch(widths, 1, by_lanczos)
        self.width, self.code = width, Code()
        self.network = Network(widths, LANES, found.directions, found.images)
        runner = interpreter(LANES).address
        self.layout, self.noise = found.lay_out(self.network, self.code, runner, runner), found.noise(self.network)
        self.descent, self.kernel = descent_of(self.network, self.code, runner, True), found.kernel(LANES).address
        self.array = self.code.array

    def enter(self, layers: np.ndarray, targets: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """A memory with layers (lane, layer, row, column), targets (lane, row, column) and learning rates (lane)."""
        memory, network = aligned(self.network.memory.size), self.network
        memory[network.one : network.one + LANES] = 1.0
        memory[network.minus_eta : network.minus_eta + LANES] = -eta
        for at, values in ((network.weights[0].at, layers), (network.minus_target.at, -targets)):
            flat = values.reshape(LANES, -1).T.ravel()
            memory[at : at + flat.size] = flat
        return memory

    def along(self, layers: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and whether they converged (state, lane), at layers (state, lane, layer, row, column)."""
        memory = self.enter(layers[0], targets, np.zeros(LANES))
        states = np.ascontiguousarray(np.moveaxis(layers, 1, -1)).reshape(len(layers), -1)
        return self._follow(memory, states, len(layers), 1)[:2]

    def _follow(self, memory: np.ndarray, states: np.ndarray, count: int, every: int, searched: bool = True):
        values, converged = np.full((count, LANES), np.nan), np.zeros((count, LANES), np.bool_)
        begun = time.thread_time()
        tables = self.array, self.descent, self.kernel, self.layout, self.noise
        follow(memory, *tables, states, values, converged, searched, every)
        return values, converged, time.thread_time() - begun

    def cost(self, layers: np.ndarray, targets: np.ndarray, eta: np.ndarray, count: int) -> float:
        """Steps that one search takes as long as, along a descent."""
        nothing, seconds = np.empty((0, 0)), {}
        for searched, steps in ((True, 1), (False, 1)):
            found = [
                self._follow(self.enter(layers, targets, eta), nothing, count, steps, searched)[2] for _ in range(3)
            ]
            seconds[searched] = min(found)
        # without a search forward and backward are done twice: 1 + 2/3 steps a state
        step = seconds[False] / (count + 2 / 3 * count)
        return (seconds[True] - seconds[False]) / count / step


def chain(layers: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    found = np.broadcast_to(np.eye(shape[-1]), shape)
    for layer in layers:
        found = layer @ found
    return found


def hessians(layers: list[np.ndarray], targets: np.ndarray) -> np.ndarray:
    """Dense Hessians (point, entry, entry): J^T J, and of two layers what the error makes of their product."""
    shape, depth = targets.shape, len(layers)
    below = [chain(layers[:k], shape) for k in range(depth)]
    above = [chain(layers[k + 1 :], shape) for k in range(depth)]
    error = chain(layers, shape) - targets
    points, size = len(targets), shape[1] * shape[2]
    jacobian = [np.einsum("pai,pjb->pabij", above[k], below[k]).reshape(points, size, size) for k in range(depth)]
    found = np.concatenate(jacobian, axis=2)
    found = found.swapaxes(1, 2) @ found
    for low in range(depth):
        for high in range(low + 1, depth):
            outer = above[high].swapaxes(1, 2) @ error @ below[low].swapaxes(1, 2)
            between = chain(layers[low + 1 : high], shape)
            block = np.einsum("pkj,pqi->pijkq", outer, between).reshape(points, size, size)
            rows, columns = slice(low * size, (low + 1) * size), slice(high * size, (high + 1) * size)
            found[:, rows, columns] += block
            found[:, columns, rows] += block.swapaxes(1, 2)
    return found


def exact(layers: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The largest eigenvalues (state, lane), NaN where the layers are not finite or beyond 1e3."""
    found = np.full(layers.shape[:2], np.nan)
    for number, state in enumerate(layers):
        known = np.isfinite(state).all(axis=(1, 2, 3)) & (np.abs(state).max(axis=(1, 2, 3)) < 1e3)
        if known.any():
            dense = hessians([state[known, k] for k in range(state.shape[1])], targets[known])
            found[number, known] = np.linalg.eigvalsh(dense)[:, -1]
    return found


def descend(layers: np.ndarray, targets: np.ndarray, eta: np.ndarray, count: int, every: int) -> np.ndarray:
    """Every so manieth state (state, lane, layer, row, column) of gradient descent in plain NumPy."""
    found, now = [layers], [layers[:, k] for k in range(layers.shape[1])]
    with np.errstate(all="ignore"):
        for number in range(1, (count - 1) * every + 1):
            shape, depth = targets.shape, len(now)
            error = chain(now, shape) - targets
            gradients = [
                chain(now[k + 1 :], shape).swapaxes(1, 2) @ error @ chain(now[:k], shape).swapaxes(1, 2)
                for k in range(depth)
            ]
            now = [layer - eta[:, None, None] * gradient for layer, gradient in zip(now, gradients, strict=True)]
            if number % every == 0:
                found.append(np.stack(now, axis=1))
    return np.stack(found)


def rotations(random: np.random.Generator, width: int) -> np.ndarray:
    return np.stack([np.linalg.qr(random.standard_normal((width, width)))[0] for _ in range(DEPTH + 1)])


def turned(layers: np.ndarray, target: np.ndarray, bases: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same network in other bases of every width."""
    moved = [bases[k + 1] @ layers[..., k, :, :] @ bases[k].T for k in range(DEPTH)]
    return np.stack(moved, axis=-3), bases[-1] @ target @ bases[0].T


def start(kind: str, width: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Layers, targets and learning rates about the edge, of LANES networks."""
    layers, targets, eta = np.zeros((LANES, DEPTH, width, width)), np.zeros((LANES, width, width)), np.zeros(LANES)
    for lane in range(LANES):
        s = np.zeros(width)
        s[:3] = np.sort(random.uniform(5, 10, 3))[::-1]
        eta[lane] = random.uniform(0.9, 1.25) * 2 / (DEPTH * s[0] ** (2 - 2 / DEPTH))
        alpha, identity = 10 ** random.uniform(-2, -0.3), np.eye(width)
        if kind == "gaussian":
            one = random.standard_normal((DEPTH, width, width)) * 0.3 / np.sqrt(width) + 0.3 * identity
        elif kind == "diagonal":
            one = np.stack([np.diag(random.uniform(0.05, 1.5, width)) for _ in range(DEPTH)])
        else:
            one = np.stack([alpha * identity] * (DEPTH - 1) + [0.0 * identity])
        target = np.diag(s)
        if kind in ("gaussian", "one-zero"):
            bases = rotations(random, width)
            target = bases[0] @ target @ bases[1].T
        layers[lane], targets[lane] = one, target
    return layers, targets, eta


def path(kind: str, width: int, count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Layers (state, lane, layer, row, column) along a smooth path with crossings or clusters, and targets."""
    layers, targets = np.zeros((count, LANES, DEPTH, width, width)), np.zeros((LANES, width, width))
    t = np.arange(count)[:, None, None] / count
    for lane in range(LANES):
        if "near" in kind:
            s, apart = np.sort(random.uniform(2, 6, width))[::-1], 10.0 ** -random.uniform(1, 8)
            s[:2] = 10.0, 10.0 * (1 - apart)
            if random.random() < 0.3:
                s[2] = 10 * (1 - apart * random.uniform(0.5, 3))
            factors = s ** (1 / 3) * (1 + apart * random.uniform(-2, 2, width) * np.sin(6 * np.pi * t))
            diagonals = np.broadcast_to(factors, (count, DEPTH, width))
            target = np.diag(s * (1 + (0.05 * random.uniform(-1, 1, width) if random.random() < 0.5 else 0.0)))
        else:
            phase, size = random.uniform(0, 2 * np.pi, (DEPTH, width)), random.uniform(0.1, 0.5, (DEPTH, width))
            turns, middle = random.integers(1, 4, (DEPTH, width)), random.uniform(1.2, 1.8, (DEPTH, width))
            diagonals = middle + size * np.sin(phase + 2 * np.pi * turns * t)
            target = np.diag(random.uniform(2, 8, width))
        one = diagonals[..., None] * np.eye(width)
        if "turned" in kind:
            one, target = turned(one, target, rotations(random, width))
        if "perturbed" in kind:
            one = one + 1e-3 * random.standard_normal(one.shape[1:])
        layers[:, lane], targets[lane] = one, target
    return layers, targets


def unrelated(width: int, count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """States that have nothing to do with each other, saddles and invariant subspaces among them."""
    layers = np.zeros((count, LANES, DEPTH, width, width))
    targets = np.stack([np.diag(np.sort(random.uniform(1, 10, width))[::-1]) for _ in range(LANES)])
    for number in range(count):
        for lane in range(LANES):
            kind, alpha = random.integers(4), 10 ** random.uniform(-3, 0.2)
            noise = random.standard_normal((DEPTH, width, width))
            same = np.stack([np.eye(width)] * DEPTH) * alpha
            layers[number, lane] = (
                noise * alpha,
                same * np.array([1.0] * (DEPTH - 1) + [0.0])[:, None, None],
                random.uniform(0, 2, (DEPTH, width))[..., None] * np.eye(width),
                same + noise * 10 ** random.uniform(-8, -1),
            )[kind]
    return layers, targets


def families(width: int, random: np.random.Generator, states: int):
    """Name, layers and targets of each family."""
    for kind in ("gaussian", "one-zero", "one-zero diagonal", "diagonal"):
        begun, targets, eta = start(kind, width, random)
        yield f"{kind}, every step", descend(begun, targets, eta, states, 1), targets
        yield f"{kind}, every 7th", descend(begun, targets, eta, states, 7), targets
        if kind != "gaussian":
            yield f"{kind}, slow", descend(begun, targets, 0.05 * eta, states, 4), targets
    for kind in ("crossing", "crossing, turned", "near", "near, turned", "near, turned, perturbed"):
        yield kind, *path(kind, width, states, random)
    yield "unrelated", *unrelated(width, states // 2, random)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--states", type=int, default=60)
    parser.add_argument("--block-method", action="store_true", help="the search for several eigenvalues instead")
    asked = parser.parse_args()
    block, score = Block(asked.width, not asked.block_method), defaultdict(lambda: np.zeros(6))
    for seed in range(asked.seeds):
        random = np.random.default_rng([asked.width, seed])
        for name, layers, targets in families(asked.width, random, asked.states):
            values, converged = block.along(layers, targets)
            expected = exact(layers, targets)
            known = np.isfinite(expected)
            with np.errstate(all="ignore"):
                error = np.abs(values - expected)[known] / np.abs(expected)[known]
            said = converged[known]
            wrong = [(~(error <= limit) & said).sum() for limit in (1e-8, 1e-6)]
            row = [known.sum(), *wrong, (~said).sum(), (~said & ~(error <= 1e-8)).sum()]
            score[name][:5] += row
            score[name][5] = max(score[name][5], error[said].max(initial=0.0))
    print(
        f"d = {asked.width}: samples, said to be found but beyond 1e-8, beyond 1e-6; not found, of these beyond 1e-8; largest error"
    )
    score["all"] = np.array([*sum(row[:5] for row in score.values()), max(row[5] for row in score.values())])
    for name, row in score.items():
        print(
            f"  {name:28s} {int(row[0]):7d} {int(row[1]):5d} {int(row[2]):4d} {int(row[3]):5d} {int(row[4]):4d}  {row[5]:.1e}"
        )
    for kind in ("gaussian", "one-zero", "diagonal"):
        random = np.random.default_rng(1)
        costs = [block.cost(*start(kind, asked.width, random), 1000) for _ in range(5)]
        print(f"  a search costs {np.median(costs):.0f} steps, {kind}")


if __name__ == "__main__":
    main()
