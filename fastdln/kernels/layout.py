"""Memory layout of a block of points: columns, states and products of each mode, and the values that are measured."""

from typing import NamedTuple

import numpy as np


class Layout(NamedTuple):
    """Rows of a block's memory.

    columns, states, products, values: the first row of each. columns_rows, products_rows: rows of one mode. values_rows: rows of
    all values. spare: the first row of a copy of one mode's columns.
    """

    modes: int
    components: int
    columns: int
    columns_rows: int
    states: int
    products: int
    products_rows: int
    values: int
    values_rows: int
    spare: int


class BlockValues(NamedTuple):
    """Views of values (value, point): of each mode (variable, point, mode), of the network (value, point), and each mode's fate
    and period (point, mode)."""

    of_modes: np.ndarray
    of_network: np.ndarray
    fates: np.ndarray
    periods: np.ndarray


def split_values(values: np.ndarray, modes: int, variables: int) -> BlockValues:
    """Split values into so many variables of each mode, those of the network, and each mode's fate and period."""
    network, fates, points = modes * variables, len(values) - 2 * modes, values.shape[1]
    of_modes = values[:network].reshape(modes, variables, points).transpose(1, 2, 0)
    fates_and_periods = values[fates:].reshape(modes, 2, points)
    return BlockValues(of_modes, values[network:fates], fates_and_periods[:, 0].T, fates_and_periods[:, 1].T)
