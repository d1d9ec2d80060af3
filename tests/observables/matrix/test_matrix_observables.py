"""Observables of full matrices against their plain twins and exact identities."""

import itertools

import numpy as np
import pytest

from fastdln import Sweep, run
from fastdln.observables import MATRIX_OBSERVABLES
from tests import reference
from tests.kernels.matrices.single_points import matrix_run
from tests.small import OF_MATRICES

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


def test_every_observable_of_matrices_has_a_twin_and_attributes():
    own = {name for name, o in MATRIX_OBSERVABLES.items() if not o.shared}
    assert set(reference.MATRIX_OBSERVABLES) == own
    for observable in MATRIX_OBSERVABLES.values():
        assert observable.summary
        for variable in observable.variables:
            assert variable.long_name and variable.units and variable.comment, variable.name


@pytest.mark.parametrize(
    ("widths", "start", "target", "eta"),
    [
        ((3, 3, 3, 3), "one-zero", {"singular_values": [2.0, 1.5, 0.0], "basis": "random", "seed": 4}, 0.11),
        ((3, 5, 4, 2), "layers", {"singular_values": [2.0, 1.5]}, 0.05),
        ((2, 2, 2), "balanced", {"singular_values": [1.0, 0.5]}, 1.03),
        ((29, 2, 3), "layers", {"singular_values": [1.0, 0.5, 0.25], "basis": "random"}, 0.1),
    ],
    ids=str,
)
def test_observables_agree_with_their_twins(widths, start, target, eta):
    random = np.random.default_rng(5)
    values = [random.standard_normal((m, n)) / np.sqrt(n) for n, m in itertools.pairwise(widths)]
    alphas, (steps, record) = [0.3, 0.5], (203, 20)
    sweep = Sweep(
        model="matrix",
        axes={"eta": eta, "alpha": alphas, "depth": len(widths) - 1},
        widths=widths,
        start=values if start == "layers" else start,
        target=target,
        steps=steps,
        record=record,
        trajectory=7,
        sharpness_count=3,
        orbit_samples=record,
        observables=OF_MATRICES,
    )
    ds = run(sweep, progress=False)
    m = sweep.target.build(widths[-1], widths[0])
    matrix = m.matrices(m.singular_values[None])[0]
    for k, alpha in enumerate(alphas):
        layers = reference.matrix_starts(start, alpha, widths, values)
        seen = reference.MatrixRun(layers, matrix, eta, steps, record, m.left, m.right, m.singular_values)
        at = ds.isel(depth=0, alpha=k, eta=0)
        for name, twin in reference.MATRIX_OBSERVABLES.items():
            for variable, value in twin(seen).items():
                if ("delta" in variable or "sharpness_alignment" in variable) and start != "layers":
                    continue  # at the minimum of a one-zero start they are ratios of rounding errors
                tight = {"rtol": 1e-6, "atol": 1e-9} if "lyapunov" not in variable else {"rtol": 0, "atol": 0.05}
                np.testing.assert_allclose(at[variable].values, value, **tight, err_msg=f"{name}: {variable}")
        orbit = np.array([seen.products(w) for w in seen.recorded])
        np.testing.assert_allclose(at.orbit.values, orbit.T, rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(at.oscillation_range, np.ptp(orbit, axis=0), rtol=1e-6, atol=1e-9)
        for variable, value in reference.of_record("loss", [seen.loss(w) for w in seen.recorded]).items():
            np.testing.assert_allclose(at[variable], value, rtol=1e-8, atol=1e-20)
        every = np.array([seen.products(w) for w in seen.states])
        for mode, s in enumerate(m.singular_values):
            past = np.flatnonzero(every[:, mode] > s / 2) if s > 0 else []
            assert at.escape_step.values[mode] == (past[0] if len(past) else -1)
            near = np.flatnonzero(np.abs(every[:, mode] - s) <= 0.1 * s) if s > 0 else []
            assert at.learned_step.values[mode] == (near[0] if len(near) else -1)
            away = np.flatnonzero(~(np.abs(every[:, mode] - s) <= 1e-6 * s)) if s > 0 else [len(every) - 1]
            arrived = away[-1] + 1 if len(away) else 0
            assert at.convergence_step.values[mode] == (arrived if arrived < len(every) else -1)
        assert (at.divergence_step == -1).all()


def test_the_gradients_conserve_what_the_exact_identity_says():
    """D_l' = D_l + eta^2 (grad_{l+1}^T grad_{l+1} - grad_l grad_l^T), D_l = W_{l+1}^T W_{l+1} - W_l W_l^T."""
    random, eta = np.random.default_rng(8), 0.1
    layers = [random.standard_normal((3, 3)) for _ in range(2)]
    target = np.diag([1.0, 0.5, 0.2])
    before = layers[1].T @ layers[1] - layers[0] @ layers[0].T
    below, above = reference.matrix_gradients(layers, target)
    after = before + eta**2 * (above.T @ above - below @ below.T)
    found = matrix_run(layers, target, axes={"eta": eta})
    assert found.balancing_norm.item() == pytest.approx(np.linalg.norm(after), rel=1e-12)


def test_lyapunov_sees_what_mixing_predicts():
    """About diagonal orbits the matrices' exponent is the largest of those of modes and of pairs."""
    axes = {"eta": [0.032, 0.0335, 0.0345, 0.036], "alpha": 0.01, "depth": 3}
    keys = {"axes": axes, "target": {"singular_values": [10.0, 9.5, 9.0]}, "steps": 4000, "record": 4096}
    modes = run(Sweep(model="modes", observables=["lyapunov", "mixing"], **keys), progress=False).squeeze()
    keys["sharpness_every"] = keys["record"]
    matrices = run(Sweep(model="matrix", observables=OF_MATRICES, **keys), progress=False).squeeze()
    predicted = np.maximum(modes.mixing_exponent.values, modes.lyapunov.max("mode").values)
    assert (modes.mixing_exponent > 0.01).any()
    np.testing.assert_allclose(matrices.lyapunov, predicted, rtol=5e-3, atol=2e-4)
