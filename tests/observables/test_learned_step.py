"""The step at which a mode is learned against the closed form of the plateau's end, and its order."""

import numpy as np
import pytest

from fastdln import Sweep, run
from fastdln.observables.learned_step import OBSERVABLE
from fastdln.observables.observable import Step

pytestmark = pytest.mark.filterwarnings("ignore:steps =")

KEYS = {"observables": ["learned_step"], "record": 8}


def learned(products, s=1.0):
    first = None
    for number, product in enumerate(products):
        step = Step(float(number), (), (), product, 0.1, s, 10.0)
        first = OBSERVABLE.update(first, step) if first else OBSERVABLE.start(step)
    return OBSERVABLE.finish(first, 1)[0]


@pytest.mark.parametrize(
    ("products", "s", "expected"),
    [
        ([0.1, 0.8, 0.95, 2.0], 1.0, 2),  # what is learned may be lost again
        ([1.05, 0.0], 1.0, 0),
        ([0.1, 1.2, -1.0], 1.0, -1),  # past it, never near it
        ([0.0, 0.0], 0.0, -1),
        ([0.5, np.nan, np.inf], 1.0, -1),
        ([1.75, 1.79], 2.0, -1),
        ([1.75, 1.81], 2.0, 1),
    ],
)
def test_the_first_state_within_a_tenth(products, s, expected):
    assert learned(products, s) == expected


def test_small_steps_take_the_time_of_the_logistic_equation():
    """u = rho^2 of two balanced layers obeys u' = 2 u (s - u): .9 s after ln(9 (s / u0 - 1)) / 2 s."""
    eta, alpha, s = 1e-3, 0.1, np.array([2.0, 1.0, 0.5])
    axes = {"eta": eta, "alpha": alpha, "depth": 2}
    ds = run(Sweep(model="balanced", axes=axes, target={"singular_values": s.tolist()}, steps=9000, **KEYS))
    expected = np.log(9 * (s / alpha**2 - 1)) / (2 * s * eta)
    np.testing.assert_allclose(ds.learned_step.values.ravel(), expected, rtol=5e-3)


def test_matrices_learn_when_their_modes_do():
    axes = {"eta": [0.05, 0.3, 0.6, 3.0], "alpha": [0.1, 0.5], "depth": 3}
    keys = {**KEYS, "axes": axes, "target": {"singular_values": [1.0, 0.5, 0.0]}, "steps": 2000, "start": "balanced"}
    modes, matrices = run(Sweep(model="modes", **keys)), run(Sweep(model="matrix", **keys))
    lost = modes.fate.values == 5
    assert lost.any() and not lost.all()
    np.testing.assert_array_equal(modes.learned_step.values[~lost], matrices.learned_step.values[~lost])
    # matrices are lost with all their modes at the first that diverges
    after = matrices.learned_step.values[lost]
    assert ((after == -1) | (after == modes.learned_step.values[lost])).all()
    one, two, none = np.moveaxis(modes.learned_step.values, -1, 0)
    assert (none == -1).all()
    assert (one[..., :3] >= 0).all()
    small = one[0, 0, :2], two[0, 0, :2]
    assert (small[0] < small[1]).all()
