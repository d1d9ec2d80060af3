"""Programs of the matrix kernels, run by themselves on arrays that can be looked at."""

import numba
import numpy as np

from fastdln.kernels.matrices.program import Code, interpreter
from fastdln.kernels.matrices.program import run as run_program


@numba.njit
def perform_code(address, memory, code, section):
    run_program(address, memory, code, section)


def perform(lanes, memory, program):
    code = Code()
    code.add(program)  # the section that runs is not the first
    section = code.add(program)
    perform_code(interpreter(lanes).address, memory, code.array, section)


def view(memory, place, lanes):
    """A matrix in memory as an array (row, column, lane)."""
    strides = (8 * place.row, 8 * lanes, 8)
    return np.lib.stride_tricks.as_strided(memory[place.at :], (place.rows, place.columns, lanes), strides)
