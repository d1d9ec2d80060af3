"""The UV model against u and v themselves, networks of two layers, dense Hessians, and Newton's method in 30 digits."""

import numpy as np
import pytest

import fastdln
from fastdln import Sweep, SweepError, analysis
from fastdln.sweep.doubts import model_warnings
from tests.reference import uv as twin

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


def run(axes, y=1.0, **keys):
    keys = {"steps": 0, "record": 64, "observables": ["orbit"], "orbit_samples": 64, **keys}
    return fastdln.run(Sweep(model="uv", axes=axes, target={"singular_values": [y]}, **keys))


@pytest.mark.parametrize("width", [1, 3, 10])
@pytest.mark.parametrize("y", [1.0, 2.5])
def test_orbits_are_those_of_u_and_v(width, y):
    axes = {"eta": [0.05, 0.3], "lambda0": [6.0, 7.0], "error0": [-1.0, 0.4], "width": float(width)}
    ds = run(axes, y, trajectory=1)
    for eta in axes["eta"]:
        for curvature in axes["lambda0"]:
            for error in axes["error0"]:
                at = ds.sel(eta=eta, lambda0=curvature, error0=error)
                outputs, curvatures = twin.descend(curvature, y + error, width, y, eta, 64)
                settled = np.abs(outputs) < 1e3
                np.testing.assert_allclose(
                    at.orbit.values.ravel()[settled[1:]], outputs[1:][settled[1:]], rtol=1e-12, atol=1e-12
                )
                kept = at.trajectory_singular_value.squeeze().isel(layer=0).values
                np.testing.assert_allclose(kept[settled], curvatures[settled], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("width", [1, 2, 5])
def test_the_sharpness_is_the_dense_hessians(width):
    axes = {
        "eta": 0.11,
        "lambda0": [2.0, 5.0],
        "error0": {"start": -1.9, "stop": -0.1, "num": 7},
        "width": float(width),
    }
    ds = run(axes, trajectory=1, observables=["sharpness"]).squeeze()
    for curvature in (2.0, 5.0):
        for error in ds.error0.values:
            at = ds.sel(lambda0=curvature, error0=error)
            outputs, curvatures = twin.descend(curvature, 1 + error, width, 1.0, 0.11, 64)
            expected = [twin.sharpness(c, f, width, 1.0) for f, c in zip(outputs, curvatures, strict=True)]
            np.testing.assert_allclose(at.trajectory_sharpness, expected, rtol=1e-11)


def test_of_width_1_it_is_a_network_of_two_layers():
    """f = u v and lambda = u^2 + v^2."""
    u, v = 1.4, 0.3
    ds = run({"eta": [0.3, 0.9], "lambda0": u * u + v * v, "error0": u * v - 1.0})
    keys = {"steps": 0, "record": 64, "observables": ["orbit"], "orbit_samples": 64}
    modes = fastdln.run(Sweep(model="modes", axes={"eta": [0.3, 0.9], "w1": u, "w2": v}, **keys))
    np.testing.assert_allclose(ds.orbit.values.ravel(), modes.orbit.values.ravel(), rtol=1e-9)


@pytest.mark.parametrize(("width", "y"), [(1.0, 1.0), (4.0, 1.5)])
def test_the_first_two_doublings_are_newtons(width, y):
    """From curvatures above the least, 2 y / sqrt(n): balancing takes them there, where the route to chaos is."""
    root = np.sqrt(width)
    exact = [root / y]  # 1 - eta lambda = -1 at the least curvature of a minimum
    guess = (1.55 * y, 3.1 * y / root, 1.236 * root / y)
    exact.append(float(twin.flip(2, guess, y, width)[2]))
    for k, eta in enumerate(exact):
        near = {"start": eta * (1 - 2e-3), "stop": eta * (1 + 2e-3), "num": 81}
        axes = {"eta": near, "lambda0": 2.2 * y / root, "error0": 0.05 * y, "width": width}
        keys = {"steps": 1_000_000, "record": 64, "observables": ["period"]}
        period = run(axes, y, **keys).squeeze().period
        last = int(np.flatnonzero(period.values == 2**k)[-1])
        assert set(period.values[: last + 1]) == {2**k}
        found = (period.eta.values[last] + period.eta.values[last + 1]) / 2
        assert found == pytest.approx(eta, abs=1e-4 * root / y)


def test_exponents_on_cycles_are_newtons():
    for eta, period in ((1.1, 2), (1.2, 2), (1.245, 4)):
        keys = {
            "steps": 200_000,
            "record": 100_000,
            "observables": ["lyapunov", "period", "orbit"],
            "trajectory": 300_000,
        }
        ds = run({"eta": eta, "lambda0": 2.2, "error0": 0.05}, **keys).squeeze()
        assert ds.period.item() == period
        f, curvature = ds.orbit.values[-1], ds.trajectory_singular_value.values[0, -1]
        assert ds.lyapunov.item() == pytest.approx(twin.exponent(f, curvature, eta, 1, 1, period), abs=1e-5)


def test_large_curvature_comes_down_to_the_edge():
    """From beyond 2/eta it either falls below, or nothing holds it (the catapult): no minimum that is reached is sharper."""
    axes = {"eta": 0.2, "lambda0": {"start": 2.5, "stop": 30.0, "num": 56}, "error0": -0.9}
    ds = run(axes, steps=20_000, observables=["sharpness"]).squeeze()
    converged = ds.fate.values == 1
    assert converged.sum() > 20
    assert (ds.sharpness_ratio.values[converged] < 1.0 + 1e-9).all()
    assert (ds.lambda0.values[converged] > 2 / 0.2).any(), "some of them began beyond the edge"
    assert (ds.fate.values[ds.lambda0.values * 0.2 > 4.2] == 5).all(), "far beyond nothing returns"


def test_an_orbit_diverges_where_u_and_v_do():
    axes = {"eta": 0.2, "lambda0": 29.0, "error0": -0.9}
    with np.errstate(over="ignore", invalid="ignore"):
        outputs, _ = twin.descend(29.0, 0.1, 1, 1.0, 0.2, 20)
    assert not np.isfinite(outputs[-1]) or abs(outputs[-1]) > 1e100
    assert run(axes, steps=1000).fate.item() == 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axes": {"eta": 0.1}}, "axes: lambda0 is missing (curvature"),
        ({"axes": {"eta": 0.1, "lambda0": -1}}, "axes.lambda0: must not be negative"),
        ({"axes": {"eta": 0.1, "lambda0": 1, "width": 0.5}}, "axes.width: must lie between 1 and"),
        ({"axes": {"eta": 0.1, "lambda0": 1, "alpha": 0.1}}, "axes.alpha: uv has no alpha"),
        ({"axes": {"eta": {"values": [0.5], "unit": "2/S1"}, "lambda0": 1}}, "axes.eta: uv has no S_1"),
        ({"axes": {"eta": 0.1, "lambda0": 1, "momentum": 0.1}}, "axes.momentum: uv takes no momentum"),
        ({"axes": {"eta": 0.1, "lambda0": 1, "w1": 0.1}}, "axes.w1: uv has no starting values"),
        ({"target": {"singular_values": [1, 2]}}, "target.singular_values: uv learns one number (got 2)"),
        ({"target": {"matrix": [[1.0]]}}, "target: uv takes singular_values only"),
        ({"start": "balanced"}, "start: uv begins at the numbers of its axes"),
        ({"widths": [1, 1, 1]}, "widths: uv has no matrices"),
        ({"observables": ["mixing"]}, "observables: uv cannot give mixing"),
        ({"observables": ["flow_sharpness"]}, "observables: uv cannot give flow_sharpness"),
        ({"observables": ["balancing"]}, "observables: uv cannot give balancing"),
    ],
)
def test_what_is_no_sweep(changes, message):
    with pytest.raises(SweepError) as refusal:
        Sweep(**{"model": "uv", "axes": {"eta": 0.1, "lambda0": 1.0}, **changes})
    assert str(refusal.value).startswith(message)


