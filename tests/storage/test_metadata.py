"""Metadata from strangers: what they may say, and what they cannot make any command do."""

import json
import os
import warnings

import numpy as np
import pytest
import xarray as xr

import fastdln
from fastdln import StoreError, SweepError
from fastdln.execution.compute import compute
from tests.small import SWEEP, identical
from tests.storage.hostile import edited, refused_by_all, verbs


def test_metadata_that_would_run_code_are_refused(store, tmp_path):
    """A coordinate as an array of Zarr v2 whose filter unpickles: numcodecs before 0.16.6 did so."""
    victim = tmp_path / "ran"

    def pickled(root):
        root["consolidated_metadata"]["metadata"]["eta"] = {
            "zarr_format": 2,
            "node_type": "array",
            "shape": [40],
            "chunks": [40],
            "dtype": "|O",
            "fill_value": None,
            "order": "C",
            "compressor": None,
            "filters": [{"id": "vlen-utf8"}, {"id": "pickle", "protocol": 5}],
            "dimension_separator": ".",
            "attributes": {"_ARRAY_DIMENSIONS": ["eta"]},
        }

    edited(store, pickled)
    (store / "eta" / "0").write_bytes(b"cos\nsystem\n(S'touch " + os.fsencode(victim) + b"'\ntR.")
    refused_by_all(store, "array eta")
    assert not victim.exists()


def test_root_attributes_that_are_read_are_texts(store):
    edited(store, lambda root: root["attributes"].update(title=123))
    refused_by_all(store, "is no text")


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("loss", "dimension_names", ["a", "b", "c"]),
        ("loss", "dimension_names", None),
        ("loss", "shape", [2, 2, 0]),
        ("loss", "data_type", "float32"),
        ("loss", "fill_value", 0.0),
        ("loss", "codecs", [{"name": "bytes", "configuration": {"endian": "big"}}]),
        ("loss", "chunk_grid", {"name": "regular", "configuration": {"chunk_shape": False}}),
        ("loss", "chunk_key_encoding", {"name": "default"}),
        ("loss", "attributes", {"scale_factor": "x"}),
        ("loss", "attributes", []),
        ("eta", "chunk_key_encoding", {"name": "v2", "configuration": {"separator": "/"}}),
        ("eta", "attributes", {"units": "days since 1e400", "long_name": "learning rate"}),
        ("eta", "attributes", {"units": "1", "_FillValue": "x"}),
        ("eta", "zarr_format", True),
        ("singular_value", "shape", [200_000_000]),
        ("period", "node_type", "group"),
    ],
)
def test_arrays_are_what_the_sweep_implies(store, name, key, value, sealed):
    def change(root):
        root["consolidated_metadata"]["metadata"][name][key] = value

    refused_by_all(edited(store, change, sealed=sealed), f"array {name}")


@pytest.mark.parametrize("name", ["loss", "eta", "fate"])
def test_a_missing_array_is_refused_without_a_seal(store, name):
    def change(root):
        del root["consolidated_metadata"]["metadata"][name]

    refused_by_all(edited(store, change, sealed=False), "damaged")


def test_text_for_people_is_theirs(store, made):
    def change(root):
        root["consolidated_metadata"]["metadata"]["loss"]["attributes"]["comment"] = "$\\frac{$ seen \ud800 by me"

    edited(store, change)
    identical(fastdln.open(store).load(), fastdln.open(made).load())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("axes", {"eta": {"start": 0.1, "stop": 1.5, "num": 10**9}, "alpha": [1.0], "depth": [2.0]}),
        ("axes", {"eta": {"start": 0.1, "stop": 1.5, "num": 10**5}, "alpha": [0.3, 0.6], "depth": [2.0, 3.0]}),
        ("target", {"singular_values": [{}]}),
        ("target", {"matrix": "secret.npy"}),
        ("start", {"layers": ["secret.npy", "secret.npy"]}),
        ("model", 3),
    ],
)
def test_the_sweep_of_a_store_is_checked(store, tmp_path, monkeypatch, key, value):
    """And names no files: those of whoever reads it are none of its business."""
    monkeypatch.chdir(tmp_path)
    np.save("secret.npy", np.array([[17.25, 0.0], [0.0, 1.0]]))

    def change(root):
        sweep = json.loads(root["attributes"]["sweep"]) | {"model": "matrix"}
        root["attributes"]["sweep"] = json.dumps(sweep | {key: value})

    edited(store, change)
    for name, verb in verbs(store).items():
        with pytest.raises(StoreError) as refusal:
            verb()
        assert "17.25" not in str(refusal.value), name


def test_grown_from_has_a_bound(store):
    def change(root):
        root["attributes"]["grown_from"] = [[1, 1, 1]] * 200_000

    edited(store, change)
    for verb in (lambda: fastdln.status(store), lambda: fastdln.verify(store), lambda: compute(SWEEP, store)):
        with pytest.raises(StoreError, match="grown_from"):
            verb()


@pytest.mark.parametrize("content", [b"[" * 10**7, b'{"attributes": {}, "x": [' + b"0," * 9_000_000 + b"0]}"])
def test_metadata_of_many_values_are_not_parsed(store, content):
    (store / "zarr.json").write_bytes(content)
    refused_by_all(store, "values|something else")


def test_metadata_of_many_bytes_are_not_read(store):
    os.truncate(store / "zarr.json", 2**40)
    refused_by_all(store, "bytes, more than")


def test_a_root_without_attributes_says_what_happened(store):
    """xarray replaces them by those of what it writes into a store."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        xr.Dataset({"half": fastdln.open(store).loss / 2}).to_zarr(store, mode="a")
    refused_by_all(store, "its root attributes are gone")


def test_a_sweep_too_large_for_metadata_is_refused_before_it_is_made(tmp_path, monkeypatch):
    """What is refused on reading is refused on writing."""
    monkeypatch.setattr("fastdln.storage.template.LARGEST_METADATA", 1000)
    with pytest.raises(SweepError, match="bytes"):
        compute(SWEEP, tmp_path / "out.zarr")
    assert not list(tmp_path.iterdir())
