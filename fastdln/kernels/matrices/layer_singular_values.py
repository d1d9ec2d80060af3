"""Singular values of every layer of networks side by side, for trajectories."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from fastdln.diagonal.matrices import layer
from fastdln.kernels.compile import scalar
from fastdln.kernels.link import Linked
from fastdln.kernels.matrices.views import KINDS, MODES, reading
from fastdln.kernels.spans import SPAN, STRIDE

# The widest layers that Jacobi rotations are for: with networks side by side ten times as fast as LAPACK at 5, no faster at 16.
WIDEST_JACOBI = 12

# Columns whose scalar product is this share of their lengths count as orthogonal: what remains changes a singular value by less
# than rounding does. Six rounds over all pairs are usual.
RIGHT_ANGLE, ROUNDS = 1e-14, 30


def tall(weights):
    """Copy matrices (row, column, lane), transposed where there are more columns than rows."""
    rows, columns, lanes = weights.shape
    found = np.empty((max(rows, columns), min(rows, columns), lanes))
    for i in range(rows):
        for j in range(columns):
            for lane in range(lanes):
                if rows >= columns:
                    found[i, j, lane] = weights[i, j, lane]
                else:
                    found[j, i, lane] = weights[i, j, lane]
    return found


def orthogonalize_columns(matrix):
    """Rotate pairs of columns of matrices (row, column, lane) until all are orthogonal: one-sided Jacobi (Golub, Van Loan, 8.6).

    Their lengths are the singular values then. Columns that are orthogonal already stay as they are, so that no lane depends on
    those beside it.
    """
    rows, columns, lanes = matrix.shape
    first, second, product = np.empty(lanes), np.empty(lanes), np.empty(lanes)
    cosine, sine = np.empty(lanes), np.empty(lanes)
    for _ in range(ROUNDS):
        rotated = 0
        for i in range(columns):
            for j in range(i + 1, columns):
                for lane in range(lanes):
                    first[lane], second[lane], product[lane] = 0.0, 0.0, 0.0
                for k in range(rows):
                    for lane in range(lanes):
                        x, y = matrix[k, i, lane], matrix[k, j, lane]
                        first[lane] += x * x
                        second[lane] += y * y
                        product[lane] += x * y
                for lane in range(lanes):
                    apart, across = second[lane] - first[lane], 2.0 * product[lane]
                    cosine[lane], sine[lane] = 1.0, 0.0
                    if abs(product[lane]) > RIGHT_ANGLE * math.sqrt(first[lane] * second[lane]):
                        tangent = across / (abs(apart) + math.sqrt(apart * apart + across * across))
                        tangent = -tangent if apart < 0.0 else tangent
                        cosine[lane] = 1.0 / math.sqrt(1.0 + tangent * tangent)
                        sine[lane] = tangent * cosine[lane]
                        rotated += 1
                for k in range(rows):
                    for lane in range(lanes):
                        x, y = matrix[k, i, lane], matrix[k, j, lane]
                        matrix[k, i, lane] = cosine[lane] * x - sine[lane] * y
                        matrix[k, j, lane] = sine[lane] * x + cosine[lane] * y
        if rotated == 0:
            break


def by_jacobi(weights):
    """Singular values (value, lane) of matrices (row, column, lane) by Jacobi rotations, unsorted."""
    matrix = tall(weights)
    orthogonalize_columns(matrix)
    rows, columns, lanes = matrix.shape
    squares = np.zeros((columns, lanes))
    for k in range(rows):
        for j in range(columns):
            for lane in range(lanes):
                squares[j, lane] += matrix[k, j, lane] * matrix[k, j, lane]
    return np.sqrt(squares)


def by_lapack(weights):
    """Singular values (value, lane) of wider matrices by LAPACK, NaN where they are not finite."""
    rows, columns, lanes = weights.shape
    found, one = np.full((min(rows, columns), lanes), np.nan), np.empty((rows, columns))
    for lane in range(lanes):
        for i in range(rows):
            for j in range(columns):
                one[i, j] = weights[i, j, lane]
        if np.isfinite(one).all():
            found[:, lane] = np.linalg.svd(one)[1]
    return found


@cache
def spectrum(lanes: int) -> Linked:
    """Kernel (values, memory, offsets) that writes the singular values of all layers, by layer and mode, in rows SPAN + 1 apart; NaN
    where a layer has fewer."""
    read = scalar(reading(lanes))

    def spectrum(found, memory, offsets):
        network, modes = read(memory, offsets), offsets[MODES]
        for index in range(len(network.shapes)):
            weights = layer(network, index)
            narrow = min(weights.shape[0], weights.shape[1]) <= WIDEST_JACOBI
            values = by_jacobi(weights) if narrow else by_lapack(weights)
            for lane in range(lanes):
                falling = np.sort(values[:, lane])[::-1]
                for mode in range(modes):
                    value = falling[mode] if mode < len(falling) else np.nan
                    found[(index * modes + mode) * (SPAN + 1) * STRIDE + lane] = value

    return Linked(spectrum, "spectrum", lanes, signature=KINDS)
