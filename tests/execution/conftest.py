"""A small sweep's file in a folder of its own, and its results."""

import pytest

import fastdln
from tests.small import FILE, SWEEP


@pytest.fixture(scope="session")
def reference():
    return fastdln.run(SWEEP)


@pytest.fixture
def here(tmp_path):
    (tmp_path / "small.toml").write_text(FILE)
    return tmp_path
