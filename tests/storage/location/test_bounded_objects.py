"""Objects from strangers: of any size, never read whole."""

import json

import obstore
import pytest

import fastdln
from fastdln import StoreError
from fastdln.execution.compute import compute
from fastdln.storage.location import locate
from fastdln.storage.location.protocol import ROOT
from tests.small import SWEEP


def test_an_object_of_any_size_is_not_read_whole(url, options):
    place = locate(url, options)
    place.write(ROOT, bytes(3_000_000))
    with pytest.raises(StoreError, match=r"zarr\.json has 3,000,000 bytes, more than the 2,999,999"):
        place.read(ROOT, 2_999_999)
    assert place.read(ROOT, 3_000_000) == bytes(3_000_000)
    assert place.read("absent", 1) is None


def test_a_chunk_in_a_bucket_is_no_larger_than_its_values(url, options):
    compute(SWEEP, url, storage_options=options)
    locate(url, options).write("loss/c/0/0/0", bytes(2**26 + 1))
    found = fastdln.verify(url, storage_options=options)
    assert [(damage.variable, damage.chunk) for damage in found.damaged] == [("loss", 0)]
    assert "67,108,865 bytes, more than" in found.damaged[0].reason
    compute(SWEEP, url, storage_options=options)
    assert fastdln.verify(url, storage_options=options).whole


@pytest.mark.parametrize(
    "strange", [{"expires": 1e300}, {"host": "a\x1b[2J"}, {"host": 5}, {"process": []}, {"more": "x" * 10_000}]
)
def test_a_strangers_lock_holds_nobody_up(url, options, strange):
    import time

    sound = {"first": 0, "beyond": 9, "expires": time.time() + 50, "process": 1, "host": "h"}
    place = locate(url, options)
    obstore.put(place.locks, "0-9", json.dumps(sound).encode())
    assert place.in_use()
    obstore.put(place.locks, "0-9", json.dumps(sound | strange).encode())
    assert not place.in_use()
