"""What leaves the range of float64 at a point that has not diverged is inf, never NaN; and its fate is right all the same."""

import itertools

import numpy as np
import pytest

from fastdln import Sweep, SweepError, run, theory
from fastdln.observables.fate import CONVERGED, DIVERGED
from tests.small import OF_MATRICES

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*did not converge", "ignore:.*unconverged")
SHARPNESS = ["sharpness", "sharpness_min", "sharpness_max", "sharpness_last", "sharpness_ratio"]


def floats(ds, live):
    """Every float variable at the live points."""
    for name, variable in ds.data_vars.items():
        if variable.dtype.kind == "f":
            yield name, variable.where(live, 0.0)


@pytest.mark.parametrize(
    ("model", "exponent"),
    [*itertools.product(["modes", "matrix"], [0, 40, 150]), *itertools.product(["modes"], [160, 250, 300, 307])],
)
def test_large_singular_values(model, exponent):
    """The map scales: with s -> c s, layers c^(1/L) larger and eta c^(2 - 2/L) smaller every fate stays."""
    s, depth = 10.0**exponent, 2
    etas = [0.5 / s / depth, 1.0 / s / depth, 2.2 / s / depth]
    of_modes = ["period", "oscillation_range", "loss", "sharpness", "flow_sharpness"]
    sweep = Sweep(
        model=model,
        axes={"eta": etas, "alpha": [0.1 * s**0.5, 0.9 * s**0.5], "depth": depth},
        target={"singular_values": [s, 0.5 * s]},
        start="balanced",
        steps=400,
        record=128,
        observables=of_modes if model == "modes" else OF_MATRICES,
    )
    ds = run(sweep, progress=False).squeeze()
    small = run(
        sweep.model_copy(update={"title": ""}).changed(
            [f"axes.eta={[e * s for e in etas]}", "axes.alpha=[0.1, 0.9]", "target.singular_values=[1.0, 0.5]"]
        ),
        progress=False,
    ).squeeze()
    np.testing.assert_array_equal(ds.fate, small.fate)
    assert (ds.fate != DIVERGED).all()
    for name, values in floats(ds, ds.fate != DIVERGED):
        if name.startswith(
            ("delta", "sharpness_alignment", "subspace_error")
        ):  # ratios: of alpha_ps >= 0 and beta > 0, along an eigenvector; of directions that only wider networks have
            continue
        assert not np.isnan(values).any(), name
        scale = {"loss": 2, "sharpness": 1, "oscillation": 1}.get(name.split("_")[0])
        if scale and name not in ("sharpness_ratio", "sharpness_residual") and exponent <= 40:
            np.testing.assert_allclose(values / s**scale, small[name], rtol=1e-3, atol=1e-9)
    if exponent >= 150 and model == "matrix":
        assert np.isinf(ds.sharpness).all()
    if exponent >= 160:
        assert np.isinf(ds.sharpness).all()
        assert np.isinf(ds.loss_max.isel(eta=2)).all(), "it oscillates"


@pytest.mark.parametrize("model", ["modes", "matrix"])
@pytest.mark.parametrize("eta", [0.0, 0.1])
def test_large_starts_of_a_target_of_zeros(model, eta):
    """A one-zero start is at the minimum; its sharpness is alpha^(2L - 2), whatever its size."""
    alphas = [1.0, 1e20, 1e40, 1e60, 1e100]
    sweep = Sweep(
        model=model,
        axes={"eta": eta, "alpha": alphas, "depth": 3},
        target={"singular_values": [0.0, 0.0]},
        steps=30,
        record=16,
        observables=["loss", "sharpness"] if model == "modes" else OF_MATRICES,
    )
    ds = run(sweep, progress=False).squeeze()
    np.testing.assert_array_equal(ds.fate, CONVERGED)
    np.testing.assert_array_equal(ds.loss, 0)
    np.testing.assert_allclose(ds.sharpness[:2], [1, 1e80], rtol=1e-7)
    for name in SHARPNESS[:-1]:
        np.testing.assert_array_equal(ds[name][3:], np.inf)
    np.testing.assert_array_equal(ds.sharpness_ratio[3:], np.inf if eta else 0)
    if model == "matrix":
        assert (ds.sharpness_unconverged[3:] > 0).all()
        np.testing.assert_array_equal(ds.sharpness_residual[3:], np.inf)


def test_flow_sharpness_beyond_the_range():
    assert theory.flow_sharpness([[1e160], [1.0]], [1e100]) == np.inf
    assert theory.flow_sharpness([[1.0], [1.0]], [1e200]) == np.inf
    assert np.isnan(theory.flow_sharpness([[np.nan], [1.0]], [1.0]))
    assert np.isnan(theory.flow_sharpness([[1e160], [-1e160]], [1.0])), "a saddle"


def test_a_gap_that_a_single_step_closes_has_the_least_exponent():
    """From (1, 1, 0) a step of eta = 1 at s = 1 leads to (1, 1, 1): balanced, and nothing is left to shrink."""
    axes = {"eta": 1.0, "alpha": 1.0, "depth": 3}
    ds = run(Sweep(model="modes", axes=axes, steps=100, record=64, observables=["balancing"]), progress=False).squeeze()
    assert ds.balancing_gap == 0
    assert ds.balancing_gap_log10 == -np.inf
    assert ds.balancing_exponent == pytest.approx(-52 * np.log(2))


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("target.singular_values", {"target": {"singular_values": [1e151, 1.0]}}),
        ("target.matrix", {"target": {"matrix": [[1e151, 0.0], [0.0, 1.0]]}}),
        ("axes.s1", {"target": {"singular_values": [1.0, 1.0]}, "axes": {"s1": [1.0, 1e200]}}),
    ],
)
def test_gradients_of_matrices_beyond_the_range_are_refused(key, changes):
    axes = {"eta": 0.1, "alpha": 0.1, "depth": 2} | changes.get("axes", {})
    with pytest.raises(SweepError, match=rf"{key}: must be at most 1e\+150 for the model matrix"):
        Sweep(model="matrix", axes=axes, target=changes["target"])
