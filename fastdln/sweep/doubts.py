"""Warnings where what is known of a model does not hold for what it is given: its data, the numbers that it begins at, or its widths."""

from __future__ import annotations

import numpy as np

from fastdln.sweep import named_axes
from fastdln.sweep.axes import coordinates, swept_mode, whole_numbers
from fastdln.sweep.schema import Sweep


def model_warnings(sweep: Sweep) -> list[str]:
    """A line for each doubt; what parts share is said once."""
    return [*of_numbers(sweep), *dict.fromkeys(line for part in named_axes.parts(sweep) for line in too_narrow(part))]


def too_narrow(sweep: Sweep) -> list[str]:
    """A line if a compressed network has fewer modes than there are to be learned."""
    if sweep.start_name != "compressed":
        return []
    learned = np.array(sweep.target.singular_values) > 0.0
    for name, axis in sweep.axes.items():
        if (mode := swept_mode(name)) is not None:
            learned[mode] = coordinates(axis).max() > 0.0
    rank, width = int(learned.sum()), sweep.widths_at(int(whole_numbers(sweep.axes["depth"]).max()))[1]
    if width >= rank:
        return []
    return [
        f"widths: inner layers {width} wide learn {width} of the target's {rank} singular values above 0; {rank} would do"
    ]


def of_numbers(sweep: Sweep) -> list[str]:
    """At most one line, on the data or the numbers at state 0."""
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
