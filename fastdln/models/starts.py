"""Starts: the layers at state 0, in units of alpha (theory A), as singular values of each layer or as matrices."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from fastdln.models.model import Start
from fastdln.models.targets import TargetMatrix, generator, orthogonal, with_noise


def one_zero(depth: int, modes: int) -> np.ndarray:
    layers = np.ones((depth, modes))
    layers[-1] = 0.0
    return layers


def balanced(depth: int, modes: int) -> np.ndarray:
    return np.ones((depth, modes))


def spectral(depth: int, modes: int, values: Sequence[Any]) -> np.ndarray:
    return np.asarray(values, dtype=float).reshape(depth, modes)


def shapes(widths: Sequence[int]) -> list[tuple[int, int]]:
    """Shapes of the layers, W_1 first: layer l maps width l - 1 to width l."""
    return [(rows, columns) for columns, rows in pairwise(widths)]


def identities(widths: Sequence[int], target: TargetMatrix, seed: int, values: Sequence[Any]) -> list[np.ndarray]:
    return [np.eye(*shape) for shape in shapes(widths)]


def last_zero(widths: Sequence[int], target: TargetMatrix, seed: int, values: Sequence[Any]) -> list[np.ndarray]:
    layers = identities(widths, target, seed, values)
    return [*layers[:-1], np.zeros_like(layers[-1])]


def random_orthogonal(
    widths: Sequence[int], target: TargetMatrix, seed: int, values: Sequence[Any]
) -> list[np.ndarray]:
    return [orthogonal(*shape, generator(seed, layer)) for layer, shape in enumerate(shapes(widths), 1)]


def gaussian(widths: Sequence[int], target: TargetMatrix, seed: int, values: Sequence[Any]) -> list[np.ndarray]:
    """Standard deviation 1 / sqrt(width of the layer's input)."""
    return [
        generator(seed, layer).standard_normal(shape) / np.sqrt(shape[1])
        for layer, shape in enumerate(shapes(widths), 1)
    ]


def in_bases(widths: Sequence[int], target: TargetMatrix, seed: int, values: Sequence[Any]) -> list[np.ndarray]:
    """Singular values of each layer between the target's bases, with the identity between two layers."""
    layers = []
    for shape, row in zip(shapes(widths), values, strict=True):
        layer = np.zeros(shape)
        layer[np.arange(len(row)), np.arange(len(row))] = row
        layers.append(layer)
    layers[0] = layers[0] @ target.right.T
    layers[-1] = target.left @ layers[-1]
    return layers


def compressed(widths: Sequence[int], target: TargetMatrix, seed: int, values: Sequence[Any]) -> list[np.ndarray]:
    """Outer layers from the target's top singular vectors, as many as the inner layers are wide; values: noise on it, and the noise's seed."""
    if len(values):
        target = with_noise(target, *values)
    values_of_all = np.zeros(min(len(target.left), len(target.right)))
    values_of_all[: len(target.singular_values)] = target.singular_values
    top = np.argsort(-values_of_all, kind="stable")[: widths[1]]  # a target may name its values in any order
    layers = identities(widths, target, seed, values)
    return [target.right[:, top].T.copy(), *layers[1:-1], target.left[:, top].copy()]


def given(widths: Sequence[int], target: TargetMatrix, seed: int, values: Sequence[Any]) -> list[np.ndarray]:
    return [np.array(layer, dtype=float) for layer in values]


def nothing(widths: Sequence[int], target: TargetMatrix, seed: int, values: Sequence[Any]) -> list[np.ndarray]:
    return []


STARTS = {
    start.name: start
    for start in (
        Start("one-zero", "W_L = 0, the other layers alpha I (arXiv 2502.20531, section 2)", one_zero, last_zero),
        Start("balanced", "every layer alpha I", balanced, identities),
        Start(
            "spectral",
            "any singular values: a row a layer, W_1 first, a value a mode, times alpha",
            spectral,
            in_bases,
            takes_values=True,
        ),
        Start("gaussian", "independent normal numbers of deviation alpha / sqrt(width)", None, gaussian, random=True),
        Start("orthogonal", "alpha times random orthogonal matrices", None, random_orthogonal, random=True),
        Start(
            "compressed",
            "W_1 and W_L the top singular vectors of M, as many as the inner layers are wide, the inner layers I; times "
            "alpha (arXiv 2311.05061)",
            None,
            compressed,
        ),
        Start("layers", "any matrices, W_1 first, times alpha", None, given, takes_values=True),
        Start("parameters", "no layers: numbers that the model's own axes set", None, nothing),
    )
}
