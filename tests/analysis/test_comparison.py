"""Datasets compared with the theory."""

import numpy as np
import pytest

from fastdln import Sweep, analysis, run


def test_the_balanced_map_is_the_theory(cascade):
    differences = analysis.compare(cascade)
    assert set(differences.data_vars) == {
        "period", "oscillation_range", "oscillating_modes", "lyapunov", "balancing_exponent", "loss", "sharpness",
    }  # fmt: skip
    settled = cascade.period.isel(mode=0) > 0
    for name, tolerance in (
        ("oscillation_range", 1e-9),
        ("loss", 1e-9),
        ("sharpness", 1e-9),
        ("period", 0),
        ("lyapunov", 1e-6),
    ):
        values = differences[name]
        values = (values.isel(mode=0) if "mode" in values.dims else values).where(settled).values
        assert np.isfinite(values).sum() > 400
        assert np.nanmax(np.abs(values)) <= tolerance, name
        assert values.shape == settled.shape


def test_several_modes_and_a_swept_singular_value():
    ds = run(
        Sweep(
            model="modes",
            axes={"eta": [0.029, 0.032, 0.036], "s2": [8.0, 9.5], "alpha": 0.01, "depth": 3},
            target={"singular_values": [10.0, 9.0, 0.0]},
            steps=30_000,
            observables=["period", "oscillation_range", "oscillating_modes", "loss"],
        )
    )
    differences = analysis.compare(ds)
    for name in differences:
        assert differences[name].dims == ds[name].dims
    assert float(abs(differences.oscillating_modes).max()) == 0
    assert float(abs(differences.oscillation_range).max()) < 1e-5
    assert int(ds.oscillating_modes.sel(s2=9.5, eta=0.036).item()) == 2


def test_stores_are_read_lazily(tmp_path):
    axes = {"eta": {"start": 0.6, "stop": 0.85, "num": 101}, "alpha": 0.5, "depth": 3}
    sweep = Sweep(model="balanced", axes=axes, steps=5000, observables=["period", "lyapunov", "oscillation_range"])
    lazy = run(sweep, store=tmp_path / "out.zarr")
    assert lazy.period.chunks
    np.testing.assert_array_equal(analysis.flips(lazy).flip, analysis.flips(lazy.load()).flip)
    assert float(abs(analysis.compare(lazy).oscillation_range).median()) < 1e-12


def test_points_not_computed_are_no_difference(cascade):
    missing = cascade.copy()
    missing["fate"] = missing.fate.where(missing.eta > 0.9, 0).astype("uint8")
    differences = analysis.compare(missing)
    assert np.isnan(differences.period.sel(eta=slice(None, 0.9)).values).all()


def test_what_diverged_and_what_only_decays_is_not_compared(quick):
    """-1 stands for a diverged mode and is no period; a mode with s = 0 goes towards 0 for ever (theory, section C)."""
    ds = quick(
        axes={"eta": [0.3, 1.9], "alpha": 0.9, "depth": 2},
        s=(1.0, 0.0),
        steps=2000,
        observables=["period", "oscillating_modes"],
    )
    ds.period.values[..., 1, :] = -1
    ds.oscillating_modes.values[..., 1] = -1
    found = analysis.compare(ds)
    assert found.period.isel(eta=0).values.ravel().tolist() == pytest.approx([0.0, np.nan], nan_ok=True)
    assert np.isnan(found.period.isel(eta=1)).all() and np.isnan(found.oscillating_modes.isel(eta=1)).all()
    assert (found.oscillating_modes.isel(eta=0) == 0).all()
