"""Results of a chunk by variable, in the dataset's types."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from fastdln.observables import Observable, Variable


def variables_of(observables: Iterable[Observable]) -> list[Variable]:
    return [variable for observable in observables for variable in observable.variables]


def add_variables(
    results: dict[str, np.ndarray],
    observables: Iterable[Observable],
    values: Iterable[np.ndarray],
    diverged: np.ndarray | None = None,
) -> None:
    """Add the values of the observables' variables to the results, in their types.

    Where `diverged`, floats become NaN and integers the variable's `lost`, if it has one.
    """
    for variable, value in zip(variables_of(observables), values, strict=True):
        instead = math.nan if np.dtype(variable.dtype).kind == "f" else variable.lost
        if diverged is not None and instead is not None:
            value[np.broadcast_to(diverged, value.shape)] = instead
        results[variable.name] = value.astype(variable.dtype, copy=False)
