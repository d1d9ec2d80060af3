"""Observables of third order against the theory's gradient of the sharpness, and where they are there at all."""

import numpy as np
import pytest

from fastdln import Sweep, run, theory
from tests import reference
from tests.kernels.edge.single_networks import flat
from tests.kernels.edge.test_network import random_network
from tests.kernels.matrices.single_points import matrix_run

pytestmark = pytest.mark.filterwarnings("ignore:steps =")

FAMILIES = ["progressive_sharpening", "self_stabilization", "sharpness_alignment"]
BY_STEP = ["trajectory_alpha_ps", "trajectory_beta", "trajectory_delta", "trajectory_sharpness_alignment"]


@pytest.mark.parametrize("widths", [(4, 3, 5, 2), (3, 33, 4)], ids=str)
def test_they_are_what_the_theory_says_at_any_state(widths):
    layers, target, _ = random_network(widths, 1)
    found = matrix_run(layers, target, observables=FAMILIES, trajectory=1)
    _, u, gradient = theory.sharpness_gradient(layers, target)
    u, bend, slope = flat(u), flat(gradient), flat(reference.matrix_gradients(layers, target))
    alpha_ps, across = -slope @ bend, bend - (bend @ u) * u
    expected = {"progressive_sharpening": alpha_ps, "beta": across @ across}
    expected["delta"] = np.sqrt(2 * alpha_ps / (across @ across)) if alpha_ps >= 0 else np.nan
    expected["sharpness_alignment"] = (slope @ u) ** 2 / (slope @ slope)
    assert found.sharpness_unconverged == 0
    for (name, value), by_step in zip(expected.items(), BY_STEP, strict=True):
        np.testing.assert_allclose(found[f"{name}_last"], value, rtol=1e-9)
        np.testing.assert_allclose(found[name], value, rtol=1e-9)
        np.testing.assert_allclose(found[by_step], value, rtol=1e-9)


def test_at_the_balanced_minimum_nothing_stabilizes():
    """beta = 0 there, and without a gradient no step lies along the eigenvector (docs/theory.md, E)."""
    found = matrix_run([np.diag([2.0, 1.0])] * 2, np.diag([4.0, 1.0]), observables=FAMILIES)
    assert found.beta_last == 0
    assert np.isnan(found.delta_last)
    assert found.progressive_sharpening_last == 0
    assert found.sharpness_alignment_last == 0


def test_along_trajectories_they_are_there_where_their_family_is():
    def kept(observables, **keys):
        axes = {"eta": 0.1, "alpha": 0.5, "depth": 2}
        sweep = Sweep(model="matrix", axes=axes, start="gaussian", steps=0, record=2, observables=observables, **keys)
        names = {variable.name for variable in sweep.variables}
        assert names == set(run(sweep, progress=False).data_vars)
        return [name for name in BY_STEP if name in names]

    keys = {"trajectory": 1, "target": {"singular_values": [1.0, 0.5]}}
    assert not kept(["sharpness"], **keys)
    assert kept(["beta"], **keys) == ["trajectory_beta", "trajectory_delta"]
    assert kept(["delta", "sharpness_alignment"], **keys) == ["trajectory_delta", "trajectory_sharpness_alignment"]
    assert kept(FAMILIES, **keys) == BY_STEP
    assert not kept(FAMILIES, target=keys["target"])


def test_the_mean_is_over_states_whose_sharpness_rises():
    """delta is there where alpha_ps >= 0 alone; the run has states of both kinds."""
    layers, target, _ = random_network((3, 5, 4, 2), 3)
    found = matrix_run(layers, target, axes={"eta": 0.05}, record=40, trajectory=1, observables=FAMILIES)
    alpha_ps, delta = found.trajectory_alpha_ps.values[1:], found.trajectory_delta.values[1:]
    assert (alpha_ps >= 0).any() and (alpha_ps < 0).any()
    np.testing.assert_array_equal(np.isnan(delta), alpha_ps < 0)
    assert found.delta == pytest.approx(np.nanmean(delta), rel=1e-12)
    assert found.progressive_sharpening == pytest.approx(alpha_ps.mean(), rel=1e-12)
