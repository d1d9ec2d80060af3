"""A network's memory as arrays, for the quantities that are measured of it, by a table of offsets."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import types

from fastdln.diagonal.matrices import Matrices
from fastdln.errors import SweepError
from fastdln.kernels.compile import scalar
from fastdln.kernels.link import FLOATS, Linked, offset_by, view
from fastdln.kernels.matrices.network import Network
from fastdln.kernels.matrices.tiles import LANES
from fastdln.observables.observable import Quantity

# Fields of the table: sizes, then offsets in floats; from SHAPES on the rows and columns of each layer.
DEPTH, MODES, WANTED, SIZE, OUTPUTS, INPUTS, LENGTH = range(7)
WEIGHTS, ERROR, ROTATED, MINUS_TARGET, VECTOR, SINGULAR_VALUES, ETA, EIGENVALUES, RESIDUAL, CONVERGED = range(7, 17)
STRETCHING, THIRD_ORDER, SHAPES = range(17, 20)

# Numbers of third order, a number a lane: alpha_ps, beta, and the share of the step along the eigenvector.
PROGRESSIVE_SHARPENING, SELF_STABILIZATION, ALIGNMENT = range(3)

# Arguments of kernels that look at a network: values to write, its memory, and the table.
KINDS = (FLOATS, FLOATS, types.CPointer(types.int64))


def offsets_of(network: Network, wanted: int, vector: int) -> np.ndarray:
    """Make the table of a network, and reserve memory for what is measured of it and is no part of the network itself.

    vector: where the search for eigenvalues leaves the eigenvector of the largest.
    """
    inputs, outputs, lanes = network.widths[0], network.widths[-1], network.lanes
    modes, memory = min(inputs, outputs), network.memory
    # a search for eigenvalues writes LANES numbers however many networks lie side by side
    numbers = [memory.matrix(count, LANES // lanes).at for count in (modes, 1, wanted, 1, 1, 1, 3)]
    memory.pad()
    shapes = [size for layer in network.weights for size in (layer.rows, layer.columns)]
    sizes = [network.depth, modes, wanted, network.size, outputs, inputs, memory.size]
    of_network = [m.at for m in (network.weights[0], network.error, network.rotated, network.minus_target)]
    return np.array([*sizes, *of_network, vector, *numbers, *shapes], np.int64)


def reading(lanes: int) -> Callable[..., Any]:
    """Function (memory, offsets) that returns the arrays of `lanes` networks side by side."""

    def read(memory, offsets):
        depth, modes, outputs, inputs = offsets[DEPTH], offsets[MODES], offsets[OUTPUTS], offsets[INPUTS]
        return Matrices(
            view(offset_by(memory, offsets[WEIGHTS]), (offsets[SIZE], lanes)),
            view(offset_by(offsets, SHAPES), (depth, 2)),
            view(offset_by(memory, offsets[ERROR]), (outputs, inputs, lanes)),
            view(offset_by(memory, offsets[ROTATED]), (outputs, inputs, lanes)),
            view(offset_by(memory, offsets[SINGULAR_VALUES]), (modes, lanes)),
            view(offset_by(memory, offsets[ETA]), (lanes,)),
            view(offset_by(memory, offsets[EIGENVALUES]), (offsets[WANTED], lanes)),
            view(offset_by(memory, offsets[RESIDUAL]), (lanes,)),
            view(offset_by(memory, offsets[STRETCHING]), (lanes,)),
            view(offset_by(memory, offsets[THIRD_ORDER]), (3, lanes)),
        )

    return read


@cache
def of_matrices(quantity: Quantity, lanes: int) -> Linked:
    """Kernel (values, memory, offsets) of a quantity, which writes a value a lane."""
    if quantity.measure is None:
        raise SweepError(f"{quantity.name}: has no measure(network, values), which full matrices need")
    # inlined by LLVM, so that sums stay in registers
    measure, read = scalar(quantity.measure), scalar(reading(lanes))

    def look_at_matrices(values, memory, offsets):
        by_lane = view(values, (lanes,))
        for lane in range(lanes):
            by_lane[lane] = 0.0
        measure(read(memory, offsets), by_lane)

    return Linked(
        look_at_matrices,
        "look at matrices",
        quantity.name,
        quantity.source,
        lanes,
        kept=not quantity.source,
        signature=KINDS,
    )
