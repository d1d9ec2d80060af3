"""Trajectories end on the bits of the record; layers that a depth does not have are NaN."""

import numpy as np
import pytest

from fastdln import Sweep, run
from tests import reference

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:alpha = 0")

EVERY_MAP = [
    ("balanced", "balanced", [3]),
    ("modes", "one-zero", [2, 3]),
    ("modes", {"spectral": [[0.5], [0.7], [1.0]]}, [3]),
]


@pytest.mark.parametrize(("model", "start", "depth"), EVERY_MAP)
def test_trajectories_end_on_the_bits_of_the_record(model, start, depth):
    """Chaos included: the steps are the same ones, whatever is measured along them."""
    keys = {
        "model": model,
        "start": start,
        "axes": {"eta": {"start": 0.5, "stop": 1.3, "num": 40}, "alpha": [0.2, 0.9], "depth": depth},
        "steps": 1000,
        "record": 24,
        "orbit_samples": 4,
    }
    measured = ["orbit", "lyapunov", "balancing", "sharpness", "loss", "escape_step"]
    ds = run(Sweep(**keys, observables=measured, trajectory=8))
    alone = run(Sweep(**keys, observables=["orbit"]))
    assert ds.orbit.values.tobytes() == alone.orbit.values.tobytes()
    assert (ds.fate.values == reference.APERIODIC).any()
    kept = np.isfinite(ds.orbit.values[..., -1])
    assert ds.trajectory_product.values[..., -1][kept].tobytes() == ds.orbit.values[..., -1][kept].tobytes()
    assert list(ds.step.values[:3]) == [0, 8, 16]
    assert ds.step.values[-1] == 1024


def test_layers_beyond_the_depth_are_nan():
    axes = {"eta": 0.4, "alpha": 0.5, "depth": [2, 3]}
    ds = run(Sweep(model="modes", axes=axes, steps=100, record=1, observables=[], trajectory=50))
    assert np.isnan(ds.trajectory_singular_value.sel(depth=2, layer=3)).all()
    assert np.isfinite(ds.trajectory_singular_value.sel(depth=3)).all()
    assert np.isfinite(ds.trajectory_singular_value.sel(depth=2, layer=[1, 2])).all()
