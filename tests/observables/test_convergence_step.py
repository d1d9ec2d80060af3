"""Time to converge: where states are skipped since they repeat, against the rate at which a minimum attracts, at one tolerance."""

import numpy as np
import pytest

from fastdln import Sweep, run
from fastdln.observables.convergence_step import OBSERVABLE
from fastdln.observables.observable import LEAD, Step
from tests import reference


def seen(product, number):
    return Step(float(number), (), (), product, 0.1, 1.0, 10.0)


@pytest.mark.parametrize("period", [1, 2, 3, 8, 48, 64, 192])
def test_states_that_repeat_may_be_skipped(period):
    """The states of a point that retires are seen up to a multiple of LEAD, and again from the record on."""
    random, steps = np.random.default_rng(period), 7 * LEAD + 50
    answers = set()
    for _ in range(60):
        cycle = np.where(random.random(period) < random.choice([0.05, 0.5, 0.95]), 1.0 + 5e-7, 1.1)
        lead_in = np.where(random.random(2 * LEAD) < 0.5, 1.0, 0.9)[: random.integers(2 * LEAD)]
        record = int(random.integers(1, 2 * period + 2))
        products = np.concatenate([lead_in, np.resize(cycle, steps + record + 1 - len(lead_in))])
        repeats = next(k for k in range(LEAD, 8 * LEAD, LEAD) if k - LEAD >= len(lead_in))
        assert products[repeats] == products[repeats - LEAD]
        # refilled lanes retire at the last whole round if they do not repeat; what remains of it is followed
        followed = [*range(1, repeats + 1), *range(7 * LEAD + 1, steps + record + 1)]
        stay = OBSERVABLE.start(seen(products[0], 0))
        for number in followed:
            stay = OBSERVABLE.update(stay, seen(products[number], number))
        whole = reference.Run(products[:, None], [1.0], 0.1, 2, steps, record, 1, 1)
        (expected,) = reference.OBSERVABLES["convergence_step"](whole)["convergence_step"]
        assert OBSERVABLE.finish(stay, record) == (expected,)
        answers.add(expected >= 0)
    assert answers == {True, False}


def test_the_minimum_attracts_at_its_rate():
    """Near s the deviation shrinks by 1 - eta S a step, S = 2 s at L = 2 from balanced starts: ln 1e-6 / ln |1 - 2 eta s|."""
    eta = np.array([0.05, 0.1, 0.3, 0.8, 0.95])
    s, at = np.array([1.0, 0.5]), 1e-3
    start = {"spectral": [np.sqrt(s * (1 + at)).tolist()] * 2}
    axes = {"eta": eta.tolist(), "alpha": 1.0, "depth": 2}
    keys = {"axes": axes, "target": {"singular_values": s.tolist()}, "observables": ["convergence_step"]}
    ds = run(Sweep(model="modes", start=start, steps=2000, **keys))
    expected = np.log(1e-6 / at) / np.log(np.abs(1 - 2 * eta[:, None] * s))
    np.testing.assert_allclose(ds.convergence_step.values[0, 0], np.ceil(expected), atol=1)


def test_all_modes_have_a_step_where_and_only_where_the_point_converges():
    axes = {"eta": np.linspace(0.05, 1.6, 40).tolist(), "alpha": [0.1, 0.6], "depth": 3}
    s = [1.0, 0.7]
    ds = run(
        Sweep(model="modes", axes=axes, target={"singular_values": s}, steps=3000, observables=["convergence_step"])
    )
    every = (ds.convergence_step >= 0).all("mode")
    np.testing.assert_array_equal(every, ds.fate == reference.CONVERGED)
    assert 0 < every.sum() < every.size
