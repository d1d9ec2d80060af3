"""Starts and targets of full matrices."""

import numpy as np
import pytest

from fastdln import Sweep, run
from fastdln.models.targets import by_singular_values, generator, orthogonal
from tests.small import OF_MATRICES

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


def test_random_starts_depend_on_their_seed_and_layer_alone():
    keys = {"model": "matrix", "target": {"singular_values": [1.0, 0.5]}, "steps": 0, "record": 1, "trajectory": 1}
    for start in ("gaussian", "orthogonal"):
        axes = {"eta": 0.0, "alpha": 0.5, "depth": [2, 3], "seed": [3, 11]}
        ds = run(Sweep(start=start, axes=axes, observables=OF_MATRICES, **keys), progress=False).squeeze()
        first = ds.trajectory_singular_value.isel(step=0)
        np.testing.assert_array_equal(first.sel(depth=2, layer=1), first.sel(depth=3, layer=1))
        assert (first.sel(depth=3, layer=1) != first.sel(depth=3, layer=2)).any() or start == "orthogonal"
    w = generator(3, 1).standard_normal((2, 2)) / np.sqrt(2)
    gaussian = run(Sweep(start="gaussian", axes=axes, observables=OF_MATRICES, **keys), progress=False)
    found = gaussian.trajectory_singular_value.sel(seed=3, depth=3, layer=1).isel(step=0).values.squeeze()
    np.testing.assert_allclose(found, 0.5 * np.linalg.svd(w, compute_uv=False), rtol=1e-14)


def test_random_starts_have_their_distribution():
    wide = np.array([generator(seed, 1).standard_normal((40, 30)) for seed in range(50)])
    assert abs(wide.mean()) < 0.02 and abs(wide.std() - 1) < 0.02
    for rows, columns in ((4, 4), (5, 2), (2, 5)):
        q = orthogonal(rows, columns, generator(0, 1))
        gram = q.T @ q if rows >= columns else q @ q.T
        np.testing.assert_allclose(gram, np.eye(min(rows, columns)), atol=1e-14)


def test_targets_have_the_singular_values_that_were_asked_for():
    target = by_singular_values(np.array([3.0, 1.0, 0.5]), "random", 2, 4, 3)
    matrix = target.matrices(target.singular_values[None])[0]
    assert matrix.shape == (4, 3)
    np.testing.assert_allclose(np.linalg.svd(matrix, compute_uv=False), [3.0, 1.0, 0.5], rtol=1e-14)
    again = by_singular_values(np.array([3.0, 1.0, 0.5]), "random", 3, 4, 3)
    assert np.abs(again.left - target.left).max() > 0.1


def test_given_and_named_starts_are_the_same():
    keys = {"axes": {"eta": 0.3, "alpha": 0.2, "depth": 3}, "target": {"singular_values": [1.0, 0.4]}, "steps": 100}
    keys |= {"model": "matrix", "record": 8, "observables": ["loss", "orbit"]}
    named = run(Sweep(start="balanced", **keys), progress=False)
    given = run(Sweep(start=[np.eye(2)] * 3, **keys), progress=False)
    by_values = run(Sweep(start={"spectral": [[1.0, 1.0]] * 3}, **keys), progress=False)
    for name in named.data_vars:
        np.testing.assert_array_equal(given[name], named[name])
        np.testing.assert_array_equal(by_values[name], named[name])
