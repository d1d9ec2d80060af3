"""Stores of versions that numbered no modes: opened, resumed, verified, extended, drawn; and what is none of them, refused."""

import json

import numpy as np
import pytest
import zarr

import fastdln
from fastdln import Sweep, analysis, plots, run
from fastdln.storage.template import attributes_of
from fastdln.sweep.grid import Grid
from tests.commands import invoke
from tests.small import identical, marks
from tests.storage.hostile import codec, edited, refused_by_all
from tests.storage.older import FLAGS, aged

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")

KEYS = {"steps": 60, "record": 16, "target": {"singular_values": [1.0, 0.5]}}
AXES = {"eta": {"start": 0.1, "stop": 0.8, "num": 8}, "alpha": 0.5, "depth": 2}
SWEEPS = {
    "seeds": Sweep(
        model="matrix",
        start="gaussian",
        axes=AXES | {"seed": [0, 3]},
        chunks={"eta": 4},
        observables=["period"],
        **KEYS,
    ),
    "mixing": Sweep(model="modes", axes=AXES, chunks={"eta": 4}, observables=["period", "mixing"], **KEYS),
}


@pytest.fixture(params=SWEEPS)
def sweep(request):
    return SWEEPS[request.param]


def test_what_new_stores_number(sweep, tmp_path):
    ds = run(sweep, tmp_path / "s.zarr").load()
    identical(ds, run(sweep))
    assert ds.mode.values.tolist() == [1, 2]
    assert ds.mode.dtype == np.int64
    assert ds.mode.attrs == {"long_name": "mode, 1 the first singular value of the target", "units": "1"}
    if "seed" in ds:
        assert ds.seed.dtype == np.int64
        assert ds.seed.values.tolist() == [0, 3]
    if "mixing_pair" in ds:
        assert ds.mixing_pair.attrs["flag_values"] == [-1, 0]
        assert ds.mixing_pair.attrs["flag_meanings"] == "none 1-2"


def test_they_are_read_and_resumed(sweep, tmp_path):
    store, whole = tmp_path / "s.zarr", run(sweep)
    run(sweep, store, part="1/2")
    before = marks(aged(store))
    assert int((fastdln.open(store).fate == 0).sum()) == fastdln.status(store).points_left == sweep.points / 2
    run(sweep, store)
    assert before.items() <= marks(store).items()
    assert fastdln.verify(store).whole
    assert not (store / "mode").exists()
    found = fastdln.open(store).load()
    if "seed" in found:
        assert found.seed.dtype == np.float64
        found["seed"] = found.seed.astype(int)
    if "mixing_pair" in found:
        assert not set(FLAGS) & set(found.mixing_pair.attrs)
    identical(found.assign_coords(mode=whole.mode), whole)


def test_they_grow_and_are_refined(sweep, tmp_path):
    run(sweep, tmp_path / "s.zarr")
    store = aged(tmp_path / "s.zarr")
    longer = [*SWEEPS["seeds"].axes["eta"].values().tolist(), 0.85]
    found = fastdln.extend(
        store, f"axes.eta={longer}", "axes.seed=[0, 3, 4]" if "seed" in sweep.axes else "axes.depth=2"
    )
    assert found.sizes["eta"] == 9
    assert "mode" not in found.coords
    assert fastdln.verify(store).whole
    if "seed" in found:
        assert found.seed.values.tolist() == [0.0, 3.0, 4.0]
        assert found.seed.dtype == np.float64
    finer = fastdln.refine(store, tmp_path / "fine.zarr", "axes.eta=[0.4, 0.45, 0.5]")
    assert finer.mode.values.tolist() == [1, 2], "a new store is a new one"


