"""Datasets that are read in pieces: everything once, and the same picture whatever the pieces."""

import numpy as np
import pytest
import xarray as xr

from fastdln import open as open_store
from fastdln import plots, run
from fastdln.analysis import blockwise
from tests.plots.figures import one_panel
from tests.small import SWEEP

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")


def test_a_store_that_is_empty_draws(tmp_path):
    ds = run(SWEEP).copy()
    ds["fate"] = xr.zeros_like(ds.fate)
    for kind in plots.drawable(ds):
        plots.encode(plots.figure(ds, kind, **one_panel(kind)), "png", 40)


@pytest.mark.parametrize("budget", [1, 7, 60, 10**9])
def test_pieces_cover_everything_once(tmp_path, monkeypatch, budget):
    store = tmp_path / "s.zarr"
    run(SWEEP, store)
    ds = open_store(store)[["fate", "period"]]
    monkeypatch.setattr(blockwise, "VALUES_PER_BLOCK", budget)
    seen = np.zeros(ds.fate.shape, dtype=int)
    for part, piece in blockwise.blocks(ds, ds.fate.dims):
        assert piece.fate.size <= max(budget, 10), "no more than the budget, or one chunk"
        assert part["eta"].start % 10 == 0
        seen[tuple(part[dim] for dim in ds.fate.dims)] += 1
        np.testing.assert_array_equal(piece.fate, ds.fate.isel(part))
    assert (seen == 1).all()


def test_pictures_do_not_depend_on_the_pieces(grid, monkeypatch):
    before = (
        plots.encode(plots.figure(grid, "phase"), "png", 50),
        plots.encode(plots.figure(grid, "bifurcation"), "png", 50),
    )
    monkeypatch.setattr(blockwise, "VALUES_PER_BLOCK", 11)
    after = (
        plots.encode(plots.figure(grid, "phase"), "png", 50),
        plots.encode(plots.figure(grid, "bifurcation"), "png", 50),
    )
    assert before == after
