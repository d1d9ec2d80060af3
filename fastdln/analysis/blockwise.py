"""A dataset piece by piece, so that what is larger than memory can be read through once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping

import xarray as xr

# Values of a variable in a piece: tens of MB, and dozens of chunks that are read at once.
VALUES = 2**22


def pieces(ds: xr.Dataset, dims: Iterable[str]) -> Iterator[tuple[dict[str, slice], xr.Dataset]]:
    """Slices that cover the dims and, loaded, what lies in each; chunks are read whole, and once, but for huge ones."""
    wide = list(dims)
    beyond = max((math.prod(n for d, n in ds[name].sizes.items() if d not in wide) for name in ds.data_vars), default=1)
    steps = step_sizes({dim: ds.sizes[dim] for dim in wide}, chunks(ds), max(1, VALUES // beyond))
    starts = [range(0, ds.sizes[dim], steps[dim]) for dim in wide]
    for corner in itertools.product(*starts):
        here = {dim: slice(a, min(a + steps[dim], ds.sizes[dim])) for dim, a in zip(wide, corner, strict=True)}
        yield here, ds.isel(here).load()


def chunks(ds: xr.Dataset) -> dict[str, int]:
    """The largest chunk along each dimension; none of datasets in memory."""
    found: dict[str, int] = {}
    for array in ds.data_vars.values():
        of_file = array.encoding.get("preferred_chunks", {})
        sizes = {str(dim): max(c) for dim, c in array.chunksizes.items()} or {
            str(d): int(c) for d, c in of_file.items()
        }
        found |= {dim: max(size, found.get(dim, 1)) for dim, size in sizes.items()}
    return found


def step_sizes(sizes: Mapping[str, int], chunked: Mapping[str, int], budget: int) -> dict[str, int]:
    """Whole chunks along each dimension: the last ones first, as many as the budget of points allows, and one at least."""
    steps = {dim: min(size, chunked.get(dim, 1)) for dim, size in sizes.items()}
    for dim in reversed(list(sizes)):
        others = math.prod(steps.values()) // steps[dim]
        count = max(1, budget // max(1, others * steps[dim]))
        steps[dim] = min(sizes[dim], steps[dim] * count)
    return steps
