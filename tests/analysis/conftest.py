"""A sweep through the doublings of the balanced map."""

import pytest

from fastdln import Sweep, run


@pytest.fixture(scope="session")
def cascade():
    return run(
        Sweep(
            model="balanced",
            axes={"eta": {"start": 0.6, "stop": 1.35, "num": 1501}, "alpha": 0.5, "depth": [2, 3]},
            steps=100_000,
            record=512,
            observables=[
                "period",
                "lyapunov",
                "oscillation_range",
                "loss",
                "oscillating_modes",
                "sharpness",
                "balancing",
            ],
        )
    )
