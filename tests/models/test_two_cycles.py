"""Two-cycles as a sweep finds them, against the two-cycle equation."""

import numpy as np
import pytest

from fastdln import Sweep, run, theory

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:alpha = 0")


@pytest.mark.parametrize("depth", range(2, 9))
def test_two_cycles_of_the_sweep_solve_the_two_cycle_equation(depth):
    etas = np.array([2.02, 2.1, 2.2, 2.4]) / depth
    ds = run(
        Sweep(
            model="balanced",
            axes={"eta": etas, "alpha": 0.9, "depth": depth},
            observables=["period", "orbit"],
            orbit_samples=2,
        )
    ).squeeze()
    np.testing.assert_array_equal(ds.period.values, 2)
    rho = np.sort(ds.orbit.values, axis=-1) ** (1 / depth)
    z = 1 + etas[:, None] * (1 - rho**depth) * rho ** (depth - 2)
    np.testing.assert_allclose(rho**depth * (1 + z ** (2 * depth - 1)) / (1 + z ** (depth - 1)), 1.0, rtol=1e-12)
    low, high = theory.two_cycle(etas, 1.0, depth)
    np.testing.assert_allclose(rho, np.stack([low, high], axis=-1), rtol=1e-12)
