"""Refinement of grids of odd shapes: every chunk of every level is there, down to those of a single point."""

import numpy as np
import pytest
import xarray as xr

import fastdln
from fastdln import Sweep
from fastdln.sweep.levels import levels_of
from tests.reference.levels import level, spread

LEVELS = 2
ETA, ALPHA, S2 = {"start": 0.2, "stop": 1.9}, {"start": 0.2, "stop": 1.0}, {"start": 0.2, "stop": 0.6}

# By axis, the slowest first: values and the length of a chunk. Halved, 3 values become 5 and 9, and 5 become 9 and 17.
SHAPES = [
    {"alpha": (3, 2), "eta": (5, 2)},  # a single point is left over at every end
    {"alpha": (5, 4), "eta": (9, 8)},
    {"alpha": (5, 4), "eta": (5, 1)},
    {"alpha": (3, 1), "eta": (5, 1)},
    {"alpha": (2, 9), "eta": (6, 7)},
    {"alpha": (1, 1), "eta": (9, 4)},
    {"alpha": (9, 16), "eta": (1, 1)},
    {"s2": (3, 4), "alpha": (3, 2), "eta": (5, 4)},
    {"s2": (2, 1), "alpha": (3, 1), "eta": (3, 8)},
]


def swept(shape):
    ends = {"s2": S2, "alpha": ALPHA, "eta": ETA}
    axes = {name: ends[name] | {"num": num} if num > 1 else ends[name]["start"] for name, (num, _) in shape.items()}
    return Sweep(
        model="modes",
        axes={**axes, "depth": 3},
        target={"singular_values": [1.0, 0.3]},
        steps=200,
        record=32,
        observables=["loss"],
        chunks={name: size for name, (_, size) in shape.items()},
    )


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_chunk_is_there_and_is_that_of_the_plain_twin(shape, tmp_path):
    sweep = swept(shape)
    halved = [name for name, (num, _) in shape.items() if num > 1]
    chunk = [min(shape[name]) for name in halved]
    before = fastdln.run(sweep, store=tmp_path / "coarse.zarr").fate.squeeze(drop=True).transpose(*halved).values
    fastdln.refine(tmp_path / "coarse.zarr", tmp_path / "fine.zarr", boundary="fate", levels=LEVELS)
    assert fastdln.verify(tmp_path / "fine.zarr").whole
    assert "complete" in str(fastdln.status(tmp_path / "fine.zarr"))
    for number, fine in enumerate(levels_of(sweep, LEVELS), start=1):
        whole = fastdln.run(fine).squeeze(drop=True).transpose(*halved, ...)
        found = xr.open_zarr(tmp_path / "fine.zarr" / str(number)).load()
        assert found.attrs["complete"] == 1
        found = found.squeeze(drop=True).transpose(*halved, ...)
        chosen, _, inherited = level(before, whole.fate.values, chunk, found.attrs["sweep_sha256"])
        computed = spread(chosen, chunk, whole.fate.shape)
        np.testing.assert_array_equal(found.computed.values == 1, computed)
        np.testing.assert_array_equal(found.fate.values, np.where(computed, whole.fate.values, inherited))
        assert found.loss.values[computed].tobytes() == whole.loss.values[computed].tobytes()
        before = found.fate.values
