"""Frozen dataclasses can be compared and hashed, whatever they hold."""

import dataclasses
import importlib
import inspect
import pkgutil
import re

import numpy as np
import pytest

import fastdln
from fastdln.execution.events import ChunkDone, ChunkFailed
from fastdln.execution.worker import JobSpec
from fastdln.reports.paper_modes import FIGURES
from fastdln.storage.location.bucket import Bucket
from fastdln.storage.status import Status
from tests.small import SWEEP

MODULES = [m.name for m in pkgutil.walk_packages(fastdln.__path__, "fastdln.") if not m.name.endswith("__main__")]


def frozen():
    for name in MODULES:
        for _, found in inspect.getmembers(importlib.import_module(name), inspect.isclass):
            if found.__module__ == name and dataclasses.is_dataclass(found):
                yield found


CLASSES = [found for found in frozen() if found.__dataclass_params__.frozen]

# What == or hash of raises, or does not give one truth value.
UNFIT = re.compile(r"ndarray|Mapping|dict|list|set\[|Dataset|DataArray|DataFrame|Sequence|\bSweep\b")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_nothing_unfit_takes_part(kind):
    """By the fields' types: what is written by hand, or by identity, is tested below."""
    if not kind.__dataclass_params__.eq:
        return
    for field in dataclasses.fields(kind):
        unfit = UNFIT.search(re.sub(r"Callable\[.*", "", str(field.type)))
        hashed = field.compare if field.hash is None else field.hash
        assert not (unfit and hashed), f"{kind.__name__}.{field.name}"
        assert not (unfit and field.compare and "ndarray" in str(field.type)), f"{kind.__name__}.{field.name}"


def test_states_of_a_store_are_equal_if_they_say_the_same():
    one, same = (Status(SWEEP, 160, 20, 16, 2, False, np.array([0, 10, 0, 10])) for _ in range(2))
    elsewhere = dataclasses.replace(one, left=np.array([10, 10, 0, 0]))
    further = dataclasses.replace(one, points_left=10, chunks_left=1, left=np.array([0, 10, 0, 0]))
    assert one == same
    assert hash(one) == hash(same)
    assert one not in (elsewhere, further, None, 5)
    assert len({one, same, elsewhere, further}) == 3


def test_what_holds_arrays_and_dicts_can_be_kept_in_sets():
    events = [ChunkDone(0, 1, 0.0, 1.0, 0.5, results={"fate": np.ones(3)}) for _ in range(2)]
    events += [ChunkFailed(0, ValueError("x"))]
    assert len({*events}) == 3
    assert events[0] == events[0]
    assert events[0] != events[1]
    assert len({*FIGURES}) == len(FIGURES)
    buckets = [Bucket("s3://b/x", {"region": region}) for region in ("a", "a", "b")]
    assert len({*buckets}) == 2
    orders = [JobSpec("{}", (1,), {"numpy": version}, run="r") for version in ("1", "1", "2")]
    assert len({*orders}) == 2


def test_states_of_a_real_store(tmp_path):
    fastdln.run(SWEEP, tmp_path / "s.zarr", progress=False)
    one, same = (fastdln.status(tmp_path / "s.zarr") for _ in range(2))
    assert one == same
    assert {one: "kept"}[same] == "kept"
