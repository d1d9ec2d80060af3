"""A complete store, made once, and a copy of it for each test."""

import shutil

import pytest

from fastdln.execution.compute import compute
from tests.small import SWEEP


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    store = tmp_path_factory.mktemp("made") / "out.zarr"
    compute(SWEEP, store)
    return store


@pytest.fixture
def store(made, tmp_path):
    return shutil.copytree(made, tmp_path / "out.zarr")
