"""A group of levels is explored as its finest; what is inherited counts as far as it is known."""

from dataclasses import replace

import numpy as np
import pytest

import fastdln
from fastdln import Sweep
from fastdln.explorer.explore import what_is
from fastdln.explorer.scene import PHASE
from fastdln.observables.fate import PERIODIC

SWEEP = Sweep(
    model="modes",
    axes={"eta": {"start": 0.55, "stop": 0.8, "num": 33}, "alpha": {"start": 0.6, "stop": 1.0, "num": 17}, "depth": 3},
    steps=3000,
    record=32,
    observables=["period", "loss"],
    chunks={"alpha": 4, "eta": 4},
)


@pytest.mark.filterwarnings("ignore:steps =")
def test_the_finest_level_is_read_as_far_as_it_is_known(tmp_path):
    fastdln.run(SWEEP, store=tmp_path / "coarse.zarr")
    fastdln.refine(tmp_path / "coarse.zarr", tmp_path / "fine.zarr", boundary="fate", levels=1)
    subject, stored = what_is(tmp_path / "fine.zarr")
    finest = fastdln.open(tmp_path / "fine.zarr").load()
    assert subject.sweep.sha256() == finest.attrs["sweep_sha256"]
    inherited = finest.computed.values[0] == 0
    periodic = inherited & (finest.fate.values[0] == PERIODIC)
    assert periodic.any() and (inherited & ~periodic).any()
    height, width = inherited.shape
    for variable, unknown in (("loss", inherited), (PHASE, periodic)):
        block, enough = stored.read(subject, replace(subject.home, width=width, height=height, variable=variable))
        np.testing.assert_array_equal(block.fate.values[0] == 0, unknown)
        assert enough == (not unknown.any())
