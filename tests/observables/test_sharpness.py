"""The sharpness of modes, that of the flow's end, and the edge, against the dense Hessian."""

import numpy as np
import pytest

from fastdln import Sweep, run, theory
from tests import reference
from tests.observables.states import states_of

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:alpha = 0")


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
@pytest.mark.parametrize("modes", [2, 3, 4])
def test_sharpness_against_the_dense_hessian(depth, modes):
    """On and off the minimum, layers all different."""
    rng = np.random.default_rng(10 * depth + modes)
    for case in range(4):
        s = rng.uniform(0.2, 2.0, modes)
        w = rng.uniform(-1.3, 1.3, (depth, modes))
        if case == 0:
            w = np.broadcast_to(s ** (1 / depth), (depth, modes)).copy()
        elif case == 1:
            w[-1] = s / w[:-1].prod(axis=0)
        dense = np.linalg.eigvalsh(reference.hessian([np.diag(x) for x in w], np.diag(s)))[-1]
        assert theory.sharpness(w, s) == pytest.approx(dense, rel=1e-9)
        ds = run(
            Sweep(
                model="modes",
                axes={"eta": 0.0},
                target={"singular_values": s},
                start={"spectral": w},
                steps=0,
                record=1,
                observables=["sharpness"],
            )
        )
        assert ds.sharpness.item() == pytest.approx(dense, rel=1e-9)


def test_the_twins_hessian_is_the_gradients_derivative():
    rng = np.random.default_rng(3)
    weights, target, h = [rng.normal(size=(3, 3)) for _ in range(3)], rng.normal(size=(3, 3)), 1e-6
    direction = [rng.normal(size=(3, 3)) for _ in range(3)]

    def gradient(weights):
        error = reference.chain(weights) - target
        above = lambda k: reference.chain(weights[k + 1 :]) if k < 2 else np.eye(3)  # noqa: E731  # as short as the formula
        below = lambda k: reference.chain(weights[:k]) if k else np.eye(3)  # noqa: E731  # as short as the formula
        return [above(k).T @ error @ below(k).T for k in range(3)]

    ahead, behind = (gradient([w + sign * h * v for w, v in zip(weights, direction, strict=True)]) for sign in (1, -1))
    for a, b, exact in zip(ahead, behind, reference.hessian_times(weights, target, direction), strict=True):
        np.testing.assert_allclose((a - b) / (2 * h), exact, rtol=1e-6, atol=1e-8)


def test_flow_sharpness_at_a_balanced_point():
    w = np.full((4, 2), 0.5)
    s = np.array([1.3, 0.4])
    assert theory.flow_sharpness(w, s) == pytest.approx(float(theory.stability_limit(1.3, 4)), rel=1e-13)


def test_flow_sharpness_decreases_along_gradient_descent():
    """Kreisler et al. (arXiv 2305.13064): monotonically, for scalar networks."""
    sweep = Sweep(
        model="modes",
        axes={"eta": 0.2, "alpha": 1.0},
        start={"spectral": [[1.5], [0.4], [0.9]]},
        steps=0,
        record=200,
        observables=["flow_sharpness"],
        trajectory=1,
    )
    ds = run(sweep)
    states = states_of(ds, 3)[0, 0]
    values = theory.flow_sharpness(states, [1.0])
    assert np.all(np.diff(values) <= 1e-12 * values[:-1])
    assert ds.flow_sharpness.item() == pytest.approx(values[-1], rel=1e-12)


def test_flow_that_ends_at_a_saddle_has_no_sharpness():
    assert np.isnan(theory.flow_sharpness(np.full((3, 1), -0.5), [1.0]))
    assert theory.flow_sharpness(np.array([[0.5], [0.5], [-0.1]]), [1.0]) > 3


def test_edge_step_is_the_first_sample_beyond_the_edge():
    keys = {
        "model": "modes",
        "axes": {"eta": 0.035, "alpha": 0.01, "depth": 3},
        "target": {"singular_values": [10.0, 9.5, 9.0]},
        "steps": 900,
        "record": 100,
    }
    ds = run(Sweep(**keys, trajectory=1, observables=["edge_step"])).squeeze()
    beyond = ds.trajectory_sharpness.values >= 2 / 0.035
    assert ds.edge_step.item() == int(np.argmax(beyond))
    thinned = run(Sweep(**keys, sharpness_every=50, observables=["edge_step"]))
    assert thinned.edge_step.item() == 50 * int(np.argmax(beyond[::50]))
    assert thinned.edge_step.attrs["sharpness_every"] == 50
