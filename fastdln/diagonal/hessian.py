"""Exact blocks of the Hessian of a diagonal network, of single modes and of pairs of modes (docs/theory.md, section B)."""

import numpy as np

from fastdln.diagonal.eigenvalue import largest_eigenvalue


def raise_to_mode_block(network, mode, top):
    """Raise top[lane] to the largest eigenvalue of the mode's L x L block.

    H_lm = g_l g_m + [l != m] e prod_{n != l,m} w_n with g_l the product of all layers but l.
    """
    layers, lanes = network.layer.shape[1:]
    w, below, above, e = network.layer[mode], network.below[mode], network.above[mode], network.error[mode]
    block, between, found = np.empty((layers, layers, lanes)), np.empty(lanes), np.empty(lanes)
    for low in range(layers):
        for lane in range(lanes):
            g = below[low, lane] * above[low, lane]
            block[low, low, lane] = g * g
            between[lane] = below[low, lane]
        for high in range(low + 1, layers):
            for lane in range(lanes):
                others = between[lane] * above[high, lane]
                gg = below[low, lane] * above[low, lane] * below[high, lane] * above[high, lane]
                block[low, high, lane] = gg + e[lane] * others
                between[lane] *= w[high, lane]
            for lane in range(lanes):
                block[high, low, lane] = block[low, high, lane]
    largest_eigenvalue(block, found)
    raise_to(found, top)


def raise_to_pair_block(network, i, j, top):
    """Raise top[lane] to the largest eigenvalue of the 2L x 2L block on (dW_l)_ij, then (dW_l)_ji.

    Its diagonal blocks are p p^T and q q^T, p_l = c_l^i d_l^j and q_l = c_l^j d_l^i, with c_l (above) and d_l (below)
    the products of the layers after and before l. Beside them, for l < m: e_j c_m^j (prod_{l<n<m} w_n^i) d_l^j at (l,
    m), and the same with i and j exchanged at (m, l).
    """
    layers, lanes = network.layer.shape[1:]
    wi, wj = network.layer[i], network.layer[j]
    ci, cj, di, dj = network.above[i], network.above[j], network.below[i], network.below[j]
    ei, ej = network.error[i], network.error[j]
    block, found = np.zeros((2 * layers, 2 * layers, lanes)), np.empty(lanes)
    between_i, between_j = np.empty(lanes), np.empty(lanes)
    for low in range(layers):
        for high in range(layers):
            for lane in range(lanes):
                block[low, high, lane] = (ci[low, lane] * dj[low, lane]) * (ci[high, lane] * dj[high, lane])
            for lane in range(lanes):
                q = (cj[low, lane] * di[low, lane]) * (cj[high, lane] * di[high, lane])
                block[layers + low, layers + high, lane] = q
        for lane in range(lanes):
            between_i[lane], between_j[lane] = ej[lane] * dj[low, lane], ei[lane] * di[low, lane]
        for high in range(low + 1, layers):
            for lane in range(lanes):
                forward = between_i[lane] * cj[high, lane]
                block[low, layers + high, lane] = forward
                block[layers + high, low, lane] = forward
            for lane in range(lanes):
                backward = between_j[lane] * ci[high, lane]
                block[high, layers + low, lane] = backward
                block[layers + low, high, lane] = backward
            for lane in range(lanes):
                between_i[lane] *= wi[high, lane]
                between_j[lane] *= wj[high, lane]
    largest_eigenvalue(block, found)
    raise_to(found, top)


def raise_to(found, top):
    """Raise top[lane] to found[lane] where that is larger."""
    for lane in range(len(top)):
        top[lane] = top[lane] if top[lane] > found[lane] else found[lane]
