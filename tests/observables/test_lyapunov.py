"""Lyapunov exponents against the table in docs/theory.md, high precision, and closed forms."""

import math

import mpmath
import pytest

from fastdln import Sweep, run
from tests import reference

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:alpha = 0")

TABLE = {
    (2, 1.1): (-0.857399, -0.111572, 1e-5),
    (2, 1.5): (0.4913, -0.7439, 2e-3),
    (2, 1.8): (0.8065, -0.3500, 2e-3),
    (3, 0.75): (-2.242011, -0.034618, 1e-5),
    (3, 0.92): (0.3470, -0.0658, 2e-3),
    (3, 1.0): (-0.283357, -0.211749, 1e-5),
    (3, 1.1): (0.5600, -0.2389, 2e-3),
}


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize(("model", "alpha"), [("balanced", (0.4, 0.5, 0.55, 0.6, 0.65, 0.7)), ("modes", (0.01,))])
def test_exponents_of_the_table(depth, model, alpha):
    """Several starts, so that the chaotic averages are good to the digits of the table."""
    etas = [eta for d, eta in TABLE if d == depth]
    axes = {"eta": etas, "alpha": list(alpha), "depth": depth}
    record = 600_000 if model == "balanced" else 3_000_000
    ds = run(Sweep(model=model, axes=axes, record=record, period_max=256, observables=["lyapunov", "balancing"]))
    found = ds.isel(depth=0, mode=0).mean("alpha")
    for eta in etas:
        along, across, tolerance = TABLE[depth, eta]
        at = found.sel(eta=eta)
        assert float(at.balancing_exponent) == pytest.approx(across, abs=tolerance)
        assert float(at.lyapunov) == pytest.approx(along if model == "balanced" else max(along, across), abs=tolerance)


def mp_exponents(depth, eta, steps, digits=40):
    """Exponents of the balanced map's attractor along and across the balanced line, in high precision."""
    with mpmath.workdps(digits):
        rho, eta, along, across = mpmath.mpf("0.8"), mpmath.mpf(eta), mpmath.mpf(0), mpmath.mpf(0)
        for t in range(2000 + steps):
            if t >= 2000:
                h = (2 * depth - 1) * rho ** (2 * depth - 2) - (depth - 1) * rho ** (depth - 2)
                along += mpmath.log(abs(1 - eta * h))
                across += mpmath.log(abs(1 - (eta * (rho**depth - 1) * rho ** (depth - 2)) ** 2))
            rho = rho - eta * (rho**depth - 1) * rho ** (depth - 1)
        return float(along / steps), float(across / steps)


@pytest.mark.parametrize(("eta", "tolerance"), [(0.55, 1e-5), (0.63, 1e-5), (0.656, 1e-5)])
def test_exponents_of_depth_four_on_cycles(eta, tolerance):
    along, across = mp_exponents(4, eta, 512)
    for model in ("balanced", "modes"):
        ds = run(
            Sweep(
                model=model,
                axes={"eta": eta, "alpha": 0.3, "depth": 4},
                steps=20_000,
                observables=["lyapunov", "balancing"],
            )
        )
        assert ds.balancing_exponent.item() == pytest.approx(across, abs=tolerance)
        assert ds.lyapunov.item() == pytest.approx(along if model == "balanced" else max(along, across), abs=tolerance)


def test_exponents_of_depth_four_in_chaos():
    """docs/theory.md, from mp_exponents(4, 0.72, 700_000, digits=18): a minute of arithmetic."""
    eta, along, across = 0.72, 0.3897, -0.0436
    axes = {"eta": eta, "alpha": {"start": 0.5, "stop": 0.8, "num": 16}, "depth": 4}
    ds = run(Sweep(model="balanced", axes=axes, record=200_000, period_max=256, observables=["lyapunov", "balancing"]))
    assert float(ds.lyapunov.mean()) == pytest.approx(along, abs=2e-3)
    assert float(ds.balancing_exponent.mean()) == pytest.approx(across, abs=2e-3)


def test_exponents_at_a_minimum(quick):
    """Below the edge the balanced map contracts by 1 - eta S; in (a, b) the valley of minima is neutral."""
    for depth in (2, 3, 5):
        eta = 0.6 * 2 / depth
        one = quick("balanced", axes={"eta": eta, "alpha": 0.7, "depth": depth}, steps=4000, observables=["lyapunov"])
        assert one.lyapunov.item() == pytest.approx(math.log(abs(1 - eta * depth)), abs=1e-12)
        two = quick("modes", axes={"eta": eta, "alpha": 0.7, "depth": depth}, steps=4000, observables=["lyapunov"])
        assert abs(two.lyapunov.item()) < 1e-14


def test_a_superstable_orbit_reports_the_floor(quick):
    ds = quick("balanced", axes={"eta": 0.5, "alpha": 0.7, "depth": 2}, steps=4000, observables=["lyapunov"])
    assert ds.lyapunov.item() == pytest.approx(reference.FLOOR, abs=1e-9), "1 - eta S = 0"
    assert f"{reference.FLOOR:.2f}" in ds.lyapunov.attrs["comment"]


def test_lyapunov_at_the_last_eta_of_depth_two(quick):
    axes = {"eta": 2 - 1e-7, "alpha": {"start": 0.3, "stop": 0.8, "num": 64}, "depth": 2}
    ds = quick("balanced", axes=axes, steps=1000, record=20_000, observables=["lyapunov"])
    assert float(ds.lyapunov.mean()) == pytest.approx(math.log(3), abs=2e-3)


def test_rates_run_over_whole_periods():
    """Depth 3, eta = 1.0: the window of period 3, once doubled; the default record is no multiple of it."""
    axes = {"eta": 1.0, "alpha": 0.5, "depth": 3}
    for record in (512, 1000):
        ds = run(Sweep(model="balanced", axes=axes, record=record, observables=["period", "lyapunov", "balancing"]))
        assert ds.period.item() == 6
        assert record % 6
        assert ds.lyapunov.item() == pytest.approx(-0.283357, abs=1e-5)
        assert ds.balancing_exponent.item() == pytest.approx(-0.211749, abs=1e-5)
