"""Stores from strangers: what they may say, what they cannot make any command do, and what of theirs is kept."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import google_crc32c
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from numcodecs import Zstd
from small import SWEEP, identical

import fastdln
from fastdln import StoreError, Sweep, SweepError
from fastdln.execution.compute import compute
from fastdln.storage.location.checked import decoded_size
from fastdln.storage.location.folder import draft_prefix
from fastdln.storage.template import digest
from fastdln.sweep.grid import Grid

LONGER = "axes.eta=" + str([*SWEEP.axes["eta"].values().tolist(), 2.0])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    store = tmp_path_factory.mktemp("made") / "out.zarr"
    compute(SWEEP, store)
    return store


@pytest.fixture
def store(made, tmp_path):
    return shutil.copytree(made, tmp_path / "out.zarr")


def edited(store, change, *, sealed=True):
    """The store with its root's metadata changed, and sealed anew as one who means harm would."""
    root = json.loads((store / "zarr.json").read_text())
    names = [*root["consolidated_metadata"]["metadata"]]
    change(root)
    attributes = root["attributes"]
    attributes["sweep_sha256"] = hashlib.sha256(attributes["sweep"].encode()).hexdigest()
    if sealed:
        attributes["metadata_sha256"] = digest(root, names)
    else:
        del attributes["metadata_sha256"]
    (store / "zarr.json").write_text(json.dumps(root))
    return store


def verbs(store):
    """Every public verb that reads a store."""
    return {
        "status": lambda: fastdln.status(store),
        "verify": lambda: fastdln.verify(store),
        "open": lambda: fastdln.open(store).load(),
        "run": lambda: compute(SWEEP, store),
        "extend": lambda: fastdln.extend(store, LONGER),
        "refine": lambda: fastdln.refine(store, store.with_name("fine.zarr"), "axes.eta.start=0.7"),
    }


def refused_by_all(store, match):
    for name, verb in verbs(store).items():
        with pytest.raises(StoreError, match=match) as refusal:
            verb()
        assert "\n" not in str(refusal.value), name


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


@pytest.mark.parametrize("target", ["/dev/zero", "/", "loop", "fifo", "inner"])
@pytest.mark.parametrize("name", ["fate/c", "fate/c/0/0/0", "loss/c/0/0/0", "singular_value", "zarr.json"])
def test_links_devices_and_fifos_are_not_read(store, name, target):
    """No verb waits, walks elsewhere, or reads without end; what is refused is named."""
    path = store / name
    kept = path.with_name("kept")
    path.rename(kept)
    if target == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to({"loop": path.name, "inner": kept.name}.get(target, target))
    kept.is_dir() and shutil.rmtree(kept)
    for verb in verbs(store).values():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with contextlib.suppress(StoreError):  # or named as damaged, and computed again
                verb()
    assert not (store / "fine.zarr").exists()


def test_a_chunk_that_is_a_link_is_refused_or_damaged(store, made):
    path = store / "loss/c/0/0/0"
    path.unlink()
    path.symlink_to(made / "loss/c/0/0/0")
    with pytest.raises(StoreError, match="is a link"):
        fastdln.open(store).load()
    with pytest.raises(StoreError, match="is a link"):
        fastdln.verify(store)


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


def with_own(store, **arrays):
    """The store with arrays of the user's, put there by xarray."""
    ds = xr.open_zarr(store)
    ds.assign(arrays)[[*arrays]].to_zarr(store, mode="a")
    return store


def test_arrays_of_the_users_are_kept_named_and_grow(store, made):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Zarr's, of consolidated metadata
        with_own(store, half=fastdln.open(made).loss / 2)
    found = fastdln.verify(store)
    assert found.whole
    assert found.others == ("half",)
    assert "not of the sweep, and not checked: half" in str(found)
    ds = fastdln.open(store)
    np.testing.assert_array_equal(ds.half, ds.loss / 2)
    before = ds.half.load()
    after = fastdln.extend(store, LONGER)
    assert after.half.sizes["eta"] == 41
    np.testing.assert_array_equal(after.half.isel(eta=slice(40)), before)
    assert after.half.isel(eta=40).isnull().all()
    xr.testing.assert_identical(xr.open_zarr(store).half.load(), after.half.load())


def test_what_cannot_grow_along_stops_extend_before_it_begins(store):
    def change(root):
        arrays = root["consolidated_metadata"]["metadata"]
        arrays["words"] = arrays["loss"] | {"data_type": "string"}

    edited(store, change)
    before = {p: p.read_bytes() for p in store.rglob("*") if p.is_file()}
    with pytest.warns(UserWarning, match="words: not of the sweep"):
        assert "words" not in fastdln.open(store)
    with pytest.raises(StoreError, match="words"):
        fastdln.extend(store, LONGER)
    assert {p: p.read_bytes() for p in store.rglob("*") if p.is_file()} == before


def codec(name, **configuration):
    return {"name": name, "configuration": configuration}


