"""Networks of full matrices side by side at one state: the arrays that quantities are measured from."""

from typing import NamedTuple

import numpy as np


class Matrices(NamedTuple):
    """Arrays with the networks (lanes) along the last axis; W_l maps width l - 1 to width l.

    weights (element, lane): the layers one after another, row by row; see `layer`. shapes (layer, 2): their rows and columns.
    error (row, column, lane): W_L ... W_1 - M. rotated (row, column, lane): U^T W_L ... W_1 V in the singular bases of M, whose
    diagonal are the modes' products. singular_values (mode, lane): of M. eta (lane): the learning rate.

    eigenvalues (eigenvalue, lane): the largest of the Hessian, in falling order, and residual (lane): of the first, relative to it;
    both where the quantity needs_eigenvalues. stretching (lane): the logarithm of the factor by which the last step stretched a
    tangent vector, where the quantity needs_tangent. third_order (3, lane): alpha_ps, beta, and the share of the step along the
    eigenvector of the largest eigenvalue, where the quantity needs_third_order.
    """

    weights: np.ndarray
    shapes: np.ndarray
    error: np.ndarray
    rotated: np.ndarray
    singular_values: np.ndarray
    eta: np.ndarray
    eigenvalues: np.ndarray
    residual: np.ndarray
    stretching: np.ndarray
    third_order: np.ndarray


def layer(network, index):
    """W_1 for index 0, and so on, as an array (row, column, lane)."""
    first = 0
    for below in range(index):
        first += network.shapes[below, 0] * network.shapes[below, 1]
    rows, columns = network.shapes[index]
    return network.weights[first : first + rows * columns].reshape((rows, columns, network.weights.shape[1]))
