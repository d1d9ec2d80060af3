"""Rayleigh-Ritz on subspaces of a few vectors, LANES of them side by side: Cholesky factors, then Jacobi rotations.

Every lane goes through the same arithmetic, with no branch and a fixed number of sweeps, so that its bits do not depend
on its neighbours. Arrays have the lanes last.
"""

import math

import numpy as np

from fastdln.kernels.compile import jit_disabled
from fastdln.kernels.matrices.pointers import address
from fastdln.kernels.matrices.tiles import LANES, VECTOR, rotate_pair

# A vector of length 1 whose part outside of the span of those before it has a smaller square than this adds only rounding.
DEPENDENT = 1e-8

# A value below every Ritz value, for vectors that were dropped, so that none of them is ever the largest.
LOWEST = -1e100

# Jacobi's method converges quadratically: this many sweeps, and one more for each doubling of the number of rows.
SWEEPS = 3


def cholesky(gram, inverse):
    """gram = L L^T in its lower triangle; inverse holds 1 / L_jj, or 0 for rows that depend on those before them."""
    size = len(gram)
    for j in range(size):
        for k in range(j):
            for i in range(j, size):
                for lane in range(LANES):
                    gram[i, j, lane] -= gram[i, k, lane] * gram[j, k, lane]
        for lane in range(LANES):
            square = gram[j, j, lane]
            kept = square > DEPENDENT
            inverse[j, lane] = 1.0 / math.sqrt(square if kept else 1.0) if kept else 0.0
        for i in range(j, size):
            for lane in range(LANES):
                gram[i, j, lane] *= inverse[j, lane]


def reduce(matrix, gram, inverse):
    """matrix <- L^-1 matrix L^-T; rows that were dropped get the value LOWEST."""
    size = len(gram)
    for i in range(size):
        for k in range(i):
            for j in range(size):
                for lane in range(LANES):
                    matrix[i, j, lane] -= gram[i, k, lane] * matrix[k, j, lane]
        for j in range(size):
            for lane in range(LANES):
                matrix[i, j, lane] *= inverse[i, lane]
    for i in range(size):
        for k in range(i):
            for j in range(size):
                for lane in range(LANES):
                    matrix[j, i, lane] -= gram[i, k, lane] * matrix[j, k, lane]
        for j in range(size):
            for lane in range(LANES):
                matrix[j, i, lane] *= inverse[i, lane]
        for lane in range(LANES):
            matrix[i, i, lane] = LOWEST if inverse[i, lane] == 0.0 else matrix[i, i, lane]


def jacobi(matrix, vectors):
    """Jacobi's cyclic method: the eigenvalues end on the diagonal of the matrix, the eigenvectors in rows of vectors."""
    size = len(matrix)
    c, s = np.empty(LANES), np.empty(LANES)
    for i in range(size):
        for j in range(size):
            for lane in range(LANES):
                vectors[i, j, lane] = 1.0 if i == j else 0.0
    for _ in range(SWEEPS + math.ceil(math.log2(size + 1.0))):
        for p in range(size):
            for q in range(p + 1, size):
                for lane in range(LANES):
                    across, apart = matrix[p, q, lane], matrix[q, q, lane] - matrix[p, p, lane]
                    reach = abs(apart) + math.sqrt(apart * apart + 4.0 * across * across)
                    t = 2.0 * across / (reach if reach > 0.0 else 1.0)
                    t = -t if apart < 0.0 else t
                    c[lane] = 1.0 / math.sqrt(1.0 + t * t)
                    s[lane] = t * c[lane]
                rotate_both(matrix, p, q, 1, c, s)
                rotate_both(matrix, p, q, 0, c, s)
                rotate_both(vectors, p, q, 0, c, s)


def rotate_vectors(array, p, q, axis, c, s):
    """Rows p and q (columns for axis 1) become c p - s q and s p + c q, each lane by its own angle."""
    size = len(array)
    between, stride = (size * VECTOR, VECTOR) if axis == 0 else (VECTOR, size * VECTOR)
    first = address(array)
    rotate_pair(first + p * between, first + q * between, stride, address(c), address(s), size)


def rotate_plainly(array, p, q, axis, c, s):
    x, y = np.take(array, p, axis), np.take(array, q, axis)
    rows = array if axis == 0 else array.swapaxes(0, 1)
    rows[p], rows[q] = c * x - s * y, s * x + c * y


rotate_both = rotate_plainly if jit_disabled() else rotate_vectors


def largest(matrix, vectors, values, chosen):
    """Write the largest eigenvalues, in falling order, to values (k, lane), and their vectors to chosen (k, row, lane)."""
    size = len(matrix)
    for k in range(len(values)):
        for lane in range(LANES):
            top = 0
            for i in range(1, size):
                if matrix[i, i, lane] > matrix[top, top, lane]:
                    top = i
            values[k, lane] = matrix[top, top, lane]
            matrix[top, top, lane] = 2.0 * LOWEST
            for i in range(size):
                chosen[k, i, lane] = vectors[top, i, lane]


def ritz(gram, matrix, values, chosen):
    """Ritz values and vectors of a subspace: gram = S S^T and matrix = S H S^T for rows S, both overwritten.

    The k largest go to values (k, lane), the coefficients of their vectors, of length 1, to chosen (k, row, lane).
    """
    size = len(gram)
    scale, inverse, vectors = np.empty((size, LANES)), np.empty((size, LANES)), np.empty((size, size, LANES))
    for i in range(size):
        for lane in range(LANES):
            square = gram[i, i, lane]
            scale[i, lane] = 1.0 / math.sqrt(square if square > 0.0 else 1.0)
    for i in range(size):
        for j in range(size):
            for lane in range(LANES):
                both = scale[i, lane] * scale[j, lane]
                gram[i, j, lane] *= both
                matrix[i, j, lane] *= both
    for i in range(size):
        for j in range(i):
            for lane in range(LANES):
                mean = 0.5 * (matrix[i, j, lane] + matrix[j, i, lane])
                matrix[i, j, lane] = mean
                matrix[j, i, lane] = mean
    cholesky(gram, inverse)
    reduce(matrix, gram, inverse)
    jacobi(matrix, vectors)
    largest(matrix, vectors, values, chosen)
    for k in range(len(values)):
        for i in range(size - 1, -1, -1):
            for j in range(i + 1, size):
                for lane in range(LANES):
                    chosen[k, i, lane] -= gram[j, i, lane] * chosen[k, j, lane]
            for lane in range(LANES):
                chosen[k, i, lane] *= inverse[i, lane]
        for i in range(size):
            for lane in range(LANES):
                chosen[k, i, lane] *= scale[i, lane]
