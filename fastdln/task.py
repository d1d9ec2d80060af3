"""One chunk of a sweep, from its number to its results: the only room that knows both the grid and the kernels."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from threading import Lock

import numpy as np

from fastdln.axes import swept_mode
from fastdln.grid import Grid
from fastdln.kernels.chunk import ChunkKernel
from fastdln.kernels.record import lanes_for
from fastdln.kernels.roles import Lengths
from fastdln.models import Map
from fastdln.observables import Observable
from fastdln.sweep import Sweep


@cache
def kernel_for(map_: Map, depth: int, observables: tuple[Observable, ...], lanes: int, alone: bool) -> ChunkKernel:
    """The kernel, compiled or loaded."""
    kernel = ChunkKernel(map_, depth, observables, lanes, alone)
    kernel.compile()
    return kernel


class Task:
    """Computes chunks of a sweep. The first depth's kernel is made at once, the others when first needed."""

    def __init__(self, sweep: Sweep, grid: Grid) -> None:
        self.sweep, self.grid = sweep, grid
        self.lengths = Lengths(
            sweep.steps,
            sweep.record,
            sweep.longest_period,
            sweep.sizes["sample"],
            sweep.sharpness_every,
            sweep.trajectory or 0,
        )
        self._lanes = lanes_for(self.lengths, sweep.sizes["mode"])
        self._alone = sweep.sizes["mode"] == 1 and sweep.sharpness_every == 1
        self._making = Lock()
        self.kernel(int(grid.coordinates["depth"][0]))

    def kernel(self, depth: int) -> ChunkKernel:
        with self._making:  # so that no two threads compile the same
            return kernel_for(self.sweep.map, depth, self.sweep.families, self._lanes, self._alone)

    def compute(self, slices: tuple[slice, ...]) -> tuple[dict[str, np.ndarray], float]:
        """The variables of a block of points of one depth, shaped like the block, and the seconds in kernels."""
        values = self.grid.values(slices)
        shape = tuple(part.stop - part.start for part in slices)
        return self.compute_points(values, shape)

    def compute_points(
        self, values: Mapping[str, np.ndarray], shape: tuple[int, ...], lengths: Lengths | None = None
    ) -> tuple[dict[str, np.ndarray], float]:
        depth = int(values["depth"][0])
        target = np.array(self.sweep.target.singular_values)
        singular_values = np.repeat(target[:, None], len(values["eta"]), axis=1)
        for name in values:
            if (mode := swept_mode(name)) is not None:
                singular_values[mode] = values[name]
        kernel = self.kernel(depth)
        begun = time.perf_counter()
        results = kernel(
            values["eta"], values["alpha"], singular_values, self.sweep.layers(depth), lengths or self.lengths
        )
        seconds = time.perf_counter() - begun
        layers = self.sweep.sizes["layer"]
        for variable in self.sweep.variables:
            if "layer" in variable.dims:
                results[variable.name] = padded(results[variable.name], 1 + variable.dims.index("layer"), layers)
        return {name: array.reshape(*shape, *array.shape[1:]) for name, array in results.items()}, seconds


def padded(array: np.ndarray, axis: int, size: int) -> np.ndarray:
    """The array with NaN added at the end of an axis: layers beyond the depth."""
    widths = [(0, size - length if k == axis else 0) for k, length in enumerate(array.shape)]
    return np.pad(array, widths, constant_values=np.nan)
