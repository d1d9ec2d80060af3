"""Which versions went on with a store: a line of history for each run that computed, and a warning where they differ."""

import json
import shutil
import warnings

import pytest

import fastdln
from fastdln.storage import provenance
from tests.small import SWEEP


def change(path, **attributes):
    root = json.loads((path / "zarr.json").read_text())
    root["attributes"] |= attributes
    (path / "zarr.json").write_text(json.dumps(root))


def lines(path):
    return json.loads((path / "zarr.json").read_text())["attributes"]["history"].split("\n")


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "out.zarr"
    fastdln.run(SWEEP, store=path)
    return path


def lose_a_chunk(path):
    shutil.rmtree(path / "fate" / "c" / "0" / "0")


def test_a_line_for_each_run_that_computes(store):
    (first,) = lines(store)
    assert " created by fastdln " in first
    fastdln.run(SWEEP, store=store)
    assert lines(store) == [first], "there was nothing to do"
    lose_a_chunk(store)
    fastdln.run(SWEEP, store=store)
    before, second = lines(store)
    assert before == first
    assert " continued by fastdln " in second
    for name in ("numba", "numpy", "zarr"):
        assert f"{name} {provenance.version(name)}" in second
    assert fastdln.open(store).attrs["complete"]


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"numba_version": "0.1.2"}, "made with numba 0.1.2 and goes on with numba "),
        (
            {"source": "fastdln 0.0.1", "numpy_version": "1"},
            "made with fastdln 0.0.1, numpy 1 and goes on with fastdln ",
        ),
    ],
)
def test_another_version_is_warned_of(store, attributes, words):
    change(store, **attributes)
    fastdln.run(SWEEP, store=store)  # there is nothing to do, and nothing is said
    lose_a_chunk(store)
    with pytest.warns(UserWarning, match=words) as found:
        fastdln.run(SWEEP, store=store)
    assert len(found) == 1
    assert "\n" not in str(found[0].message)
    assert len(lines(store)) == 2


@pytest.mark.parametrize("history", ["", "a\n" * 5000])
def test_a_history_that_people_changed_stays_bounded(store, history):
    change(store, history=history, numba_version=None, numpy_version=[])
    for _ in range(2):
        lose_a_chunk(store)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fastdln.run(SWEEP, store=store)
    assert len(lines(store)) <= provenance.LINES + 1
    assert all("continued by" in line for line in lines(store)[-2:])


@pytest.mark.parametrize("history", [None, 3, ["a"], {}])
def test_no_history_is_the_beginning_of_one(history):
    assert " continued by fastdln " in provenance.continued(history)


def test_long_histories_keep_their_first_line_and_the_last():
    history = "\n".join(map(str, range(1000)))
    for _ in range(5):
        history = provenance.continued(history)
    kept = history.split("\n")
    assert kept[0] == "0"
    assert len(kept) == provenance.LINES + 1
    assert all("continued by" in line for line in kept[-5:])
    assert kept[-6] == "999"


def test_versions_of_any_length_and_characters_are_one_short_line():
    line = provenance.difference({"numba_version": "\x1b]0;x\x07\n" + "9" * 10**6})
    assert line.isprintable()
    assert len(line) < 300
