"""Fates by name, against a lookup value by value."""

import numpy as np
import pytest
import xarray as xr

import fastdln
from fastdln import DatasetError, analysis, run
from tests.small import SWEEP, made

NAMES = ["not_computed", "converged", "periodic", "aperiodic", "collapsed", "diverged", "drifting"]


@pytest.fixture(scope="module")
def ds():
    return made(SWEEP)


def test_every_fate_has_its_name(ds):
    found = ds.dln.fate_names()
    assert found.values.ravel().tolist() == [NAMES[code] for code in ds.fate.values.ravel()]
    assert len(set(found.values.ravel())) == 6
    assert found.dtype.kind == "U"
    assert found.dims == ds.fate.dims
    xr.testing.assert_identical(found.coords.to_dataset(), ds.fate.coords.to_dataset())
    assert found.attrs == {"long_name": "fate of the trajectory, by name"}
    xr.testing.assert_identical(found, analysis.fate_names(ds))


def test_a_selection_and_a_mask(ds):
    one = ds.isel(depth=0, alpha=0, eta=3)
    assert one.dln.fate_names().item() == NAMES[int(one.fate)]
    masked = ds.where(ds.eta > 0.5).dln.fate_names()
    np.testing.assert_array_equal(masked == "not_computed", np.broadcast_to(ds.eta <= 0.5, ds.fate.shape))
    assert ds.isel(eta=slice(0, 0)).dln.fate_names().size == 0


def test_the_flags_of_the_dataset_count(ds):
    other = ds.assign(fate=ds.fate.assign_attrs(flag_values=[1, 2, 3, 4, 5, 6], flag_meanings="a b c d e f"))
    assert set(other.dln.fate_names().values.ravel()) == set("abcdef")
    without = ds.assign(fate=ds.fate.drop_attrs())
    np.testing.assert_array_equal(without.dln.fate_names(), ds.dln.fate_names())


def test_stores_are_read_when_it_is_needed(tmp_path):
    run(SWEEP, tmp_path / "s.zarr", progress=False)
    lazy = fastdln.open(tmp_path / "s.zarr")
    assert lazy.dln.fate_names().chunks
    np.testing.assert_array_equal(lazy.dln.fate_names(), lazy.load().dln.fate_names())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda ds: ds.drop_vars("fate"), "with fate"),
        (lambda ds: ds.assign(fate=ds.fate * 0 + 9), "9 has no name"),
        (lambda ds: ds.assign(fate=ds.fate.assign_attrs(flag_meanings="one two")), "as many numbers as names"),
        (lambda ds: ds.assign(fate=ds.fate.assign_attrs(flag_values=["x"])), "as many numbers as names"),
        (lambda ds: ds.fate, "dataset"),
    ],
)
def test_what_has_no_names_is_one_line(ds, change, words):
    with pytest.raises(DatasetError, match=words) as caught:
        analysis.fate_names(change(ds))
    assert "\n" not in str(caught.value)
