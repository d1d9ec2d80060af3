"""Chunks that decode to more than their values: refused before they are."""

import json
import os

import google_crc32c
import numpy as np
import pytest
from numcodecs import Zstd

import fastdln
from fastdln import Sweep
from fastdln.execution.compute import compute
from fastdln.storage.location.checked import decoded_size
from tests.small import SWEEP


def test_a_chunk_is_no_larger_than_its_values(store):
    """A file far larger than what it can hold is damaged, and is not read."""
    os.truncate(store / "loss/c/0/0/0", 2**34)
    found = fastdln.verify(store)
    assert [(damage.variable, damage.chunk) for damage in found.damaged] == [("loss", 0)]
    assert "bytes, more than" in found.damaged[0].reason
    compute(SWEEP, store)
    assert fastdln.verify(store).whole


@pytest.mark.parametrize("size", [1, 8, 10, 255, 256, 65791, 65792, 10**6])
def test_what_a_frame_decodes_to_is_read_as_zstd_writes_it(size):
    frame = Zstd(level=1, checksum=True).encode(np.zeros(size, np.uint8))
    assert decoded_size(bytes(frame[:18])) == size


def test_a_small_file_does_not_become_a_large_one(store):
    """A quarter of a gigabyte of zeros is some 10 kB of zstd."""
    frame = bytes(Zstd(level=1, checksum=True).encode(np.zeros(2**28, np.uint8)))
    (store / "loss/c/0/0/0").write_bytes(frame + b"\0" * 4)  # the checksum is never looked at
    found = fastdln.verify(store)
    assert [(damage.variable, damage.chunk) for damage in found.damaged] == [("loss", 0)]
    assert "decodes to 268435456 bytes" in found.damaged[0].reason


def test_a_chunk_of_a_shard_does_not_become_a_large_one(tmp_path):
    sweep = Sweep(**json.loads(SWEEP.canonical()) | {"chunks": {"eta": 10, "alpha": 1}, "shards": {"eta": 40}})
    store = tmp_path / "sharded.zarr"
    compute(sweep, store)
    assert fastdln.verify(store).whole
    frame = checked(bytes(Zstd(level=1, checksum=True).encode(np.zeros(2**28, np.uint8))))
    index = np.full((4, 2), 2**64 - 1, "<u8")
    index[2] = 0, len(frame)
    (store / "loss/c/0/0/0").write_bytes(frame + checked(index.tobytes()))
    loss = fastdln.open(store).loss
    for part in (loss[0, 0], loss[0, 0, 20:30]):  # the shard, and one chunk of it
        with pytest.raises(ValueError, match="decodes to 268435456 bytes"):
            part.load()
    found = fastdln.verify(store)
    assert [(damage.variable, damage.chunk) for damage in found.damaged] == [("loss", 0)]
    compute(sweep, store)
    assert fastdln.verify(store).whole


def checked(data):
    """The bytes with their checksum behind them, as the codec crc32c has them."""
    return data + google_crc32c.value(data).to_bytes(4, "little")
