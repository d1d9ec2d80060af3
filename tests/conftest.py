"""Shared pieces of the tests."""

import pytest
from hypothesis import settings

from fastdln import Sweep, run

# How long an example takes depends on what else the machine does; it is not what is tested.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

EVERYTHING = ["period", "oscillating_modes", "orbit", "oscillation_range", "loss", "escape_step", "divergence_step"]


@pytest.fixture
def everything():
    """All observables, so that most tests share one compiled kernel a depth."""
    return list(EVERYTHING)


@pytest.fixture
def quick():
    """Runs a sweep in memory, past the plateau warning, with defaults small enough for tests."""

    def quick_run(model="modes", *, axes, s=(1.0,), **keys):
        keys = {"steps": 300, "record": 64, "observables": EVERYTHING, "orbit_samples": 64} | keys
        return run(Sweep(model=model, axes=axes, target={"singular_values": list(s)}, **keys))

    return quick_run
