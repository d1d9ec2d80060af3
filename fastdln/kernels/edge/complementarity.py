"""The complementarity problem of the central flow: X >= 0, Z = C + Q X >= 0, tr(X Z) = 0, for symmetric matrices of up to four rows.

It is solved by an interior-point method with the direction of Alizadeh, Haeberly and Overton (SIAM J. Optim. 8, 1998): Newton's
steps for X Z + Z X = 2 mu, as mu goes to 0.

Symmetric matrices are vectors of their entries on and above the diagonal, row by row, those off it times sqrt(2), so that the dot
product of two vectors is the trace of the product of the matrices.
"""

from __future__ import annotations

import math

# Eigenvalues at the edge, and entries of a symmetric matrix of so many rows.
LARGEST, ENTRIES = 4, 10

# Some 15 are needed.
ITERATIONS = 100

# Relative to the sizes of X and Z: their trace product, and the residual of Z = C + Q X.
TOLERANCE = 1e-13

# mu goes down to such a share a step, so far as X and Z stay positive; and such a share of the way to the boundary is gone.
CENTRED, SHARE = 0.05, 0.95

FAR = 10.0

NEIGHBOURHOOD = 0.01

# Arrays in `work`: four matrices, four vectors, and the system of Newton's method with its right side.
X, Z, FACTOR, UNIT = 0, 16, 32, 48
POINT, SLACK, STEP, SLOPE = 64, 74, 84, 94
SYSTEM = 104
WORK = SYSTEM + ENTRIES * (ENTRIES + 1)


def complement(q, c, size, x, work):
    """Find X for matrices of `size` rows; returns whether it was found, and leaves 0 if not.

    q (entry, entry), row by row, is symmetric and positive semidefinite; c (entry) is C; x (entry) becomes X.
    """
    entries = size * (size + 1) // 2
    trace, largest = 0.0, 0.0
    for a in range(entries):
        x[a] = 0.0
        trace += q[a * entries + a]
        largest = max(largest, abs(c[a]))
    for a in range(entries):
        work[SLACK + a] = c[a]
    if positive(work, SLACK, Z, size):
        return True
    if not (trace > 0.0 and math.isfinite(trace) and math.isfinite(largest)):
        return False
    if size == 1:
        x[0] = max(0.0, -c[0] / trace)
        return True
    identity(work, POINT, size)
    identity(work, SLACK, size)
    for a in range(entries):
        work[POINT + a] *= FAR
        work[SLACK + a] *= FAR
    length = 0.0
    for _ in range(ITERATIONS):
        mu, miss = newton(q, c, size, trace, largest, max(CENTRED, (1.0 - length) ** 2), work)
        size_of_x = 1.0
        for a in range(entries):
            size_of_x = max(size_of_x, abs(work[POINT + a]))
        if max(mu, miss) <= TOLERANCE * size_of_x:
            for a in range(entries):
                x[a] = work[POINT + a] * largest / trace
            return True
        length = 1.0
        for _ in range(ITERATIONS):
            if central(work, length, size):
                break
            length *= 0.8
        for a in range(entries):
            work[POINT + a] += length * work[STEP + a]
            work[SLACK + a] += length * work[SLOPE + a]
    return False


def central(work, length, size):
    """Whether X and Z after so much of the step are positive, and all eigenvalues of X Z a share of their mean or more."""
    entries = size * (size + 1) // 2
    for a in range(entries):
        work[UNIT + a] = work[POINT + a] + length * work[STEP + a]
    if not positive(work, UNIT, FACTOR, size):
        return False
    for a in range(entries):
        work[UNIT + a] = work[SLACK + a] + length * work[SLOPE + a]
    unpack(work, UNIT, Z, size)
    # the lower triangle of F^T Z F, whose eigenvalues are those of X Z = F F^T Z
    mean = 0.0
    for i in range(size):
        for j in range(i + 1):
            total = 0.0
            for k in range(i, size):
                for m in range(j, size):
                    total += work[FACTOR + k * size + i] * work[Z + k * size + m] * work[FACTOR + m * size + j]
            work[X + i * size + j] = total
            mean += total / size if i == j else 0.0
    for i in range(size):
        work[X + i * size + i] -= NEIGHBOURHOOD * mean
    return factorized(work, X, size)


