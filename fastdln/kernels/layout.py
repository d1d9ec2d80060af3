"""Memory layout of a block of points: columns, states and products of each mode, and the values that are measured."""

from typing import NamedTuple

import numpy as np


class Layout(NamedTuple):
    """Where things lie in a block's memory: the first row of each, and how many rows a mode, or in all. `spare` are as many as a
    mode's columns."""

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


class Parts(NamedTuple):
    """Views of values (value, point): of the modes (variable, point, mode), of the network (value, point), and each mode's fate and
    period (point, mode)."""

    of_modes: np.ndarray
    of_network: np.ndarray
    fates: np.ndarray
    periods: np.ndarray


def parts(values: np.ndarray, modes: int, variables: int) -> Parts:
    """Takes values apart: so many variables of each mode, those of the network, and each mode's fate and period."""
    own, judged, points = modes * variables, len(values) - 2 * modes, values.shape[1]
    of_modes = values[:own].reshape(modes, variables, points).transpose(1, 2, 0)
    verdicts = values[judged:].reshape(modes, 2, points)
    return Parts(of_modes, values[own:judged], verdicts[:, 0].T, verdicts[:, 1].T)
