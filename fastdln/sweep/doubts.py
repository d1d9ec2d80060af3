"""Warnings where what is known of a model does not hold for what it is given: its data, or the numbers that it begins at."""

from __future__ import annotations

import numpy as np

from fastdln.sweep.axes import coordinates
from fastdln.sweep.schema import Sweep


def model_warnings(sweep: Sweep) -> list[str]:
    """At most one line."""
    doubt = sweep.definition.doubt
    if doubt is None:
        return []
    if sweep.data is not None:
        found = doubt(*sweep.data.arrays())
        return [f"data: {found}"] if found else []
    found = doubt(*corners(sweep))
    return [f"axes: {found}"] if found else []


def corners(sweep: Sweep) -> tuple[np.ndarray, ...]:
    """The states at which a model of numbers of its own begins in the corners of the grid."""
    names = [one.name for one in sweep.definition.parameters]
    axes = [coordinates(sweep.axes[name]) for name in names]
    s = coordinates(sweep.axes["s1"]) if "s1" in sweep.axes else np.array(sweep.target.singular_values)
    *own, s = (values.ravel() for values in np.meshgrid(*map(span, [*axes, s]), indexing="ij"))
    assert sweep.definition.initial
    return sweep.definition.initial(dict(zip(names, own, strict=True)), s)


def span(values: np.ndarray) -> np.ndarray:
    return np.array([values.min(), values.max()])
