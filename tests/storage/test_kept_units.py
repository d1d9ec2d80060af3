"""Coordinates on another processor, whose powers and decompositions have other last bits: a store's are kept."""

import json
import math
import pickle
import shutil

import numpy as np
import pytest

import fastdln
from fastdln import StoreError, Sweep, SweepError
from fastdln.models import targets
from fastdln.storage import metadata
from fastdln.storage.location import locate
from fastdln.sweep import units
from fastdln.sweep.axes import coordinates
from tests.small import identical

RANGE = {"start": 0.5, "stop": 1.5, "num": 21, "unit": "2/S1"}
LIST = {"values": [0.5, 1.0, 1.25], "unit": "2/S1"}
# docs/theory.md, C, at s_1 = 10, L = 3
EDGE = 2 / (3 * 10 ** (4 / 3))


def sweep(eta, **keys):
    keys = {"target": {"singular_values": [10.0, 9.0]}, "steps": 1000, "record": 16, **keys}
    return Sweep(model="modes", axes={"eta": eta, "alpha": 0.1, "depth": 3}, **keys)


def files(store):
    return {str(path.relative_to(store)): path.read_bytes() for path in store.rglob("*") if path.is_file()}


def elsewhere(monkeypatch):
    """From here on, the unit is one bit larger."""
    here = units.edge
    monkeypatch.setattr(units, "edge", lambda *of: math.nextafter(here(*of), math.inf))


def factor_of(asked):
    return json.loads(asked.canonical())["axes"]["eta"]["factor"]


@pytest.fixture(params=[RANGE, LIST], ids=["range", "list"])
def eta(request):
    return request.param


@pytest.fixture
def store(tmp_path, eta):
    fastdln.run(sweep(eta), store=tmp_path / "out.zarr")
    return tmp_path / "out.zarr"


def test_a_store_is_whole_and_resumed_without_a_change(store, eta, monkeypatch):
    before, data = files(store), fastdln.open(store).load()
    elsewhere(monkeypatch)
    assert sweep(eta).canonical() != data.attrs["sweep"], "the test would show nothing"
    assert fastdln.verify(store).whole
    computed = []
    again = fastdln.run(sweep(eta), store=store, on_event=computed.append)
    assert computed == []
    identical(again.load(), data)
    assert files(store).keys() == before.keys()
    assert [name for name, content in files(store).items() if content != before[name]] in ([], ["zarr.json"])
    asked = fastdln.status(store).sweep
    assert (asked.canonical(), asked.sha256()) == (data.attrs["sweep"], data.attrs["sweep_sha256"])


def test_what_a_store_lost_is_computed_at_its_own_learning_rates(store, eta, monkeypatch):
    before = fastdln.open(store).load()
    elsewhere(monkeypatch)
    for name in ("fate", "eta"):
        shutil.rmtree(store / name / "c")
    assert not fastdln.verify(store).whole
    after = fastdln.run(sweep(eta), store=store).load()
    for name in (*before.data_vars, *before.coords):
        assert after[name].values.tobytes() == before[name].values.tobytes(), name


@pytest.mark.parametrize(
    ("eta", "overrides", "ratios"),
    [
        (RANGE, ["axes.eta.stop=2", "axes.eta.num=31"], np.linspace(0.5, 2, 31)),
        (RANGE, ['axes.eta={start = 0.5, stop = 2, num = 31, unit = "2/S1"}'], np.linspace(0.5, 2, 31)),
        ({**RANGE, "start": 0.1, "stop": 0.7, "num": 25}, ["axes.eta.stop=1.2", "axes.eta.num=45"], np.linspace(0.1, 1.2, 45)),
        (LIST, ["axes.eta.values=[0.5, 1.0, 1.25, 1.75]"], [0.5, 1.0, 1.25, 1.75]),
    ],
)  # fmt: skip
def test_it_grows_by_its_own_unit(store, eta, overrides, ratios, monkeypatch):
    before = fastdln.open(store).load()
    elsewhere(monkeypatch)
    points = []
    after = fastdln.extend(store, *overrides, progress=lambda done, total: points.append(total)).load()
    count = before.sizes["eta"]
    assert points[-1] == len(ratios) - count or points[-1] == len(ratios)
    assert after.eta[:count].values.tobytes() == before.eta.values.tobytes()
    np.testing.assert_allclose(after.eta_ratio, ratios, rtol=1e-12)
    factor = factor_of(fastdln.status(store).sweep)
    assert factor == json.loads(before.attrs["sweep"])["axes"]["eta"]["factor"]
    assert after.eta.values.tobytes() == (factor * after.eta_ratio.values).tobytes()
    for name in before.data_vars:
        assert after[name].isel(eta=slice(count)).values.tobytes() == before[name].values.tobytes(), name
    assert fastdln.verify(store).whole
    monkeypatch.undo()
    assert fastdln.verify(store).whole


def test_windows_have_the_unit_of_their_store(store, tmp_path, monkeypatch):
    factor = factor_of(fastdln.status(store).sweep)
    elsewhere(monkeypatch)
    for _ in range(2):  # the second goes on with the first
        fine = fastdln.refine(store, tmp_path / "fine.zarr", center={"eta": 1.0})
        assert fine.eta.values.tobytes() == (factor * fine.eta_ratio.values).tobytes()
    with pytest.raises(SweepError, match=r"within the store's 0\.5 to 1\.\d+ \(got 0\.16\), in units of 2/S1$"):
        fastdln.refine(store, tmp_path / "none.zarr", center={"eta": 0.16})
    with pytest.raises(SweepError, match=r"within the store's 0\.5 to 1\.\d+ \(got 0\.4 to 0\.6\), in units of 2/S1$"):
        fastdln.refine(store, tmp_path / "none.zarr", 'axes.eta={values = [0.4, 0.6], unit = "2/S1"}')


