"""Kernels of modes: retiring lanes is exact, a point's place does not matter, observing changes nothing, Python agrees."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from fastdln import Sweep, run
from fastdln.kernels.compile import compiled
from fastdln.kernels.lengths import Lengths
from fastdln.kernels.modes.chunk import ChunkKernel
from fastdln.kernels.spans import LANES, ROUND
from fastdln.models import MODELS, STARTS
from fastdln.observables import DEFAULT, OBSERVABLES
from tests.small import EVERYTHING

FAMILIES = [OBSERVABLES[name] for name in EVERYTHING]

ALL = [o for o in OBSERVABLES.values() if not o.asked_by]


def kernel_of(model, depth, start="balanced", families=FAMILIES):
    layers = STARTS[start].layers(depth, 1)
    kernel = ChunkKernel(MODELS[model].reduce(layers), depth, families)

    def compute(eta, alpha, steps, record=8):
        states = layers[kernel.map.layers(depth)][:, :, None] * alpha
        return kernel(eta, np.ones((1, eta.size)), states, Lengths(steps, record, record // 2, record))

    return kernel, compute


def scattered(points, seed=0):
    """Points through all regimes at depth 3, from plateau to divergence."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.01, 1.6, points), np.exp(rng.uniform(np.log(1e-3), np.log(1.3), points))


@pytest.mark.parametrize("steps", [0, 1, ROUND - 1, ROUND, ROUND + 1, 7 * ROUND + 77])
@pytest.mark.parametrize(("model", "depth", "start"), [("modes", 3, "one-zero"), ("balanced", 2, "balanced")])
def test_retiring_and_refilling_lanes_changes_no_bit(model, depth, start, steps):
    """Against the same recursion, every lane to its very last step."""
    eta, alpha = scattered(3 * LANES + 5)
    kernel, compute = kernel_of(model, depth, start)
    orbit = compute(eta, alpha, steps)["orbit"][:, 0]
    step, product = kernel.map.step(depth), kernel.map.product(depth)

    def follow(state, eta, total, orbit):
        for number in range(total + 8):
            state = step(state, eta, 1.0)
            if number >= total:
                orbit[number - total] = product(state)

    plain, plain_orbit = compiled(follow), np.empty((eta.size, 8))
    starts = STARTS[start].layers(depth, 1)[kernel.map.layers(depth), 0]
    for point, values in enumerate(starts * alpha[:, None]):
        plain(tuple(values.tolist()), eta[point], steps, plain_orbit[point])
    kept = ~np.isnan(orbit[:, 0])
    assert 0.5 < kept.mean() <= 1
    assert orbit[kept].tobytes() == plain_orbit[kept].tobytes()


def test_a_points_place_does_not_change_its_bits():
    eta, alpha = scattered(5 * LANES + 17)
    _, compute = kernel_of("modes", 3, "one-zero", ALL)
    record = 67  # no multiple of any period, so that rates are measured over one more
    whole = compute(eta, alpha, 3000, record)
    order = np.random.default_rng(1).permutation(eta.size)
    mixed = compute(eta[order], alpha[order], 3000, record)
    single = [compute(eta[k : k + 1], alpha[k : k + 1], 3000, record) for k in range(0, eta.size, 31)]
    assert len(np.unique(whole["period"])) > 6, "points of several periods lie side by side"
    for name, values in whole.items():
        assert values[order].tobytes() == mixed[name].tobytes(), name
        for k, alone in zip(range(0, eta.size, 31), single, strict=True):
            assert values[k].tobytes() == alone[name][0].tobytes(), name


@pytest.mark.parametrize(("model", "depth", "start"), [("modes", 2, "one-zero"), ("modes", 3, "one-zero")])
def test_observing_changes_no_bit(model, depth, start):
    """The transient is compiled bare or with observables in it; both must round alike, chaos included."""
    eta, alpha = scattered(4 * LANES)
    _, observed = kernel_of(model, depth, start)
    _, bare = kernel_of(model, depth, start, [OBSERVABLES["orbit"], OBSERVABLES["fate"]])
    one, two = observed(eta, alpha, 2000), bare(eta, alpha, 2000)
    assert one["orbit"].tobytes() == two["orbit"].tobytes()
    assert set(np.unique(two["fate"])) >= {1, 2, 3, 5, 6}


def test_step_numbers_do_not_depend_on_rounds():
    """escape_step through retired lanes, refilled lanes and the last part of a round."""
    eta, alpha = scattered(3 * LANES)
    _, compute = kernel_of("modes", 3, "one-zero")
    long, short = compute(eta, alpha, 5 * ROUND, 8), compute(eta, alpha, 5 * ROUND - 100, 108)
    assert (long["convergence_step"] > ROUND).any()
    for name in ("escape_step", "convergence_step", "divergence_step", "learned_step"):
        np.testing.assert_array_equal(long[name], short[name])


PYTHON = """
import os, sys, json, numpy, warnings
warnings.simplefilter("error")
import numba
from numba.core import config
assert config.DISABLE_JIT
import fastdln
sweep = fastdln.Sweep(**json.loads(sys.argv[1]))
ds = fastdln.run(sweep)
numpy.savez(sys.argv[2], **{name: ds[name].values for name in ds.data_vars})
"""


# Keys of models without layers, or without a target.
OF_THEIR_OWN = {
    "self-stabilization": {"axes": {"eta": [0.1, 30.0], "alpha_ps": [0.3, 1.0]}},
    "uv": {"axes": {"eta": [0.1, 0.7, 30.0], "lambda0": [2.2, 3.0], "width": 2.0}},
    "logistic": {
        "axes": {"eta": [0.01, 1.0, 30.0], "loss": ["logistic", "exponential"]},
        "data": {"pair": {"gamma": 0.5}},
    },
    "mlp": {
        "axes": {"eta": [0.01, 30.0], "alpha": 0.9, "activation": ["tanh", "relu", "gelu", "linear"]},
        "data": {"teacher": {"examples": 9, "inputs": 2}},
        "widths": [2, 5, 3, 1],
    },
}


@pytest.mark.parametrize("model", [m.name for m in MODELS.values() if not m.simulation or m.parameters or m.data])
def test_pure_python_kernels_agree_with_the_compiled_ones(tmp_path, model):
    start = {"spectral": [[0.5, 1.0], [0.6, 0.3], [0.2, 0.0]]} if model == "modes" else "balanced"
    keys = {
        "model": model,
        "axes": {"eta": [0.1, 0.7, 30.0], "alpha": 0.9, "depth": 3},
        "target": {"singular_values": [1.0, 0.4]},
        "start": start,
        "steps": ROUND + 7,
        "record": 12,
        "observables": DEFAULT if model == "matrix" else EVERYTHING,
        "orbit_samples": 12,
    }
    if MODELS[model].flow:  # a stiff flow at rest trembles by its tolerance
        keys["axes"] = {**keys["axes"], "eta": [0.1, 0.7]}
    if model in OF_THEIR_OWN:
        for name in ("observables", "orbit_samples", "target", "start"):
            del keys[name]
        keys |= {"trajectory": 3, **OF_THEIR_OWN[model]}
    ds = run(Sweep(**keys))
    out = tmp_path / "out.npz"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PYTHON, json.dumps(keys), str(out)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    pure = np.load(out)
    assert set(pure) == set(ds.data_vars)
    for name in pure:
        np.testing.assert_allclose(pure[name], ds[name].values, rtol=1e-12, atol=1e-14, err_msg=name)
