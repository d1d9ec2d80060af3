"""Planes of which not all points are known: a sweep that is not done, and levels, whose points inherited some codes only."""

import numpy as np
import pytest
import xarray as xr

from fastdln import DatasetError, Sweep, analysis
from fastdln.analysis import planes
from tests.small import made

MEASURES = [
    analysis.box_counting_dimension,
    analysis.uncertainty_exponent,
    analysis.basin_entropy,
    analysis.basin_fractions,
]
AXES = {"eta": {"start": 0.2, "stop": 1.0, "num": 74}, "alpha": {"start": 0.1, "stop": 1.0, "num": 76}, "depth": [2, 3]}
SWEEP = Sweep(model="modes", axes=AXES, observables=["period"])
FILL = np.iinfo(np.int16).min
# Rows of alpha that are not computed, or inherited.
LOST = slice(20, 30)


def without(ds):
    """The dataset as it is before the rows are computed."""
    ds = ds.copy(deep=True)
    ds["fate"].values[1, LOST] = 0
    ds["period"].values[1, LOST] = FILL
    return ds


def chunked(ds, chunks):
    return ds if chunks is None else ds.chunk({"alpha": chunks, "eta": chunks})


def level(boundary="fate"):
    """The dataset as a level, in which the rows are inherited."""
    ds = made(SWEEP)
    if boundary != "period":
        ds["period"].values[1, LOST] = FILL
    computed = np.ones(ds.fate.shape, dtype=np.uint8)
    computed[1, LOST] = 0
    return ds.assign(computed=(ds.fate.dims, computed)).assign_attrs(level=1, levels=1, boundary=boundary)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda one: one.__name__)
@pytest.mark.parametrize(("band", "chunks"), [(2**25, None), (2**10, 32)])
def test_points_that_are_not_known_are_refused_whatever_is_measured(measure, band, chunks, monkeypatch):
    monkeypatch.setattr(planes, "CELLS_PER_BAND", band)
    incomplete, inherited, whole = (
        chunked(ds.assign(odd=ds.period % 2 == 1), chunks) for ds in (without(made(SWEEP)), level(), level("period"))
    )
    for of in ("fate", "period", "odd"):
        with pytest.raises(DatasetError, match=f"^{of}: [0-9,]+ points or more are not computed; run the sweep again"):
            measure(incomplete, of)
        assert measure(incomplete.isel(depth=[0]), of).sizes
    for of in ("period", "odd"):
        with pytest.raises(DatasetError, match=f"^{of}: [0-9,]+ points or more inherited their fate alone; measure"):
            measure(inherited, of)
    assert measure(inherited, "fate").sizes
    assert measure(whole, "period").sizes
    with pytest.raises(DatasetError, match=r"odd: .* inherited their fate and period alone"):
        measure(whole, "odd")


def test_all_of_them_are_counted():
    with pytest.raises(DatasetError, match="period: 740 points or more are not computed"):
        analysis.basin_fractions(without(made(SWEEP)), "period")
    masked = without(made(SWEEP))
    masked["fate"] = masked.fate.where(masked.fate > 0)
    with pytest.raises(DatasetError, match="period: 740 points or more are not computed"):
        analysis.basin_fractions(masked, "period")
    nameless = without(made(SWEEP))
    nameless["fate"].attrs = {}
    with pytest.raises(DatasetError, match="period: 740 points or more are not computed"):
        analysis.basin_fractions(nameless, "period")
    reduced = without(made(SWEEP))
    reduced["most"] = reduced.period.max(["depth", "mode"])
    with pytest.raises(DatasetError, match="most: 740 points or more are not computed"):
        analysis.basin_fractions(reduced, "most")


@pytest.mark.parametrize("chunks", [None, 32])
@pytest.mark.parametrize("ds", [without(made(SWEEP)), level()], ids=["not computed", "inherited"])
def test_a_boundary_leaves_them_out(ds, chunks):
    found = analysis.boundary(chunked(ds, chunks), "period")
    assert found.dims == ds.period.dims
    period, expected = ds.period.values[..., 0], np.zeros(ds.fate.shape, dtype=bool)
    for here, there in (
        (np.s_[:, 1:], np.s_[:, :-1]), (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:, :, 1:], np.s_[:, :, :-1]), (np.s_[:, :, :-1], np.s_[:, :, 1:]),
    ):  # fmt: skip
        expected[here] |= (period[here] != period[there]) & (period[here] != FILL) & (period[there] != FILL)
    np.testing.assert_array_equal(found.values[..., 0], expected)
    assert expected.any() and not found.values[1, LOST].any()


def test_axes_that_fate_does_not_have():
    """Points are known or not for all modes at once."""
    axes = AXES | {"alpha": 0.5, "eta": {"start": 0.05, "stop": 0.2, "num": 30}}
    ds = made(Sweep(model="modes", axes=axes, target={"singular_values": [3, 2, 1]}, observables=["period"])).chunk(
        eta=9
    )
    fate = ds.fate.where(ds.eta < 0.1, 0).astype(np.uint8)
    with pytest.raises(DatasetError, match=r"period: [0-9]+ points or more are not computed"):
        analysis.basin_fractions(ds.assign(fate=fate), "period", dims=("mode", "eta"))
    whole, masked = (analysis.boundary(one, "period", dims=("mode", "eta")) for one in (ds, ds.assign(fate=fate)))
    known = (ds.eta < 0.1).values
    inner = known & np.roll(known, -1)
    np.testing.assert_array_equal(masked.values[..., inner, :], whole.values[..., inner, :])
    assert not masked.values[..., ~known, :].any() and whole.values[..., ~known, :].any()


def test_a_dataset_of_ones_own_has_no_such_points():
    """Without fate, or with fates of which none says that a point is not computed."""
    codes = np.random.default_rng(0).integers(0, 3, (40, 40))
    ds = xr.Dataset({"period": (("alpha", "eta"), codes)})
    expected = [np.mean(codes == code) for code in (0, 1, 2)]
    own = ds.period.assign_attrs(flag_values=[0, 1, 2], flag_meanings="red green blue")
    for one in (ds, ds.assign(fate=ds.period), ds.assign(fate=own)):
        np.testing.assert_allclose(analysis.basin_fractions(one, "period").fraction, expected, rtol=1e-14)
