"""Stores as versions made them that numbered no modes: no array `mode`, seeds as floats, no names of pairs."""

import json
import shutil

import zarr

from fastdln.storage.template import digest
from tests.storage.hostile import edited

FLAGS = ("flag_values", "flag_meanings")


def aged(store):
    """The store with its metadata and coordinates as such a version wrote them; its results are the same."""
    shutil.rmtree(store / "mode")

    def change(root):
        arrays = root["consolidated_metadata"]["metadata"]
        del arrays["mode"]
        if "seed" in arrays:
            # eta, of floats, tells how Zarr writes them
            arrays["seed"] |= {key: arrays["eta"][key] for key in ("data_type", "fill_value", "codecs")}
        if "mixing_pair" in arrays:
            for name in FLAGS:
                del arrays["mixing_pair"]["attributes"][name]

    edited(store, change)
    root = json.loads((store / "zarr.json").read_text())
    attributes, arrays = root["attributes"], root["consolidated_metadata"]["metadata"]
    attributes["metadata_sha256"] = digest(root, list(arrays))
    (store / "zarr.json").write_text(json.dumps(root))
    for name, metadata in arrays.items():
        (store / name / "zarr.json").write_text(json.dumps(metadata))
    if "seed" in arrays:
        seeds = zarr.open_array(store / "seed")
        seeds[:] = json.loads(attributes["sweep"])["axes"]["seed"]
    return store
