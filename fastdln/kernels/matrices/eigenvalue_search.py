"""The search for the largest eigenvalues of the Hessian: one by Lanczos runs, several by a block method."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from fastdln.kernels.compile import jit_disabled
from fastdln.kernels.link import Linked
from fastdln.kernels.matrices import lanczos, lanczos_runs, lobpcg
from fastdln.kernels.matrices.network import Network
from fastdln.kernels.matrices.pointers import call
from fastdln.kernels.matrices.program import Code

Finder = lanczos.Lanczos | lobpcg.Finder


class Search:
    """A search for `wanted` eigenvalues, or none: what it takes of a network, and its kernel."""

    def __init__(self, widths: Sequence[int], wanted: int, by_lanczos: bool = True) -> None:
        elements = sum(rows * columns for columns, rows in pairwise(widths))
        self.wanted, self.block = wanted, min(wanted + 1, elements)
        self.by_lanczos = by_lanczos and wanted <= 1
        self.directions = 0 if not wanted else lanczos.DIRECTIONS if self.by_lanczos else 3 * self.block
        self.images = min(1, wanted) if self.by_lanczos else self.directions

    def finder(self, network: Network, code: Code, runner: Any, by_tiles: Any) -> Finder:
        """Where things lie in the network's memory; its programs go into the code.

        runner, by_tiles: the addresses of what runs the network's programs, and of what runs those of rows of LANES.
        """
        if not self.wanted:
            return lanczos.no_lanczos()
        given = network, code, runner, by_tiles
        return lanczos.lanczos(*given) if self.by_lanczos else lobpcg.finder(*given, self.wanted)

    def noise(self, network: Network) -> np.ndarray:
        """Random numbers that it mixes in."""
        if not self.wanted:
            return np.empty(0)
        return lanczos.random_vectors(network.size) if self.by_lanczos else lobpcg.noise_for(network, self.block)

    def kernel(self, lanes: int) -> Linked:
        return lanczos_runs.searching(lanes) if self.by_lanczos else lobpcg.searching(lanes)


def search_here(function: Any, arguments: tuple[Any, ...]) -> None:
    function(*arguments)


search = search_here if jit_disabled() else call
