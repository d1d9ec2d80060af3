"""Chunks of full matrices: bits that depend on the point alone, and fates where they are those of the modes."""

import warnings

import numpy as np
import pytest

from fastdln import Sweep, run
from fastdln.kernels.matrices import chunk
from fastdln.observables import DEFAULT
from tests.kernels.matrices.single_points import matrix_run, random_point
from tests.small import OF_MATRICES

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


@pytest.mark.parametrize(("depth", "start"), [(2, "one-zero"), (3, "one-zero"), (3, "balanced"), (4, "one-zero")])
def test_fates_are_those_of_the_modes(depth, start):
    """Over learning rates up to divergence; rounding decides at a few chaotic points."""
    axes = {
        "eta": {"start": 0.02, "stop": 1.6, "num": 40},
        "alpha": {"start": 0.01, "stop": 1.2, "num": 6},
        "depth": depth,
    }
    keys = {"axes": axes, "target": {"singular_values": [1.0, 0.6, 0.0]}, "start": start, "steps": 1500, "record": 128}
    modes, matrices = (run(Sweep(model=m, **keys), progress=False).fate.values for m in ("modes", "matrix"))
    assert (modes != matrices).mean() < 0.04
    assert {1, 2, 3, 6} <= set(np.unique(matrices))
    if (depth, start) == (3, "one-zero"):
        assert (matrices[modes == 4] == 4).mean() > 0.9


def test_a_plateau_of_random_starts_is_no_collapse():
    """Products of small random layers are of either sign; those below 0 come up in the end."""
    axes = {"eta": 0.1, "alpha": 1e-3, "depth": 3, "seed": {"start": 0, "stop": 15, "num": 16}}
    keys = {"model": "matrix", "start": "gaussian", "axes": axes, "record": 32}
    early = run(Sweep(steps=100, observables=OF_MATRICES, **keys), progress=False)
    late = run(Sweep(steps=100_000, **keys), progress=False)
    assert (early.orbit < 0).any()
    assert (early.fate == 6).all()
    assert (late.fate == 1).all()


ETAS = [0.05, 0.3, 0.6, 0.7, 0.8, 1.0, 1.7, 2.5]


def test_diverged_points_are_lost_and_no_others(quick):
    ds = quick("matrix", axes={"eta": ETAS, "alpha": 0.2, "depth": 3}, s=(1.0, 0.5), observables=OF_MATRICES).squeeze()
    lost = ds.fate.values == 5
    assert lost.any() and not lost.all()
    assert (ds.period.values[lost] == -1).all() and (ds.oscillating_modes.values[lost] == -1).all()
    for name, variable in ds.data_vars.items():
        # which need alpha_ps >= 0 and beta > 0, and directions that only wider networks have
        if variable.dtype.kind == "f" and not name.startswith(("delta", "subspace_error")):
            cells = variable.values.reshape(len(ETAS), -1)
            assert np.isnan(cells[lost]).all(), name
            assert np.isfinite(cells[~lost]).all(), name


@pytest.mark.parametrize("observables", [list(DEFAULT), OF_MATRICES], ids=["default", "all"])
def test_bits_depend_on_nothing_but_the_point(observables):
    """Whatever the chunks, the place in a block, and whether points are followed from the start or retired early."""
    keys = {
        "model": "matrix",
        "start": "gaussian",
        "target": {"singular_values": [1.0, 0.7, 0.2], "basis": "random"},
        "steps": 800,
        "record": 16,
        "observables": observables,
    }
    etas = [0.2, 0.3, 0.5, 0.66, 0.7, 0.8, 0.85, 0.9, 1.1]
    axes = {"eta": etas, "alpha": [0.2, 0.6], "depth": 2, "seed": [0, 1, 5]}
    whole = run(Sweep(axes=axes, **keys), progress=False)
    parts = run(Sweep(axes=axes, chunks={"eta": 2, "alpha": 1, "seed": 1}, **keys), progress=False)
    alone = run(Sweep(axes={**axes, "eta": 0.8, "alpha": 0.6, "seed": 5}, **keys), progress=False)
    for name in whole.data_vars:
        np.testing.assert_array_equal(parts[name], whole[name], err_msg=name)
        np.testing.assert_array_equal(
            alone[name].values.squeeze(), whole[name].sel(eta=0.8, alpha=0.6, seed=5).values.squeeze(), err_msg=name
        )
    if observables == OF_MATRICES:
        bare = run(Sweep(axes=axes, **keys | {"observables": DEFAULT}), progress=False)
        np.testing.assert_array_equal(bare.loss_last, whole.loss_last)


