"""A store whose coordinates are damaged is not opened: one line names them, and what to do."""

import shutil

import pytest
import xarray as xr

import fastdln
from fastdln import StoreError, Sweep

# "model" is text; singular_value is no dimension
NAMES = ("eta", "alpha", "depth", "model", "singular_value", "mode")


@pytest.fixture
def store(tmp_path):
    axes = {"eta": [0.1, 0.2], "alpha": 0.1, "depth": 2, "model": ["balanced", "modes"]}
    sweep = Sweep(axes=axes, start="balanced", steps=200, record=16, observables=["loss"])
    fastdln.run(sweep, store=tmp_path / "out.zarr")
    return tmp_path / "out.zarr"


def file_of(store, name):
    [path] = [path for path in (store / name).rglob("*") if path.is_file() and path.name != "zarr.json"]
    return path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("damage", ["a bit", "short", "empty", "gone"])
def test_a_damaged_coordinate(store, name, damage):
    before = fastdln.open(store).load()
    path = file_of(store, name)
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes({"a bit": data[:-1] + bytes([data[-1] ^ 1]), "short": data[:-1], "empty": b""}[damage])
    if (name, damage) == ("model", "gone"):  # the sweep has the names
        assert fastdln.open(store).model.values.tolist() == ["balanced", "modes"]
    else:
        with pytest.raises(StoreError, match=rf"damaged coordinates \({name}\); `fastdln verify .*out\.zarr`") as error:
            fastdln.open(store)
        assert "\n" not in str(error.value)
    assert [found.variable for found in fastdln.verify(store).damaged] == [name]
    xr.testing.assert_equal(fastdln.extend(store).load(), before)


def test_with_an_array_of_somebody_else(store, recwarn):
    """What is damaged is the coordinate, and nothing of the other array's is said."""
    ds = fastdln.open(store).load()
    ds.assign(extra=2 * ds.loss)[["extra"]].drop_vars("model").to_zarr(store, mode="a", zarr_format=3)
    assert "extra" in fastdln.open(store)
    recwarn.clear()
    file_of(store, "eta").write_bytes(b"")
    with pytest.raises(StoreError, match=r"damaged coordinates \(eta\)"):
        fastdln.open(store)
    assert not [str(warning.message) for warning in recwarn if "left out" in str(warning.message)]


def test_a_wrong_option_is_no_damage(store):
    with pytest.raises(Exception, match=r"^(?!.*damaged)"):
        fastdln.open(store, chunks="no size")


def test_every_coordinate_at_once(store):
    for name in NAMES:
        shutil.rmtree(store / name / "c")
    with pytest.raises(StoreError, match=r"damaged coordinates \(.*eta.*\)"):
        fastdln.open(store)
