"""Numbers of third order at a state: progressive sharpening, self-stabilization, and how much of the step lies along the eigenvector."""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import types

from fastdln.kernels.edge.eigenpairs import dot, pair, work_size
from fastdln.kernels.edge.network import gradient, memory_size, network_of, third
from fastdln.kernels.link import FLOATS, Linked, offset_by, view
from fastdln.kernels.matrices.views import (
    ALIGNMENT,
    CONVERGED,
    DEPTH,
    INPUTS,
    MINUS_TARGET,
    OUTPUTS,
    PROGRESSIVE_SHARPENING,
    SELF_STABILIZATION,
    SHAPES,
    SIZE,
    THIRD_ORDER,
    VECTOR,
    WEIGHTS,
)

# What is so small a part of the lengths of grad f and grad S is rounding, of u above all, and counts as 0: on the SVS set alpha_ps
# and beta vanish (docs/theory.md, E), and delta, their ratio, would be a number without a meaning.
ROUNDING = 1e-10

# Where the next eigenvalue lies nearer, relative to the sharpness, u is not determined, and all are NaN (as in theory.sharpness_gradient).
NEAREST = 1e-6


@cache
def third_order(lanes: int) -> Linked:
    """Kernel (memory, offsets) that takes one network after another, however many lie side by side.

    The eigenvector that the search left is followed until its residual is rounding: an error of it would be one of grad S. Where that
    fails the search counts as one that did not converge.
    """

    def third_order(memory, offsets):
        size, depth, elements = offsets[SIZE], offsets[DEPTH], offsets[OUTPUTS] * offsets[INPUTS]
        shapes, widths = view(offset_by(offsets, SHAPES), (depth, 2)), np.empty(depth + 1, np.int64)
        widths[0] = offsets[INPUTS]
        for layer in range(depth):
            widths[layer + 1] = shapes[layer, 0]
        all_weights = view(offset_by(memory, offsets[WEIGHTS]), (size, lanes))
        minus_targets = view(offset_by(memory, offsets[MINUS_TARGET]), (elements, lanes))
        start = view(offset_by(memory, offsets[VECTOR]), (size, lanes))
        converged = view(offset_by(memory, offsets[CONVERGED]), (lanes,))
        out = view(offset_by(memory, offsets[THIRD_ORDER]), (3, lanes))
        weights, target, slope, bend = np.empty(size), np.empty(elements), np.empty(size), np.empty(size)
        values, vectors, work = np.zeros(2), np.zeros((2, size)), np.empty(work_size(size))
        network = network_of(widths, target, np.empty(memory_size(widths)))
        for lane in range(lanes):
            for i in range(size):
                weights[i], vectors[0, i], vectors[1, i] = all_weights[i, lane], start[i, lane], 0.0
            for i in range(elements):
                target[i] = -minus_targets[i, lane]
            gradient(network, weights, slope)
            if not pair(network, weights, values, vectors, 0, False, work):
                converged[lane] = 0.0
            if size > 1:  # as exact as the first, since it tells whether u is determined
                pair(network, weights, values, vectors, 1, False, work)
            u = vectors[0]
            third(network, weights, u, bend)
            rise, along, length, bent = -dot(slope, bend), dot(slope, u), dot(slope, slope), dot(bend, bend)
            out[PROGRESSIVE_SHARPENING, lane] = 0.0 if rise * rise <= ROUNDING * ROUNDING * length * bent else rise
            out[ALIGNMENT, lane] = along * along / length if length > 0.0 else 0.0
            part = dot(bend, u)
            for i in range(size):
                bend[i] -= part * u[i]
            across = dot(bend, bend)
            if not values[0] - values[1] >= NEAREST * abs(values[0]):
                out[PROGRESSIVE_SHARPENING, lane] = out[ALIGNMENT, lane] = across = np.nan
            out[SELF_STABILIZATION, lane] = 0.0 if across <= ROUNDING * ROUNDING * bent else across

    return Linked(third_order, "third order", lanes, signature=(FLOATS, types.CPointer(types.int64)))
