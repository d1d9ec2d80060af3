"""Exports in several pieces, read back by other libraries and compared with the dataset value by value."""

import csv

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import fastdln
from fastdln import Sweep, run
from tests.commands import invoke
from tests.small import SWEEP
from tests.storage.older import aged

pytestmark = pytest.mark.filterwarnings("ignore:.*points are not computed yet", "ignore:steps =")

NAMES = ["not_computed", "converged", "periodic", "aperiodic", "collapsed", "diverged", "drifting"]
WITH_SAMPLES = ("depth", "alpha", "eta", "mode", "sample")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("stores") / "s.zarr"
    run(SWEEP, path, progress=False)
    return path


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch, tmp_path):
    """Blocks of some chunks, and pieces that end within them."""
    monkeypatch.setattr("fastdln.analysis.blockwise.VALUES_PER_BLOCK", 200)
    monkeypatch.setattr("fastdln.reports.tables.ROWS", 7)
    monkeypatch.chdir(tmp_path)


def read(path):
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    with path.open(newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(file)
    columns = {
        name: [number(word) for word in words] for name, words in zip(names, zip(*rows, strict=True), strict=True)
    }
    return pd.DataFrame(columns)


def number(word):
    """The number that a word is, to its last digit; else the word."""
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


def same_values(frame, ds, dims, names):
    """Every row's values are the dataset's at the row's coordinates, and every point has a row."""
    assert len(frame) == np.prod([ds.sizes[dim] for dim in dims])
    assert not frame.duplicated(list(dims)).any()
    labelled = ds.assign_coords(sample=np.arange(ds.sizes["sample"]))
    at = {dim: xr.DataArray(frame[dim].to_numpy(), dims="row") for dim in dims}
    for name in names:
        there = {dim: index for dim, index in at.items() if dim in labelled[name].dims}
        np.testing.assert_array_equal(frame[name].to_numpy(), labelled[name].sel(there).values, err_msg=name)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_tables_hold_what_the_store_holds(store, tmp_path, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    ds = fastdln.open(store).load()
    files = fastdln.export(store, f"out.{ending}")
    assert [path.name for path in files] == [f"out{own}.{ending}" for own in ("", "-mode", "-mode-sample")]
    points, modes, samples = map(read, files)
    assert [*points][:5] == ["depth", "alpha", "eta", "fate", "fate_name"]
    assert [*modes][:7] == ["depth", "alpha", "eta", "mode", "singular_value", "fate", "fate_name"]
    assert [*samples] == ["depth", "alpha", "eta", "mode", "sample", "singular_value", "fate", "fate_name", "orbit"]
    same_values(points, ds, ("depth", "alpha", "eta"), ["fate", "loss", "loss_min", "oscillating_modes"])
    same_values(modes, ds, ("depth", "alpha", "eta", "mode"), ["fate", "period", "oscillation_range", "singular_value"])
    same_values(samples, ds, WITH_SAMPLES, ["fate", "orbit", "singular_value"])
    for frame in (points, modes, samples):
        assert frame.fate_name.tolist() == [NAMES[code] for code in frame.fate]
    assert {"diverged", "converged"} <= set(points.fate_name)
    assert points.loss.isna().any()
    assert set(map(str, ds.data_vars)) == {*points, *modes, *samples} - {*WITH_SAMPLES, "singular_value", "fate_name"}


def test_one_block_is_sorted(store, monkeypatch):
    monkeypatch.undo()
    (path,) = fastdln.export(store, store.parent / "out.csv", variables="period")
    frame = read(path)
    assert [*frame] == ["depth", "alpha", "eta", "mode", "singular_value", "period"]
    rows = [*map(tuple, frame[["depth", "alpha", "eta", "mode"]].to_numpy())]
    assert rows == sorted(rows)


def test_parquet_keeps_types_and_attributes(store):
    pa = pytest.importorskip("pyarrow.parquet")
    points, modes, _ = fastdln.export(store, "out.parquet")
    types = {field.name: str(field.type) for field in pa.read_schema(points)}
    assert types["depth"] == "int64"
    assert types["fate"] == "uint8"
    assert types["fate_name"] == "string"
    assert types["oscillating_modes"] == "int16"
    assert types["loss"] == "double"
    assert pa.read_schema(points).field("loss").metadata == {
        b"long_name": b"loss, mean over the record",
        b"units": b"1",
    }
    assert pa.read_schema(modes).metadata[b"sweep"].decode() == SWEEP.canonical()
    assert pa.ParquetFile(points).num_row_groups > 10


def test_infinite_and_missing_numbers_as_most_programs_read_them(store):
    ds = fastdln.open(store).load().isel(depth=0, alpha=0, eta=slice(0, 4))
    ds.loss[:] = [np.nan, np.inf, -np.inf, 0.1]
    (path,) = fastdln.export(ds, "out.csv", variables=["loss"])
    with path.open(newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [row["loss"] for row in rows] == ["NaN", "Inf", "-Inf", "0.1"]
    assert [row["depth"] for row in rows] == ["2"] * 4, "coordinates of one value stand in every row"
    assert [float(row["eta"]) for row in rows] == ds.eta.values.tolist(), "to the last digit"


def test_netcdf_opens_equal_to_the_store(store):
    pytest.importorskip("h5netcdf")
    told = []
    ds = fastdln.open(store).load()
    (path,) = fastdln.export(store, "out.nc", progress=lambda done, total: told.append((done, total)))
    with xr.open_dataset(path, engine="h5netcdf") as back:
        xr.testing.assert_equal(back.load(), ds)
        for name in ds.variables:
            assert back[name].dtype == ds[name].dtype, name
            assert set(back[name].attrs) == set(ds[name].attrs)
        assert back.attrs["sweep"] == ds.attrs["sweep"]
        assert list(back.fate.attrs["flag_values"]) == ds.fate.attrs["flag_values"]
    assert len(set(told)) > 5, "in several pieces"
    assert told == sorted(told)
    assert told[-1] == (160, 160)
    (some,) = fastdln.export(ds, "some.nc", variables=["period", "fate"])
    with xr.open_dataset(some, engine="h5netcdf") as back:
        xr.testing.assert_equal(back.load(), ds[["period", "fate"]])


def test_stores_that_are_not_complete(tmp_path):
    run(SWEEP, "half.zarr", part="1/2", progress=False)
    ds = fastdln.open("half.zarr").load()
    points = read(fastdln.export("half.zarr", "half.csv")[0])
    assert (points.fate_name == "not_computed").sum() == (ds.fate == 0).sum() == 80
    same_values(points, ds, ("depth", "alpha", "eta"), ["fate", "loss", "oscillating_modes"])
    (path,) = fastdln.export("half.zarr", "half.nc")
    with xr.open_dataset(path, engine="h5netcdf") as back:
        xr.testing.assert_equal(back.load(), ds)


def test_older_stores_number_their_modes_in_tables(store, tmp_path):
    run(SWEEP, "s.zarr", progress=False)
    aged(tmp_path / "s.zarr")
    older, new = (read(fastdln.export(path, "out.csv", variables=["period"])[0]) for path in ("s.zarr", store))
    pd.testing.assert_frame_equal(older, new)


def test_datasets_that_were_worked_on(store):
    ds = fastdln.open(store).load()
    one = read(fastdln.export(ds.isel(mode=1).sel(depth=3), "out.csv", variables=["period"])[0])
    assert set(one["mode"]) == {2}
    assert one.period.tolist() == ds.period.isel(mode=1).sel(depth=3).values.ravel().tolist()
    point = ds.isel(depth=0, alpha=0, eta=3)
    assert read(fastdln.export(point, "out.csv", variables=["loss"])[0]).loss.tolist() == [point.loss.item()]
    stacked = ds.stack(point=("alpha", "eta"))
    again = read(fastdln.export(stacked, "out.csv", variables=["loss"])[0])
    assert len(again) == 160
    np.testing.assert_array_equal(again.loss, stacked.loss.values.ravel())
    np.testing.assert_array_equal(again.eta[:80], stacked.eta.values)


def test_more_axes_and_dimensions():
    axes = {"eta": [0.1, 0.2], "alpha": [0.3, 0.4], "depth": [2], "s2": [0.3, 0.5, 0.6]}
    target = {"singular_values": [1.0, 0.5]}
    sweep = Sweep(model="modes", axes=axes, target=target, steps=6, record=4, trajectory=2, observables=["period"])
    ds = run(sweep, progress=False)
    files = {path.stem: read(path) for path in fastdln.export(ds, "x.csv")}
    assert set(files) == {"x", "x-mode", "x-step", "x-mode-step", "x-layer-mode-step"}
    assert [*files["x"]] == ["depth", "s2", "alpha", "eta", "fate", "fate_name"]
    layers = files["x-layer-mode-step"]
    assert [*layers][:8] == ["depth", "s2", "alpha", "eta", "layer", "mode", "step", "singular_value"]
    row = layers.iloc[[40]]
    at = {name: row[name].item() for name in ("depth", "s2", "alpha", "eta", "layer", "mode", "step")}
    assert row.trajectory_singular_value.item() == ds.trajectory_singular_value.sel(at).item()


def test_on_the_command_line(store, tmp_path):
    done = invoke("export", store, "--to", "csv", "--variables", "loss,fate", "--variables", "period", "--quiet")
    assert done.exit_code == 0
    assert done.stdout.split() == ["s.csv", "s-mode.csv"]
    assert [*read(tmp_path / "s.csv")] == ["depth", "alpha", "eta", "fate", "fate_name", "loss"]
    assert invoke("export", store, "-o", tmp_path / "out.nc").stdout.strip() == str(tmp_path / "out.nc")
