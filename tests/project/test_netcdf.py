"""Every dataset as netCDF-4, netCDF-3 and Zarr v2, written by plain xarray and read back equal."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import fastdln
from fastdln import Sweep
from fastdln.execution.compute import compute
from fastdln.observables import MATRIX_OBSERVABLES, OBSERVABLES, tables
from fastdln.storage import completeness, metadata
from fastdln.storage.location import locate
from tests.small import SWEEP, made

AXES = {"eta": [0.1, 0.2, 0.3], "alpha": [0.3, 0.6], "depth": 2}
TWO = {"singular_values": [1.0, 0.5]}


def every(observables, *without):
    """Names of all families that are asked for by name."""
    return [o.name for o in observables.values() if not o.asked_by and o.name not in ("fate", *without)]


SWEEPS = {
    "modes": Sweep(
        title="Σ of two", model="modes", axes=AXES, target=TWO, steps=9, record=8, trajectory=2,
        observables=every(OBSERVABLES),
    ),
    "balanced": Sweep(
        model="balanced", axes=AXES, steps=9, record=8, observables=["period", "orbit", "lyapunov", "loss"],
    ),
    "swept": Sweep(
        model="modes", axes=AXES | {"depth": [2, 3], "s2": [0.3, 0.4]}, target=TWO, steps=9, record=8,
        sharpness_every=3, observables=["sharpness"],
    ),
    **{
        model: Sweep(
            model=model, axes={"eta": [0.1, 0.2], "alpha": 0.5, "depth": 3}, target=TWO, start="gaussian", steps=9, record=8,
            trajectory=2,
        ) for model in ("constrained", "central-flow")
    },
    "self-stabilization": Sweep(
        model="self-stabilization", axes={"eta": 0.01, "alpha_ps": [0.5, 1.0]}, steps=0, record=3000, trajectory=500,
    ),
    "logistic": Sweep(
        model="logistic", data={"pair": {}}, axes={"eta": [0.1, 0.2], "loss": ["logistic", "exponential"]}, steps=9, record=8,
        trajectory=2,
    ),
    "mlp": Sweep(
        model="mlp", data={"teacher": {"examples": 6, "inputs": 2}}, widths=[2, 3, 1], steps=9, record=8, trajectory=2,
        axes={"eta": [0.01, 0.02], "alpha": 1.0, "activation": ["tanh", "relu"]}, sharpness_count=2,
    ),
    "uv": Sweep(model="uv", axes={"eta": [0.1, 0.9], "lambda0": [2.2, 3.0]}, steps=9, record=8, trajectory=2),
    "momentum": Sweep(
        model="modes", axes={"eta": [0.1, 0.9], "w1": [0.2, 0.3], "w2": 0.4, "momentum": [0.1, 0.2]}, steps=9, record=8,
        nesterov=True,
    ),
    "flow": Sweep(model="flow", axes=AXES, target=TWO, steps=9, record=8, observables=["loss"]),
    "matrix": Sweep(
        model="matrix", axes=AXES | {"seed": [0, 1]}, target=TWO, start="gaussian", steps=9, record=8, trajectory=2,
        sharpness_count=3, observables=every(MATRIX_OBSERVABLES),
    ),
}  # fmt: skip


def same(one, two):
    """Values, dimensions and attributes; netCDF has lists as arrays, and integers of a size of its own."""
    assert set(one.variables) == set(two.variables)
    for name in one.variables:
        assert one[name].dims == two[name].dims
        np.testing.assert_array_equal(one[name].values, two[name].values, err_msg=str(name))
        assert (one[name].dtype.kind == "f") == (two[name].dtype.kind == "f"), name
        attributes(one[name].attrs, two[name].attrs)
    attributes(one.attrs, two.attrs)


def attributes(one, two):
    assert set(one) == set(two)
    for name, value in one.items():
        assert np.array_equal(value, two[name]), name
        assert isinstance(value, str) == isinstance(two[name], str), name


WRITERS = {
    "netCDF-4": lambda ds, path: ds.to_netcdf(path, engine="h5netcdf"),
    "netCDF-3": lambda ds, path: ds.to_netcdf(path, engine="scipy"),
    # what Zarr v3 was written with is of no use to v2
    "Zarr v2": lambda ds, path: ds.drop_encoding().to_zarr(path, zarr_format=2, consolidated=True),
    "Zarr v3": lambda ds, path: ds.to_zarr(path, zarr_format=3, consolidated=False),
}
READERS = {
    "netCDF-4": lambda path: xr.open_dataset(path, engine="h5netcdf"),
    "netCDF-3": lambda path: xr.open_dataset(path, engine="scipy"),
    "Zarr v2": lambda path: xr.open_zarr(path),
    "Zarr v3": lambda path: xr.open_zarr(path, consolidated=False),
}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("name", SWEEPS)
def test_datasets_are_written_and_read_back(tmp_path, name, kind):
    ds = made(SWEEPS[name])
    assert {"fate", "singular_value"} <= set(ds.variables)
    WRITERS[kind](ds, tmp_path / "x")
    with READERS[kind](tmp_path / "x") as back:
        same(ds, back.load())


def test_every_variable_is_in_one_of_them():
    known = {v.name for table in tables() for o in table.values() for v in o.variables}
    seen = {str(name) for sweep in SWEEPS.values() for name in made(sweep).data_vars}
    assert known == seen


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Stores whose attributes say more: computed, grown, and a window of another."""
    here = tmp_path_factory.mktemp("stores")
    compute(SWEEP, here / "half.zarr", part="1/2", progress=False)
    fastdln.run(SWEEP, here / "whole.zarr", progress=False)
    fastdln.run(SWEEP, here / "grown.zarr", progress=False)
    fastdln.extend(here / "grown.zarr", "axes.alpha=[0.3, 0.6, 0.7]", progress=False)
    fastdln.extend(here / "grown.zarr", "axes.alpha=[0.3, 0.6, 0.7, 0.8]", progress=False)
    fastdln.refine(here / "whole.zarr", here / "window.zarr", "axes.eta.start=0.5", "axes.eta.stop=0.6", progress=False)
    return here


