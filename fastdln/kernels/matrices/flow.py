"""Gradient flow dW_l/dt = -T_l B_l^T, from one state to the next over a time eta, by Runge-Kutta steps that each lane chooses.

An attempt takes twelve gradients (models/dop853.py). The weights are where the slopes are taken, `start` is the state from which the
attempt goes. E times -h in place of E makes every slope an increment h dW/dt, so that the method's weights are the same numbers
for all lanes, and each point and estimate is one product of a row of weights and the rows of slopes.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import typeof

from fastdln.kernels.compile import jit_disabled
from fastdln.kernels.link import Linked, offset_by
from fastdln.kernels.matrices.network import Network
from fastdln.kernels.matrices.pointers import pointer
from fastdln.kernels.matrices.program import Code, Matrix, MatrixProgram, nth, run
from fastdln.kernels.matrices.tiles import LANES
from fastdln.kernels.matrices.vectors import dot, fold
from fastdln.models.dop853 import FIFTH, MOST_TRIALS, STAGES, THIRD, WEIGHTS, error_ratio, next_step

# Where the slope of each stage is kept: those of stages 1 and 2 are not read any more when those of 3 and 4 are written.
SLOTS = (0, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9)

# Rows of numbers, a number a lane: the step and what is left of eta, squares of the state's norm and of the two
# errors, and whether the step is accepted.
NUMBERS = 6
STEP, LEFT, SQUARE, FIFTH_SQUARE, THIRD_SQUARE, ACCEPTED = range(0, NUMBERS * LANES, LANES)


class FlowLayout(NamedTuple):
    """Offsets in a network's memory, in floats, sizes, and sections of the code.

    kernel: the address of what takes all lanes from one state to the next. length, height: floats of a vector, its rows of LANES.
    start: the state from which an attempt goes. errors: two vectors of estimates. numbers: rows of numbers. unresolved: at how
    many states the flow did not come to their time, a number a lane. constants: the method's weights. forward: the section up to E.
    slopes, sums: the sections of the first stage's slope, and of the point of the second; those of the others follow, the
    step's sum last.
    """

    kernel: Any
    tolerance: float
    minus_eta: int
    weights: int
    length: int
    height: int
    error: int
    error_size: int
    start: int
    errors: int
    numbers: int
    unresolved: int
    constants: int
    forward: tuple[int, int]
    slopes: tuple[int, int]
    sums: tuple[int, int]
    estimates: tuple[int, int]
    runner: Any
    by_tiles: Any


def no_flow() -> FlowLayout:
    """Make a layout for gradient descent."""
    fields: dict[str, Any] = dict.fromkeys(FlowLayout._fields, 0) | {"tolerance": 0.0}
    fields |= dict.fromkeys(("forward", "slopes", "sums", "estimates"), (0, 0))
    return FlowLayout(**fields)


def by_slot(weights: tuple[float, ...]) -> list[float]:
    """Weights of slopes in the order in which they are kept, as far as there are any."""
    found = [0.0] * (1 + max(SLOTS[stage] for stage in range(len(weights))))
    for stage, weight in enumerate(weights):
        if weight:
            found[SLOTS[stage]] = weight
    return found


# Rows of weights one after another: of the points of the second stage to the last, of the step, and of the two estimates.
ROWS = [by_slot(weights) for weights in (*STAGES[1:], WEIGHTS, FIFTH, THIRD)]
CONSTANTS = np.concatenate(ROWS)


def lay_out(network: Network, code: Code, runner: Any, by_tiles: Any, kernel: Any, tolerance: float) -> FlowLayout:
    """Lay out the memory, and write the programs into the code; kernel: its address."""
    memory, length = network.memory, network.length
    start, *vectors = (network.vector() for _ in range(1 + 1 + max(SLOTS) + 2))
    slopes, errors = vectors[:-2], vectors[-2]
    numbers, unresolved, constants = memory.rows(NUMBERS), memory.rows(1), memory.rows(len(CONSTANTS))
    height = length // LANES

    def vector(first: list[Matrix], count: int = 1) -> Matrix:
        """Vectors one after another as the rows of a matrix."""
        return Matrix(first[0].at, count, height, length)

    sums, at = [], constants
    for weights in ROWS[:-2]:
        program, row = MatrixProgram(LANES), Matrix(at, 1, len(weights), len(weights) * LANES)
        kept = vector(slopes[0], len(weights))
        program.product(vector(network.weights), row, kept, onto=vector(start), factor=network.one)
        sums.append(code.add(program))
        at += len(weights) * LANES
    estimates, count = MatrixProgram(LANES), len(ROWS[-1])
    estimates.product(vector(errors, 2), Matrix(at, 2, count, count * LANES), vector(slopes[0], count))
    first_slope, *_ = [code.add(network.gradient(slopes[slot])) for slot in SLOTS]
    return FlowLayout(
        kernel=kernel,
        tolerance=tolerance,
        minus_eta=network.minus_eta,
        weights=network.weights[0].at,
        length=length,
        height=height,
        error=network.error.at,
        error_size=network.error.rows * network.error.columns,
        start=start[0].at,
        errors=errors[0].at,
        numbers=numbers,
        unresolved=unresolved,
        constants=constants,
        forward=code.add(network.forward()),
        slopes=first_slope,
        sums=sums[0],
        estimates=code.add(estimates),
        runner=runner,
        by_tiles=by_tiles,
    )


def fill(memory: np.ndarray, layout: FlowLayout) -> None:
    """Write the method's weights to the memory (group, float) of all groups."""
    memory[:, layout.constants : layout.constants + len(CONSTANTS) * LANES] = np.repeat(CONSTANTS, LANES)


