"""Collapse: whether a mode of a network of matrices that is near 0 can stay there."""

from __future__ import annotations

import numpy as np

from fastdln.models.layerwise import EQUAL


def gains(layers: list[np.ndarray], vector: np.ndarray) -> np.ndarray:
    """Factors (layer, point) by which each layer (point, row, column) stretches what those before it made of a unit vector.

    On the singular-vector-stationary set these are the mode's singular values. After a layer that maps the vector to 0: NaN.
    """
    through, found = np.broadcast_to(vector, (len(layers[0]), len(vector))), []
    for layer in layers:
        through = np.einsum("pij,pj->pi", layer, through)
        found.append(np.linalg.norm(through, axis=1))
        with np.errstate(invalid="ignore", divide="ignore"):
            through = through / found[-1][:, None]
    return np.array(found)


def strengths(layers: list[np.ndarray], left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Squares of what each layer makes of the mode with these singular vectors, rising: (layer, point)."""
    forward = gains(layers, right)
    backward = gains([layer.swapaxes(1, 2) for layer in reversed(layers)], left)[::-1]
    both = np.where(np.isnan(forward), backward, forward)
    return np.sort(np.nan_to_num(both) ** 2, axis=0)


def rests(squares: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """Whether a mode with these `strengths` can stay near 0, by point: as for a single mode, if no layer is smaller than all
    others (Map.rests), to rounding errors of the largest square on the way."""
    return np.asarray(squares[1] - squares[0] <= EQUAL * np.maximum(largest, squares[-1]))
