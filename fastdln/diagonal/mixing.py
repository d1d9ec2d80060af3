"""Small off-diagonal deviations between two modes, and the step of full-matrix gradient descent linearized about the diagonal."""

import numpy as np


def bare_steps(layers):
    """Cost of a step of a deviation, its projection included, in bare steps of one mode: measured, to a third."""
    return 240 + 76 * layers


def step_pair(network, i, j, deviation):
    """Take a deviation of the pair (i, j) one step on from the network's state, by v - eta H v.

    Rows of `deviation`: x_l = (dW_l)_ij for each layer, then y_l = (dW_l)_ji; lanes along the second axis. H is the
    pair's block of the Hessian, applied by the chain rule: the derivatives, along x and y, of the products below and above
    each layer.
    """
    layers, lanes = network.layer.shape[1:]
    wi, wj = network.layer[i], network.layer[j]
    ci, cj, di, dj = network.above[i], network.above[j], network.below[i], network.below[j]
    ei, ej, eta = network.error[i], network.error[j], network.eta
    x, y = deviation[:layers], deviation[layers:]
    below_ij, below_ji = np.zeros((layers + 1, lanes)), np.zeros((layers + 1, lanes))
    above_ij, above_ji = np.zeros(lanes), np.zeros(lanes)
    for layer in range(layers):
        for lane in range(lanes):
            below_ij[layer + 1, lane] = x[layer, lane] * dj[layer, lane] + wi[layer, lane] * below_ij[layer, lane]
        for lane in range(lanes):
            below_ji[layer + 1, lane] = y[layer, lane] * di[layer, lane] + wj[layer, lane] * below_ji[layer, lane]
    error_ij, error_ji = below_ij[layers], below_ji[layers]
    for layer in range(layers - 1, -1, -1):
        for lane in range(lanes):
            old_x, old_y, eta_i, eta_j = x[layer, lane], y[layer, lane], eta[lane] * ei[lane], eta[lane] * ej[lane]
            c_i, c_j, d_i, d_j = ci[layer, lane], cj[layer, lane], di[layer, lane], dj[layer, lane]
            by_error = eta[lane] * c_i * d_j * error_ij[lane]
            x[layer, lane] = old_x - (by_error + eta_j * above_ji[lane] * d_j + eta_i * c_i * below_ji[layer, lane])
            by_error = eta[lane] * c_j * d_i * error_ji[lane]
            y[layer, lane] = old_y - (by_error + eta_i * above_ij[lane] * d_i + eta_j * c_j * below_ij[layer, lane])
            above_ij[lane] = above_ij[lane] * wj[layer, lane] + c_i * old_x
            above_ji[lane] = above_ji[lane] * wi[layer, lane] + c_j * old_y


def remove_gauge(network, i, j, deviation):
    """Project a deviation orthogonally onto the complement of the gauge directions.

    Turning the space between layers l and l + 1, W_{l+1} Q and Q^T W_l, changes nothing: within the pair that is
    x_{l+1} = w_{l+1}^i, y_{l+1} = -w_{l+1}^j, x_l = -w_l^j, y_l = w_l^i, for each l < L. Only neighbours overlap, so
    that the projection is a tridiagonal system of L - 1 equations, solved by elimination.
    """
    layers, lanes = network.layer.shape[1:]
    wi, wj = network.layer[i], network.layer[j]
    x, y = deviation[:layers], deviation[layers:]
    pivot, amount = np.empty((layers - 1, lanes)), np.empty((layers - 1, lanes))
    for l in range(layers - 1):  # noqa: E741  # the layer's letter in the formula
        for lane in range(lanes):
            pivot[l, lane] = (
                wi[l, lane] * wi[l, lane]
                + wj[l, lane] * wj[l, lane]
                + wi[l + 1, lane] * wi[l + 1, lane]
                + wj[l + 1, lane] * wj[l + 1, lane]
            )
        for lane in range(lanes):
            amount[l, lane] = (
                wi[l + 1, lane] * x[l + 1, lane]
                - wj[l + 1, lane] * y[l + 1, lane]
                - wj[l, lane] * x[l, lane]
                + wi[l, lane] * y[l, lane]
            )
        if l > 0:
            for lane in range(lanes):
                overlap = -2.0 * wi[l, lane] * wj[l, lane]
                ratio = overlap / pivot[l - 1, lane] if pivot[l - 1, lane] > 0.0 else 0.0
                pivot[l, lane] -= ratio * overlap
                amount[l, lane] -= ratio * amount[l - 1, lane]
    for l in range(layers - 2, -1, -1):  # noqa: E741  # the layer's letter in the formula
        for lane in range(lanes):
            right = amount[l, lane]
            if l < layers - 2:
                right += 2.0 * wi[l + 1, lane] * wj[l + 1, lane] * amount[l + 1, lane]
            amount[l, lane] = right / pivot[l, lane] if pivot[l, lane] > 0.0 else 0.0
        for lane in range(lanes):
            f = amount[l, lane]
            x[l + 1, lane] -= f * wi[l + 1, lane]
            y[l + 1, lane] += f * wj[l + 1, lane]
            x[l, lane] += f * wj[l, lane]
            y[l, lane] -= f * wi[l, lane]
