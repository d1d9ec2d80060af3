"""Alignment of matrices: each start and learning rate with its own values, the median of the starts, and the edges."""

import numpy as np
import pytest
import xarray as xr

from fastdln import DatasetError, Sweep, plots
from fastdln.plots.alignment import FLOOR
from fastdln.plots.colours import DARK_BLUE, MIDDLE_BLUE, line_colours
from tests.plots.figures import theory_lines
from tests.small import made

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")

ERRORS = ("alignment_error", "alignment_error_max", "trajectory_alignment_error")


def made_up(**axes):
    """Errors over many decades; what is not finite is lost."""
    sweep = Sweep(
        model="matrix",
        start="gaussian",
        axes={"eta": np.linspace(0.2, 1.6, 8), "alpha": 0.3, "depth": 2, "seed": [0, 1, 2]} | axes,
        target={"singular_values": [1.0, 0.5]},
        steps=20,
        record=10,
        trajectory=1,
        observables=["alignment_error", "alignment_error_max"],
    )
    ds, rng = made(sweep), np.random.default_rng(0)
    ds = ds.assign({name: ds[name].copy(data=10 ** rng.uniform(-16, 0, ds[name].shape)) for name in ERRORS})
    lost = (ds.eta > 1.5) | ((ds.eta > 1.3) & (ds.seed == 1)) if "seed" in ds else ds.eta > 1.5
    fate = xr.where(lost, 5, 1).broadcast_like(ds.fate).transpose(*ds.fate.dims).astype(np.uint8)
    return ds.assign({name: ds[name].where(~lost).transpose(*ds[name].dims) for name in ERRORS} | {"fate": fate})


@pytest.fixture(scope="module")
def seeds():
    return made_up()


def measured(ax, colour):
    return [line for line in ax.lines if line.get_color() == colour and len(line.get_xdata()) > 2]


@pytest.mark.parametrize("x", ["eta", "eta S"])
def test_each_start_and_their_median(seeds, x):
    ax = plots.alignment(seeds, x=x)
    assert ax.get_yscale() == "log"
    for name, colour in (("alignment_error", DARK_BLUE), ("alignment_error_max", MIDDLE_BLUE)):
        errors = seeds[name].values[0, :, 0]
        lines = measured(ax, colour)
        assert len(lines) == 4
        for line, expected in zip(lines, errors, strict=False):
            np.testing.assert_array_equal(line.get_ydata(), np.maximum(expected, FLOOR))
            np.testing.assert_allclose(line.get_xdata(), seeds.eta * (2 if x == "eta S" else 1), rtol=1e-14)
        middle = [
            np.median(column[np.isfinite(column)]) if np.isfinite(column).any() else np.nan for column in errors.T
        ]
        np.testing.assert_allclose(lines[-1].get_ydata(), middle, rtol=1e-12)
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "diverged" in named, "where every start is lost"
    assert len(named) == len(set(named))


def test_the_edges_are_where_they_are(seeds):
    """2/S_1 = 2/(2 s_1); modes 1 and 2 mix beyond 2/(s_1 + s_2) at L = 2 (docs/theory.md, C)."""
    upright = sorted(line.get_xdata()[0] for line in theory_lines(plots.alignment(seeds, x="eta")))
    np.testing.assert_allclose(upright, [1.0, 2 / 1.5], rtol=1e-14)


def test_along_the_steps_a_colour_a_learning_rate(seeds):
    """Six of the eight, the first and the last among them, and every start of each."""
    ax = plots.alignment(seeds)
    assert ax.get_xlabel().startswith(seeds.step.attrs["long_name"])
    indices = np.unique(np.linspace(0, 7, 6).round().astype(int))
    for index, colour in zip(indices, line_colours(6), strict=True):
        runs = [line.get_ydata() for line in measured(ax, colour) if line.get_marker() == "."]
        expected = np.maximum(seeds.trajectory_alignment_error.values[0, :, 0, index], FLOOR)
        np.testing.assert_array_equal(runs, expected)
    assert "each of 3 random starts" in [text.get_text() for text in ax.get_legend().get_texts()]
    one = plots.alignment(seeds, seed=2)
    assert one.get_title() == "seed = 2"
    assert len(measured(one, line_colours(6)[0])) == 2, "dots and the line through them"
    figure = plots.figure(seeds, "alignment", panels="seed")
    assert [ax.get_title() for ax in figure.axes] == ["seed = 0", "seed = 1", "seed = 2"]


def test_many_learning_rates_are_drawn_against_eta():
    ds = made_up(eta=np.linspace(0.2, 1.6, 30), seed=[0])
    ax = plots.alignment(ds)
    assert ax.get_xlabel().startswith("learning rate")
    drawn = measured(ax, DARK_BLUE)[0]
    shown = drawn.get_ydata()[np.isin(drawn.get_xdata(), ds.eta)]  # between are the gaps in the line
    np.testing.assert_array_equal(shown, np.maximum(ds.alignment_error.values[0, 0, 0], FLOOR))
    assert plots.alignment(ds.drop_vars(["alignment_error_max"]), x="eta").get_ylabel()


def test_what_cannot_be_drawn_is_said(seeds, modes):
    with pytest.raises(DatasetError, match="alignment: needs trajectory_alignment_error or alignment_error, which"):
        plots.alignment(modes)
    with pytest.raises(DatasetError, match="mode: cannot be chosen"):
        plots.alignment(seeds, mode=1)
