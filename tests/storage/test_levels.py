"""Groups of levels that are not what they should be, and what may not be done to a level by itself."""

import json
import shutil

import pytest

import fastdln
from fastdln import StoreError, Sweep
from fastdln.execution.compute import compute
from fastdln.sweep.levels import levels_of
from tests.commands import fastdln as command

SWEEP = Sweep(
    model="balanced",
    axes={"eta": {"start": 0.5, "stop": 2.1, "num": 17}, "alpha": {"start": 0.1, "stop": 0.9, "num": 5}, "depth": 2},
    steps=200,
    record=32,
    observables=["period"],
    chunks={"eta": 6, "alpha": 3},
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("levels")
    fastdln.run(SWEEP, store=folder / "coarse.zarr")
    fastdln.refine(folder / "coarse.zarr", folder / "fine.zarr", boundary="fate", levels=2)
    return folder


@pytest.fixture
def here(made, tmp_path):
    for name in ("coarse.zarr", "fine.zarr"):
        shutil.copytree(made / name, tmp_path / name)
    return tmp_path


def refine(folder, **words):
    return fastdln.refine(folder / "coarse.zarr", folder / "fine.zarr", **{"boundary": "fate", "levels": 2} | words)


def snapshot(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refused(folder, said, **words):
    before = snapshot(folder)
    with pytest.raises(StoreError, match=said) as error:
        refine(folder, **words)
    assert "\n" not in str(error.value)
    assert snapshot(folder) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"levels": 1}, "holds levels 1 to 2 of the boundary of fate; give the same --boundary, and as many --levels"),
        ({"boundary": "period"}, "of fate"),
    ],
)
def test_other_levels_are_refused(here, words, said):
    refused(here, said, **words)


def test_what_is_something_else_is_refused(here):
    fastdln.run(Sweep(**SWEEP.model_dump() | {"steps": 100}), store=here / "other.zarr")
    shutil.rmtree(here / "coarse.zarr")
    (here / "other.zarr").rename(here / "coarse.zarr")
    refused(here, "holds levels of another sweep")
    shutil.rmtree(here / "fine.zarr")
    fastdln.run(SWEEP, store=here / "fine.zarr")
    refused(here, "holds something else than levels")
    shutil.rmtree(here / "fine.zarr")
    (here / "fine.zarr").mkdir()
    (here / "fine.zarr" / "notes.txt").write_text("mine")
    refused(here, "holds something else than levels")
    shutil.rmtree(here / "fine.zarr")
    (here / "fine.zarr").write_text("mine")
    refused(here, "is a file")


def test_an_incomplete_store_is_refused(here):
    next(p for p in (here / "coarse.zarr" / "fate" / "c").rglob("*") if p.is_file()).unlink()
    shutil.rmtree(here / "fine.zarr")
    refused(here, r"\d+ of 85 points are not computed; run it to its end first")


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"levels": True}, "something else"),
        ({"levels": 10**9}, "something else"),
        ({"levels": "2"}, "something else"),
        ({"boundary": ["fate"]}, "something else"),
        ({"parent_sweep_sha256": 5}, "something else"),
        ({"sweep": "{}"}, "something else"),
        ({"history": "x" * 2**20}, "something else"),
    ],
)
def test_a_group_that_says_nonsense_is_none(here, attributes, said):
    root = here / "fine.zarr" / "zarr.json"
    content = json.loads(root.read_text())
    content["attributes"] |= attributes
    root.write_text(json.dumps(content))
    refused(here, said)
    for verb in (fastdln.open, fastdln.status, fastdln.verify):
        with pytest.raises(StoreError):
            verb(here / "fine.zarr")


def edited(level, change):
    """The level with its root's metadata changed; what they seal stays as it is."""
    root = json.loads((level / "zarr.json").read_text())
    change(root)
    (level / "zarr.json").write_text(json.dumps(root))


def reshaped(root):
    root["consolidated_metadata"]["metadata"]["computed"]["shape"][2] += 1


def recoded(root):
    root["consolidated_metadata"]["metadata"]["computed"]["codecs"] = [{"name": "bytes"}]


def without_marks(root):
    del root["consolidated_metadata"]["metadata"]["computed"]


def attribute(**values):
    return lambda root: root["attributes"].update(values)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (reshaped, "the array computed has another shape"),
        (recoded, "the array computed has another codecs"),
        (without_marks, "the array computed is missing"),
        (attribute(level=3), "level and levels are no numbers"),
        (attribute(level="2"), "level and levels are no numbers"),
        (attribute(boundary="loss"), "boundary is none of"),
        (attribute(boundary=["fate"]), "boundary is none of"),
        (attribute(boundary="period"), "is not level 2 of"),
    ],
)
def test_a_level_that_says_nonsense_is_damaged(here, change, said):
    edited(here / "fine.zarr" / "2", change)
    refused(here, said)
    for verb in (fastdln.verify, fastdln.status):
        if "is not level" not in said:
            with pytest.raises(StoreError, match=said):
                verb(here / "fine.zarr")