PLAIN = [codec("bytes", endian="little")]
ZSTD = codec("zstd", level=1, checksum=False)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("mine", {"codecs": [*PLAIN, codec("gzip", level=5)]}),  # what it decodes to is not known beforehand
        ("mine", {"codecs": [*PLAIN, ZSTD, ZSTD]}),
        ("mine", {"shape": [2**25], "chunk_grid": codec("regular", chunk_shape=[1])}),
        ("mine", {"shape": [2**26], "chunk_grid": codec("regular", chunk_shape=[2**26])}),
        ("mine", {"attributes": {"scale_factor": "x"}}),
        ("mode", {"shape": [2], "dimension_names": ["mode"], "chunk_grid": codec("regular", chunk_shape=[2])}),
        ("layer", {}),
        ("lyapunov", {}),
        ("mi\nne", {}),
    ],
)
def test_arrays_of_strangers_are_left_out(store, name, change):
    """Whatever they would take, or be taken for; the sweep's own are there."""
    plain = {
        "shape": [10],
        "data_type": "float64",
        "dimension_names": ["mine"],
        "chunk_grid": codec("regular", chunk_shape=[10]),
        "codecs": [*PLAIN, ZSTD],
        "attributes": {},
    }

    def add(root):
        arrays = root["consolidated_metadata"]["metadata"]
        arrays[name] = arrays["loss"] | plain | change

    edited(store, add)
    with pytest.warns(UserWarning, match="left out"):
        ds = fastdln.open(store)
    assert name not in ds.variables
    ds.dln.plot.phase(depth=2)
    plt.close("all")
    found = fastdln.verify(store)
    assert found.others == (name,)
    assert len(str(found).splitlines()) == 2


def test_a_small_file_of_a_stranger_does_not_become_a_large_one(store):
    def add(root):
        arrays = root["consolidated_metadata"]["metadata"]
        grid = {"shape": [10], "dimension_names": ["mine"], "chunk_grid": codec("regular", chunk_shape=[10])}
        arrays["mine"] = arrays["loss"] | grid | {"codecs": [*PLAIN, ZSTD], "attributes": {}}

    edited(store, add)
    (store / "mine/c").mkdir(parents=True)
    (store / "mine/c/0").write_bytes(Zstd(level=1).encode(np.zeros(2**28, np.uint8)))
    with pytest.warns(UserWarning, match="mine: not of the sweep, and cannot be read safely; left out"):
        assert "mine" not in fastdln.open(store).variables


def test_a_number_of_the_users_is_kept(store):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Zarr's, of consolidated metadata
        with_own(store, half=0.5)
    assert fastdln.open(store).half == 0.5
    assert fastdln.extend(store, LONGER).half == 0.5


def test_a_root_without_attributes_says_what_happened(store):
    """xarray replaces them by those of what it writes into a store."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        xr.Dataset({"half": fastdln.open(store).loss / 2}).to_zarr(store, mode="a")
    refused_by_all(store, "its root attributes are gone")


@pytest.mark.parametrize("name", ["singular_value/zarr.json", "alpha/zarr.json", "alpha/c/0"])
def test_metadata_and_coordinates_are_plain_files(store, name):
    """verify does not promise to mend what the next run refuses."""
    (store / name).unlink()
    os.mkfifo(store / name)
    for verb in ("verify", "run", "extend"):
        with pytest.raises(StoreError, match="is no regular file"):
            verbs(store)[verb]()


def test_a_strangers_folder_that_is_called_like_a_draft(tmp_path):
    foreign = Path(f"{draft_prefix(tmp_path / 'out.zarr')}x")
    (tmp_path / foreign).mkdir()
    (tmp_path / foreign / "singular_value").symlink_to("/etc")
    os.utime(tmp_path / foreign, (0, 0))
    compute(SWEEP, tmp_path / "out.zarr")
    assert (tmp_path / foreign / "singular_value").is_symlink()


def test_chunks_across_earlier_ends_are_found():
    """Against a look at each chunk; many shapes cost no more than few."""
    grid = Grid(SWEEP)
    shapes = [[1 + k % 2, 1 + k % 2, 1 + k % 40] for k in range(10_000)]
    expected = np.zeros(grid.chunks_along, bool)
    for number in range(grid.chunks):
        for shape in shapes:
            expected.ravel()[number] |= any(
                part.start < old < part.stop for part, old in zip(grid.slices(number), shape, strict=True)
            )
    np.testing.assert_array_equal(grid.straddling(shapes), expected)


@pytest.mark.parametrize("fate", ["renamed", "deleted", "replaced"])
def test_a_run_holds_on_to_its_folder(tmp_path, made, fate):
    """Where its store is gone, it stops with what is left, and writes nothing under the old name."""
    store, away = tmp_path / "out.zarr", tmp_path / "away.zarr"
    events = []

    def lose(event):
        events.append(event)
        if len(events) == 2:
            store.rename(away)
            if fate == "deleted":
                shutil.rmtree(away)
            if fate == "replaced":
                store.mkdir()

    with pytest.raises(fastdln.IncompleteError, match="renamed, deleted or replaced"):
        fastdln.run(SWEEP, store=store, on_event=lose)
    assert not store.exists() or not any(store.iterdir())
    if fate == "renamed":
        fastdln.run(SWEEP, store=away)
        identical(fastdln.open(away).load(), fastdln.open(made).load())
    if fate == "replaced":
        store.rmdir()
    fastdln.run(SWEEP, store=store)  # the name is free for another


def test_a_sweep_too_large_for_metadata_is_refused_before_it_is_made(tmp_path, monkeypatch):
    """What is refused on reading is refused on writing."""
    monkeypatch.setattr("fastdln.storage.template.LARGEST_METADATA", 1000)
    with pytest.raises(SweepError, match="bytes"):
        compute(SWEEP, tmp_path / "out.zarr")
    assert not list(tmp_path.iterdir())


def test_random_changes(tmp_path):
    """A hundred of them, against every command; benchmarks/mutations.py says what counts as wrong."""
    command = [sys.executable, "-m", "benchmarks.mutations", str(tmp_path), "100", "7"]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100 changes, 0 wrong" in done.stdout
