"""The singular values of every layer of networks side by side, for trajectories."""

from __future__ import annotations

from functools import cache

import numpy as np

from fastdln.kernels.compiled import scalar
from fastdln.kernels.link import Linked
from fastdln.kernels.spans import SPAN, STRIDE
from fastdln.matrices.state import KINDS, MODES, reading
from fastdln.network.matrices import layer


@cache
def spectrum(lanes: int) -> Linked:
    """The kernel (found, memory, offsets) that writes them as rows, by layer and mode, SPAN + 1 apart; NaN where a layer has fewer."""
    read = scalar(reading(lanes))

    def spectrum(found, memory, offsets):
        network, modes = read(memory, offsets), offsets[MODES]
        for index in range(len(network.shapes)):
            weights = layer(network, index)
            one = np.empty((weights.shape[0], weights.shape[1]))
            for lane in range(lanes):
                finite = True
                for i in range(weights.shape[0]):
                    for j in range(weights.shape[1]):
                        one[i, j] = weights[i, j, lane]
                        finite = finite and np.isfinite(one[i, j])
                values = np.linalg.svd(one)[1] if finite else np.full(modes, np.nan)
                for mode in range(modes):
                    value = values[mode] if mode < len(values) else np.nan
                    found[(index * modes + mode) * (SPAN + 1) * STRIDE + lane] = value

    return Linked(spectrum, "spectrum", lanes, signature=KINDS)
