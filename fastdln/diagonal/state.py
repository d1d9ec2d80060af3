"""A diagonal network at one state: its layers' singular values, and the products of layers that the Hessian needs."""

from typing import NamedTuple

import numpy as np


class DiagonalNetwork(NamedTuple):
    """Arrays with the points (lanes) along the last axis.

    eta (lane): the learning rate. error (mode, lane): pi - s. layer (mode, layer, lane): w_l. below, above (mode, layer, lane): the
    products of the layers before and after each.
    """

    eta: np.ndarray
    error: np.ndarray
    layer: np.ndarray
    below: np.ndarray
    above: np.ndarray


def empty_network(modes, layers, lanes):
    """Make a network whose arrays are to be filled."""
    return DiagonalNetwork(
        np.empty(lanes),
        np.empty((modes, lanes)),
        np.empty((modes, layers, lanes)),
        np.empty((modes, layers, lanes)),
        np.empty((modes, layers, lanes)),
    )


def fill_products(network):
    """Fill `below` and `above` from the layers."""
    modes, layers, lanes = network.layer.shape
    for mode in range(modes):
        w, below, above = network.layer[mode], network.below[mode], network.above[mode]
        for lane in range(lanes):
            below[0, lane] = 1.0
            above[layers - 1, lane] = 1.0
        for layer in range(1, layers):
            for lane in range(lanes):
                below[layer, lane] = below[layer - 1, lane] * w[layer - 1, lane]
        for layer in range(layers - 2, -1, -1):
            for lane in range(lanes):
                above[layer, lane] = above[layer + 1, lane] * w[layer + 1, lane]
