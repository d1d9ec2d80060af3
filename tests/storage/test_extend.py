"""Stores that grow, and windows swept finer: the bits of an undisturbed run, nothing computed twice, whole at every moment."""

import json
import shutil

import numpy as np
import pytest
import xarray as xr

import fastdln
from fastdln import Sweep, SweepError
from fastdln.execution.compute import compute
from fastdln.storage import extend
from fastdln.storage.location import locate
from fastdln.storage.location.folder import Folder
from fastdln.storage.metadata import read
from tests import commands
from tests.small import FILE, SWEEP, identical, marks


def with_axes(**axes):
    return Sweep(**SWEEP.model_dump() | {"axes": {**SWEEP.axes, **axes}})


def own(store):
    """An undisturbed run of the sweep that a store says it is of."""
    return fastdln.run(Sweep(**json.loads(xr.open_zarr(store).attrs["sweep"])))


@pytest.mark.parametrize(
    ("before", "overrides"),
    [
        ({"depth": [2]}, ["axes.depth=[2,3]"]),
        ({"alpha": [0.3]}, ["axes.alpha=[0.3,0.6]"]),
        ({"eta": [0.1, 0.4]}, ["axes.eta=[0.1,0.4,0.5,0.7,0.9]"]),
        ({"eta": {"start": 0.125, "stop": 1.0, "num": 8}}, ["axes.eta.stop=1.5", "axes.eta.num=12"]),
        ({"eta": {"start": 0.1, "stop": 0.7, "num": 25}}, ["axes.eta.stop=1.2", "axes.eta.num=45"]),
        ({"eta": {"start": 0.1, "stop": 0.7, "num": 25}, "depth": [2]}, ["axes.eta.stop=0.8", "axes.eta.num=29", "axes.depth=[2,4]"]),
        ({"alpha": {"start": 0.1, "stop": 0.4, "num": 3, "spacing": "log"}}, ["axes.alpha.stop=0.8", "axes.alpha.num=4"]),
    ],
)  # fmt: skip
def test_an_axis_grows(tmp_path, before, overrides):
    store = tmp_path / "out.zarr"
    old = fastdln.run(with_axes(**before), store=store).load()
    written, events = marks(store), []
    new = fastdln.extend(store, *overrides, on_event=events.append)
    identical(new, own(store))
    assert new.attrs["complete"]
    assert "extended by" in new.attrs["history"]
    assert new.attrs["title"] == "a test"
    assert sum(event.points for event in events) == new.fate.size - old.fate.size, "only what is new is computed"
    sizes = [slice(n) for n in old.fate.shape]
    for name in old.data_vars:
        assert new[name].values[tuple(sizes)].tobytes() == old[name].values.tobytes(), name
    whole = [mark for mark in written if int(mark.split("/")[-1]) < old.sizes["eta"] // 10]
    assert {mark: marks(store)[mark] for mark in whole} == {mark: written[mark] for mark in whole}
    assert fastdln.verify(store).whole
    events.clear()
    fastdln.extend(store, *overrides, on_event=events.append)
    fastdln.extend(store, on_event=events.append)
    assert events == []


def test_what_rounding_leaves_of_a_range(tmp_path):
    """The old values stay to the last bit, and the sweep says so by a list; the sweep as asked for is kept beside it."""
    store = tmp_path / "out.zarr"
    old = fastdln.run(with_axes(eta={"start": 0.1, "stop": 0.7, "num": 25}), store=store).eta.values
    new = fastdln.extend(store, "axes.eta.stop=1.2", "axes.eta.num=45").eta.values
    assert new[:25].tobytes() == old.tobytes()
    np.testing.assert_allclose(new, np.linspace(0.1, 1.2, 45), rtol=1e-12)
    assert fastdln.extend(store, "axes.eta.stop=1.3", "axes.eta.num=49").sizes["eta"] == 49


def test_growing_twice_and_from_an_incomplete_store(tmp_path):
    store = tmp_path / "out.zarr"
    compute(with_axes(eta=[0.1, 0.2, 0.3], depth=[2]), store)
    (store / "fate/c/0/0/0").unlink()
    fastdln.extend(store, "axes.eta=[0.1,0.2,0.3,0.4,0.5]")
    (store / "fate/c/0/1/1").unlink()
    identical(fastdln.extend(store, "axes.eta=[0.1,0.2,0.3,0.4,0.5,0.6,0.7]", "axes.depth=[2,3]"), own(store))
    assert fastdln.verify(store).whole


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["steps=500"], "steps: cannot be changed by extend"),
        (["axes.depth=[3,4]"], "axes.depth: its first 2 values must stay"),
        (["axes.depth=[2]"], "axes.depth: has 2 values in the store, and 1 are fewer"),
        (["axes.eta.stop=2"], "axes.eta: its first 40 values must stay"),
        (["axes.eta.num=30"], "axes.eta: has 40 values"),
        (["axes.s2=[0.1,0.2]"], "s2"),
        (["axes.gamma=1"], "unknown axis"),
        (["nonsense"], "must look like"),
        (["title=x"], "title: cannot be changed by extend"),
        (["chunks.eta=3"], "chunks.eta: cannot be changed"),
    ],
)
def test_what_cannot_grow(tmp_path, overrides, words):
    store = tmp_path / "out.zarr"
    compute(SWEEP, store)
    before = {p: p.read_bytes() for p in store.rglob("*") if p.is_file()}
    with pytest.raises(SweepError) as refusal:
        fastdln.extend(store, *overrides)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert {p: p.read_bytes() for p in store.rglob("*") if p.is_file()} == before


