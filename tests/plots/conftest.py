"""Small datasets that pictures are drawn of."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from fastdln import Sweep, run
from tests.small import OF_MATRICES, SWEEP


@pytest.fixture(autouse=True)
def never_shown(monkeypatch):
    mpl.use("Agg")
    monkeypatch.setattr(plt, "show", lambda *args, **kwargs: pytest.fail("a picture called show"))
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def modes():
    """Two modes of depth 2, everything measured."""
    return run(
        Sweep(
            title="a < b & $c$",
            model="modes",
            axes={
                "eta": {"start": 0.7, "stop": 1.9, "num": 9},
                "alpha": {"start": 0.1, "stop": 0.9, "num": 3, "spacing": "log"},
                "depth": 2,
            },
            target={"singular_values": [1.0, 0.8, 0.0]},
            steps=400,
            record=64,
            observables=[
                "period",
                "orbit",
                "loss",
                "oscillation_range",
                "lyapunov",
                "balancing",
                "sharpness",
                "mixing",
            ],
            trajectory=1,
        )
    )


@pytest.fixture(scope="session")
def fine():
    """A plane of enough points for boxes."""
    axes = {"eta": {"start": 0.4, "stop": 2.0, "num": 80}, "alpha": {"start": 0.3, "stop": 1.3, "num": 70}, "depth": 3}
    return run(Sweep(model="modes", axes=axes, steps=200, record=32, observables=[]), progress=False)


@pytest.fixture(scope="session")
def of_kinds(fine):
    """What pictures are drawn of that take other datasets than most, by their names."""
    constrained = Sweep(
        model="constrained",
        axes={"eta": {"values": [0.9], "unit": "2/S1"}, "alpha": 0.5, "depth": 2, "seed": [0]},
        target={"singular_values": [1.0, 0.4], "basis": "random"},
        start="gaussian",
        steps=30,
        record=30,
        trajectory=1,
    )
    axes = {"eta": 0.05, "alpha_ps": 1.0, "x0": 0.5}
    local = Sweep(model="self-stabilization", axes=axes, steps=0, record=400, trajectory=1)
    of_edge = {"edge": run(constrained, progress=False), "stages": run(local, progress=False)}
    return {**of_edge, "boundary": fine, "dimension": fine}


@pytest.fixture(scope="session")
def matrices():
    return run(
        Sweep(
            model="matrix",
            axes={"eta": [0.3, 0.6, 0.9], "alpha": 0.4, "depth": 2},
            target={"singular_values": [1.0, 0.6]},
            steps=200,
            record=16,
            trajectory=1,
            observables=OF_MATRICES,
            sharpness_count=4,
        )
    )


@pytest.fixture(scope="session")
def grid():
    return run(SWEEP)
