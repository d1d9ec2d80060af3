"""Learning rates in units of 2 / S_1: stored as learning rates, with the ratios beside them, through all that a store goes through."""

import json
import pickle

import numpy as np
import pytest
import xarray as xr

import fastdln
from fastdln import Sweep, SweepError, theory
from fastdln.sweep.axes import coordinates
from tests.small import identical

RANGE = {"start": 0.5, "stop": 1.5, "num": 21, "unit": "2/S1"}
LIST = {"values": [0.5, 1.0, 1.25], "unit": "2/S1"}
# 2 / S_1 = 2 / (3 * 10^(4/3)) at s_1 = 10, L = 3: docs/theory.md, C
EDGE = 2 / (3 * 10 ** (4 / 3))


def sweep(eta, axes=(), s=(10.0, 9.0), **keys):
    plain = {"alpha": 0.1, "depth": 3, "eta": eta, **dict(axes)}
    keys = {"model": "modes", "steps": 1000, "record": 16, **keys}
    return Sweep(axes=plain, target={"singular_values": s}, **keys)


@pytest.mark.parametrize(("eta", "ratios"), [(RANGE, np.linspace(0.5, 1.5, 21)), (LIST, [0.5, 1.0, 1.25])])
def test_results_are_those_of_the_learning_rates(eta, ratios):
    ds = fastdln.run(sweep(eta))
    np.testing.assert_allclose(ds.eta, EDGE * np.array(ratios), rtol=1e-15)
    assert ds.eta_ratio.dims == ("eta",)
    assert ds.eta_ratio.values.tolist() == list(ratios)
    assert ds.eta_ratio.attrs["long_name"] == "learning rate in units of 2/S_1"
    edge = 2 / theory.stability_limit(10.0, 3)
    assert ds.eta.values.tobytes() == (edge * np.array(ratios)).tobytes()
    plain = fastdln.run(sweep(ds.eta.values))
    identical(ds.drop_vars("eta_ratio"), plain)
    assert "eta_ratio" not in plain


def test_the_unit_is_part_of_what_is_asked():
    one, two, edge = sweep(RANGE), sweep(LIST), float(2 / theory.stability_limit(10.0, 3))
    assert json.loads(one.canonical())["axes"]["eta"] == {**RANGE, "spacing": "linear", "factor": edge}
    assert json.loads(two.canonical())["axes"]["eta"] == {**LIST, "factor": edge}
    for asked in (one, two):
        for again in (Sweep.stored(asked.canonical()), pickle.loads(pickle.dumps(asked)), asked.changed([])):
            assert again.sha256() == asked.sha256()
            assert again.axes == asked.axes
        values = coordinates(asked.axes["eta"])
        plain = sweep(values)
        assert plain.sha256() != asked.sha256()
        assert asked.same_results(plain) and plain.same_results(asked)
        assert not asked.same_results(sweep(1.01 * values))
    assert "unit" not in sweep({"start": 0.1, "stop": 1, "num": 3}).canonical()


def test_a_log_range_and_other_depths():
    ratios = np.geomspace(0.1, 2, 5)
    ds = fastdln.run(sweep({"start": 0.1, "stop": 2, "num": 5, "spacing": "log", "unit": "2/S1"}, {"depth": 2}))
    np.testing.assert_allclose(ds.eta, ratios * 2 / (2 * 10), rtol=1e-15)
    assert ds.eta_ratio.values.tolist() == ratios.tolist()


def test_a_store_keeps_both(tmp_path):
    store = tmp_path / "out.zarr"
    asked = sweep(RANGE)
    ds = fastdln.run(asked, store=store).load()
    identical(ds, fastdln.run(asked))
    for opened in (fastdln.open(store), xr.open_zarr(store)):
        assert set(opened.coords) == {"depth", "alpha", "eta", "eta_ratio", "mode", "singular_value"}
    assert fastdln.verify(store).whole
    assert fastdln.plan(asked, probe=False).files - sum(path.is_file() for path in store.rglob("*")) in (0, 1, 2)
    with pytest.raises(fastdln.StoreError, match=r"with other axes\.eta"):
        fastdln.run(sweep({**RANGE, "stop": 1.6}), store=store)
    fastdln.run(sweep(ds.eta.values), store=store)  # the same learning rates
    fastdln.open(store).to_netcdf(tmp_path / "out.nc")
    with xr.open_dataset(tmp_path / "out.nc") as read:
        assert read.eta_ratio.values.tobytes() == ds.eta_ratio.values.tobytes()