def test_layers_beyond_what_trajectories_have_room_for(tmp_path):
    sweep = Sweep(model="modes", axes={"eta": 0.3, "alpha": 0.5, "depth": [2]}, steps=10, record=8, trajectory=4)
    compute(sweep, tmp_path / "out.zarr")
    with pytest.raises(SweepError, match=r"axes\.depth: the store's layer dimension cannot grow"):
        fastdln.extend(tmp_path / "out.zarr", "axes.depth=[2,3]")


class KilledError(BaseException):
    pass


def test_a_kill_at_any_write_of_a_growth(tmp_path, monkeypatch):
    """After each of its writes: readers see the old store or the new one, whole, and the same command ends it."""
    made = tmp_path / "made.zarr"
    old = fastdln.run(with_axes(eta=[0.1, 0.4, 0.5], depth=[2]), store=made).load()
    overrides = ["axes.eta=[0.1,0.4,0.5,0.7,0.9]", "axes.depth=[2,3]"]
    write = Folder.write
    for survived in range(40):
        store = shutil.copytree(made, tmp_path / f"{survived}.zarr")
        writes = iter(range(survived))

        def write_few(folder, key, data, *, durable=False, writes=writes):
            if next(writes, None) is None:
                raise KilledError
            write(folder, key, data, durable=durable)

        monkeypatch.setattr(Folder, "write", write_few)
        try:
            wanted = extend.sweep_as_asked(read(locate(store))).changed(overrides)
            extend.grow(read(locate(store)), wanted)
            break
        except KilledError:
            pass
        finally:
            monkeypatch.setattr(Folder, "write", write)
        found = xr.open_zarr(store).load()
        assert found.sizes["eta"] in (3, 5)
        part = found.isel(eta=slice(3), depth=slice(1))
        for name in old.variables:
            assert part[name].values.tobytes() == old[name].values.tobytes(), name
        identical(fastdln.extend(store, *overrides), own(store))
        assert fastdln.verify(store).whole
    else:
        pytest.fail("a growth that never ends")
    assert survived > 5


