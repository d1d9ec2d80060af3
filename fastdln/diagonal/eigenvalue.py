"""Largest eigenvalues of small symmetric matrices, many side by side: Householder's reduction, then bisection."""

import math

import numpy as np

# Each halving adds a bit; after 60 the interval, at first four norms wide, is below the rounding of the matrix itself.
HALVINGS = 60


def bare_steps(size):
    """Cost of the largest eigenvalue of a matrix of this size, in bare steps of one mode: measured, to a third."""
    return 240 * size + 1.1 * size**3


def largest_eigenvalue(matrix, top):
    """Write the largest eigenvalue of each matrix[:, :, lane] to top[lane]; the matrices are overwritten.

    The error is some n roundings of the largest absolute eigenvalue. Every lane goes through the same arithmetic, with no branch,
    so that lanes share each vector instruction.
    """
    size, _, lanes = matrix.shape
    diagonal, squares = np.empty((size, lanes)), np.zeros((size, lanes))
    tridiagonalize(matrix, diagonal, squares)
    low, high = np.empty(lanes), np.empty(lanes)
    enclose(diagonal, squares, low, high)
    pivot, above = np.empty(lanes), np.empty(lanes)
    for _ in range(HALVINGS):
        for lane in range(lanes):
            pivot[lane] = 0.5 * (low[lane] + high[lane]) - diagonal[0, lane]
            above[lane] = pivot[lane]
        for row in range(1, size):
            for lane in range(lanes):
                x = 0.5 * (low[lane] + high[lane])
                # all pivots of x - T are positive if and only if x is above every eigenvalue
                pivot[lane] = (x - diagonal[row, lane]) - squares[row, lane] / pivot[lane]
                above[lane] = pivot[lane] if pivot[lane] < above[lane] else above[lane]
        for lane in range(lanes):
            x, beyond = 0.5 * (low[lane] + high[lane]), above[lane] > 0.0
            high[lane] = x if beyond else high[lane]
            low[lane] = low[lane] if beyond else x
    for lane in range(lanes):
        top[lane] = 0.5 * (low[lane] + high[lane])


def enclose(diagonal, squares, low, high):
    """Bound the largest eigenvalue: from below by the largest diagonal entry, from above by Gershgorin."""
    size, lanes = diagonal.shape
    for lane in range(lanes):
        low[lane], high[lane] = diagonal[0, lane], diagonal[0, lane]
    for row in range(size):
        for lane in range(lanes):
            reach = math.sqrt(squares[row, lane]) + (math.sqrt(squares[row + 1, lane]) if row + 1 < size else 0.0)
            value = diagonal[row, lane]
            low[lane] = value if value > low[lane] else low[lane]
            high[lane] = value + reach if value + reach > high[lane] else high[lane]


def tridiagonalize(matrix, diagonal, squares):
    """Reduce matrices to tridiagonal ones (Householder); squares[k] is the square of the entry between diagonal[k - 1] and
    diagonal[k]."""
    size, _, lanes = matrix.shape
    v, p, length, factor = np.empty((size, lanes)), np.empty((size, lanes)), np.empty(lanes), np.empty(lanes)
    for k in range(size - 2):
        first = k + 1
        length[:] = 0.0
        for row in range(first, size):
            for lane in range(lanes):
                x = matrix[row, k, lane]
                v[row, lane] = x
                length[lane] += x * x
        for lane in range(lanes):
            diagonal[k, lane], squares[first, lane] = matrix[k, k, lane], length[lane]
            x = v[first, lane]
            norm = math.sqrt(length[lane])
            v[first, lane] = x + (norm if x >= 0.0 else -norm)
            # 2 / v.v, with v.v = 2 (norm^2 + |x| norm)
            half = length[lane] + abs(x) * norm
            factor[lane] = 1.0 / half if half > 0.0 else 0.0
        length[:] = 0.0
        for row in range(first, size):
            for lane in range(lanes):
                p[row, lane] = 0.0
            for column in range(first, size):
                for lane in range(lanes):
                    p[row, lane] += matrix[row, column, lane] * v[column, lane]
            for lane in range(lanes):
                p[row, lane] *= factor[lane]
                length[lane] += p[row, lane] * v[row, lane]
        for row in range(first, size):
            for lane in range(lanes):
                p[row, lane] -= 0.5 * factor[lane] * length[lane] * v[row, lane]
        for row in range(first, size):
            for column in range(first, size):
                for lane in range(lanes):
                    matrix[row, column, lane] -= v[row, lane] * p[column, lane] + p[row, lane] * v[column, lane]
    for row in range(max(size - 2, 0), size):
        for lane in range(lanes):
            diagonal[row, lane] = matrix[row, row, lane]
    if size > 1:
        for lane in range(lanes):
            squares[size - 1, lane] = matrix[size - 1, size - 2, lane] * matrix[size - 1, size - 2, lane]
