"""Target matrices, by singular values and bases or as given; and random numbers that depend on seeds alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Streams of one seed: the layers of a start are numbered from 1, the bases of a target come far behind.
LEFT_BASIS, RIGHT_BASIS, SURROGATE = 2**32, 2**32 + 1, 2**32 + 2


class TargetMatrix(NamedTuple):
    """M = U diag(s) V^T: left U (outputs, outputs), right V (inputs, inputs), s (mode), and whether both are the identity.

    given: the matrix itself where it was given as one, so that it is learned to the last bit.
    """

    left: np.ndarray
    right: np.ndarray
    singular_values: np.ndarray
    diagonal: bool
    given: np.ndarray | None = None

    def matrices(self, singular_values: np.ndarray) -> np.ndarray:
        """The matrices (point, output, input) with other singular values (point, mode) in the same bases."""
        if self.given is not None:
            return np.broadcast_to(self.given, (len(singular_values), *self.given.shape))
        modes = singular_values.shape[1]
        if self.diagonal:
            found = np.zeros((len(singular_values), len(self.left), len(self.right)))
            found[:, np.arange(modes), np.arange(modes)] = singular_values
            return found
        return np.asarray((self.left[:, :modes] * singular_values[:, None, :]) @ self.right[:, :modes].T)


def generator(seed: int, stream: int) -> np.random.Generator:
    """Make a counter-based generator (Philox), whose numbers depend on the seed and the stream alone."""
    return np.random.Generator(np.random.Philox(key=[seed, stream]))


def orthogonal(rows: int, columns: int, random: np.random.Generator) -> np.ndarray:
    """Draw a matrix with orthonormal columns or rows, whichever are fewer, uniformly distributed."""
    q, r = np.linalg.qr(random.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.copysign(1.0, np.diag(r))  # without the signs it would not be uniform
    return np.asarray(q if rows >= columns else q.T)


def by_singular_values(singular_values: np.ndarray, basis: str, seed: int, outputs: int, inputs: int) -> TargetMatrix:
    """Make a target of these singular values, in the identity bases or in random ones."""
    if basis == "identity":
        return TargetMatrix(np.eye(outputs), np.eye(inputs), singular_values, True)
    left = orthogonal(outputs, outputs, generator(seed, LEFT_BASIS))
    right = orthogonal(inputs, inputs, generator(seed, RIGHT_BASIS))
    return TargetMatrix(left, right, singular_values, False)


def with_noise(target: TargetMatrix, noise: float, seed: int) -> TargetMatrix:
    """Make a target of M + N, N of independent normal numbers and a Frobenius norm of about `noise` times that of M."""
    (matrix,) = target.matrices(target.singular_values[None])
    numbers = generator(seed, SURROGATE).standard_normal(matrix.shape)
    return by_matrix(matrix + noise * np.linalg.norm(target.singular_values) / np.sqrt(matrix.size) * numbers)


def by_matrix(matrix: np.ndarray) -> TargetMatrix:
    """Make a target of a given matrix, with its singular bases."""
    left, singular_values, right = np.linalg.svd(matrix)
    diagonal = not np.any(matrix - np.diag(np.diag(matrix)) if matrix.shape[0] == matrix.shape[1] else 1.0)
    falling = diagonal and bool(np.all(np.diff(np.diag(matrix)) <= 0.0) and np.all(np.diag(matrix) >= 0.0))
    if falling:  # its own bases: the SVD's are the identity only up to signs
        return TargetMatrix(np.eye(len(matrix)), np.eye(len(matrix)), np.diag(matrix).copy(), True, matrix)
    return TargetMatrix(left, right.T.copy(), singular_values, False, matrix)
