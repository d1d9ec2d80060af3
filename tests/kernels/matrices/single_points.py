"""Sweeps of one point, from given layers to a given target."""

import numpy as np

from fastdln import Sweep, run
from fastdln.models.targets import orthogonal
from tests.small import OF_MATRICES


def matrix_run(weights, target, **keys):
    keys = {"axes": {"eta": 0.0}, "steps": 0, "record": 1, "observables": OF_MATRICES} | keys
    sweep = Sweep(model="matrix", start=list(weights), target={"matrix": target}, **keys)
    return run(sweep, progress=False).squeeze()


def random_point(trial):
    """A target and layers at a start, a saddle, a minimum, or anywhere; at times with two singular values close together."""
    random = np.random.default_rng([7, trial])
    d, depth = int(random.integers(2, 7)), int(random.integers(2, 6))
    left, right = (orthogonal(d, d, random) for _ in range(2))
    s = np.sort(random.uniform(0.5, 3.0, d))[::-1].copy()
    if trial % 3 == 0:
        s[1] = s[0] * (1 - 10.0 ** -random.uniform(1, 8))
    alpha, kind = random.uniform(0.01, 1.0), trial % 5
    if kind in (0, 1):
        layers = [alpha * np.eye(d)] * (depth - 1) + [np.zeros((d, d)) if kind else alpha * np.eye(d)]
    elif kind == 2:
        layers = [alpha * random.standard_normal((d, d)) / np.sqrt(d) for _ in range(depth)]
    else:
        held = s * (1.0 if kind == 3 else random.integers(0, 2, d))  # a minimum, or a saddle with some modes at 0
        root = np.diag(held ** (1 / depth))
        layers = [root @ right.T] + [root] * (depth - 2) + [left @ root]
    return layers, (left * s) @ right.T
