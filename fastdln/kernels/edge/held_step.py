"""A step of the central flow at the edge of stability, where the covariance X of the oscillation holds the Hessian down.

    dw/dk = -eta [grad f + 1/2 sum_ij X_ij grad S_ij],    X >= 0,  2/eta - H >= 0 on the span of the u_i,  tr(X (2/eta - H)) = 0

u_i are the eigenvectors of the Hessian whose eigenvalues are near 2/eta, and grad S_ij = D^3 f(u_i, u_j, .) (docs/theory.md, section G).

Heun's method, in sub-steps. Either stage takes the X that brings its end to the edge: the first by the derivative of the Hessian at
the beginning, the second by that at the first one's end, which lies so near to its own that S stays at 2/eta by itself.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fastdln.kernels.edge.complementarity import LARGEST, complement
from fastdln.kernels.edge.eigenpairs import dot, largest
from fastdln.kernels.edge.network import elements, third, third_mixed

# An eigenvalue takes part once it is so near to 2/eta, relative to it: none comes from below that within a sub-step.
NEAR = 0.05

# Relative to 2/eta: nearer than this an eigenvalue is at the edge. It stays there within 1e-5.
AT_EDGE = 1e-4

# A sharpness that is beyond the edge by more than this share, as a start's can be, comes down to it by a factor e a step.
BEYOND = 1e-3

# A step is made of so many ticks; the longest sub-step has half of them, since Heun's method is but marginally stable where
# eta S = 2, and the shortest has one.
TICKS, LONGEST = 64, 32

# Distance between the ends of the two stages, relative to the weights, beyond which a sub-step is halved; it is doubled below a
# share of it, since the distance goes as the square. What Heun's method errs by is far less: 1e-4 of the loss.
TOLERANCE, AMPLE = 3e-4, 0.125


class Place(NamedTuple):
    """A state: weights, gradient, the largest eigenvalues and their eigenvectors, and of those near the edge grad S_ij, as a row for
    every entry of X (kernels/edge/complementarity.py)."""

    weights: np.ndarray
    slope: np.ndarray
    values: np.ndarray
    vectors: np.ndarray
    turns: np.ndarray


class Work(NamedTuple):
    """Memory of a step: the brackets of both stages, where a sub-step began, Q, C, X, and memory of what is called."""

    first: np.ndarray
    second: np.ndarray
    begun: np.ndarray
    q: np.ndarray
    c: np.ndarray
    x: np.ndarray
    problem: np.ndarray
    search: np.ndarray


def look(net, place, work, edge):
    """Measure all of a place from its weights; returns how many eigenvalues are near the edge, and whether they were found."""
    most, near = min(LARGEST, elements(net)), 0
    found = True
    for wanted in range(1, most + 1):
        found = largest(net, place.weights, place.values, place.vectors, wanted, place.slope, work.search)
        # the value after the wanted ones is the next one, or below it by no more than the guard's residual
        if not place.values[wanted] > edge * (1.0 - NEAR):
            break
    for i in range(most):
        if near == i and place.values[i] > edge * (1.0 - NEAR):
            near += 1
    a = 0
    for i in range(near):
        for j in range(i, near):
            if i == j:
                third(net, place.weights, place.vectors[i], place.turns[a])
            else:
                third_mixed(net, place.weights, place.vectors[i], place.vectors[j], place.turns[a], work.search)
                for e in range(len(place.weights)):
                    place.turns[a, e] *= math.sqrt(2.0)
            a += 1
    return near, found


def pull(place, work, near, bar, length, known, bracket):
    """bracket <- grad f + 1/2 sum X grad S, with the X that holds the `near` largest eigenvalues below `bar`.

    It does so after the move known - length bracket from the place; with an infinite bar it keeps them from growing. Returns the
    trace of X, and whether X was found.
    """
    entries, a = near * (near + 1) // 2, 0
    for i in range(near):
        for j in range(i, near):
            work.c[a] = bar - place.values[i] if i == j and bar < math.inf else 0.0
            a += 1
    for a in range(entries):
        work.c[a] += length * dot(place.turns[a], place.slope) - dot(place.turns[a], known)
        for b in range(entries):
            work.q[a * entries + b] = 0.5 * length * dot(place.turns[a], place.turns[b])
    solved = complement(work.q, work.c, near, work.x, work.problem)
    for e in range(len(bracket)):
        bracket[e] = place.slope[e]
    trace, a = 0.0, 0
    for i in range(near):
        trace += work.x[a]
        for _ in range(i, near):
            for e in range(len(bracket)):
                bracket[e] += 0.5 * work.x[a] * place.turns[a, e]
            a += 1
    return trace, solved


def variance(place, work, near, edge):
    """How many eigenvalues are at the edge, the trace of the X that holds them there, and whether it was found.

    With one it is 2 alpha_ps / |grad S|^2, or 0 if that is negative.
    """
    at_edge = 0
    for i in range(near):
        at_edge += 1 if place.values[i] >= edge * (1.0 - AT_EDGE) else 0
    for e in range(len(work.second)):
        work.second[e] = 0.0
    trace, solved = pull(place, work, at_edge, math.inf, 1.0, work.second, work.first)
    return at_edge, trace, solved


def sub_step(net, place, work, near, edge, length):
    """Move the weights over a time `length`; a step lasts eta = 2 / edge.

    Returns whether X was in it, the distance between the stages' ends, and whether all was solved. Of the place it leaves the new
    weights alone, and in work.begun the old ones.
    """
    begun, first, second, bar = work.begun, work.first, work.second, edge
    if place.values[0] > edge * (1.0 + BEYOND):
        bar += (place.values[0] - edge) * max(0.0, 1.0 - 0.5 * edge * length)
    for e in range(len(begun)):
        second[e] = 0.0
    trace_1, solved_1 = pull(place, work, near, bar, length, second, first)
    for e in range(len(begun)):
        begun[e] = place.weights[e]
        place.weights[e] -= length * first[e]
        first[e] *= 0.5 * length
    near, found = look(net, place, work, edge)
    trace_2, solved_2 = pull(place, work, near, bar, 0.5 * length, first, second)
    error = size = 0.0
    for e in range(len(begun)):
        move = first[e] - 0.5 * length * second[e]
        place.weights[e] += move
        error += move * move
        size += begun[e] * begun[e]
    return trace_1 + trace_2 > 0.0, math.sqrt(error / size), solved_1 and found and solved_2


def held_step(net, place, work, near, edge, ticks):
    """One step, from `ticks` for the first sub-step.

    Returns how many eigenvalues are near the edge at the end, whether X was in the last sub-step, its ticks, and how many sub-steps
    were not solved or not within the tolerance.
    """
    at, unsolved, held = 0, 0, False
    # every sub-step that is refused has been doubled before, but for the first few
    for _ in range(3 * TICKS):
        in_it, error, solved = sub_step(net, place, work, near, edge, 2.0 / edge * ticks / TICKS)
        if not error <= TOLERANCE and ticks > 1:
            ticks //= 2
            for e in range(len(place.weights)):
                place.weights[e] = work.begun[e]
        else:
            at, held = at + ticks, in_it
            unsolved += 0 if solved and error <= TOLERANCE else 1
            if error < AMPLE * TOLERANCE and ticks < LONGEST and at % (2 * ticks) == 0:
                ticks *= 2
        near, found = look(net, place, work, edge)
        unsolved += 0 if found else 1
        if at == TICKS or not math.isfinite(place.values[0]):
            break
    return near, held, ticks, unsolved
