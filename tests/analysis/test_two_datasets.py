"""Two datasets compared with each other, against plain NumPy."""

import numpy as np
import pytest
import xarray as xr

from fastdln import DatasetError, Sweep, analysis, run
from fastdln.analysis import blockwise
from tests.small import SWEEP, made

AXES = {"eta": [0.2, 0.5, 0.9, 1.2, 1.7], "alpha": [0.1, 0.4], "depth": [2, 3]}


def sweep_of(axes=AXES, **keys):
    return Sweep(**{"model": "modes", "axes": axes, "target": {"singular_values": [1.0, 0.6]}, "steps": 300} | keys)


@pytest.fixture(scope="module")
def modes():
    return run(sweep_of(observables=["period", "oscillating_modes", "loss", "orbit", "escape_step"]))


@pytest.fixture(scope="module")
def matrices():
    return run(sweep_of(model="matrix", observables=["period", "oscillating_modes", "loss", "alignment_error"]))


def test_modes_minus_matrices(modes, matrices):
    found = analysis.compare(modes, matrices)
    assert found.attrs["title"] == "modes minus matrix"
    assert found.attrs["differing_keys"] == "model, observables"
    assert found.attrs["sweep_a"] == modes.attrs["sweep"] and found.attrs["sweep_b"] == matrices.attrs["sweep"]
    loss = {"loss", "loss_min", "loss_max", "loss_last"}
    assert set(found) == {"fate_agrees", "fate_a", "fate_b", "period", "oscillating_modes", *loss}
    for name in loss:
        expected = modes[name].values - matrices[name].values
        np.testing.assert_array_equal(found[name].values, np.where(np.isnan(expected), np.nan, expected))
        assert found[name].dims == modes[name].dims
    for name in ("period", "oscillating_modes"):
        one, other = modes[name].values.astype(float), matrices[name].values.astype(float)
        assert (one < 0).any() and (one > 1).any()
        np.testing.assert_array_equal(found[name].values, np.where((one < 0) | (other < 0), np.nan, one - other))
    np.testing.assert_array_equal(found.fate_agrees.values, (modes.fate.values == matrices.fate.values).astype(int))
    assert found.fate_agrees.dtype == np.int8
    for own, ds in ((found.fate_a, modes), (found.fate_b, matrices)):
        np.testing.assert_array_equal(own.values, ds.fate.values)
        assert own.attrs == ds.fate.attrs


def test_points_that_either_lacks_are_no_difference(modes):
    other = modes.copy(deep=True)
    other.fate[0, 0, 0] = 0
    other.loss[0, 0, 1] += 0.5
    found = analysis.compare(modes, other)
    assert np.isnan(found.loss.values[0, 0, 0]) and found.fate_agrees.values[0, 0, 0] == -1
    assert found.loss.values[0, 0, 1] == pytest.approx(-0.5)
    assert (found.fate_agrees == 1).sum() == found.fate_agrees.size - 1


def test_infinities_that_agree_have_no_difference(modes):
    one, other = modes.copy(deep=True), modes.copy(deep=True)
    one.loss[0, 0, :2] = np.inf
    other.loss[0, 0, 0], other.loss[0, 0, 1] = np.inf, 1.0
    assert analysis.compare(one, other).loss.values[0, 0, :2].tolist() == [0.0, np.inf]


def test_only_common_points_are_compared():
    """A range and a list that round their values differently, and overlap in part."""
    one = made(sweep_of({"eta": {"start": 0.1, "stop": 1.0, "num": 10}, "alpha": [0.1, 0.2], "depth": [2, 3]}))
    other = made(sweep_of({"eta": [0.25, 0.3, 0.5, 0.7, 1.1], "alpha": [0.2, 0.7], "depth": [3, 4]}))
    found = analysis.compare(one, other)
    assert dict(found.loss.sizes) == {"depth": 1, "alpha": 1, "eta": 3}
    np.testing.assert_array_equal(found.eta, one.eta.values[[2, 4, 6]])
    expected = one.loss.values[1:, 1:, [2, 4, 6]] - other.loss.values[:1, :1, [1, 2, 3]]
    np.testing.assert_array_equal(found.loss, expected)
    np.testing.assert_array_equal(analysis.compare(other, one).loss, -expected)


def test_values_of_a_zoomed_window_are_told_apart():
    """Steps of 1e-11 are far below the tolerance of a coarse axis."""
    eta = 0.5 + 1e-11 * np.arange(6)
    one, other = (made(sweep_of({"eta": values, "alpha": 0.1, "depth": 2})) for values in (eta, eta[2:] + 1e-16))
    np.testing.assert_array_equal(analysis.compare(one, other).eta, eta[2:])
    between = made(sweep_of({"eta": eta + 0.5e-11, "alpha": 0.1, "depth": 2}))
    with pytest.raises(DatasetError, match="eta: the two datasets have no value in common"):
        analysis.compare(one, between)


