"""What lies where in a network's memory, for quantities that are measured of it."""

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

# Fields of the table of offsets, in floats, and of sizes; from SHAPES on the rows and columns of each layer.
DEPTH, MODES, WANTED, SIZE, OUTPUTS, INPUTS, LENGTH = range(7)
WEIGHTS, ERROR, ROTATED, SINGULAR_VALUES, ETA, EIGENVALUES, RESIDUAL, CONVERGED, STRETCHING, SHAPES = range(7, 17)

# What kernels take that look at a network: where their numbers go, its memory, and the table.
KINDS = (FLOATS, FLOATS, types.CPointer(types.int64))


def offsets_of(network: Network, wanted: int) -> np.ndarray:
    """The table for a network, in whose memory it finds places for what the network itself does not have."""
    inputs, outputs, lanes = network.widths[0], network.widths[-1], network.lanes
    modes, memory = min(inputs, outputs), network.memory
    # the search for eigenvalues writes LANES numbers whatever the lanes are
    numbers = [memory.matrix(count, LANES // lanes).at for count in (modes, 1, wanted, 1, 1, 1)]
    memory.pad()
    shapes = [size for layer in network.weights for size in (layer.rows, layer.columns)]
    sizes = [network.depth, modes, wanted, network.size, outputs, inputs, memory.size]
    places = [network.weights[0].at, network.error.at, network.rotated.at, *numbers]
    return np.array([*sizes, *places, *shapes], np.int64)


def reading(lanes: int) -> Callable[..., Any]:
    """Function (memory, offsets) that gives the network in a memory."""

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
        )

    return read


@cache
def of_matrices(quantity: Quantity, lanes: int) -> Linked:
    """The kernel (values, memory, offsets) of a quantity, which writes a value a lane."""
    if quantity.measure is None:
        raise SweepError(f"{quantity.name}: has no measure(network, values), which full matrices need")
    # melted in, so that what it adds up stays in registers
    measure, read = scalar(quantity.measure), scalar(reading(lanes))

    def look_at_matrices(values, memory, offsets):
        found = view(values, (lanes,))
        for lane in range(lanes):
            found[lane] = 0.0
        measure(read(memory, offsets), found)

    return Linked(
        look_at_matrices,
        "look at matrices",
        quantity.name,
        quantity.source,
        lanes,
        kept=not quantity.source,
        signature=KINDS,
    )
