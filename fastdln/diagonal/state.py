"""The network of a block of points at one state: its layers' singular values, and the products that the Hessian needs."""

from typing import NamedTuple

import numpy as np


class Network(NamedTuple):
    """Arrays with the points (lanes) along the last axis.

    eta (lane); error = pi - s (mode, lane); layer (mode, layer, lane), and below, above: the products of the layers on
    either side of each.
    """

    eta: np.ndarray
    error: np.ndarray
    layer: np.ndarray
    below: np.ndarray
    above: np.ndarray


def empty(modes, layers, lanes):
    """A network to be filled."""
    return Network(
        np.empty(lanes),
        np.empty((modes, lanes)),
        np.empty((modes, layers, lanes)),
        np.empty((modes, layers, lanes)),
        np.empty((modes, layers, lanes)),
    )


def multiply_up(network):
    """Fills the products of the layers below and above each, from the layers."""
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
