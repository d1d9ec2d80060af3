"""Points that a level inherited: they count by their fate, and are not computed to what needs more."""

import numpy as np

from fastdln.analysis import census
from fastdln.analysis.inherited import as_known, is_level
from fastdln.observables.fate import CONVERGED, PERIODIC
from fastdln.plots.phase import CLASSES, classes
from fastdln.sweep.schema import Sweep
from tests.small import made

FILL = np.iinfo(np.int16).min


def level(boundary):
    """Five points: computed, then inherited, of each of two fates, and then one that is not there."""
    ds = made(
        Sweep(model="modes", axes={"eta": [0.1, 0.2, 0.3, 0.4, 0.5], "alpha": 0.5, "depth": 3}, observables=["period"])
    )
    ds["fate"].values[0, 0] = [CONVERGED, PERIODIC, CONVERGED, PERIODIC, 0]
    ds["period"].values[0, 0, :, 0] = [1, 2, FILL, FILL, FILL]
    computed = (ds.fate.dims, np.array([[[1, 1, 0, 0, 0]]], dtype=np.uint8))
    return ds.assign(computed=computed).assign_attrs(level=1, levels=1, boundary=boundary)


def test_they_are_known_by_what_they_inherited():
    ds = level("fate")
    assert is_level(ds) and not is_level(ds.drop_vars("computed"))
    assert as_known(ds, ("fate",)).fate.values.ravel().tolist() == [1, 2, 1, 2, 0]
    found = as_known(ds, ("fate", "period")).fate
    assert found.values.ravel().tolist() == [1, 2, 0, 0, 0]
    assert found.dtype == np.uint8 and found.attrs == ds.fate.attrs
    assert as_known(level("period"), ("fate", "period")).fate.values.ravel().tolist() == [1, 2, 1, 2, 0]
    plain = ds.assign_attrs(level=None)
    del plain.attrs["level"]
    assert as_known(plain, ("period",)) is plain


def test_the_phase_diagram_shows_their_fate_but_no_period_that_is_not_known():
    names = [CLASSES[k] if k >= 0 else "" for k in classes(level("fate")[["fate", "period"]]).ravel()]
    assert names == ["converged", "period 2", "converged", "", ""]


def test_the_census_counts_them():
    found = census(level("fate"))
    assert (found.fates, found.not_computed) == ({"converged": 2, "periodic": 2}, 1)