def test_the_commands(tmp_path):
    (tmp_path / "small.toml").write_text(FILE)

    def command(*words):
        return commands.fastdln(*words, cwd=tmp_path)

    assert command("run", "small.toml", "--quiet").returncode == 0
    done = command("extend", "small.zarr", "--set", "axes.depth=[2,3,4]")
    assert done.returncode == 0, done.stderr
    assert "240 of 240 points" in done.stderr
    assert "160 of 240 points" in done.stderr
    done = command("extend", "small.zarr", "--set", "axes.depth=[2,3]")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    done = command("extend", "nothing.zarr", "--set", "axes.depth=[2,3]")
    assert (done.returncode, done.stderr) == (2, "error: nothing.zarr: there is no store\n")
    window = ["--set", "axes.eta={start=0.5,stop=0.6,num=7}", "--set", "axes.depth=3", "--set", "axes.alpha=0.3"]
    done = command("refine", "small.zarr", "-o", "fine.zarr", *window)
    assert done.returncode == 0, done.stderr
    fine = fastdln.open(tmp_path / "fine.zarr")
    assert fine.sizes["eta"] == 7
    assert fine.attrs["parent_store"] == "small.zarr"
    assert fine.attrs["parent_sweep_sha256"] == fastdln.open(tmp_path / "small.zarr").attrs["sweep_sha256"]
    assert Sweep(**json.loads(fine.attrs["parent_sweep"])).axes["depth"] == (2, 3, 4)
    identical(fine.load(), own(tmp_path / "fine.zarr"))
    for words in (["--set", "axes.eta={start=0.5,stop=1.6,num=7}"], ["--set", "steps=3"], ["--set", "axes.depth=5"]):
        done = command("refine", "small.zarr", "-o", "other.zarr", *words)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "fine.zarr",
        "fine.zarr.log",
        "small.toml",
        "small.zarr",
        "small.zarr.log",
    ]


@pytest.mark.parametrize("lost", ["period/c/0/0/3/0", "loss/c/0/0/3", "fate/c/0/0/3"])
def test_a_lost_file_is_not_taken_for_numbers(tmp_path, lost):
    store = tmp_path / "out.zarr"
    compute(with_axes(eta={"start": 0.125, "stop": 4.375, "num": 35}), store)
    (store / lost).unlink()
    values = ",".join(str(value) for value in np.linspace(0.125, 5.0, 40))
    identical(fastdln.extend(store, f"axes.eta=[{values}]"), own(store))


@pytest.mark.parametrize(
    "how", [{"workers": 0}, {"workers": True}, {"scheduler": "x"}, {"scheduler": "tcp://127.0.0.1:1"}, {"part": "3/2"}, {"part": ""}]
)  # fmt: skip
def test_a_store_grows_only_if_all_else_is_right(tmp_path, how):
    store = tmp_path / "out.zarr"
    compute(SWEEP, store)
    before = {p: p.read_bytes() for p in store.rglob("*") if p.is_file()}
    with pytest.raises((SweepError, fastdln.ClusterError)):
        fastdln.extend(store, "axes.depth=[2,3,4]", **how)
    with pytest.raises(TypeError):
        fastdln.extend(store, "axes.depth=[2,3,4]", nonsense=1)
    assert {p: p.read_bytes() for p in store.rglob("*") if p.is_file()} == before


def test_a_file_edited_like_the_extension_goes_on_with_it(tmp_path):
    """Rounding made a list of its range in the store; as asked for it is the same."""
    store, before = tmp_path / "out.zarr", {"start": 0.1, "stop": 0.7, "num": 25}
    compute(with_axes(eta=before), store)
    fastdln.extend(store, "axes.eta.stop=1.2", "axes.eta.num=45")
    (store / "fate/c/0/0/0").unlink()
    identical(fastdln.run(with_axes(eta=before | {"stop": 1.2, "num": 45}), store=store), own(store))
    with pytest.raises(fastdln.StoreError, match=r"other axes\.eta.*or lengthen its axes with fastdln extend"):
        compute(with_axes(eta=before | {"stop": 1.3, "num": 49}), store)
    fine = fastdln.refine(store, tmp_path / "fine.zarr", "axes.eta.start=0.5")
    assert fine.attrs["title"] == "a test"
    values = fastdln.open(store).eta.values.tolist()
    fastdln.extend(store, f"axes.eta={[*values, 2.0]}")
    assert fastdln.extend(store).sizes["eta"] == 46
    with pytest.raises(fastdln.StoreError, match="is no window of"):
        fastdln.refine(store, store, "axes.depth=2")