def newton(q, c, size, trace, largest, centred, work):
    """Newton's step from POINT and SLACK, in units of `largest` and `trace`; returns mu, and the residual of Z = C + Q X."""
    entries = size * (size + 1) // 2
    width = entries + 1
    unpack(work, POINT, X, size)
    unpack(work, SLACK, Z, size)
    mu = miss = 0.0
    for a in range(entries):
        mu += work[POINT + a] * work[SLACK + a] / size
        rest = c[a] / largest - work[SLACK + a]
        for b in range(entries):
            rest += q[a * entries + b] / trace * work[POINT + b]
        work[SLOPE + a] = rest
        miss = max(miss, abs(rest))
    # X dZ + dZ X + dX Z + Z dX = 2 sigma mu - X Z - Z X with dZ = Q dX + rest: a column of it for every entry of dX
    for a in range(entries):
        work[SYSTEM + a * width + entries] = 0.0
    identity(work, STEP, size)
    for a in range(entries):
        work[STEP + a] *= 2.0 * centred * mu
    for a in range(entries):
        work[SYSTEM + a * width + entries] += work[STEP + a]
        work[UNIT + a] = -work[SLACK + a] - work[SLOPE + a]
    anticommutator(work, X, entries, size)
    for column in range(entries):
        for a in range(entries):
            work[SYSTEM + a * width + column] = 0.0
            work[UNIT + a] = 1.0 if a == column else 0.0
        anticommutator(work, Z, column, size)
        for a in range(entries):
            work[UNIT + a] = q[a * entries + column] / trace
        anticommutator(work, X, column, size)
    solve(work, entries)
    for a in range(entries):
        work[STEP + a] = work[SYSTEM + a * width + entries]
    for a in range(entries):
        for b in range(entries):
            work[SLOPE + a] += q[a * entries + b] / trace * work[STEP + b]
    return mu, miss


def anticommutator(work, matrix, column, size):
    """Add to a column of the system: A B + B A, for the symmetric A at `matrix` and the B whose vector is at UNIT."""
    width = size * (size + 1) // 2 + 1
    unpack(work, UNIT, FACTOR, size)
    a = 0
    for i in range(size):
        for j in range(i, size):
            total = 0.0
            for k in range(size):
                total += work[matrix + i * size + k] * work[FACTOR + k * size + j]
                total += work[FACTOR + i * size + k] * work[matrix + k * size + j]
            work[SYSTEM + a * width + column] += total if i == j else math.sqrt(2.0) * total
            a += 1


def identity(work, at, size):
    a = at
    for i in range(size):
        for j in range(i, size):
            work[a] = 1.0 if i == j else 0.0
            a += 1


def unpack(work, vector, matrix, size):
    """The matrix of a vector."""
    a = vector
    for i in range(size):
        for j in range(i, size):
            value = work[a] if i == j else math.sqrt(0.5) * work[a]
            work[matrix + i * size + j] = work[matrix + j * size + i] = value
            a += 1


def positive(work, vector, to, size):
    """Whether the matrix of a vector is positive definite, by Cholesky's factors, which take its place at `to`."""
    unpack(work, vector, to, size)
    return factorized(work, to, size)


def factorized(work, to, size):
    """Whether a matrix is positive definite, by Cholesky's factors of its lower triangle, which take its place."""
    for j in range(size):
        pivot = work[to + j * size + j]
        for k in range(j):
            pivot -= work[to + j * size + k] ** 2
        if not pivot > 0.0:
            return False
        work[to + j * size + j] = math.sqrt(pivot)
        for i in range(j + 1, size):
            total = work[to + i * size + j]
            for k in range(j):
                total -= work[to + i * size + k] * work[to + j * size + k]
            work[to + i * size + j] = total / work[to + j * size + j]
    return True


def solve(work, entries):
    """Gauss-Jordan elimination, with pivots by rows, of the system: its last column becomes the solution."""
    width = entries + 1
    for column in range(entries):
        pivot = column
        for a in range(column + 1, entries):
            if abs(work[SYSTEM + a * width + column]) > abs(work[SYSTEM + pivot * width + column]):
                pivot = a
        for b in range(column, width):
            here, there = SYSTEM + column * width + b, SYSTEM + pivot * width + b
            work[here], work[there] = work[there], work[here]
        inverse = 1.0 / work[SYSTEM + column * width + column]
        for b in range(column, width):
            work[SYSTEM + column * width + b] *= inverse
        for a in range(entries):
            factor = work[SYSTEM + a * width + column]
            if a != column:
                for b in range(column, width):
                    work[SYSTEM + a * width + b] -= factor * work[SYSTEM + column * width + b]
