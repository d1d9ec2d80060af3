"""Results of a chunk by variable, in the dataset's types."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from fastdln.observables import Observable, Variable


def variables_of(observables: Iterable[Observable]) -> list[Variable]:
    return [variable for observable in observables for variable in observable.variables]


def store(
    results: dict[str, np.ndarray],
    observables: Iterable[Observable],
    values: Iterable[np.ndarray],
    lost: np.ndarray | None = None,
) -> None:
    """Puts the values of the observables' variables among the results, in their types, and what stands for those lost."""
    for variable, value in zip(variables_of(observables), values, strict=True):
        instead = math.nan if np.dtype(variable.dtype).kind == "f" else variable.lost
        if lost is not None and instead is not None:
            value[np.broadcast_to(lost, value.shape)] = instead
        results[variable.name] = value.astype(variable.dtype, copy=False)
