"""Stores that were made with somebody's own code: read without it as far as their metadata go, and changed only with it."""

import json
import shutil
import sys

import numpy as np
import pytest

import fastdln
from fastdln import StoreError, SweepError
from fastdln.models import MODELS
from fastdln.observables import MATRIX_OBSERVABLES, OBSERVABLES
from fastdln.storage import foreign, template
from fastdln.sweep.extensions import own_code
from tests.commands import invoke
from tests.sweep.extensions.logistic_map import FILE, SWEEP, command


def forget():
    for names in (OBSERVABLES, MATRIX_OBSERVABLES, MODELS):
        for name in [name for name, item in names.items() if item.source]:
            del names[name]
    for name in [name for name in sys.modules if name.startswith(own_code.LOADED)]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """What the file's model and observable give; what the observable gives of a model of the package; with the code, opened."""
    folder = tmp_path_factory.mktemp("stores")
    (folder / "own.py").write_text(FILE)
    own_code.load(folder / "own.py")
    (folder / "both.toml").write_text(SWEEP)
    (folder / "one.toml").write_text(
        SWEEP.replace("logistic_map", "modes").replace("[2.5, 3.2, 3.5, 3.9]", "[0.3, 0.5, 0.7, 0.8]")
    )
    opened = {}
    for name in ("both", "one"):
        fastdln.run(folder / f"{name}.toml", folder / f"{name}.zarr")
        opened[name] = fastdln.open(folder / f"{name}.zarr").load()
    forget()
    return folder, opened


@pytest.fixture
def here(stores, tmp_path, monkeypatch):
    folder, _ = stores
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    assert "time_above" not in OBSERVABLES
    return tmp_path


def changed(path, change):
    """Changes the root's metadata, and seals them as whoever wants to do harm could."""
    root = json.loads((path / "zarr.json").read_text())
    arrays = root["consolidated_metadata"]["metadata"]
    change(root["attributes"], arrays)
    root["attributes"]["metadata_sha256"] = template.digest(root, arrays)
    (path / "zarr.json").write_text(json.dumps(root))


@pytest.mark.parametrize("name", ["both", "one"])
def test_what_only_reads_needs_no_code(here, stores, name):
    ds = fastdln.open(f"{name}.zarr")
    with_code = stores[1][name]
    assert set(ds.variables) == set(with_code.variables)
    for variable in ds.variables:
        np.testing.assert_array_equal(ds[variable], with_code[variable])
        assert ds[variable].attrs == with_code[variable].attrs
    said = invoke("status", f"{name}.zarr")
    assert said.exit_code == 0
    assert "4 of 4 computed" in said.stdout
    assert json.loads(ds.attrs["sweep"]) == json.loads(fastdln.status(f"{name}.zarr").sweep.canonical())
    assert "time_above" in said.stdout
    for words in (["plot", f"{name}.zarr", "bifurcation"], ["report", f"{name}.zarr"]):
        assert command(*words) == (0, [])
    assert ("logistic_map" if name == "both" else "modes") in (here / f"{name}.html").read_text()


def test_what_computes_or_checks_names_what_is_missing(here):
    before = sorted((path, path.stat().st_mtime_ns) for path in here.rglob("*"))
    named = (
        "was made with logistic_map, time_above of somebody's own; give the file with --load, or call fastdln.register"
    )
    for words in (
        ["verify", "both.zarr"],
        ["extend", "both.zarr", "--set", "axes.eta=[2.5, 3.2, 3.5, 3.9, 4.0]"],
        ["refine", "both.zarr", "-o", "new.zarr", "--set", "axes.eta=[3.2, 3.3]"],
    ):
        assert command(*words) == (2, [f"error: both.zarr: {named}"])
    code, (line,) = command("run", "one.toml", "-o", "both.zarr")
    assert code == 2
    assert "unknown name 'time_above'" in line
    assert "--load" in line
    for verb in (fastdln.run, fastdln.plan):
        with pytest.raises(SweepError, match=r"time_above, logistic_map: not known here; give the file with --load"):
            verb(fastdln.status("both.zarr").sweep)
    assert sorted((path, path.stat().st_mtime_ns) for path in here.rglob("*")) == before
    assert command("verify", "both.zarr", "--load", "own.py") == (0, [])


