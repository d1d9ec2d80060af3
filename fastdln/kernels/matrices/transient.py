"""The transient, gradient descent before anything is measured: each point leaves its lane as soon as its state repeats."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fastdln.kernels.matrices import momentum as with_momentum
from fastdln.kernels.matrices.flow import FlowLayout, no_flow
from fastdln.kernels.matrices.network import Network
from fastdln.kernels.matrices.pointers import call_kernel
from fastdln.kernels.matrices.program import Code, run
from fastdln.kernels.matrices.tiles import LANES
from fastdln.kernels.spans import ROUND


class Descent(NamedTuple):
    """Offsets of a network's parts in its memory, in floats, and the sections of its programs: forward, backward and update are
    together one step.

    size: elements of all layers, or, with momentum, of all of its state (momentum.py). columns: of `rotated`, the product in the target's singular bases. runner: the address of what
    runs the programs. flow: gradient flow in place of the steps, if its tolerance is above 0.
    """

    minus_eta: int
    weights: int
    size: int
    minus_target: int
    target_size: int
    rotated: int
    columns: int
    runner: Any
    forward: tuple[int, int]
    backward: tuple[int, int]
    update: tuple[int, int]
    step: tuple[int, int]
    rotate: tuple[int, int]
    flow: FlowLayout


class Points(NamedTuple):
    """Points of a chunk.

    eta (point); singular_values (mode, point); states (point, element): the layers at which the descent begins; targets (target,
    element): the matrices - M; target_of (point): which of them is each point's. unresolved (point): of gradient flow, at how many states
    it did not come to their time.
    """

    eta: np.ndarray
    singular_values: np.ndarray
    states: np.ndarray
    targets: np.ndarray
    target_of: np.ndarray
    unresolved: np.ndarray = np.empty(0)


def descent_of(
    network: Network, code: Code, runner: Any, diagonal: bool, flow: FlowLayout | None = None, momentum: str = ""
) -> Descent:
    """Write the programs of gradient descent into the code; runner: the address of what runs them."""
    forward, backward = network.forward(), network.backward()
    update = with_momentum.update(network, momentum) if momentum else [network.update()]
    step = update if momentum == with_momentum.NESTEROV else [forward, backward, *update]
    return Descent(
        minus_eta=network.minus_eta,
        weights=network.weights[0].at,
        size=2 * (network.length // network.lanes) + 3 if momentum else network.size,
        minus_target=network.minus_target.at,
        target_size=network.minus_target.rows * network.minus_target.columns,
        rotated=network.rotated.at,
        columns=network.rotated.columns,
        runner=runner,
        forward=code.add(forward),
        backward=code.add(backward),
        update=code.add(*update),
        step=code.add(*step),
        rotate=code.add(network.rotate(diagonal)),
        flow=flow or no_flow(),
    )


def follows_flow(descent):
    """Whether states follow each other by gradient flow, not by steps of gradient descent."""
    return descent.flow.tolerance > 0.0


def advance(memory, code, descent):
    """Take a network, whose forward and backward have run, to the next state."""
    if follows_flow(descent):
        call_kernel(descent.flow.kernel, (memory, code, descent.flow))
    else:
        run(descent.runner, memory, code, descent.update)


def enter(memory, descent, points, lanes, lane, point):
    """Write a point's network to a lane."""
    for k in range(LANES // lanes):
        memory[descent.minus_eta + lane + k] = -points.eta[point]
    target = points.target_of[point]
    for e in range(descent.target_size):
        memory[descent.minus_target + e * lanes + lane] = points.targets[target, e]
    for e in range(descent.size):
        memory[descent.weights + e * lanes + lane] = points.states[point, e]
    if follows_flow(descent):
        memory[descent.flow.unresolved + lane] = 0.0


def leave(memory, descent, points, lanes, lane, point):
    """Write a lane's layers back to its point."""
    if follows_flow(descent):
        points.unresolved[point] += memory[descent.flow.unresolved + lane]
    for e in range(descent.size):
        points.states[point, e] = memory[descent.weights + e * lanes + lane]


def transient(lanes: int) -> Any:
    """Function (memory, code, descent, points, rounds) that takes points.states through rounds of ROUND steps.

    A lane whose state is bit for bit that of a round ago repeats with a period that divides ROUND, so that it is already where the
    last round ends; the next point takes its lane.
    """

    def run_transient(memory, code, descent, points, rounds):
        count = len(points.eta)
        if count == 0 or rounds == 0:
            return
        first, last = descent.weights, descent.weights + descent.size * lanes
        bits, earlier = memory.view(np.int64), np.empty(descent.size * lanes, np.int64)
        carried, due = np.full(lanes, -1), np.full(lanes, -1)
        still = np.empty(lanes, np.int64)
        waiting = min(lanes, count)
        running, now = waiting, 0
        for lane in range(lanes):
            if lane < count:
                carried[lane], due[lane] = lane, rounds
            enter(memory, descent, points, lanes, lane, min(lane, count - 1))
        while running > 0:  # ends, since every lane is a round nearer its end after each
            for k in range(last - first):
                earlier[k] = bits[first + k]
            for _ in range(ROUND):
                if follows_flow(descent):
                    advance(memory, code, descent)
                else:
                    run(descent.runner, memory, code, descent.step)
            now += 1
            still[:] = -1
            for e in range(descent.size):
                for lane in range(lanes):
                    k = e * lanes + lane
                    still[lane] &= -1 if bits[first + k] == earlier[k] else 0
            for lane in range(lanes):
                if carried[lane] < 0 or (still[lane] == 0 and due[lane] != now):
                    continue
                leave(memory, descent, points, lanes, lane, carried[lane])
                if waiting < count:
                    carried[lane], due[lane] = waiting, now + rounds
                    enter(memory, descent, points, lanes, lane, waiting)
                    waiting += 1
                else:
                    carried[lane] = -1
                    running -= 1

    return run_transient
