"""Trajectories of matrices: what is kept of a state."""

import math

import numpy as np

from fastdln.matrices.quantities import ALIGNMENT, LOSS, SHARPNESS


def keep_state(trajectories):
    """Function (outputs, place, visit, lane, lost, products, quantities, residual) that keeps a state, if trajectories are asked for.

    Outputs from 1 on; the layers, which need more than numbers, are outputs[0].
    """
    if not trajectories:
        return lambda outputs, place, visit, lane, lost, products, quantities, residual: None

    def keep(outputs, place, visit, lane, lost, products, quantities, residual):
        for mode in range(len(products)):
            outputs[1][place, mode, visit] = math.nan if lost else products[mode, lane]
        outputs[2][place, visit] = math.nan if lost else quantities[LOSS, lane]
        outputs[3][place, visit] = math.nan if lost else quantities[SHARPNESS, lane]
        outputs[4][place, visit] = math.nan if lost else quantities[ALIGNMENT, lane]
        outputs[5][place, visit] = math.nan if lost else residual[lane]

    return keep


def keep_layers(trajectories, lanes):
    """Function (outputs, place, visit, lane, lost, memory, at, shapes) that keeps the layers' singular values."""
    if not trajectories:
        return lambda outputs, place, visit, lane, lost, memory, at, shapes: None

    def keep(outputs, place, visit, lane, lost, memory, at, shapes):
        kept = outputs[0]
        kept[place, :, :, visit] = math.nan
        if lost:
            return
        for layer in range(len(shapes)):
            rows, columns = shapes[layer]
            matrix = np.empty((rows, columns))
            for i in range(rows):
                for j in range(columns):
                    matrix[i, j] = memory[at + (i * columns + j) * lanes + lane]
            at += rows * columns * lanes
            found = np.linalg.svd(matrix)[1]
            for mode in range(min(len(found), kept.shape[2])):
                kept[place, layer, mode, visit] = found[mode]

    return keep
