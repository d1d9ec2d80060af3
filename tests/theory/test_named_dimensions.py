"""Arrays with names of dimensions: paired by position only where the names allow it, and by names through xarray."""

import numpy as np
import pytest
import xarray as xr

from fastdln import theory

U, V = xr.DataArray([1.0, 4.0, 2.0], dims="w1"), xr.DataArray([0.5, 1.0, 3.0], dims="w2")
RNG = np.random.default_rng(0)
LAYERS = xr.DataArray(RNG.uniform(0.5, 1.5, (3, 4, 2)), dims=("eta", "layer", "mode"))
S, BY_ALPHA = xr.DataArray([1.0, 0.5], dims="mode"), xr.DataArray(RNG.uniform(0.5, 1.5, (3, 2)), dims=("alpha", "mode"))
MATRICES = [xr.DataArray(RNG.normal(size=(3, 2, 2)), dims=("eta", f"row{k}", f"column{k}")) for k in range(2)]
TARGET = xr.DataArray(np.eye(2), dims=("row", "column"))

REFUSED = {
    "u, v": lambda: theory.factorization_limit(U, V, 1.0),
    "singular_value, depth": lambda: theory.stability_limit(U, xr.DataArray([2, 3, 4], dims="depth")),
    "eta, singular_value": lambda: theory.two_cycle(U, V, 2),
    "eta, depth": lambda: theory.two_cycle(U, 1.0, xr.DataArray([[2]], dims=("w1", "depth"))),
    "alpha, eta": lambda: theory.plateau_steps(U, V, 1.0, 3),
    "singular_values, depth": lambda: theory.hessian_eigenvalues(BY_ALPHA, xr.DataArray([2, 3, 4], dims="depth")),
    "layers, singular_values": lambda: theory.sharpness(LAYERS, BY_ALPHA),
    "layers[0], layers[1]": lambda: theory.sharpness_at_minimum([MATRICES[0], MATRICES[1].rename(eta="alpha")]),
    "target, layers[0]": lambda: theory.sharpness_gradient(MATRICES, TARGET.expand_dims(alpha=3)),
}


@pytest.mark.parametrize("names", REFUSED)
def test_other_names_at_the_same_position_are_refused(names):
    with pytest.raises(ValueError, match=r"paired by position; xarray\.apply_ufunc") as error:
        REFUSED[names]()
    assert str(error.value).startswith(f"{names}: lie along ")
    assert "\n" not in str(error.value)


def test_the_same_names_are_taken_as_plain_arrays():
    both = xr.broadcast(U, V)
    expected = theory.factorization_limit(U.values[:, None], V.values, 1.0)
    np.testing.assert_array_equal(theory.factorization_limit(*both, 1.0), expected)
    np.testing.assert_array_equal(
        theory.factorization_limit(U, V.values, [1.0]), theory.factorization_limit(U.values, V.values, 1.0)
    )
    np.testing.assert_array_equal(theory.sharpness(LAYERS, S), theory.sharpness(LAYERS.values, S.values))
    top, _, _ = theory.sharpness_gradient(MATRICES, TARGET)
    np.testing.assert_array_equal(top, theory.sharpness_gradient([w.values for w in MATRICES], TARGET.values)[0])


def test_xarray_pairs_them_by_names():
    limit = xr.apply_ufunc(theory.factorization_limit, U, V, 1.0)
    assert limit.sizes == {"w1": 3, "w2": 3}
    for i, u in enumerate(U.values):
        for j, v in enumerate(V.values):
            t = u * u + v * v
            assert limit[i, j] == pytest.approx(min(1.0, 8 / (t + np.sqrt(t * t - 16 * (u * v - 1.0)))), rel=1e-14)
    found = xr.apply_ufunc(theory.sharpness, LAYERS, BY_ALPHA, input_core_dims=[["layer", "mode"], ["mode"]])
    assert found.sizes == {"eta": 3, "alpha": 3}
    assert float(found[1, 2]) == theory.sharpness(LAYERS.values[1], BY_ALPHA.values[2])
