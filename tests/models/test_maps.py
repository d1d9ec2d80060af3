"""The maps against gradient descent on matrices, high precision, and the exact identities of docs/theory.md."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastdln.models import MODELS, STARTS
from fastdln.models.balanced import BALANCED
from fastdln.models.layerwise import LAYERWISE
from fastdln.models.modes import TWO_SCALAR
from fastdln.theory import divergence_bound
from tests import reference

depths = st.integers(2, 8)
values = st.floats(0.2, 1.5)
etas = st.floats(0.01, 1.0)


def close(a, b, rel=1e-12):
    return math.isclose(a, b, rel_tol=rel, abs_tol=1e-13)


def test_every_registered_model_and_start_has_a_twin():
    assert set(reference.MODELS) | set(reference.SIMULATIONS) | set(reference.OF_PARAMETERS) == set(MODELS)
    assert set(reference.STARTS) == set(STARTS)


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda m: m.name)
def test_models_say_what_they_are(model):
    assert model.summary
    assert model.starts
    assert set(model.starts) <= set(STARTS)


@pytest.mark.filterwarnings("ignore:steps =")
@pytest.mark.parametrize("model", reference.MODELS)
@pytest.mark.parametrize("depth", [2, 3, 5])
def test_trajectories_agree_with_the_twin(quick, model, depth):
    s, steps = (1.0, 0.7), 40
    for start in MODELS[model].starts:
        given = [[0.5 + 0.1 * (k + j) for j in range(2)] for k in range(depth)]
        ds = quick(
            model,
            axes={"eta": 0.35, "alpha": 0.6, "depth": depth},
            s=s,
            start={"spectral": {"spectral": given}, "layers": [np.diag(row) for row in given]}.get(start, start),
            steps=0,
            record=steps,
            observables=["orbit"],
            **({"tolerance": 1e-14} if MODELS[model].flow else {}),
        )
        weights = reference.STARTS[start](0.6, depth, 2, given)
        twin = reference.MODELS[model](weights, s, 0.35, steps)
        np.testing.assert_allclose(ds.orbit.values[0, 0, 0].T, twin[1:], rtol=1e-11, atol=1e-13)


@pytest.mark.filterwarnings("ignore:steps =")
@pytest.mark.parametrize("depth", [2, 3, 4, 7, 32])
def test_two_scalar_orbits_agree_with_high_precision(quick, depth):
    # below the edge rounding errors die out, so that the agreement is to the last digits at any step
    eta, alpha = 0.5 * 2 / depth, 0.9
    ds = quick(axes={"eta": eta, "alpha": alpha, "depth": depth}, steps=0, record=64, observables=["orbit"])
    exact = reference.mp_two_scalar(alpha, eta, 1.0, depth, 64)
    np.testing.assert_allclose(ds.orbit.values.ravel(), exact[1:], rtol=1e-13)


@pytest.mark.filterwarnings("ignore:steps =")
@pytest.mark.parametrize("layers", [(0.5, 0.9, 1.3), (0.4, -0.8, 1.1, 0.9), (0.9, 0.7, 1.2, 1.0, 1.1, 0.8)])
def test_layerwise_orbits_agree_with_high_precision(quick, layers):
    start = {"spectral": [[w] for w in layers]}
    ds = quick(axes={"eta": 0.05}, start=start, steps=0, record=64, observables=["orbit"])
    np.testing.assert_allclose(ds.orbit.values.ravel(), reference.mp_layers(layers, 0.05, 1.0, 64)[1:], rtol=1e-12)


def test_many_layers_one_by_one(quick):
    rows = [[0.95 + 0.002 * k] for k in range(16)]
    ds = quick(axes={"eta": 0.01}, start={"spectral": rows}, steps=200, record=2, observables=["orbit"])
    exact = reference.mp_layers([row[0] for row in rows], 0.01, 1.0, 202)
    np.testing.assert_allclose(ds.orbit.values.ravel(), exact[-2:], rtol=1e-12)


@given(depths, values, values, etas, values)
def test_layerwise_is_the_two_scalar_map_where_layers_are_equal(depth, a, b, eta, s):
    two = TWO_SCALAR.step(depth)((a, b), eta, s)
    many = LAYERWISE.step(depth)((a,) * (depth - 1) + (b,), eta, s)
    assert all(close(w, two[0]) for w in many[:-1])
    assert close(many[-1], two[1])
    assert close(LAYERWISE.product(depth)(many), TWO_SCALAR.product(depth)(two), 1e-11)


@given(depths, values, etas, values)
def test_two_scalar_is_the_balanced_map_on_the_balanced_line(depth, rho, eta, s):
    (one,) = BALANCED.step(depth)((rho,), eta, s)
    a, b = TWO_SCALAR.step(depth)((rho, rho), eta, s)
    assert a == b, "the balanced line must stay exact"
    assert close(a, one)


@given(depths, values, etas, st.floats(0.3, 20.0))
def test_scaling_law(depth, r, kappa, s):
    # with rho = s^(1/L) r only kappa = eta s^(2 - 2/L) matters
    (one,) = BALANCED.step(depth)((r,), kappa, 1.0)
    (scaled,) = BALANCED.step(depth)((s ** (1 / depth) * r,), kappa / s ** (2 - 2 / depth), s)
    assert close(scaled / s ** (1 / depth), one, 1e-11)


@given(depths, values, values, etas, values)
def test_gap_shrinks_by_the_exact_factor(depth, a, b, eta, s):
    # (a^2 - b^2)' = (a^2 - b^2) (1 - eta^2 e^2 a^(2L-4)), docs/theory.md, section C
    a2, b2 = TWO_SCALAR.step(depth)((a, b), eta, s)
    e = b * a ** (depth - 1) - s
    factor = 1 - eta**2 * e**2 * a ** (2 * depth - 4)
    scale = max(a**2, b**2, a2**2, b2**2)
    assert abs((a2**2 - b2**2) - (a**2 - b**2) * factor) <= 1e-12 * scale * max(1, abs(factor))


@given(st.lists(st.floats(-1.5, 1.5), min_size=2, max_size=6), etas, values)
def test_layer_gaps_change_by_the_exact_factor(layers, eta, s):
    # (w_i^2 - w_j^2)' = (w_i^2 - w_j^2) (1 - eta^2 (pi - s)^2 (pi / (w_i w_j))^2)
    depth = len(layers)
    moved = LAYERWISE.step(depth)(tuple(layers), eta, s)
    pi = math.prod(layers)
    rest = math.prod(layers[2:])
    expected = (layers[0] ** 2 - layers[1] ** 2) * (1 - eta**2 * (pi - s) ** 2 * rest**2)
    scale = max(1.0, *(w * w for w in moved), *(w * w for w in layers), abs(expected))
    assert abs((moved[0] ** 2 - moved[1] ** 2) - expected) <= 1e-11 * scale


@given(values, etas, values)
def test_depth_two_is_the_cubic_map(rho, eta, s):
    # Chen et al. (arXiv 2310.01687): z' = z^3 + (a - 2) z^2 + (1 - 2 a) z, z = eta (rho^2 - s), a = eta s
    (moved,) = BALANCED.step(2)((rho,), eta, s)
    z, a = eta * (rho**2 - s), eta * s
    assert abs(eta * (moved**2 - s) - (z**3 + (a - 2) * z**2 + (1 - 2 * a) * z)) <= 1e-12


@settings(max_examples=30)
@given(st.integers(2, 6), st.floats(0.0, 0.9), st.floats(0.1, 3.0))
def test_a_zero_mode_stays_frozen(depth, alpha, eta):
    state = (alpha, 0.0)
    for _ in range(5):
        state = TWO_SCALAR.step(depth)(state, eta, 0.0)
    assert state == (alpha, 0.0)


@settings(max_examples=60)
@given(st.integers(2, 6), st.floats(0.05, 5.0), st.floats(0.1, 3.0), st.data())
def test_no_orbit_returns_from_beyond_the_bound(depth, eta, s, data):
    bound = float(divergence_bound(eta, s, depth))
    a = data.draw(st.floats(0.05, 50.0))
    b = data.draw(st.floats(1.0, 1e3)) * bound / a ** (depth - 1)
    with mpmath.workdps(200):  # the layers take turns at squaring each other
        state, seen = (mpmath.mpf(a), mpmath.mpf(b)), []
        for _ in range(4):
            state = TWO_SCALAR.step(depth)(state, mpmath.mpf(eta), mpmath.mpf(s))
            seen.append(abs(TWO_SCALAR.product(depth)(state)))
    assert all(pi > bound for pi in seen)


@pytest.mark.parametrize("depth", [2, 3, 4, 5, 8])
def test_two_cycles_solve_the_two_cycle_equation(quick, depth):
    eta = 2 / depth * 1.05
    ds = quick("balanced", axes={"eta": eta, "alpha": 0.9, "depth": depth}, steps=5000, observables=["period", "orbit"])
    assert ds.period.item() == 2
    for pi in ds.orbit.values.ravel()[-2:]:
        rho = pi ** (1 / depth)
        z = 1 + eta * (1 - rho**depth) * rho ** (depth - 2)
        assert abs(rho**depth * (1 + z ** (2 * depth - 1)) / (1 + z ** (depth - 1)) - 1) < 1e-12


def test_depth_two_cycle_in_closed_form(quick):
    eta = 1.1
    ds = quick("balanced", axes={"eta": eta, "alpha": 0.5, "depth": 2}, steps=5000, observables=["period", "orbit"])
    low, high = np.sort(np.sqrt(ds.orbit.values.ravel()[-2:]))
    assert low * high == pytest.approx(1 / eta, rel=1e-13)
    assert low**2 + high**2 == pytest.approx((1 + eta) / eta, rel=1e-13)
