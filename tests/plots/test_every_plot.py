"""What holds for every picture: its axes, labels, the theory on it, and the files that it becomes."""

import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from fastdln import plots
from tests.plots.figures import ASKED, line, theory_lines

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")

KINDS = {
    "phase",
    "bifurcation",
    "lyapunov",
    "sharpness",
    "balancing",
    "mixing",
    "trajectory",
    "oscillation_range",
    "eigenvalues",
}

VIEWS = {
    "a plane": lambda ds: ds,
    "against eta": line,
    "a few runs": lambda ds: ds.isel(alpha=[0]),
    "one network": lambda ds: ds.isel(alpha=0, eta=3),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("kind", plots.PLOTS)
def test_every_picture_draws_on_the_ax_that_it_is_given(kind, view, modes, matrices):
    drawn = 0
    for source in (modes, matrices if view != "against eta" else line(matrices.isel(alpha=[0, 0]))):
        ds = VIEWS[view](source) if source is modes else source
        if kind not in {*plots.drawable(ds), *ASKED}:
            continue
        words = ASKED.get(kind, {})
        figure = Figure(layout="constrained")
        ax = figure.subplots()
        assert plots.PLOTS[kind].draw(ds, ax, **words) is ax
        assert ax.get_xlabel()
        assert ax.get_ylabel()
        assert plots.encode(figure, "png", 60).startswith(b"\x89PNG")
        assert getattr(ds.dln.plot, kind)(**words).get_xlabel() == ax.get_xlabel()
        drawn += 1
    assert (
        drawn
        or (kind, view) == ("eigenvalues", "against eta")
        or kind == "dimension"  # takes finer grids
        or (kind == "boundary" and view != "a plane")
        or "trajectory" in str([v.needs for v in plots.PLOTS[kind].views])
    )


def test_the_kinds_that_people_ask_for_are_there():
    assert set(plots.PLOTS) >= KINDS
    for name, plot in plots.PLOTS.items():
        assert getattr(plots, name) is plot.draw
        assert plot.summary
        assert "docs/theory.md" in plot.draw.__doc__ or "arXiv" in plot.draw.__doc__, f"{name}: cites no source"


@pytest.mark.parametrize("kind", [kind for kind in plots.PLOTS if kind != "alignment"])  # along the steps it has none
def test_the_theory_is_on_the_picture(kind, modes, matrices, of_kinds):
    """At least one thin line of it runs through what the axes show."""
    ds = modes.isel(alpha=[0], eta=slice(0, 5))
    ds = of_kinds.get(kind, ds if kind in {*plots.drawable(ds), *ASKED} else matrices)
    ax = plots.PLOTS[kind].draw(ds, **ASKED.get(kind, {}))
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    seen = 0
    for one in theory_lines(ax):
        upright, level = one.get_transform() != ax.transData, False
        x, y = np.asarray(one.get_xdata(), dtype=float), np.asarray(one.get_ydata(), dtype=float)
        if upright:  # in parts of the axes along one direction
            level = len(set(y)) == 1
            seen += (low <= y[0] <= high) if level else (left <= x[0] <= right)
        else:
            seen += bool(np.any((left <= x) & (x <= right) & (low <= y) & (y <= high)))
        assert one.get_linewidth() <= 1.2, "thin"
    assert seen


def test_labels_come_from_the_attributes(modes):
    ds = line(modes).copy()
    ds["eta"].attrs["long_name"] = "speed"
    ds["oscillation_range"].attrs |= {"long_name": "amplitude", "units": "volts"}
    ax = plots.oscillation_range(ds)
    assert ax.get_xlabel().startswith("speed")
    assert ax.get_ylabel() == "amplitude [volts]"


def test_pictures_change_nothing_else(grid):
    before = dict(mpl.rcParams)
    figure, (one, two) = plt.subplots(1, 2)
    plots.phase(grid, one)
    plots.encode(plots.figure(grid, "bifurcation"))
    assert dict(mpl.rcParams) == before
    assert not two.lines
    assert figure.number in plt.get_fignums()
    legend = one.get_legend().get_window_extent()
    assert not legend.overlaps(one.get_window_extent())
    assert not legend.overlaps(two.get_window_extent())


@pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
def test_files_are_what_they_say_and_the_same_each_time(grid, kind):
    first = plots.encode(plots.figure(grid, "phase"), kind)
    assert first == plots.encode(plots.figure(grid, "phase"), kind)
    assert first.startswith({"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[kind])
    if kind == "png":
        assert plt.imread(io.BytesIO(first)).shape[0] >= 600


@pytest.mark.parametrize("kind", plots.PLOTS)
def test_fonts_of_pdfs_are_truetype(kind, modes, matrices, of_kinds):
    """Type 3 is what conferences refuse; the user's own setting is left alone."""
    ds = modes.isel(alpha=[0], eta=slice(0, 5))
    ds = of_kinds.get(kind, ds if kind in {*plots.drawable(ds), *ASKED} else matrices)
    assert mpl.rcParams["pdf.fonttype"] == 3, "Matplotlib's default; else this proves nothing"
    data = plots.encode(plots.figure(ds, kind, **ASKED.get(kind, {})), "pdf", 40)
    assert b"/Type3" not in data
    assert b"/FontFile2" in data
    assert mpl.rcParams["pdf.fonttype"] == 3