def test_they_are_drawn_and_reported(sweep, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ds = run(sweep, tmp_path / "s.zarr").load()
    aged(tmp_path / "s.zarr")
    older = fastdln.open("s.zarr")
    assert plots.drawable(older) == plots.drawable(ds)
    np.testing.assert_array_equal(analysis.flips(older, mode=2).flip, analysis.flips(ds, mode=2).flip)
    assert invoke("report", "s.zarr", "--quiet").exit_code == 0


def test_mended_metadata_are_the_older_ones(sweep, tmp_path):
    run(sweep, tmp_path / "s.zarr")
    store = aged(tmp_path / "s.zarr")
    name = "seed" if "seed" in sweep.axes else "mixing_pair"
    (store / name / "zarr.json").write_text("{}")
    (store / "singular_value" / "c" / "0").write_bytes(b"")
    assert not fastdln.verify(store).whole
    run(sweep, store)
    assert fastdln.verify(store).whole
    root = json.loads((store / "zarr.json").read_text())["consolidated_metadata"]["metadata"]
    assert json.loads((store / name / "zarr.json").read_text()) == root[name]


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize(
    ("kind", "name", "change"),
    [
        ("seeds", "seed", {"data_type": "float32"}),
        ("seeds", "seed", {"data_type": "int64"}),
        ("mixing", "mixing_pair", {"attributes": {"flag_values": [-1, 0], "flag_meanings": "none 1-2"}}),
        ("mixing", "mixing_pair", {"attributes": {"scale_factor": 2.0}}),
        ("mixing", "eta", {"data_type": "float32"}),
    ],
)
def test_nothing_between_the_two_is_read(tmp_path, monkeypatch, kind, name, change, sealed):
    run(SWEEPS[kind], tmp_path / "s.zarr")
    store = aged(tmp_path / "s.zarr")
    monkeypatch.setattr("tests.storage.hostile.SWEEP", SWEEPS[kind])

    def between(root):
        metadata = root["consolidated_metadata"]["metadata"][name]
        if name == "mixing_pair":
            change["attributes"] |= metadata["attributes"]
        metadata.update(change)

    refused_by_all(edited(store, between, sealed=sealed), f"array {name}")


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize(("kind", "name"), [("seeds", "seed"), ("mixing", "mixing_pair")])
def test_new_stores_are_not_half_older(tmp_path, monkeypatch, kind, name, sealed):
    """With numbered modes, seeds are whole numbers and pairs have names."""
    store = tmp_path / "s.zarr"
    run(SWEEPS[kind], store)
    monkeypatch.setattr("tests.storage.hostile.SWEEP", SWEEPS[kind])

    def change(root):
        arrays = root["consolidated_metadata"]["metadata"]
        if name == "seed":
            arrays["seed"] |= {key: arrays["eta"][key] for key in ("data_type", "fill_value", "codecs")}
        else:
            for flag in FLAGS:
                del arrays[name]["attributes"][flag]

    refused_by_all(edited(store, change, sealed=sealed), f"array {name}")


def test_a_new_store_that_lost_its_numbers_is_damaged(tmp_path):
    run(SWEEPS["mixing"], tmp_path / "s.zarr")

    def change(root):
        del root["consolidated_metadata"]["metadata"]["mode"]

    with pytest.raises(fastdln.StoreError, match="damaged"):
        fastdln.open(edited(tmp_path / "s.zarr", change))


def test_a_strangers_numbers_in_an_older_store_are_left_out(tmp_path):
    run(SWEEPS["mixing"], tmp_path / "s.zarr")
    store = aged(tmp_path / "s.zarr")
    zarr.create_array(store / "mode", data=np.array([0.0, 1.0]), dimension_names=("mode",))

    def change(root):
        root["consolidated_metadata"]["metadata"]["mode"] = json.loads((store / "mode" / "zarr.json").read_text()) | {
            "codecs": [codec("bytes", endian="little")]
        }

    names = [*json.loads((store / "zarr.json").read_text())["consolidated_metadata"]["metadata"]]
    edited(store, change)
    assert "mode" not in names
    with pytest.warns(UserWarning, match="mode: not of the sweep"):
        assert "mode" not in fastdln.open(store).coords


def test_pairs_have_names_where_the_modes_are_few():
    def flags(count):
        values = np.linspace(1.0, 0.5, count).tolist()
        axes = {"eta": 0.1, "alpha": 0.5, "depth": 2}
        sweep = Sweep(
            model="modes", axes=axes, steps=1, record=1, observables=["mixing"], target={"singular_values": values}
        )
        variable = next(v for v in sweep.variables if v.name == "mixing_pair")
        return attributes_of(variable, Grid(sweep))

    few = flags(4)
    named = dict(zip(few["flag_values"], few["flag_meanings"].split(), strict=True))
    assert named == {-1: "none", 0: "1-2", 1: "1-3", 2: "1-4", 3: "2-3", 4: "2-4", 5: "3-4"}
    assert flags(1)["flag_meanings"] == "none"
    assert len(flags(24)["flag_values"]) == 1 + 24 * 23 / 2
    assert "flag_values" not in flags(25)
