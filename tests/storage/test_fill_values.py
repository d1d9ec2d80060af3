"""Cells that have not been computed hold what no result can be, and stores of before that go on."""

import numpy as np
import pytest
import xarray as xr

import fastdln
from fastdln.observables import Variable, tables

SWEEP = fastdln.Sweep(
    model="modes",
    axes={"eta": {"start": 0.1, "stop": 1.2, "num": 20}, "alpha": 0.5, "depth": 3},
    target={"singular_values": [1.0, 0.5]},
    steps=200,
    record=32,
    chunks={"eta": 5},
    observables=["period", "oscillating_modes", "escape_step", "divergence_step", "mixing", "balancing", "edge_step"],
)
pytestmark = pytest.mark.filterwarnings(
    "ignore:steps =", "ignore:.*not complete", "ignore:.*incomplete", "ignore:.*computed"
)

EVERY = {v.name: v for known in tables() for o in known.values() for v in o.variables}


@pytest.mark.parametrize("variable", EVERY.values(), ids=EVERY)
def test_fill_values(variable):
    dtype = np.dtype(variable.dtype)
    if dtype.kind == "f":
        assert np.isnan(variable.fill)
    elif variable.name == "fate":
        assert variable.fills == (0,)
        assert variable.flags[0] == "not_computed"
    else:
        assert variable.fill == np.iinfo(dtype).min
        assert variable.fills == (variable.fill, 0)
    assert np.array(variable.fill, dtype) == variable.fill or dtype.kind == "f"


def test_codes_whose_0_is_a_result_and_unsigned_counts():
    assert Variable(name="x", dtype="int16", long_name="x", flags={0: "no", 1: "yes"}).fill == -32768
    assert Variable(name="x", dtype="uint16", long_name="x").fill == 65535


def test_an_incomplete_store_says_so_in_every_integer(tmp_path):
    store = tmp_path / "x.zarr"
    fastdln.run(SWEEP, store=store, part="1/2", progress=False)
    ds = xr.open_zarr(store)
    known = ds.fate.values != 0
    assert 0 < known.sum() < known.size
    for name, variable in EVERY.items():
        if name in ds and np.dtype(variable.dtype).kind in "iu" and name != "fate":
            values = ds[name].transpose("depth", "alpha", "eta", ...).values
            assert ds[name].dtype == variable.dtype, "no CF _FillValue"
            assert (values[~known] == np.iinfo(variable.dtype).min).all(), name
            assert (values[known] >= -1).all(), name


def test_stores_whose_integers_were_filled_with_0_go_on(tmp_path, monkeypatch):
    store, whole = tmp_path / "old.zarr", tmp_path / "new.zarr"
    with monkeypatch.context() as patch:
        patch.setattr(Variable, "fill", property(lambda v: np.nan if np.dtype(v.dtype).kind == "f" else 0))
        fastdln.run(SWEEP, store=store, part="1/2", progress=False)
    ds = xr.open_zarr(store)
    assert (ds.period.where(ds.fate == 0, 0) == 0).all()
    assert not fastdln.verify(store, progress=False).damaged
    fastdln.run(SWEEP, store=store, progress=False)
    fastdln.run(SWEEP, store=whole, progress=False)
    old, new = fastdln.open(store), fastdln.open(whole)
    xr.testing.assert_equal(old.drop_attrs(), new.drop_attrs())