def big(attributes, arrays):
    arrays["time_above"]["shape"][-1] = arrays["time_above"]["chunk_grid"]["configuration"]["chunk_shape"][-1] = 2**40


def sharded(attributes, arrays):
    arrays["time_above"]["codecs"] = [{"name": "sharding_indexed", "configuration": {}}]


def objects(attributes, arrays):
    arrays["time_above"]["data_type"] = "string"


def elsewhere(attributes, arrays):
    arrays["../time_above"] = arrays.pop("time_above")


@pytest.mark.parametrize("change", [big, sharded, objects, elsewhere])
def test_their_arrays_are_read_only_where_they_are_plain_and_bounded(here, change):
    changed(here / "both.zarr", change)
    # the seal of such a store is of the arrays that it says are its own
    arrays = json.loads((here / "both.zarr" / "zarr.json").read_text())["consolidated_metadata"]["metadata"]
    changed(
        here / "both.zarr",
        lambda attributes, _: attributes.update(
            registered_variables=json.dumps({"time_above": [name for name in arrays if "time_above" in name]})
        ),
    )
    with pytest.warns(UserWarning, match=r"time_above: not of the sweep, and cannot be read safely; left out"):
        ds = fastdln.open("both.zarr")
    assert not any("time_above" in str(name) for name in ds.variables)
    assert ds.period.values.ravel().tolist() == [1, 2, 4, 0]


def another_type(attributes, arrays):
    arrays["period"]["data_type"] = "int64"


def gone(attributes, arrays):
    del arrays["orbit"]


def taken(attributes, arrays):
    arrays["loss"] = arrays.pop("time_above")
    attributes["registered_variables"] = json.dumps({"time_above": ["loss"]})


@pytest.mark.parametrize("change", [another_type, gone])
def test_nothing_else_is_checked_less(here, change):
    changed(here / "both.zarr", change)
    with pytest.raises(StoreError, match=r"(period|orbit) is (not what the sweep implies|missing)"):
        fastdln.open("both.zarr")


def test_their_arrays_take_no_name_of_the_package(here):
    changed(here / "both.zarr", taken)
    with pytest.warns(UserWarning, match="loss: not of the sweep"):
        assert "loss" not in fastdln.open("both.zarr")


@pytest.mark.parametrize("said", ["3", "[]", '{"time_above": 3}', '{"time_above": [[]]}', "[" * 100_000, "{}"])
def test_what_is_said_of_them_is_checked_by_the_seal(here, said):
    root = json.loads((here / "both.zarr" / "zarr.json").read_text())
    root["attributes"]["registered_variables"] = said
    (here / "both.zarr" / "zarr.json").write_text(json.dumps(root))
    with pytest.raises(StoreError, match="metadata_sha256"):
        fastdln.open("both.zarr")


def test_only_names_that_can_be_registered_are_left_out_of_a_sweep(here):
    for name in ("os.system", "../time_above", "Time above"):
        text = json.dumps({"model": name, "observables": ["period", name, [name], {}]})
        assert foreign.without(text, [name]) == text
    assert json.loads(foreign.without(text, ["period"])) == {"model": name, "observables": [name, [name], {}]}
    for text in ('{"model": ["mine"], "observables": "mine"}', "{}"):
        assert foreign.without(text, ["mine"]) == text


def test_many_names_take_no_time():
    many = [f"mine_{number}" for number in range(200_000)]
    text = json.dumps({"model": "modes", "observables": many})
    assert json.loads(foreign.without(text, many))["observables"] == []
