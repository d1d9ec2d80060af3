"""Every state that a trajectory keeps."""

import numpy as np

from tests.reference.sharpness import sharpness_at


def trajectory(run):
    kept = range(0, run.steps + run.record + 1, run.keep)
    states = run.states[:: run.keep]
    return {
        "trajectory_singular_value": np.moveaxis(states, 0, -1),
        "trajectory_product": states.prod(axis=1).T,
        "trajectory_loss": 0.5 * ((states.prod(axis=1) - run.s) ** 2).sum(axis=1),
        "trajectory_sharpness": [sharpness_at(run, t) for t in kept],
    }
