"""A small sweep of many chunks, and how to compare datasets bit by bit."""

from pathlib import Path

import numpy as np

from fastdln import Sweep
from fastdln.observables import MATRIX_OBSERVABLES
from fastdln.storage.dataset import in_memory
from fastdln.storage.in_memory import InMemory

# The repository.
ROOT = Path(__file__).parent.parent

EVERYTHING = ["period", "oscillating_modes", "orbit", "oscillation_range", "loss"]
EVERYTHING += ["escape_step", "convergence_step", "divergence_step", "learned_step"]

SWEEP = Sweep(
    title="a test",
    model="modes",
    axes={"eta": {"start": 0.1, "stop": 1.5, "num": 40}, "alpha": [0.3, 0.6], "depth": [2, 3]},
    target={"singular_values": [1.0, 0.5]},
    steps=400,
    record=32,
    observables=["period", "oscillation_range", "oscillating_modes", "loss", "orbit"],
    orbit_samples=8,
    chunks={"eta": 10, "alpha": 1},
)

# All that is measured of matrices unless a key asks for more.
OF_MATRICES = [name for name, o in MATRIX_OBSERVABLES.items() if not o.asked_by and name != "fate"]

# The smallest sweep that a command needs: 20 points, at once.
TINY = """
model = "modes"
steps = 200
record = 16
[axes]
eta = {start = 0.1, stop = 1.0, num = 20}
alpha = 0.5
depth = 3
"""

# SWEEP for the command line.
FILE = """
title = "a test"
model = "modes"
steps = 400
record = 32
observables = ["period", "oscillation_range", "oscillating_modes", "loss", "orbit"]
orbit_samples = 8
[axes]
eta = { start = 0.1, stop = 1.5, num = 40 }
alpha = [0.3, 0.6]
depth = [2, 3]
[target]
singular_values = [1.0, 0.5]
[chunks]
eta = 10
alpha = 1
"""


def identical(one, two):
    assert set(one.variables) == set(two.variables)
    for name in one.variables:
        assert one[name].dtype == two[name].dtype, name
        assert one[name].values.tobytes() == two[name].values.tobytes(), name


def marks(path):
    """When each chunk's mark was written."""
    files = (path / "fate" / "c").rglob("*")
    return {p.relative_to(path).as_posix(): p.stat().st_mtime_ns for p in files if p.is_file()}


def made(sweep):
    """The dataset of a sweep as it is opened, with made-up values instead of computed ones: whole numbers from 1 to 6."""
    results, rng = InMemory(sweep), np.random.default_rng(0)
    for array in results.arrays.values():
        array[...] = rng.integers(1, 7, size=array.shape)
    return in_memory(results)