@pytest.mark.filterwarnings("ignore:.*points are not computed yet")
@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("name", ["half", "whole", "grown", "window"])
def test_stores_are_written_and_read_back(tmp_path, stores, name, kind):
    """As fastdln opens them, and as plain xarray does."""
    for number, opened in enumerate((fastdln.open, xr.open_zarr)):
        ds = opened(stores / f"{name}.zarr").load()
        assert ds.attrs["complete"] == (name != "half")
        assert ("grown_from" in ds.attrs, "parent_sweep" in ds.attrs) == (name == "grown", name == "window")
        WRITERS[kind](ds, tmp_path / str(number))
        with READERS[kind](tmp_path / str(number)) as back:
            same(ds, back.load())


def test_booleans_and_lists_of_older_stores(stores):
    """Older stores say `complete` as a boolean, and `grown_from` as lists."""
    path = stores / "older.zarr"
    fastdln.run(SWEEP, path, progress=False)
    text = (path / "zarr.json").read_text()
    assert text.count('"complete": 1,') == 1
    (path / "zarr.json").write_text(text.replace('"complete": 1,', '"complete": true,'))
    assert type(fastdln.open(path).attrs["complete"]) is int
    assert fastdln.status(path).points_left == 0
    assert fastdln.verify(path).whole
    fastdln.extend(path, "axes.alpha=[0.3, 0.6, 0.7]", progress=False)
    assert fastdln.open(path).attrs["complete"] == 1


def test_shapes_before_growing_are_read_in_both_forms(stores):
    there, shapes = metadata.read(locate(stores / "grown.zarr", None)), [[2, 2, 40], [2, 3, 40]]
    assert there.attributes["grown_from"] == json.dumps(shapes)
    older = replace(there, root={**there.root, "attributes": {**there.attributes, "grown_from": shapes}})
    assert completeness.grown_from(there) == completeness.grown_from(older) == shapes
