"""Axes w1, w2, ... of starting values of layers: how they are said, what they mean, and what is refused."""

import numpy as np
import pytest

import fastdln
from fastdln import Sweep, SweepError
from tests import reference

pytestmark = pytest.mark.filterwarnings("ignore:steps =")

AXES = {"eta": 0.15, "w1": [-0.7, 0.4, 1.1], "w2": [0.3, 0.9]}
TIED = {"spectral": ["w1", "w2", "w1", "w2"]}
KEYS = {"steps": 0, "record": 30, "observables": ["orbit"], "orbit_samples": 30}


def product_of(layers, eta, steps=30, s=1.0):
    states = [np.array(layers)]
    for _ in range(steps):
        w = states[-1]
        others = np.array([np.prod(np.delete(w, k)) for k in range(len(w))])
        states.append(w - eta * (np.prod(w) - s) * others)
    return np.prod(states, axis=1)[1:]


@pytest.mark.parametrize("model", ["modes", "matrix"])
@pytest.mark.parametrize(("start", "layers"), [(TIED, "1212"), ({"spectral": ["w1", [0.5], "w2"]}, "1 2"), ("", "12")])
def test_orbits_begin_at_the_values_of_the_axes(model, start, layers):
    ds = fastdln.run(Sweep(model=model, axes=AXES | {"alpha": [0.8, 1.0]}, start=start, **KEYS))
    for w1 in AXES["w1"]:
        for w2 in AXES["w2"]:
            for alpha in (0.8, 1.0):
                values = {"1": w1, "2": w2, " ": 0.5}
                orbit = ds.orbit.sel(w1=w1, w2=w2, alpha=alpha).values.ravel()
                expected = product_of([alpha * values[layer] for layer in layers], 0.15)
                np.testing.assert_allclose(orbit, expected, rtol=1e-12, atol=1e-14)


def test_all_modes_of_a_layer_begin_alike_in_any_basis():
    target = {"singular_values": [1.2, 0.5]}
    axes = {"eta": 0.2, "w1": [0.3, 0.8], "w2": 0.4}
    ds = fastdln.run(Sweep(model="modes", axes=axes, target=target, **KEYS)).squeeze()
    for w1 in axes["w1"]:
        for k, s in enumerate(target["singular_values"]):
            np.testing.assert_allclose(ds.orbit.sel(w1=w1).isel(mode=k), product_of([w1, 0.4], 0.2, s=s), rtol=1e-12)
    turned = target | {"basis": "random", "seed": 3}
    matrix = fastdln.run(Sweep(model="matrix", axes=axes, target=turned, **KEYS)).squeeze()
    np.testing.assert_allclose(matrix.orbit.values, ds.orbit.values, rtol=1e-11)


def test_a_row_may_be_said_in_several_ways():
    by_name = Sweep(model="modes", axes=AXES, start={"spectral": ["w1", "w2"]})
    assert by_name.canonical() == Sweep(model="modes", axes=AXES).canonical()
    assert by_name.canonical() == Sweep(model="modes", axes=AXES, start={"spectral": [[1], [7]]}).canonical()
    assert Sweep.stored(by_name.canonical()).same_results(by_name)
    assert by_name.axes["alpha"] == (1.0,)
    assert by_name.changed(["axes.w1=[0.1, 0.2]"]).axes["w1"] == (0.1, 0.2)


def test_layers_that_are_tied_have_the_smaller_map():
    """By construction, whatever values the axes have: w1 in layers 1 to L - 1 is a map of two numbers."""
    two = Sweep(model="modes", axes=AXES, start={"spectral": ["w1", "w1", "w2"]})
    assert two.map.name == "two-scalar"
    assert Sweep(model="modes", axes=AXES, start=TIED).map.name == "layerwise"
    assert (
        Sweep(model="modes", axes=AXES | {"w1": 0.5}, start={"spectral": ["w1", [0.5], "w2"]}).map.name == "layerwise"
    )


