"""Sweep files are data: whatever is in them, a run ends with a line, or computes; nothing is executed or written elsewhere."""

import json
import os
import pickle
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastdln.errors import SweepError
from fastdln.sweep.schema import Sweep
from tests.commands import invoke

EXAMPLES = 2000

GOOD = {
    "title": "t",
    "model": "modes",
    "axes": {"eta": {"start": 0.1, "stop": 1.0, "num": 5}, "alpha": [0.5, 0.6], "depth": 3},
    "target": {"singular_values": [1.0, 0.5]},
    "start": "one-zero",
    "steps": 100,
    "record": 16,
    "period_max": 4,
    "observables": ["period", "loss"],
    "orbit_samples": 4,
    "sharpness_every": 2,
    "chunks": {"eta": 2},
    "shards": {"eta": 4},
}

numbers = st.one_of(
    st.integers(-(2**70), 2**70), st.floats(), st.sampled_from([0, -1, 1e308, 5e-324, 2**53 + 1, 10**30, 0.5, 1e9])
)
words = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            "modes",
            "matrix",
            "eta",
            "../../etc/passwd",
            "/dev/zero",
            "x.npy",
            "pickle.npy",
            "spectral",
            "\0",
            "é" * 300,
        ]
    ),
)
leaves = st.one_of(numbers, words, st.booleans(), st.none().map(lambda _: "none"))
junk = st.recursive(
    leaves, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=4)), max_leaves=8
)  # fmt: skip


def toml(value):
    """A value in TOML; strings and keys are JSON's, which TOML reads but for a few escapes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return {"inf": "inf", "-inf": "-inf", "nan": "nan"}.get(repr(value), repr(value))
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=True)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(map(toml, value)) + "]"


def written(data):
    return "\n".join(f"{json.dumps(key)} = {toml(value)}" for key, value in data.items())


def places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


PLACES = [place for place in places(GOOD) if place]


def changed(data, place, value):
    if not place:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[place[0]] = changed(data[place[0]], place[1:], value)
    return copy


def without(data, place):
    copy = dict(data) if isinstance(data, dict) else list(data)
    if len(place) == 1:
        del copy[place[0]]
    else:
        copy[place[0]] = without(data[place[0]], place[1:])
    return copy


@st.composite
def files(draw):
    """A good file with something wrong put in, taken out or added, or no TOML at all."""
    kind = draw(st.sampled_from(["value", "value", "value", "without", "key", "text", "bytes", "deep", "digits"]))
    if kind == "value":
        return written(changed(GOOD, draw(st.sampled_from(PLACES)), draw(junk))).encode()
    if kind == "without":
        return written(without(GOOD, draw(st.sampled_from(PLACES)))).encode()
    if kind == "key":
        return written(GOOD | {draw(words): draw(junk)}).encode()
    if kind == "text":
        text, cut = written(GOOD), draw(st.integers(0, len(written(GOOD))))
        return (text[:cut] + draw(st.text(max_size=8)) + text[cut + draw(st.integers(0, 8)) :]).encode(
            "utf-8", "surrogatepass"
        )
    if kind == "deep":
        opening = draw(st.sampled_from(["[", '{"a" = ', "a." * 2, "[["]))
        return (
            draw(st.sampled_from(["x = ", "steps = ", "axes = ", ""])) + opening * draw(st.integers(1, 5000))
        ).encode()
    if kind == "digits":
        return written(GOOD).replace("100", "9" * draw(st.integers(300, 6000)), 1).encode()
    return draw(st.binary(max_size=60))


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A folder to stand in, with a pickle that would leave a trace if it were read."""
    room = tmp_path_factory.mktemp("room")
    evil = np.empty(1, dtype=object)
    evil[0] = Evil(room / "executed")
    np.save(room / "pickle.npy", evil, allow_pickle=True)
    (room / "x.npy").write_bytes(pickle.dumps(evil[0]))
    before = Path.cwd()
    os.chdir(room)
    yield room
    os.chdir(before)


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(content=files())
def test_malformed_files_are_one_line(room, content):
    file = room / "sweep.toml"
    file.write_bytes(content)
    if valid(file):
        return  # what was put in is as good as what was there
    before = sorted(room.rglob("*"))
    done = invoke("run", "sweep.toml", "-o", "out.zarr")
    assert done.exit_code == 2, (done.exception, content)
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith("\n")
    assert sorted(room.rglob("*")) == before


def valid(file):
    try:
        Sweep.from_file(file)
    except SweepError:
        return False
    return True


def test_most_of_them_are_malformed(room):
    """The strategy is no strategy if what it writes is valid."""
    refused = []

    @settings(max_examples=200, suppress_health_check=list(HealthCheck), database=None)
    @given(content=files())
    def collect(content):
        (room / "sweep.toml").write_bytes(content)
        refused.append(not valid(room / "sweep.toml"))

    collect()
    assert np.mean(refused) > 0.7


def test_good_is_good():
    Sweep(**tomllib.loads(written(GOOD)))


@pytest.mark.parametrize("name", ["pickle.npy", "x.npy"])
@pytest.mark.parametrize("key", ["target.matrix", "start.layers"])
def test_no_pickle_is_read(room, name, key):
    value = f'["{name}", "{name}"]' if key == "start.layers" else f'"{name}"'
    where, _, last = key.partition(".")
    (room / "evil.toml").write_text(
        f'model = "matrix"\naxes = {{eta = 0.1, alpha = 0.1, depth = 2}}\n{where} = {{{last} = {value}}}'
    )
    done = invoke("run", "evil.toml", "-o", "evil.zarr")
    assert done.exit_code == 2
    assert ".npy" in done.stderr
    assert not (room / "executed").exists()
    assert not (room / "evil.zarr").exists()
    (room / "evil.toml").unlink()


def evil_attributes(attributes):
    yield attributes | {"sweep": "__import__('os').system('touch executed')"}
    yield attributes | {"sweep": json.dumps({"model": "../../x", "axes": {}})}
    yield attributes | {"sweep": json.dumps([1, 2])}
    yield attributes | {"sweep": json.dumps({"axes": {"eta": 1e400}}).replace("Infinity", "1e999")}
    yield attributes | {"sweep_sha256": 5}
    yield {"sweep": "{}", "sweep_sha256": ""}
    yield attributes | {"grown_from": "no list"}
    yield attributes | {"grown_from": [[1, 2, 3, 4, 5]]}
    yield attributes | {"sweep_asked": "{}"}


@pytest.mark.parametrize("number", range(9))
@pytest.mark.parametrize("verb", ["status", "verify", "extend"])
def test_tampered_stores_are_one_line(room, number, verb):
    (room / "good.toml").write_text(written(GOOD))
    assert invoke("run", "good.toml", "-o", "tampered.zarr", "--quiet").exit_code == 0
    root = json.loads((room / "tampered.zarr" / "zarr.json").read_text())
    attributes = list(evil_attributes(root["attributes"]))[number]
    (room / "tampered.zarr" / "zarr.json").write_text(json.dumps(root | {"attributes": attributes}))
    before = {p for p in room.rglob("*") if "tampered.zarr" not in p.parts}
    done = invoke(verb, "tampered.zarr")
    assert done.exit_code in (0, 2, 3), (done.exception, done.stderr)
    assert done.exit_code == 0 or (done.stderr + done.stdout).strip()
    assert done.exit_code != 2 or done.stderr.count("\n") == 1
    after = {p for p in room.rglob("*") if "tampered.zarr" not in p.parts}
    assert after - before <= {room / "tampered.zarr.log"}
    import shutil

    shutil.rmtree(room / "tampered.zarr")
