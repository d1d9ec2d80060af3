"""What the closed forms take: numbers of shapes that go together, and whole depths; one line says what is wrong.

Numbers outside a formula's domain are no mistake, since they may be one of many: there its value is NaN.
"""

import reprlib

import numpy as np


def numbers(name, value):
    """The value as an array of floats."""
    try:
        array = np.asarray(value)
        if array.dtype.kind in "iuf":
            return array.astype(float, copy=False)
        if array.dtype.kind == "O":  # whole numbers beyond 64 bits, of mpmath, of fractions
            kinds = {type(one) for one in array.ravel().tolist()}
            if all(hasattr(kind, "__float__") for kind in kinds):
                return array.astype(float)
    except (ValueError, TypeError, OverflowError):
        pass
    raise ValueError(f"{name}: must be a number or an array of numbers (got {reprlib.repr(value)})")


def depths(value):
    """Numbers of layers as floats: whole ones, or NaN where one is not known."""
    array = numbers("depth", value)
    if np.any(np.isinf(array) | (array != np.floor(array)) & ~np.isnan(array)):
        raise ValueError(f"depth: must be whole numbers from 2 on (got {reprlib.repr(value)})")
    return array


def whole(name, value, low, high):
    """A single whole number in a range."""
    valid = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool | np.timedelta64)
    if not valid or not low <= value <= high or value != int(value):
        raise ValueError(f"{name}: must be a whole number from {low} to {high} (got {reprlib.repr(value)})")
    return int(value)


def together(**values):
    """Arrays of floats that broadcast, in the order given; `depth` is whole."""
    arrays = [depths(value) if name == "depth" else numbers(name, value) for name, value in values.items()]
    shapes = [array.shape for array in arrays]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"{', '.join(values)}: their shapes {', '.join(map(str, shapes))} do not broadcast") from None
    return arrays


def layers_and_values(layers, singular_values):
    """Layers (..., depth, mode) and singular values (..., mode) as floats, the leading dimensions broadcast."""
    w, s = numbers("layers", layers), numbers("singular_values", singular_values)
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