def test_levels_that_changed_places_are_refused(here):
    group = here / "fine.zarr"
    (group / "1").rename(group / "3")
    (group / "2").rename(group / "1")
    (group / "3").rename(group / "2")
    refused(here, "holds another sweep, with other axes")


def test_a_level_elsewhere_is_not_written(here):
    (here / "fine.zarr" / "2").rename(here / "elsewhere")
    (here / "fine.zarr" / "2").symlink_to(here / "elsewhere")
    refused(here, "is a link; stores have plain files and folders only")
    for verb in (fastdln.open, fastdln.status, fastdln.verify):
        with pytest.raises(StoreError, match="is a link"):
            verb(here / "fine.zarr")


def test_counts_that_are_none_are_counted_again(here):
    edited(here / "fine.zarr" / "2", attribute(points_differing=10**9))
    found = refine(here)
    assert found.attrs["points_differing"] <= found.attrs["points_sampled"]


def test_a_level_by_itself_is_read_only(here):
    level = here / "fine.zarr" / "1"
    before = snapshot(here)
    fine = levels_of(SWEEP, 2)
    with pytest.raises(
        StoreError, match="is level 1 of 2 of a refinement; only fastdln refine --boundary goes on with it"
    ):
        compute(fine[0], level)
    with pytest.raises(StoreError, match="is a level of a refinement, which does not grow"):
        fastdln.extend(level, "axes.depth=[2, 3]")
    with pytest.raises(StoreError, match="is a level already; refine the store that it was made from"):
        fastdln.refine(level, here / "new.zarr", boundary="fate")
    with pytest.raises(StoreError, match=r"holds the levels of a refinement; give one of them, such as .*fine\.zarr/1"):
        fastdln.refine(here / "fine.zarr", here / "new.zarr", boundary="fate")
    with pytest.raises(StoreError, match="holds the levels of a refinement"):
        compute(SWEEP, here / "fine.zarr")
    with pytest.raises(StoreError, match="lies inside the Zarr store"):
        fastdln.refine(here / "coarse.zarr", here / "coarse.zarr" / "new", boundary="fate")
    assert snapshot(here) == before
    window = fastdln.refine(level, here / "window.zarr", "axes.eta.start=0.9")
    assert window.fate.all()


def test_two_runs_keep_off_each_other(here, made):
    from fastdln.storage.level_store import LevelStore
    from fastdln.storage.location.folder import Folder

    with LevelStore.at(Folder(here / "fine.zarr" / "2"), levels_of(SWEEP, 2)[1]):
        refused(here, "2: is in use by another run")


def test_the_command(here):
    shutil.rmtree(here / "fine.zarr")
    words = ["refine", "coarse.zarr", "-o", "fine.zarr", "--boundary"]
    for more, said in {
        ("fat",): "boundary: fat is no variable of the store (did you mean fate?)",
        ("fate", "--levels", "0"): "levels: must be a whole number from 1 to 10 (got 0)",
        ("fate", "--levels", "20"): "levels: must be a whole number from 1 to 10 (got 20)",
        ("fate", "--set", "axes.eta.num=5"): "boundary: is followed over the whole grid",
    }.items():
        done = command(*words, *more, cwd=here)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert said in done.stderr
        assert not (here / "fine.zarr").exists()
    done = command(*words, "fate", "--levels", "2", cwd=here)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert sum(line.startswith(("level 1 of 2: ", "level 2 of 2: ")) for line in lines) == 2
    assert " chunks computed, " in lines[-2] and " points; of " in lines[-2] and "% of the points differ" in lines[-2]
    assert lines[-1].endswith("or xarray.open_zarr('fine.zarr/2')")
    assert command("verify", "fine.zarr", "--quiet", cwd=here).returncode == 0
    assert command("plot", "fine.zarr", "phase", cwd=here).returncode == 0
    assert command("status", "fine.zarr", cwd=here).stdout.startswith("level 1 ")


def test_levels_of_a_store_with_shards_have_the_chunks_in_them(tmp_path):
    sharded = Sweep(**SWEEP.model_dump() | {"shards": {"eta": 12, "alpha": 3}})
    fastdln.run(sharded, store=tmp_path / "coarse.zarr")
    found = refine(tmp_path).load()
    whole, computed = fastdln.run(levels_of(SWEEP, 2)[1]), found.computed.values == 1
    assert found.fate.encoding["chunks"] == (1, 3, 6)
    assert found.period.values[computed].tobytes() == whole.period.values[computed].tobytes()
    assert fastdln.verify(tmp_path / "fine.zarr").whole
