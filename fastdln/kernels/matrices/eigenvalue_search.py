"""The search for the largest eigenvalues of the Hessian: one by Lanczos runs, several by LOBPCG."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from fastdln.kernels.link import Linked
from fastdln.kernels.matrices import lanczos_layout, lobpcg
from fastdln.kernels.matrices.lanczos_search import lanczos_kernel
from fastdln.kernels.matrices.network import Network
from fastdln.kernels.matrices.program import Code

SearchLayout = lanczos_layout.LanczosLayout | lobpcg.LobpcgLayout


class EigenvalueSearch:
    """A search for `wanted` eigenvalues, or for none.

    directions, images: vectors that it takes of a network's memory, and their Hessian-vector products.
    """

    def __init__(self, widths: Sequence[int], wanted: int, by_lanczos: bool = True) -> None:
        elements = sum(rows * columns for columns, rows in pairwise(widths))
        self.wanted, self.block = wanted, min(wanted + 1, elements)
        self.by_lanczos = by_lanczos and wanted <= 1
        self.directions = 0 if not wanted else lanczos_layout.DIRECTIONS if self.by_lanczos else 3 * self.block
        self.images = min(1, wanted) if self.by_lanczos else self.directions

    def lay_out(self, network: Network, code: Code, runner: Any, by_tiles: Any) -> SearchLayout:
        """Lay out the network's memory, and write the programs of the search into the code.

        runner, by_tiles: the addresses of what runs the network's programs, and of what runs those of rows of LANES.
        """
        if not self.wanted:
            return lanczos_layout.empty_layout()
        given = network, code, runner, by_tiles
        return lanczos_layout.lay_out(*given) if self.by_lanczos else lobpcg.lay_out(*given, self.wanted)

    def vector(self, layout: SearchLayout) -> int:
        """Where in a network's memory it leaves the eigenvector of the largest eigenvalue."""
        return layout.vectors if isinstance(layout, lobpcg.LobpcgLayout) else layout.first

    def noise(self, network: Network) -> np.ndarray:
        """Draw the random numbers that it mixes into its vectors."""
        if not self.wanted:
            return np.empty(0)
        if self.by_lanczos:
            return lanczos_layout.random_vectors(network.size)
        return lobpcg.random_numbers(network, self.block)

    def kernel(self, lanes: int) -> Linked:
        """Kernel of the search, for networks of so many lanes."""
        return lanczos_kernel(lanes) if self.by_lanczos else lobpcg.lobpcg_kernel(lanes)