def test_networks_that_overflow_leave_nothing_to_those_after_them():
    """64 are followed in one memory; behind 50 weights it has room for 2 more, which no other network fills."""
    keys = {
        "model": "matrix",
        "start": "gaussian",
        "target": {"singular_values": [0.25, 0.125, 0.06, 0.03, 0.015], "basis": "random"},
        "steps": 0,
        "record": 60,
        "observables": ["sharpness"],
    }
    settling = np.linspace(3.0, 3.5, 32)
    axes = {"alpha": 0.3, "depth": 2, "seed": [0, 1]}
    alone = run(Sweep(axes={**axes, "eta": settling}, **keys), progress=False)
    # the second seed's 32 that settle come where of the first seed's 32 have overflowed, each after another step
    both = {**axes, "eta": np.concatenate([settling, np.linspace(9.0, 12.0, 64)])}
    after = run(Sweep(axes=both, chunks={"eta": 96, "seed": 2}, **keys), progress=False)
    assert (after.fate.isel(eta=slice(32, None)) == 5).all()
    np.testing.assert_array_equal(after.sharpness_unconverged, 0)
    np.testing.assert_array_equal(after.sharpness.isel(eta=slice(32)), alone.sharpness)


def test_lanes_and_blas_agree(monkeypatch):
    keys = {
        "model": "matrix",
        "axes": {"eta": [0.3, 0.6, 0.9], "alpha": 0.4, "depth": [2, 3], "seed": [0, 1]},
        "start": "orthogonal",
        "target": {"singular_values": [1.0, 0.7, 0.2], "basis": "random"},
        "steps": 300,
        "record": 16,
        "observables": OF_MATRICES,
    }
    in_lanes = run(Sweep(**keys), progress=False)
    monkeypatch.setattr(chunk, "WIDEST_IN_LANES", 0)
    by_blas = run(Sweep(**keys), progress=False)
    settled = in_lanes.fate.values == 1
    assert settled.any()
    np.testing.assert_array_equal(by_blas.fate.values[settled], 1)
    for name in ("sharpness", "alignment_error", "balancing_norm"):
        np.testing.assert_allclose(by_blas[name].values[settled], in_lanes[name].values[settled], rtol=1e-7, atol=1e-12)


def test_a_network_leaves_the_modes_where_the_theory_says():
    """docs/theory.md, end of C: (10, 9.5, 9) in random bases leaves at eta = .034 after some 800 steps, (10, 8, 6) at .032 stays."""

    def alignment(s, eta):
        sweep = Sweep(
            model="matrix",
            axes={"eta": eta, "alpha": 0.01, "depth": 3},
            target={"singular_values": [*s, 0.0, 0.0], "basis": "random"},
            steps=1500,
            record=100,
            trajectory=1,
            observables=OF_MATRICES,
        )
        return run(sweep, progress=False).trajectory_alignment_error.squeeze()

    leaving, staying = alignment((10.0, 9.5, 9.0), 0.034), alignment((10.0, 8.0, 6.0), 0.032)
    assert float(leaving[:50].max()) < 1e-18
    left = int(np.argmax(leaving.values > 0.01))
    assert 600 < left < 1200
    assert float(leaving.max()) > 0.1
    assert float(staying.max()) < 1e-12


def test_a_random_basis_changes_nothing_on_the_singular_vector_stationary_set():
    axes = {"eta": 0.3, "alpha": 0.2, "depth": 3, "s2": [0.4, 0.8]}
    keys = {"model": "matrix", "axes": axes, "steps": 300, "record": 8, "observables": ["loss", "period", "sharpness"]}
    start = {"spectral": [[1.0, 0.9], [0.8, 1.0], [1.1, 0.7]]}
    bases = [
        run(Sweep(start=start, target={"singular_values": [1.0, 0.4], "basis": basis}, **keys), progress=False)
        for basis in ("identity", "random")
    ]
    np.testing.assert_array_equal(bases[0].fate, bases[1].fate)
    np.testing.assert_allclose(bases[0].sharpness, bases[1].sharpness, rtol=1e-8)


def test_warnings_of_matrices_are_few():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layers, target = random_point(2)
        matrix_run(layers, target)