def flowing(lanes: int) -> Any:
    """Function (memory, code, layout) that takes all lanes along the flow for a time eta.

    A lane that has come there is frozen: its steps have length 0. What a lane does depends on its state alone, and so the same
    state is always followed by the same.
    """
    wide = lanes != LANES

    def flow(network, code, layout):
        memory = pointer(network)
        n = offset_by(memory, layout.numbers)
        for lane in range(LANES):
            n[LEFT + lane] = n[STEP + lane] = -memory[layout.minus_eta + lane]
        for k in range(layout.length):
            memory[layout.start + k] = memory[layout.weights + k]
        for _ in range(MOST_TRIALS):
            attempt(memory, code, layout)
            if judge(memory, layout) == 0:
                break
        for lane in range(LANES):
            memory[layout.unresolved + lane] += 1.0 if n[LEFT + lane] > 0.0 else 0.0

    def attempt(memory, code, layout):
        """Fill the slots with h times the slopes, the weights with the state a step on, and the squares of its errors."""
        n = offset_by(memory, layout.numbers)
        for stage in range(len(SLOTS)):
            if stage > 0:
                run(layout.by_tiles, memory, code, nth(layout.sums, stage - 1))
            run(layout.runner, memory, code, layout.forward)
            for e in range(layout.error_size):
                for lane in range(lanes):
                    memory[layout.error + e * lanes + lane] *= -n[STEP + lane]
            run(layout.runner, memory, code, nth(layout.slopes, stage))
        run(layout.by_tiles, memory, code, nth(layout.sums, len(SLOTS) - 1))
        run(layout.by_tiles, memory, code, layout.estimates)
        fifth, third = layout.errors, layout.errors + layout.length
        dot(memory, layout.numbers + SQUARE, layout.start, layout.start, layout.height)
        dot(memory, layout.numbers + FIFTH_SQUARE, fifth, fifth, layout.height)
        dot(memory, layout.numbers + THIRD_SQUARE, third, third, layout.height)
        fold(memory, layout.numbers + SQUARE, 3, wide)

    def judge(memory, layout):
        """Take the step where its error is small, else go back, and set the next one's length; returns how many lanes have time left."""
        n, moving = offset_by(memory, layout.numbers), 0
        for lane in range(LANES):
            size = math.sqrt(n[SQUARE + lane])
            ratio = error_ratio(n[FIFTH_SQUARE + lane], n[THIRD_SQUARE + lane], size, layout.tolerance)
            accepted = ratio <= 1.0
            n[ACCEPTED + lane] = 1.0 if accepted else 0.0
            n[LEFT + lane] -= n[STEP + lane] if accepted else 0.0
            n[STEP + lane] = next_step(n[STEP + lane], ratio, n[LEFT + lane])
            moving += 1 if n[LEFT + lane] > 0.0 else 0
        for row in range(layout.height):
            for lane in range(LANES):
                k = row * LANES + lane
                here = memory[layout.weights + k] if n[ACCEPTED + lane] > 0.0 else memory[layout.start + k]
                memory[layout.start + k] = memory[layout.weights + k] = here
        return moving

    return flow


def kinds() -> tuple[Any, ...]:
    """The types of the kernel's arguments."""
    return () if jit_disabled() else tuple(map(typeof, (np.empty(0), Code().array, no_flow())))


@cache
def flow_kernel(lanes: int) -> Linked:
    """Kernel of the flow, for networks of so many lanes."""
    return Linked(flowing(lanes), "flow", lanes, signature=kinds())