def test_y_may_be_an_axis_and_a_census_is_taken(tmp_path):
    axes = {"eta": 0.1, "lambda0": [6.0, 50.0], "s1": [0.5, 1.0]}
    ds = fastdln.run(Sweep(model="uv", axes=axes, steps=3000, record=128), store=tmp_path / "uv.zarr")
    assert ds.fate.squeeze().values.tolist() == [[1, 1], [5, 5]]
    assert analysis.census(ds).fates == {"converged": 2, "diverged": 2}


@pytest.mark.parametrize(
    ("lambda0", "error0", "width", "lacking"),
    [
        ([2.0, 5.0], 0.0, 1.0, False),  # u = v: 2 |f| / sqrt(n) itself
        ([1.0, 5.0], 0.0, [4.0, 9.0], False),
        ([1.99, 5.0], 0.0, 1.0, True),
        ([1.0, 5.0], [-1.0, 0.5], 4.0, True),
        ([0.01, 5.0], -1.0, 1.0, False),  # an output of 0
    ],
)
def test_states_that_no_u_and_v_have_are_named(lambda0, error0, width, lacking):
    axes = {"eta": 0.1, "lambda0": lambda0, "error0": error0, "width": width}
    sweep = Sweep(model="uv", axes=axes, steps=10, record=4, target={"singular_values": [1.0]})
    found = model_warnings(sweep)
    assert len(found) == lacking
    if lacking:
        with pytest.warns(UserWarning, match="axes: no u and v have lambda0 ="):
            fastdln.run(sweep)
