"""Verify: every kind of damage is named, unmarked, and made good by the next run."""

import contextlib
import json
import random
import shutil

import pytest
import zarr

import fastdln
from fastdln import StoreError, SweepError
from fastdln.execution.compute import compute
from fastdln.storage.location import locate
from fastdln.storage.metadata import UNREADABLE
from fastdln.storage.store import Store
from fastdln.sweep.grid import Grid
from tests import commands
from tests.small import SWEEP, identical, marks


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "out.zarr"
    return fastdln.run(SWEEP, store=path).load(), path


@pytest.fixture
def store(made, tmp_path):
    return shutil.copytree(made[1], tmp_path / "out.zarr")


@pytest.fixture(scope="module")
def reference(made):
    return made[0]


def files(store):
    return sorted(p for p in store.rglob("*") if p.is_file() and p.name != "zarr.json")


def named(found, store, among):
    """Those files that a verification calls damaged."""
    grid = Grid(SWEEP)
    places = set()
    for damage in found.damaged:
        place = "" if damage.chunk is None else "/".join(["/c", *map(str, grid.index(damage.chunk))])
        places |= {p for p in among if f"{p.relative_to(store)}/".startswith(f"{damage.variable}{place}/")}
    return places


def flip(file, bit):
    data = bytearray(file.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    file.write_bytes(data)


def test_a_whole_store(store):
    found = fastdln.verify(store)
    assert found.whole
    assert (found.chunks, found.chunks_read, found.points_left, found.damaged) == (16, 16, 0, ())
    assert str(found) == "whole: 16 of 16 chunks read back, and all coordinates"


def test_any_flipped_bit_is_found_and_healed(store, reference):
    """One random bit of every file: chunks of every variable, marks and coordinates."""
    rng = random.Random(1)
    all_files = files(store)
    for file in all_files:
        flip(file, rng.randrange(8 * file.stat().st_size))
    found = fastdln.verify(store)
    assert named(found, store, all_files) == set(all_files)
    assert {damage.variable for damage in found.damaged} == set(reference.variables)
    assert found.points_left == 160
    again = fastdln.verify(store)
    assert {damage.variable for damage in again.damaged} == {"eta", "alpha", "depth", "mode", "singular_value"}
    identical(fastdln.run(SWEEP, store=store), reference)
    assert fastdln.verify(store).whole


def test_every_bit_of_a_file_counts(store):
    """zstd alone ignores a bit of its header."""
    file = store / "fate" / "c" / "0" / "0" / "1"
    whole, fates, unnoticed = file.read_bytes(), zarr.open_array(store / "fate", mode="r"), []
    for bit in range(8 * len(whole)):
        flip(file, bit)
        try:
            fates[0, 0, 10:20]
        except UNREADABLE:
            continue
        finally:
            file.write_bytes(whole)
        unnoticed.append(bit)
    assert unnoticed == []


@pytest.mark.parametrize("damage", ["gone", "empty", "short", "long", "other"])
@pytest.mark.parametrize("name", ["loss/c/1/0/2", "orbit/c/1/0/2/0/0", "fate/c/1/0/2"])
def test_damaged_chunks(store, reference, name, damage):
    file = store / name
    data = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes({"empty": b"", "short": data[:-1], "long": data + b"\0", "other": b"\0" * len(data)}[damage])
    before = marks(store)
    found = fastdln.verify(store)
    expected = [] if (name, damage) == ("fate/c/1/0/2", "gone") else [(name.split("/")[0], 10)]
    assert [(d.variable, d.chunk) for d in found.damaged] == expected
    assert found.points_left == 10
    assert not found.whole
    if expected:
        assert "chunk 10 (depth 1:2, alpha 0:1, eta 20:30)" in str(found)
        assert fastdln.status(store).chunks_left == 1
    identical(fastdln.run(SWEEP, store=store), reference)
    after = marks(store)
    assert {mark for mark in before if after[mark] != before[mark]} <= {"fate/c/1/0/2"}
    assert fastdln.verify(store).whole


@pytest.mark.parametrize("name", ["eta/zarr.json", "loss/zarr.json", "eta/c/0", "singular_value/zarr.json"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"zarr_format": 3}'])
def test_damaged_metadata_and_coordinates(store, reference, name, content):
    file = store / name
    file.unlink() if content is None else file.write_bytes(content)
    found = fastdln.verify(store)
    assert [damage.variable for damage in found.damaged] == [name.split("/")[0]]
    assert found.points_left == 0
    identical(fastdln.run(SWEEP, store=store), reference)
    assert fastdln.verify(store).whole


def test_whole_arrays_gone(store, reference):
    for name in ("orbit", "singular_value"):
        shutil.rmtree(store / name)
    found = fastdln.verify(store)
    assert len({damage.chunk for damage in found.damaged} - {None}) == 16
    identical(fastdln.run(SWEEP, store=store), reference)


def test_an_incomplete_store_is_not_whole(store):
    (store / "fate/c/0/0/0").unlink()
    found = fastdln.verify(store)
    assert (found.damaged, found.points_left, found.whole) == ((), 10, False)
    assert "10 of 160 points not computed" in str(found)


def test_nothing_is_unmarked_while_a_run_goes_on(store):
    flip(store / "loss/c/0/0/0", 99)
    before = marks(store)
    with Store.at(locate(store), SWEEP):
        found = fastdln.verify(store)
    assert marks(store) == before
    assert not found.unmarked
    assert "a run goes on or nothing can be written there; run verify again" in str(found)
    assert fastdln.verify(store).unmarked
    assert len(marks(store)) == 15


def test_all_nan_chunks_are_files_too(tmp_path):
    """Where every point diverges the floats are NaN, the fill value; their files are there, so that a lost one is noticed."""
    sweep = fastdln.Sweep(model="modes", axes={"eta": [30.0, 40.0], "alpha": 1.0, "depth": 3}, steps=100, record=8)
    compute(sweep, tmp_path / "out.zarr")
    assert fastdln.verify(tmp_path / "out.zarr").whole
    (tmp_path / "out.zarr" / "loss" / "c" / "0" / "0" / "0").unlink()
    assert not fastdln.verify(tmp_path / "out.zarr").whole


def test_the_command(store):
    done = commands.fastdln("verify", store, cwd=".")
    assert (done.returncode, done.stdout.strip()) == (0, "whole: 16 of 16 chunks read back, and all coordinates")
    flip(store / "loss/c/0/0/0", 99)
    done = commands.fastdln("verify", store, cwd=".")
    assert done.returncode == 3
    assert done.stdout.startswith("damaged: loss, chunk 0 (depth 0:1, alpha 0:1, eta 0:10): ")
    assert json.loads((store / "zarr.json").read_text())["attributes"]["complete"] == 0
    done = commands.fastdln("verify", store.parent, cwd=".")
    assert done.returncode == 2


def test_a_lost_mark_is_no_complete_store(store):
    (store / "fate/c/0/0/0").unlink()
    fastdln.verify(store)
    with pytest.warns(UserWarning, match="10 of 160 points"):
        fastdln.open(store)


def test_any_bit_of_the_root(store, reference):
    """A damaged root is refused and left alone, or what was damaged is of no consequence for the numbers."""
    rng, root = random.Random(2), store / "zarr.json"
    (store / "fate/c/0/0/1").unlink()
    whole, outcomes = root.read_bytes(), []
    others = {p: p.read_bytes() for p in store.rglob("*") if p.is_file() and p != root}
    for _ in range(150):
        flip(root, rng.randrange(8 * len(whole)))
        before = root.read_bytes()
        try:
            identical(fastdln.run(SWEEP, store=store), reference)
            outcomes.append("right")
            (store / "fate/c/0/0/1").unlink()
        except (StoreError, SweepError) as refusal:
            assert "\n" not in str(refusal)
            assert root.read_bytes() == before
            outcomes.append("refused")
        root.write_bytes(whole)
        assert {p: p.read_bytes() for p in store.rglob("*") if p.is_file() and p != root} == others
    assert outcomes.count("refused") > 100


@pytest.mark.parametrize("name", ["..", "", "evil", "period/c", "/tmp"])
def test_a_stranger_names_no_places(store, reference, name):
    """Names in the root's metadata are not places to write to."""
    root = json.loads((store / "zarr.json").read_text())
    arrays = root["consolidated_metadata"]["metadata"]
    arrays[name] = arrays["loss"]
    (store / "zarr.json").write_text(json.dumps(root))
    (store / "fate/c/0/0/1").unlink()
    before = {p for p in store.parent.rglob("*") if "c" not in p.relative_to(store.parent).parts}
    with contextlib.suppress(StoreError):  # Zarr itself refuses absolute ones
        compute(SWEEP, store)
    assert {p for p in store.parent.rglob("*") if "c" not in p.relative_to(store.parent).parts} == before


def test_nothing_is_written_through_links(store, tmp_path):
    victim = tmp_path / "victim"
    shutil.move(store / "loss" / "c", victim)
    (store / "loss" / "c").symlink_to(victim)
    (store / "fate/c/0/0/1").unlink()
    before = {p: p.stat().st_mtime_ns for p in victim.rglob("*")}
    with pytest.raises(StoreError, match="is a link"):
        compute(SWEEP, store)
    assert {p: p.stat().st_mtime_ns for p in victim.rglob("*")} == before


@pytest.mark.parametrize("name", ["fate/c", "eta", "singular_value"])
def test_no_verb_writes_through_links(store, tmp_path, name):
    victim = tmp_path / "victim"
    shutil.move(store / name, victim)
    (store / name).symlink_to(victim)
    flip(store / "loss/c/0/0/0", 99)
    before = {p: p.stat().st_mtime_ns for p in victim.rglob("*")}
    for verb in (lambda: fastdln.verify(store), lambda: fastdln.extend(store, "axes.eta=" + LONGER)):
        with contextlib.suppress(StoreError):  # verify may as well only report
            verb()
    assert {p: p.stat().st_mtime_ns for p in victim.rglob("*")} == before


LONGER = str([*SWEEP.axes["eta"].values().tolist(), 2.0])


def test_the_lock_outlives_its_healing(store):
    (store / "singular_value" / "zarr.json").write_text("{}")
    with Store.at(locate(store), SWEEP), pytest.raises(StoreError, match="in use"):
        compute(SWEEP, store)


def test_a_folder_is_no_chunk(store, reference):
    file = store / "loss/c/0/0/1"
    file.unlink()
    file.mkdir()
    (file / "0").write_text("x")
    assert [(damage.variable, damage.chunk) for damage in fastdln.verify(store).damaged] == [("loss", 1)]


def test_shards_heal(tmp_path, reference):
    """Whatever is damaged of a shard, its index too."""
    sharded = fastdln.Sweep(**SWEEP.model_dump() | {"shards": {"eta": 20, "alpha": 2}})
    store, rng = tmp_path / "out.zarr", random.Random(3)
    compute(sharded, store)
    shards = [p for p in files(store) if p.relative_to(store).parts[0] in reference.data_vars]
    for number, shard in enumerate(rng.sample(shards, 24)):
        data = shard.read_bytes()
        if number < 4:
            shard.write_bytes(data[: len(data) // 2] if number else b"")
        else:
            flip(shard, 8 * len(data) - 1 - rng.randrange(8 * (30 if number < 14 else len(data))))
        found = fastdln.verify(store)
        assert {damage.variable for damage in found.damaged} == {shard.relative_to(store).parts[0]}, number
        identical(fastdln.run(sharded, store=store), reference)
    assert fastdln.verify(store).whole