@pytest.mark.parametrize(
    ("eta", "overrides", "ratios"),
    [
        (RANGE, ["axes.eta.stop=2", "axes.eta.num=31"], np.linspace(0.5, 2, 31)),
        ({"start": 0.1, "stop": 0.7, "num": 25, "unit": "2/S1"}, ["axes.eta.stop=1.2", "axes.eta.num=45"], np.linspace(0.1, 1.2, 45)),
        (LIST, ["axes.eta.values=[0.5, 1.0, 1.25, 1.75]"], [0.5, 1.0, 1.25, 1.75]),
        (LIST, ["axes.alpha=[0.1, 0.2]"], LIST["values"]),
    ],
)  # fmt: skip
def test_it_grows(tmp_path, eta, overrides, ratios):
    store = tmp_path / "out.zarr"
    before = fastdln.run(sweep(eta), store=store).load()
    after = fastdln.extend(store, *overrides)
    np.testing.assert_allclose(after.eta_ratio, ratios, rtol=1e-12)
    assert after.eta.values[: before.sizes["eta"]].tobytes() == before.eta.values.tobytes()
    assert fastdln.verify(store).whole
    identical(after, fastdln.run(Sweep(**json.loads(after.attrs["sweep"]))))
    for damaged in (store / "eta_ratio").glob("c*/0"):
        damaged.write_bytes(b"no numbers")
    for damaged in (store / "eta_ratio").glob("c.0"):
        damaged.write_bytes(b"no numbers")
    assert not fastdln.verify(store).whole
    fastdln.extend(store)
    assert fastdln.verify(store).whole, "the next run mends a coordinate"


def test_its_unit_stays(tmp_path):
    store = tmp_path / "out.zarr"
    fastdln.run(sweep(LIST), store=store)
    with pytest.raises(SweepError, match=r'axes\.eta: must stay in units, unit = "2/S1"'):
        fastdln.extend(store, "axes.eta=[0.1, 0.2]")
    with pytest.raises(SweepError, match="depends on the depth"):
        fastdln.extend(store, "axes.depth=[3, 4]")


def test_windows_are_in_the_unit(tmp_path):
    store = tmp_path / "out.zarr"
    fastdln.run(sweep(RANGE), store=store)
    one = fastdln.refine(store, tmp_path / "one.zarr", "axes.eta.start=0.9", "axes.eta.stop=1.1", "axes.eta.num=11")
    np.testing.assert_allclose(one.eta_ratio, np.linspace(0.9, 1.1, 11), rtol=1e-15)
    two = fastdln.refine(store, tmp_path / "two.zarr", center={"eta": 1.0}, factor=5)
    np.testing.assert_allclose(two.eta_ratio, np.linspace(0.9, 1.1, 21), rtol=1e-15)
    np.testing.assert_allclose(two.eta, EDGE * two.eta_ratio, rtol=1e-15)


@pytest.mark.parametrize(
    ("axes", "s", "told"),
    [
        ({"depth": [2, 3]}, [10, 9], "depends on the depth; give one depth"),
        ({"s1": [2, 11]}, [10, 9], "which axes.s1 sets"),
        ({"s2": {"start": 1, "stop": 11, "num": 3}}, [10, 9], "which axes.s2 sets"),
        ({"s1": [2, 3]}, [10], "which axes.s1 sets"),
        ({}, [0.0], "above 0"),
        ({}, [1e-300], "above 0"),
        ({}, [1e300], "range of float64|above 0"),
    ],
)
def test_a_unit_that_is_none_is_refused(axes, s, told):
    with pytest.raises(SweepError, match=r"^axes\.eta: .*" + told) as error:
        sweep(RANGE, axes, s)
    assert "\n" not in str(error.value)


def test_an_axis_of_a_smaller_singular_value_leaves_the_unit():
    np.testing.assert_allclose(
        coordinates(sweep(LIST, {"s2": [1.0, 10.0]}).axes["eta"]), EDGE * np.array(LIST["values"])
    )


def test_a_long_range_in_units_is_no_array_yet():
    import tracemalloc

    tracemalloc.start()
    assert sweep({**RANGE, "num": 10**7}).points == 10**7
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()


def test_people_read_it():
    assert "21 values from 0.5 to 1.5, in units of 2 / S_1 = 0.0309439" in sweep(RANGE)._repr_html_()
    schema = Sweep.model_json_schema()
    assert "unit" in schema["$defs"]["Range"]["properties"]
    assert schema["$defs"]["ValuesInUnits"]["required"] == ["values", "unit"]