def test_every_way_of_a_sweep_keeps_its_unit(eta, tmp_path, monkeypatch):
    asked = sweep(eta)
    data = json.loads(asked.canonical())
    assert math.isclose(data["axes"]["eta"]["factor"], EDGE, rel_tol=1e-15)
    written = ", ".join(f"{key} = {json.dumps(value)}" for key, value in data["axes"]["eta"].items())
    (tmp_path / "a.toml").write_text(
        f'model = "modes"\nsteps = 1000\nrecord = 16\n[axes]\neta = {{{written}}}\nalpha = 0.1\ndepth = 3\n'
        "[target]\nsingular_values = [10, 9]\n"
    )
    elsewhere(monkeypatch)
    for again in (
        Sweep.stored(asked.canonical()),
        Sweep(**data),
        Sweep.from_file(tmp_path / "a.toml"),
        pickle.loads(pickle.dumps(asked)),
        asked.changed(["steps=7"]).changed(["steps=1000"]),
    ):
        assert again.canonical() == asked.canonical()
        assert coordinates(again.axes["eta"]).tobytes() == coordinates(asked.axes["eta"]).tobytes()
    anew = sweep(eta)
    assert anew.canonical() != asked.canonical()
    assert anew.same_results(asked) and asked.same_results(anew)
    assert factor_of(asked.changed(["target.singular_values=[20]"])) > 0, "another target has another unit"
    assert "factor" not in sweep([0.1]).canonical()
    assert "factor" not in asked._repr_html_()


def test_a_list_is_the_range_of_its_values(monkeypatch):
    asked = sweep({**RANGE, "num": 2})
    elsewhere(monkeypatch)
    assert asked.same_results(sweep({"values": [0.5, 1.5], "unit": "2/S1"}))
    assert not asked.same_results(sweep({"values": [0.5, 1.4], "unit": "2/S1"}))


@pytest.mark.parametrize("factor", [EDGE * (1 + 3e-9), -EDGE, 0.0, 1e308, 5e-324, 1])
def test_a_factor_of_another_target_is_refused(eta, factor):
    told = r"axes\.eta: its factor is not 2 / S_1 of the target, which is 0\.0309\d+; leave factor out \(got "
    with pytest.raises(SweepError, match=f"^{told}"):
        sweep({**eta, "factor": factor})
    data = json.loads(sweep(eta).canonical())
    data["axes"]["eta"]["factor"] = factor
    with pytest.raises(StoreError, match=told):
        metadata.stored_sweep(locate("out.zarr"), json.dumps(data))


@pytest.mark.parametrize("factor", ["0.03", [0.03], True, float("nan"), float("inf"), 10**400])
def test_a_factor_that_is_no_number_is_refused(eta, factor):
    with pytest.raises(SweepError, match=r"^axes\.eta.*factor") as error:
        sweep({**eta, "factor": factor})
    assert "\n" not in str(error.value)


def test_a_factor_needs_its_unit():
    with pytest.raises(SweepError, match=r'axes\.eta: factor goes with unit = "2/S1" only; leave it out'):
        sweep({"start": 0.1, "stop": 1, "num": 3, "factor": 0.1})
    with pytest.raises(SweepError, match=r"^axes\.eta: a table of values has unit"):
        sweep({"values": [0.1], "factor": 0.1})


def test_a_store_from_before_the_unit_was_kept(store, eta, monkeypatch):
    """Its coordinate is not called damaged for a last bit."""
    root = json.loads((store / "zarr.json").read_text())
    attributes = root["attributes"]
    data = json.loads(attributes["sweep"])
    del data["axes"]["eta"]["factor"], attributes["metadata_sha256"]
    attributes["sweep"] = json.dumps(data, separators=(",", ":"))
    attributes["sweep_sha256"] = metadata.sha256(attributes["sweep"].encode())
    (store / "zarr.json").write_text(json.dumps(root))
    before = fastdln.open(store).load()
    elsewhere(monkeypatch)
    assert fastdln.verify(store).whole
    assert fastdln.run(sweep(eta), store=store).eta.values.tobytes() == before.eta.values.tobytes()


@pytest.mark.filterwarnings("ignore:steps = 20 is shorter")
def test_singular_values_of_a_matrix_that_another_library_decomposes(tmp_path, monkeypatch):
    store = tmp_path / "out.zarr"
    matrix = [[2.0, 1.0, 0.5], [0.1, 1.0, 0.3], [2.1, 2.0, 0.8]]  # of rank 2: its last singular value is rounding
    asked = {
        "model": "matrix", "axes": {"eta": [0.01, 0.02], "alpha": 0.1, "depth": 2}, "target": {"matrix": matrix},
        "steps": 20, "record": 4, "observables": ["loss"],
    }  # fmt: skip
    fastdln.run(Sweep(**asked), store=store)
    before = fastdln.open(store).load()
    here = targets.by_matrix
    monkeypatch.setattr(
        targets, "by_matrix", lambda m: (found := here(m))._replace(singular_values=found.singular_values + [4e-16, -2e-16, 1e-16])
    )  # fmt: skip
    assert Sweep(**asked).target.singular_values != tuple(before.singular_value.values), "the test would show nothing"
    assert fastdln.verify(store).whole
    after = fastdln.run(Sweep(**asked), store=store).load()
    assert after.singular_value.values.tobytes() == before.singular_value.values.tobytes()
    monkeypatch.setattr(
        targets, "by_matrix", lambda m: (found := here(m))._replace(singular_values=found.singular_values * (1 + 1e-9))
    )
    assert [damage.variable for damage in fastdln.verify(store).damaged] == ["singular_value"]
