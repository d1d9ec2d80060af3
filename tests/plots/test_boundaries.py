"""Pictures of boundaries: where they are, and the fit of their dimension."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from scipy.stats import linregress

from fastdln import DatasetError, Sweep, analysis, plots, run
from fastdln.observables.fate import DIVERGED
from fastdln.plots.colours import CLASS_COLOURS, DARK_BLUE
from tests.plots.figures import mesh_of


def test_the_boundary_is_where_a_neighbour_ends_differently(fine):
    ax = plots.boundary(fine)
    fate = fine.fate.values[0]
    along, across = fate[:, 1:] != fate[:, :-1], fate[1:] != fate[:-1]
    expected = np.zeros(fate.shape, bool)
    expected[:, 1:] |= along
    expected[:, :-1] |= along
    expected[1:] |= across
    expected[:-1] |= across
    np.testing.assert_array_equal(mesh_of(ax).get_array(), expected)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("learning rate $\\eta$", "initialization scale $\\alpha$")


def test_what_is_not_computed_is_hatched_and_not_counted(fine):
    ds = fine.copy(deep=True)
    ds.fate[0, :10, :10] = 0
    ax = plots.boundary(ds)
    assert mesh_of(ax).get_array().mask[:10, :10].all()
    assert "not computed" in [text.get_text() for text in ax.get_legend().get_texts()]
    with pytest.raises(DatasetError, match="fate: 100 points or more are not computed"):
        plots.dimension(ds)


def test_counts_slopes_and_intervals_are_those_of_the_analysis(fine):
    ax = plots.dimension(fine)
    assert ax.get_xscale() == ax.get_yscale() == "log"
    said = [text.get_text() for text in ax.get_legend().get_texts()]
    for group, colour, name in ((None, DARK_BLUE, "all fates"), ("diverged", CLASS_COLOURS["diverged"], "diverged and others")):  # fmt: skip
        found = analysis.box_counting_dimension(fine, group=group).squeeze()
        points, fit = [line.get_xydata() for line in ax.lines if to_hex(line.get_color()) == colour]
        np.testing.assert_array_equal(points, np.stack([found["size"], found.boxes], 1))
        line = linregress(np.log(points[:, 0]), np.log(points[:, 1]))
        np.testing.assert_allclose(np.log(fit[:, 1]), line.intercept + line.slope * np.log(fit[:, 0]))
        low, high = found.dimension_low.item(), found.dimension_high.item()
        assert f"{name}:\nD = {-line.slope:.3f}\n(95%: {low:.3f} to {high:.3f})" in said


def test_a_plane_of_one_fate_has_no_boundary(fine):
    ds = fine.assign(fate=xr.full_like(fine.fate, DIVERGED))
    assert not mesh_of(plots.boundary(ds)).get_array().any()
    assert not plots.dimension(ds).lines


def test_the_boundary_of_divergence_is_left_out_where_all_diverge_or_none(fine):
    ds = fine.isel(eta=slice(0, 24))
    assert not (ds.fate == DIVERGED).any()
    said = " ".join(text.get_text() for text in plots.dimension(ds).get_legend().get_texts())
    assert "all fates" in said
    assert "diverged" not in said


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("dimension", "dimension: needs 24 values or more along eta and alpha"),
        ("boundary", "boundary: needs two axes of several values"),
    ],
)
def test_what_cannot_be_drawn_is_said(kind, words, modes):
    ds = modes if kind == "dimension" else modes.isel(alpha=[0])
    with pytest.raises(DatasetError) as error:
        getattr(plots, kind)(ds)
    assert words in str(error.value)
    assert kind not in plots.drawable(ds)


def test_uneven_axes_have_no_boxes(fine):
    ds = fine.isel(eta=[*range(40), *range(42, 80)])
    with pytest.raises(DatasetError, match="dimension: needs even steps or even ratios along eta"):
        plots.dimension(ds)
    assert plots.drawable(ds).count("boundary") == 1


def test_planes_of_one_learning_rate_are_drawn_over_what_varies():
    axes = {"w1": {"start": -2, "stop": 2, "num": 30}, "w2": {"start": -2, "stop": 2, "num": 26}, "eta": 1.05}
    ds = run(Sweep(model="modes", axes=axes, steps=200, record=32, observables=[]), progress=False)
    ax = plots.boundary(ds)
    assert [label.split()[-1] for label in (ax.get_xlabel(), ax.get_ylabel())] == ["$w_{1}$", "$w_{2}$"]
    expected = analysis.boundary(ds, dims=("w2", "w1")).squeeze().transpose("w2", "w1")
    np.testing.assert_array_equal(mesh_of(ax).get_array(), expected)
    assert expected.any()
    assert len(plots.dimension(ds).lines) == 5