def test_a_store_keeps_the_axes_and_their_meaning(tmp_path):
    ds = fastdln.run(Sweep(model="modes", axes=AXES, start=TIED, **KEYS), store=tmp_path / "w.zarr")
    there = fastdln.open(tmp_path / "w.zarr")
    assert there.w2.attrs["long_name"] == "starting value of layer 2"
    np.testing.assert_array_equal(there.orbit, ds.orbit)
    assert fastdln.analysis.census(there).fates == fastdln.analysis.census(ds).fates


def test_gaps_kept_by_gradient_flow_are_those_of_the_values():
    """w_1^2 - w_2^2 of the point that a picture shows."""
    from fastdln.analysis.dataset import restore_dimensions
    from fastdln.plots.balancing import gap_at_start

    ds = fastdln.run(Sweep(model="modes", axes=AXES, **KEYS | {"observables": ["balancing"]}))
    one = restore_dimensions(ds.sel(w1=[-0.7], w2=[0.9]))
    assert gap_at_start(one, 0) == pytest.approx(0.9**2 - 0.7**2, rel=1e-13)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axes": {"w1": 1.0}}, "axes.w1: a network has two layers or more"),
        ({"axes": {"w2": 1.0}}, "axes: w1 is missing, where w2 is there"),
        ({"axes": {"w1": 1.0, "w2": 1.0, "depth": 3}}, "axes.depth: must be 2, the number of rows"),
        ({"axes": {"w1": 1.0, "w2": 1.0}, "start": "one-zero"}, "axes.w1: sets a row of start = {spectral = [...]}"),
        ({"start": {"spectral": ["w1", [1]]}}, "axes: w1 is missing, which start.spectral names"),
        ({"axes": {"w1": 1.0, "w3": 1.0}, "start": {"spectral": [[1], [1]]}}, "axes.w3: no layer begins there"),
        ({"axes": {"w1": 1.0}, "start": {"spectral": ["w2", "w1"]}}, "axes: w2 is missing"),
        (
            {"start": {"spectral": ["x1", [1]]}},
            "start.spectral.0: must be numbers, one a mode, or the axis that sets them",
        ),
        ({"axes": {"w0": 1.0}}, "axes.w0: unknown axis"),
        ({"axes": {"w1": [1.0, np.inf], "w2": 1.0}}, "axes.w1.1: must be finite"),
        (
            {"axes": {"w1": {"start": -1e308, "stop": 1e308, "num": 5}, "w2": 1.0}},
            "axes.w1: must lie between -1e+150 and",
        ),
        ({"axes": {"w1": [1.0, 0.5], "w2": 1.0}}, "axes.w1: values must rise"),
        ({"axes": {"w1": 1.0, "w2": 1.0}, "model": "balanced"}, "axes.w1: balanced has no starting values of layers"),
        ({"axes": {"w1": 1.0, "alpha_ps": 1.0}, "model": "self-stabilization"}, "axes.w1: self-stabilization has no"),
    ],
)
def test_what_is_no_start(changes, message):
    keys = {"model": "modes", **changes, "axes": {"eta": 0.1, **changes.get("axes", {})}}
    with pytest.raises(SweepError) as refusal:
        Sweep(**keys)
    assert str(refusal.value).startswith(message)
    assert "\n" not in str(refusal.value)


def test_no_advice_is_given_that_nothing_stands_behind():
    """The time on the plateau has a closed form where all points begin alike, and only there."""
    axes = {"eta": 0.01, "w1": 1e-9, "w2": 1e-9}
    ds = fastdln.run(Sweep(model="modes", axes=axes, steps=100, record=128))
    assert "steps =" not in " ".join(fastdln.analysis.census(ds).advice)


def test_the_twin_of_matrices_agrees_as_well():
    weights = reference.STARTS["spectral"](1.0, 2, 1, [[0.4], [0.9]])
    twin = reference.MODELS["matrix"](weights, [1.0], 0.15, 30)
    ds = fastdln.run(Sweep(model="matrix", axes=AXES, **KEYS)).sel(w1=0.4, w2=0.9)
    np.testing.assert_allclose(ds.orbit.values.ravel(), twin[1:, 0], rtol=1e-12)
