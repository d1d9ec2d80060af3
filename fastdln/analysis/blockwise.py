"""Iteration over a dataset in blocks, so that one larger than memory can be read through once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping

import xarray as xr

# Values of a variable in a block: tens of MB, and dozens of chunks that are read at once.
VALUES_PER_BLOCK = 2**22


def blocks(ds: xr.Dataset, dims: Iterable[str]) -> Iterator[tuple[dict[str, slice], xr.Dataset]]:
    """Blocks that cover a dataset along some of its dimensions, loaded one after the other.

    Parameters
    ----------
    ds : xarray.Dataset
        In memory or opened lazily.
    dims : iterable of str
        Dimensions to divide; along the others a block has every value.

    Yields
    ------
    slices : dict of str to slice
        Where the block lies along `dims`.
    block : xarray.Dataset
        The values there, loaded. It is made of complete chunks, each of which is read once, except for huge chunks.
    """
    divided = list(dims)
    steps = block_shape(ds, divided)
    starts = [range(0, ds.sizes[dim], steps[dim]) for dim in divided]
    for corner in itertools.product(*starts):
        slices = {dim: slice(a, min(a + steps[dim], ds.sizes[dim])) for dim, a in zip(divided, corner, strict=True)}
        yield slices, ds.isel(slices).load()


def block_shape(ds: xr.Dataset, dims: Iterable[str]) -> dict[str, int]:
    """Lengths of a block along the dimensions to divide."""
    divided = list(dims)
    values_per_point = max(
        (math.prod(n for d, n in ds[name].sizes.items() if d not in divided) for name in ds.data_vars), default=1
    )
    points_per_block = max(1, VALUES_PER_BLOCK // max(1, values_per_point))
    return block_sizes({dim: ds.sizes[dim] for dim in divided}, chunk_sizes(ds), points_per_block)


def chunk_sizes(ds: xr.Dataset) -> dict[str, int]:
    """Largest chunk along each dimension; empty for datasets in memory."""
    largest: dict[str, int] = {}
    for array in ds.data_vars.values():
        of_file = array.encoding.get("preferred_chunks", {})
        sizes = {str(dim): max(c) for dim, c in array.chunksizes.items()} or {
            str(d): int(c) for d, c in of_file.items()
        }
        largest |= {dim: max(size, largest.get(dim, 1)) for dim, size in sizes.items()}
    return largest


def block_sizes(sizes: Mapping[str, int], chunked: Mapping[str, int], budget: int) -> dict[str, int]:
    """Block shape in complete chunks: as many along the last dimensions as the budget of points allows, at least one."""
    steps = {dim: min(size, chunked.get(dim, 1)) for dim, size in sizes.items()}
    for dim in reversed(list(sizes)):
        others = math.prod(steps.values()) // steps[dim]
        count = max(1, budget // max(1, others * steps[dim]))
        steps[dim] = min(sizes[dim], steps[dim] * count)
    return steps
