"""Metadata of a new store, against those that zarr makes."""

import json

import pytest
import zarr

from fastdln.storage import template
from fastdln.storage.location import ROOT
from fastdln.sweep.grid import Grid
from tests.small import SWEEP


@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")
def test_consolidated_metadata_are_what_zarr_makes_of_them(tmp_path):
    for key, data in template.entries(Grid(SWEEP)).items():
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_bytes(data)
    ours = json.loads((tmp_path / ROOT).read_text())["consolidated_metadata"]
    zarr.consolidate_metadata(tmp_path)
    assert json.loads((tmp_path / ROOT).read_text())["consolidated_metadata"] == ours
