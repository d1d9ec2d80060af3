"""Sharpness of a network of full matrices at any minimum with zero error (docs/theory.md, B)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from fastdln.theory.arguments import FloatArray, as_layers

# K is a dense matrix of (inputs outputs)^2 numbers a point: this many take 128 MB.
MOST_ENTRIES = 4096


def sharpness_at_minimum(layers: Sequence[ArrayLike] | FloatArray) -> FloatArray:
    """Largest eigenvalue of the Hessian of a network that has learned its target, of any widths, balanced or not.

    Parameters
    ----------
    layers : sequence of array_like
        The matrices W_1, W_2, ..., in the layers' units; W_l is shaped (..., d_l, d_{l-1}), the leading dimensions
        broadcast.

    Returns
    -------
    numpy.ndarray
        The sharpness, shaped (...), in the layers' units to the power 2L - 2. NaN where a layer is not finite.

    Raises
    ------
    ValueError
        If there are fewer than two matrices, they do not fit onto each other, or d_0 d_L is more than 4,096.

    Notes
    -----
    Where the error is 0 the Hessian is J^T J, whose nonzero eigenvalues are those of the far smaller J J^T,
    K = sum_l (A_l A_l^T) kron (B_l^T B_l), with A_l = W_L ... W_{l+1} and B_l = W_{l-1} ... W_1. Elsewhere it is not the
    sharpness.

    References
    ----------
    Kamber, Parhi, arXiv 2509.25783; docs/theory.md, section B.

    Examples
    --------
    Of two scalar layers it is w_1^2 + w_2^2:

    >>> float(sharpness_at_minimum([[[2.0]], [[0.5]]]))
    4.25
    """
    matrices, leading = as_layers(layers)
    entries = matrices[0].shape[-1] * matrices[-1].shape[-2]
    if entries > MOST_ENTRIES:
        raise ValueError(f"layers: inputs times outputs must be at most {MOST_ENTRIES:,} (got {entries:,})")
    below, above = [np.eye(matrices[0].shape[-1])], [np.eye(matrices[-1].shape[-2])]
    total = np.zeros((*leading, entries, entries))
    with np.errstate(over="ignore", invalid="ignore"):
        for w in matrices[:-1]:
            below.append(w @ below[-1])
        for w in reversed(matrices[1:]):
            above.append(above[-1] @ w)
        for a, b in zip(reversed(above), below, strict=True):
            rows, columns = a @ a.swapaxes(-1, -2), b.swapaxes(-1, -2) @ b
            product = np.einsum("...ij,...kl->...ikjl", rows, columns)
            total += product.reshape(*product.shape[:-4], entries, entries)
    finite = np.isfinite(total).all(axis=(-2, -1))
    largest = np.full(leading, np.nan)
    largest[finite] = np.linalg.eigvalsh(total[finite])[..., -1]
    return largest
