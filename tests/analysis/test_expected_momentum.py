"""What is predicted of runs with momentum, against the kernels, a plain loop, and the two-cycle of depth 2 in closed form."""

import numpy as np
import pytest
import xarray as xr

import fastdln
from fastdln import DatasetError, analysis, theory
from fastdln.analysis.expected import predicted

pytestmark = pytest.mark.filterwarnings("ignore:steps =")

MOMENTUM = [0.0, 0.1, 0.3]


def swept(ratios, momentum, nesterov=False, **keys):
    """Runs from near the minimum, s = 1, at these multiples of the edge that each momentum has."""
    axes = {"alpha": 0.95, "depth": keys.pop("depth", 2), "momentum": momentum}
    edge = float(theory.critical_learning_rate(1.0, axes["depth"], momentum, nesterov))
    axes["eta"] = [ratio * edge for ratio in ratios]
    keys = {"model": "balanced", "start": "balanced", "steps": 20_000, "record": 64, **keys}
    return fastdln.run(fastdln.Sweep(axes=axes, nesterov=nesterov, **keys))


def doubling(mu):
    """Ratio to the edge, at L = 2, at which the heavy ball's two-cycle doubles: the zero of its multiplier's distance, by bisection."""

    def beyond(eta):
        # b = a - eta (a^2 - 1) a and back: a b = 1 / eta and a^2 + b^2 = 1 + 1 / eta
        squares = np.roots([1.0, -(1 + 1 / eta), 1 / eta**2])
        return np.prod(1 - eta * (3 * squares - 1)).real + ((1 - mu) / (1 + mu)) ** 2 < 0

    low, high = 1.0, 1.5
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if beyond(middle) else (middle, high)
    return low


@pytest.mark.parametrize("model", ["balanced", "modes"])
@pytest.mark.parametrize("mu", MOMENTUM)
def test_two_cycles_of_the_heavy_ball_are_those_of_plain_descent(mu, model):
    ratios = np.linspace(1.005, doubling(mu) - 0.005, 5)
    ds = swept(ratios, mu, model=model)
    expected = predicted(ds)
    np.testing.assert_array_equal(ds.period, 2)
    for name in ("period", "oscillation_range", "oscillating_modes", "loss"):
        np.testing.assert_allclose(ds[name], expected[name].broadcast_like(ds[name]), rtol=1e-9, err_msg=name)
    # a^2 and b^2 add up to 1 + 1/k and have the product 1/k^2, k = eta / (1 + mu)
    k = ds.eta.values / (1 + mu)
    np.testing.assert_allclose(ds.oscillation_range.values.ravel(), np.sqrt((1 + 1 / k) ** 2 - 4 / k**2), rtol=1e-9)


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize("mu", MOMENTUM)
def test_they_are_predicted_up_to_where_the_kernels_double_them(mu, depth):
    ratios = np.linspace(1.002, 1.3, 150)
    ds = swept(ratios, mu, depth=depth)
    known = np.isfinite(predicted(ds)["oscillation_range"].squeeze().values)
    periods = ds.period.squeeze().values
    last = int(known.nonzero()[0][-1])
    assert known[: last + 1].all()
    assert (periods[:last] == 2).all()
    assert periods[last + 2] != 2


def test_the_cycle_is_that_of_a_plain_loop():
    mu, eta = 0.3, 1.35
    w = before = 0.95
    states = []
    for _ in range(20_000):
        w, before = w - eta * (w * w - 1) * w + mu * (w - before), w
        states.append(w * w)
    found = analysis.prediction(
        xr.DataArray([eta], dims="eta"),
        xr.DataArray([2], dims="depth"),
        xr.DataArray([1.0], dims="mode"),
        "balanced",
        xr.DataArray([mu], dims="momentum"),
    )
    assert found["oscillation_range"].item() == pytest.approx(np.ptp(states[-2:]), rel=1e-12)
    assert found["loss"].item() == pytest.approx(np.mean((np.array(states[-2:]) - 1) ** 2 / 2), rel=1e-12)


def test_of_nesterov_minima_alone_are_predicted():
    ds = swept([0.9, 1.05], 0.3, nesterov=True)
    expected = predicted(ds)
    assert expected["period"].values.ravel().tolist()[0] == 1
    assert np.isnan(expected["period"].values.ravel()[1])
    assert expected["oscillation_range"].values.ravel()[0] == 0
    assert np.isnan(expected["oscillation_range"].values.ravel()[1])


@pytest.mark.parametrize(
    "bad", [0.3, "0.3", xr.DataArray(["a"], dims="momentum"), xr.DataArray([1.0], dims="momentum")]
)
def test_a_momentum_that_is_none_is_named(bad):
    one = {"eta": [0.5], "depth": [2], "mode": [1.0]}
    eta, depth, s = (xr.DataArray(values, dims=dim) for dim, values in one.items())
    with pytest.raises(DatasetError, match="momentum: must be"):
        analysis.prediction(eta, depth, s, "balanced", bad)
