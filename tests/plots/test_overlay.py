"""Two datasets in one picture: both are drawn, told apart by the kind of line, and the theory stands there once."""

import numpy as np
import pytest

from fastdln import Sweep, plots, run, theory
from fastdln.errors import DatasetError
from tests.plots.figures import theory_lines

pytestmark = pytest.mark.filterwarnings("ignore:steps =")

ETAS = np.linspace(0.7, 1.3, 25)


def swept(**keys):
    shared = {
        "axes": {"eta": ETAS, "alpha": 0.3, "depth": 2},
        "target": {"singular_values": [1.0, 0.8]},
        "steps": 300,
        "record": 32,
    }
    return run(Sweep(**(shared | keys)))


@pytest.fixture(scope="module")
def first():
    return swept(model="modes")


@pytest.fixture(scope="module")
def second():
    axes = {"eta": ETAS + 0.1, "alpha": 0.3, "depth": 2, "seed": [0, 1]}
    return swept(model="matrix", start="orthogonal", axes=axes)


def measured_lines(ax):
    theory = theory_lines(ax)
    return [one for one in ax.lines if one not in theory and len(one.get_xdata()) > 2]


def finite(line):
    y = np.asarray(line.get_ydata())
    return y[np.isfinite(y)]


def test_both_datasets_are_drawn(first, second):
    ax = plots.oscillation_range(first, over=second)
    lines = measured_lines(ax)
    assert len(lines) == 4
    for ds, drawn in ((first, lines[:2]), (second.isel(seed=0), lines[2:])):
        for mode, one in enumerate(drawn):
            values = ds.oscillation_range.isel(mode=mode).values.ravel()
            np.testing.assert_array_equal(finite(one), values[np.isfinite(values)])
    low, high = ax.get_xlim()
    assert low <= 0.7
    assert high >= 1.4


def test_they_are_told_apart(first, second):
    ax = plots.oscillation_range(first, over=second)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert len(names) == len(set(names))
    assert {"modes", "matrix, seed = 0: dashed, crosses"} <= set(names)
    lines = measured_lines(ax)
    assert [one.get_linestyle() for one in lines] == ["-", "-", "--", "--"]
    assert lines[0].get_color() == lines[2].get_color(), "a mode has one colour"
    alone = plots.oscillation_range(first)
    assert len(theory_lines(ax)) == len(theory_lines(alone)), "the theory is there once"


def test_a_second_dataset_with_a_further_axis_is_drawn_as_the_first(first, second):
    """Seeds alone would make a plane of it."""
    ax = plots.modes(first, over=second)
    assert ax.get_ylabel() == plots.modes(first).get_ylabel()
    assert len(ax.figure.axes) == 1
    spans = {label for label in ax.get_legend_handles_labels()[1] if "computed" in label}
    assert not spans


def test_each_dataset_has_its_own_sharpness_on_the_axis(first):
    """eta S of the second is by the second's S."""
    half = swept(model="modes", target={"singular_values": [0.5, 0.4]})
    ax = plots.oscillation_range(first, x="eta S", over=half)
    lines = measured_lines(ax)
    for ds, s, line in ((first, 1.0, lines[0]), (half, 0.5, lines[2])):
        scale = float(theory.stability_limit(s, 2))
        kept = np.isfinite(np.asarray(line.get_ydata()))
        drawn = np.isfinite(ds.oscillation_range.isel(mode=0).values.ravel())
        np.testing.assert_allclose(np.asarray(line.get_xdata())[kept], scale * ETAS[drawn], rtol=1e-12)


def test_names_by_what_differs(first):
    balanced = swept(model="modes", start="balanced")
    texts = [t.get_text() for t in plots.loss(first, over=balanced).get_legend().get_texts()]
    assert {"one-zero", "balanced: dashed, crosses"} <= set(texts)
    titled = swept(model="modes", title="a title that is much too long for the legend of any picture")
    texts = [t.get_text() for t in plots.loss(titled, over=swept(model="modes", title="b")).get_legend().get_texts()]
    assert "b: dashed, crosses" in texts
    assert all(len(text) < 50 for text in texts)


def test_planes_cannot_lie_over_each_other(first):
    plane = swept(model="modes", axes={"eta": ETAS, "alpha": [0.1, 0.3], "depth": 2})
    with pytest.raises(ValueError, match="over: phase does not take it"):
        plots.phase(plane, over=first)


def test_panels_take_the_second_dataset_along(first):
    two = swept(model="modes", axes={"eta": ETAS, "alpha": [0.1, 0.3], "depth": 2})
    for ax in plots.figure(two, "oscillation_range", over=two.isel(eta=slice(5, None))).axes:
        assert len(measured_lines(ax)) == 4
    with pytest.raises(DatasetError, match=r"over: alpha: must be 0\.3"):
        plots.figure(two, "oscillation_range", over=first)


def test_a_dimension_of_the_second_alone_is_chosen_there(first, second):
    ax = plots.oscillation_range(first, over=second, seed=1)
    for mode, one in enumerate(measured_lines(ax)[2:]):
        values = second.oscillation_range.isel(mode=mode).sel(seed=1).values.ravel()
        np.testing.assert_array_equal(finite(one), values[np.isfinite(values)])
    assert not np.array_equal(second.oscillation_range.sel(seed=0), second.oscillation_range.sel(seed=1))
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "matrix, seed = 1: dashed, crosses" in names
    (panel,) = plots.figure(first, "oscillation_range", over=second, seed=1).axes
    np.testing.assert_array_equal(finite(measured_lines(panel)[2]), finite(measured_lines(ax)[2]))


def test_dimensions_of_neither_are_refused(first, second):
    with pytest.raises(DatasetError, match="seed: cannot be chosen for oscillation_range; valid: depth, alpha, eta"):
        plots.oscillation_range(first, seed=1)
    with pytest.raises(DatasetError, match=r"sed: .*did you mean seed"):
        plots.oscillation_range(first, over=second, sed=1)
    with pytest.raises(DatasetError, match="over: seed: must be one of 0, 1"):
        plots.oscillation_range(first, over=second, seed=5)
    with pytest.raises(DatasetError, match="over: the dataset lacks fate"):
        plots.oscillation_range(first, over=second.drop_vars("fate"))
