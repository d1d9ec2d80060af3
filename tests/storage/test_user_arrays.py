"""Arrays beside those of the sweep: kept and named where they are sound, and left out where not."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from numcodecs import Zstd

import fastdln
from fastdln import StoreError
from fastdln.sweep.grid import Grid
from tests.small import SWEEP
from tests.storage.hostile import LONGER, PLAIN, ZSTD, codec, edited


def with_own(store, **arrays):
    """The store with arrays of the user's, put there by xarray."""
    ds = xr.open_zarr(store)
    ds.assign(arrays)[[*arrays]].to_zarr(store, mode="a")
    return store


def test_arrays_of_the_users_are_kept_named_and_grow(store, made):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Zarr's, of consolidated metadata
        with_own(store, half=fastdln.open(made).loss / 2)
    found = fastdln.verify(store)
    assert found.whole
    assert found.others == ("half",)
    assert "not of the sweep, and not checked: half" in str(found)
    ds = fastdln.open(store)
    np.testing.assert_array_equal(ds.half, ds.loss / 2)
    before = ds.half.load()
    after = fastdln.extend(store, LONGER)
    assert after.half.sizes["eta"] == 41
    np.testing.assert_array_equal(after.half.isel(eta=slice(40)), before)
    assert after.half.isel(eta=40).isnull().all()
    xr.testing.assert_identical(xr.open_zarr(store).half.load(), after.half.load())


def test_what_cannot_grow_along_stops_extend_before_it_begins(store):
    def change(root):
        arrays = root["consolidated_metadata"]["metadata"]
        arrays["words"] = arrays["loss"] | {"data_type": "string"}

    edited(store, change)
    before = {p: p.read_bytes() for p in store.rglob("*") if p.is_file()}
    with pytest.warns(UserWarning, match="words: not of the sweep"):
        assert "words" not in fastdln.open(store)
    with pytest.raises(StoreError, match="words"):
        fastdln.extend(store, LONGER)
    assert {p: p.read_bytes() for p in store.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("mine", {"codecs": [*PLAIN, codec("gzip", level=5)]}),  # what it decodes to is not known beforehand
        ("mine", {"codecs": [*PLAIN, ZSTD, ZSTD]}),
        ("mine", {"shape": [2**25], "chunk_grid": codec("regular", chunk_shape=[1])}),
        ("mine", {"shape": [2**26], "chunk_grid": codec("regular", chunk_shape=[2**26])}),
        ("mine", {"attributes": {"scale_factor": "x"}}),
        ("sample", {"shape": [2], "dimension_names": ["mode"], "chunk_grid": codec("regular", chunk_shape=[2])}),
        ("layer", {}),
        ("lyapunov", {}),
        ("mi\nne", {}),
    ],
)
def test_arrays_of_strangers_are_left_out(store, name, change):
    """Whatever they would take, or be taken for; the sweep's own are there."""
    plain = {
        "shape": [10],
        "data_type": "float64",
        "dimension_names": ["mine"],
        "chunk_grid": codec("regular", chunk_shape=[10]),
        "codecs": [*PLAIN, ZSTD],
        "attributes": {},
    }

    def add(root):
        arrays = root["consolidated_metadata"]["metadata"]
        arrays[name] = arrays["loss"] | plain | change

    edited(store, add)
    with pytest.warns(UserWarning, match="left out"):
        ds = fastdln.open(store)
    assert name not in ds.variables
    ds.dln.plot.phase(depth=2)
    plt.close("all")
    found = fastdln.verify(store)
    assert found.others == (name,)
    assert len(str(found).splitlines()) == 2


def test_a_small_file_of_a_stranger_does_not_become_a_large_one(store):
    def add(root):
        arrays = root["consolidated_metadata"]["metadata"]
        grid = {"shape": [10], "dimension_names": ["mine"], "chunk_grid": codec("regular", chunk_shape=[10])}
        arrays["mine"] = arrays["loss"] | grid | {"codecs": [*PLAIN, ZSTD], "attributes": {}}

    edited(store, add)
    (store / "mine/c").mkdir(parents=True)
    (store / "mine/c/0").write_bytes(Zstd(level=1).encode(np.zeros(2**28, np.uint8)))
    with pytest.warns(UserWarning, match="mine: not of the sweep, and cannot be read safely; left out"):
        assert "mine" not in fastdln.open(store).variables


def test_a_number_of_the_users_is_kept(store):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Zarr's, of consolidated metadata
        with_own(store, half=0.5)
    assert fastdln.open(store).half == 0.5
    assert fastdln.extend(store, LONGER).half == 0.5


def test_chunks_across_earlier_ends_are_found():
    """Against a look at each chunk; many shapes cost no more than few."""
    grid = Grid(SWEEP)
    shapes = [[1 + k % 2, 1 + k % 2, 1 + k % 40] for k in range(10_000)]
    expected = np.zeros(grid.chunks_along, bool)
    for number in range(grid.chunks):
        for shape in shapes:
            expected.ravel()[number] |= any(
                part.start < old < part.stop for part, old in zip(grid.slices(number), shape, strict=True)
            )
    np.testing.assert_array_equal(grid.straddling(shapes), expected)