def test_a_dataset_without_seeds_is_compared_with_every_seed(modes):
    seeds = made(sweep_of({**AXES, "seed": [0, 3, 7]}, model="matrix", start="gaussian"))
    found, back = analysis.compare(modes, seeds), analysis.compare(seeds, modes)
    assert found.loss.dims == ("depth", "seed", "alpha", "eta") and found.period.dims[-1] == "mode"
    expected = modes.loss.values[:, None] - seeds.loss.values
    np.testing.assert_array_equal(found.loss, expected)
    np.testing.assert_array_equal(back.loss, -expected)
    assert back.loss.dims == found.loss.dims
    agrees = modes.fate.values[:, None] == seeds.fate.values
    np.testing.assert_array_equal(found.fate_agrees, agrees)
    rows = {row.variable: row for row in analysis.agreement(modes, seeds)}
    assert (rows["fate"].compared, rows["fate"].close) == (agrees.size, agrees.sum())


def test_a_swept_singular_value_is_compared_where_the_other_has_it():
    one = made(sweep_of({**AXES, "s2": [0.3, 0.6, 0.9]}))
    other = made(sweep_of())
    for pair, sign in (((one, other), 1), ((other, one), -1)):
        found = analysis.compare(*pair)
        assert found.s2.values.tolist() == [0.6]
        np.testing.assert_array_equal(found.loss[:, 0], sign * (one.loss.values[:, 1] - other.loss.values))


def test_selections_and_lazy_stores(tmp_path):
    stored = run(SWEEP, store=tmp_path / "a.zarr")
    other = made(SWEEP)
    found = analysis.compare(stored, other)
    assert found.loss.chunks and found.fate_agrees.chunks
    np.testing.assert_array_equal(found.loss, stored.loss.values - other.loss.values)
    narrow = analysis.compare(stored.sel(depth=3).isel(alpha=1, mode=1), other)
    expected = stored.period.values[1, 1, :, 1].astype(float) - other.period.values[1, 1, :, 1]
    np.testing.assert_array_equal(narrow.period.values.ravel(), expected)


def test_agreement_is_counted_block_by_block(tmp_path, monkeypatch):
    monkeypatch.setattr(blockwise, "VALUES_PER_BLOCK", 200)
    stored, other = run(SWEEP, store=tmp_path / "a.zarr"), made(SWEEP)
    other["loss"] = stored.loss.load() + xr.where((stored.eta > 0.7) & (stored.depth == 3), 1e-3, 1e-9)
    other.loss[0, 1, 20] -= 3
    rows = {row.variable: row for row in analysis.agreement(stored, other)}
    difference = stored.loss.values - other.loss.values
    known = np.isfinite(difference)
    close = abs(difference) <= 1e-6 * np.maximum(1, abs(other.loss.values))
    row = rows["loss"]
    assert (row.compared, row.close) == (known.sum(), close.sum()) and row.share == close.sum() / known.sum()
    assert (
        row.furthest == pytest.approx(3) and row.where == f"depth = 2, alpha = 0.6, eta = {stored.eta.values[20]:.6g}"
    )


def test_orbits_of_other_lengths_end_at_the_same_state():
    one, other = (made(sweep_of(observables=["orbit"], orbit_samples=n)) for n in (8, 5))
    expected = one.orbit.values[..., -5:] - other.orbit.values
    np.testing.assert_array_equal(analysis.compare(one, other).orbit, expected)


def test_trajectories_are_compared_at_the_states_that_both_keep():
    one, other = (made(sweep_of(steps=20, record=16, trajectory=k)) for k in (2, 3))
    found = analysis.compare(one, other)
    assert found.step.values.tolist() == [0, 6, 12, 18, 24, 30, 36]
    expected = one.trajectory_loss.values[..., ::3] - other.trajectory_loss.values[..., ::2]
    np.testing.assert_array_equal(found.trajectory_loss, expected)


@pytest.mark.parametrize(
    ("axes", "keys", "words"),
    [
        ({**AXES, "alpha": 0.1}, {}, None),
        ({**AXES, "alpha": 0.3}, {}, "alpha: the two datasets have no value in common (0.1 to 0.4, and 0.3)"),
        ({**AXES, "depth": [4, 5]}, {}, "depth: the two datasets have no value in common"),
        (AXES, {"target": {"singular_values": [1.0, 0.5]}}, "singular_values: that of mode 2 is 0.6"),
        (AXES, {"target": {"singular_values": [1.0]}}, "singular_values: the first dataset has 2 modes and the second 1"),
        ({**AXES, "s2": [0.1, 0.2]}, {}, "s2: the two datasets have no value in common (0.6, and 0.1 to 0.2)"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_said(axes, keys, words):
    one, other = made(sweep_of()), made(sweep_of(axes, **keys))
    if words is None:
        analysis.compare(one, other)
        return
    for compared in (analysis.compare, analysis.agreement):
        with pytest.raises(DatasetError) as error:
            compared(one, other)
        assert words in str(error.value)


def test_an_axis_of_one_other_value_can_be_given_the_same(modes):
    one, other = modes.isel(alpha=0), modes.isel(alpha=1)
    with pytest.raises(DatasetError, match=r"alpha: is 0.1 in the first dataset and 0.4 in the second"):
        analysis.compare(one, other)
    found = analysis.compare(one, other.assign_coords(alpha=one.alpha))
    np.testing.assert_array_equal(found.loss.values[:, 0], one.loss.values - other.loss.values)


def test_what_is_no_dataset_is_said(modes):
    with pytest.raises(DatasetError, match=r"must be an xarray.Dataset"):
        analysis.compare(modes, modes.loss)
