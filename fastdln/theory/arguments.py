"""Checks of the closed forms' arguments: numbers and depths as arrays of floats that broadcast.

A wrong argument is a ValueError of one line that names it. Numbers outside a formula's domain are no mistake, since
they may be one of many: there its value is NaN. Arrays with names of dimensions, such as xarray's, are plain arrays here;
those whose names do not allow it are refused.
"""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

# What the closed forms return; where all arguments are numbers, a NumPy scalar or an array of no dimensions.
FloatArray: TypeAlias = NDArray[np.float64]


def as_floats(name: str, value: ArrayLike) -> FloatArray:
    """The value as an array of floats."""
    try:
        array = np.asarray(value)
        if array.dtype.kind in "iuf":
            return array.astype(float, copy=False)
        if array.dtype.kind == "O":  # integers beyond 64 bits, numbers of mpmath, fractions
            types = {type(element) for element in array.ravel().tolist()}
            if all(hasattr(element_type, "__float__") for element_type in types):
                return array.astype(float)
    except (ValueError, TypeError, OverflowError):
        pass
    raise ValueError(f"{name}: must be a number or an array of numbers (got {reprlib.repr(value)})")


def as_depths(value: ArrayLike) -> FloatArray:
    """Numbers of layers as floats: integers, or NaN where one is not known."""
    array = as_floats("depth", value)
    if np.any(np.isinf(array) | (array != np.floor(array)) & ~np.isnan(array)):
        raise ValueError(f"depth: must be whole numbers from 2 on (got {reprlib.repr(value)})")
    return array


def integer_between(name: str, value: Any, low: int, high: int) -> int:
    """A single integer from `low` to `high`, both included."""
    valid = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool | np.timedelta64)
    if not valid or not low <= value <= high or value != int(value):
        raise ValueError(f"{name}: must be a whole number from {low} to {high} (got {reprlib.repr(value)})")
    return int(value)


def dims(value: object, inner: int = 0) -> tuple[object, ...]:
    """The names of an array's dimensions, but for the last `inner`; empty for an array without names."""
    found = getattr(value, "dims", ())
    return found[: max(len(found) - inner, 0)] if isinstance(found, tuple) else ()


def check_dims(**named: tuple[object, ...]) -> None:
    """ValueError for dimensions of other names at the same position, counted from the last: broadcasting pairs their values."""
    for (one, first), (two, second) in combinations(named.items(), 2):
        if any(a != b for a, b in zip(reversed(first), reversed(second), strict=False)):
            along = " and along ".join(", ".join(map(str, names)) for names in (first, second))
            raise ValueError(
                f"{one}, {two}: lie along {along}, and would be paired by position; xarray.apply_ufunc, called with the function "
                "and its arguments, pairs them by these names"
            )


def broadcastable(**values: ArrayLike) -> list[FloatArray]:
    """The arguments as arrays of floats whose shapes broadcast, in the order given; `depth` holds integers."""
    check_dims(**{name: dims(value) for name, value in values.items()})
    arrays = [as_depths(value) if name == "depth" else as_floats(name, value) for name, value in values.items()]
    shapes = [array.shape for array in arrays]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"{', '.join(values)}: their shapes {', '.join(map(str, shapes))} do not broadcast") from None
    return arrays


def layers_and_values(layers: ArrayLike, singular_values: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Layers (..., depth, mode) and singular values (..., mode) as floats, the leading dimensions broadcast."""
    names = dims(layers)
    check_dims(layers=names[:-2] + names[-1:], singular_values=dims(singular_values))
    w, s = as_floats("layers", layers), as_floats("singular_values", singular_values)
    try:
        if w.ndim >= 2 and w.shape[-2] >= 2 and w.shape[-1] >= 1:
            shape = np.broadcast_shapes(w.shape[:-2] + w.shape[-1:], s.shape)
            return np.broadcast_to(w, (*shape[:-1], w.shape[-2], shape[-1])), np.broadcast_to(s, shape)
    except ValueError:
        pass
    raise ValueError(
        "layers, singular_values: must be shaped (..., depth, mode), of depth 2 or more, and (..., mode)"
        f" (got {w.shape} and {s.shape})"
    )


def as_layers(layers: Sequence[ArrayLike] | FloatArray) -> tuple[list[FloatArray], tuple[int, ...]]:
    """Matrices W_1, W_2, ... (..., rows, columns) that fit onto each other, and the shape of their leading dimensions."""
    if not isinstance(layers, list | tuple | np.ndarray) or len(layers) < 2:
        raise ValueError(f"layers: must be two matrices or more (got {reprlib.repr(layers)})")
    check_dims(**{f"layers[{k}]": dims(layer, inner=2) for k, layer in enumerate(layers)})
    matrices = [as_floats("layers", layer) for layer in layers]
    if any(w.ndim < 2 or 0 in w.shape for w in matrices):
        raise ValueError(f"layers: must be matrices (got shapes {', '.join(str(w.shape) for w in matrices)})")
    if any(low.shape[-2] != high.shape[-1] for low, high in pairwise(matrices)):
        shapes = ", ".join(str(w.shape[-2:]) for w in matrices)
        raise ValueError(f"layers: the rows of each must be the columns of the next (got {shapes})")
    try:
        leading = np.broadcast_shapes(*(w.shape[:-2] for w in matrices))
    except ValueError:
        raise ValueError(
            f"layers: their leading dimensions do not broadcast (got {', '.join(str(w.shape) for w in matrices)})"
        ) from None
    return matrices, leading
