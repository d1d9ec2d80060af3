"""The bifurcation diagram, against plain loops and the two-cycle in closed form."""

import numpy as np
import pytest

from fastdln import plots
from fastdln.errors import DatasetError
from tests.plots.figures import mesh_of, theory_lines

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")


def test_the_two_cycle_on_the_bifurcation_is_one(grid):
    """Both of its points, put through the balanced map at s = 1, L = 3."""
    ax = plots.bifurcation(grid, depth=3, mode=1, alpha=0.6)
    cycle = [one for one in theory_lines(ax) if len(one.get_xdata()) > 2]
    assert len(cycle) == 2
    eta, low, high = cycle[0].get_xdata(), *(one.get_ydata() for one in cycle)
    for before, after in ((low, high), (high, low)):
        rho = np.cbrt(before)
        np.testing.assert_allclose((rho - eta * (rho**3 - 1) * rho**2) ** 3, after, rtol=1e-9)


@pytest.mark.parametrize("x", ["eta", "eta S"])
def test_bifurcation_counts_every_sample(grid, x):
    """Column by column the shares add up, and each cell's share is that of a plain count."""
    ax = plots.bifurcation(grid, depth=2, alpha=0.6, mode=1, x=x)
    mesh = mesh_of(ax)
    shares = np.ma.filled(mesh.get_array(), 0)
    orbit = grid.orbit.sel(depth=2, alpha=0.6).isel(mode=0).values
    corners = mesh.get_coordinates()
    levels = corners[:, 0, 1]
    scale = 2 * 1.0 if x == "eta S" else 1.0
    assert corners[0, 0, 0] < scale * 0.1 < corners[0, 1, 0]
    for column, samples in enumerate(orbit):
        samples = samples[np.isfinite(samples)]
        expected = np.histogram(samples, levels)[0] / max(len(samples), 1)
        np.testing.assert_allclose(shares[:, column], expected, atol=1e-12)


def test_an_orbit_that_stands_still_is_a_line(grid):
    """Mode 2 is at rest at s = 0.5, but for rounding errors."""
    ax = plots.bifurcation(grid.isel(eta=slice(0, 20)), depth=2, alpha=0.6, mode=2)
    low, high = ax.get_ylim()
    assert low < 0.49
    assert high > 0.51


def test_only_eta_and_eta_s_are_axes_of_a_bifurcation(grid):
    with pytest.raises(DatasetError, match="eta S"):
        plots.bifurcation(grid, x="eta_S")


@pytest.mark.parametrize(("x", "name"), [("eta", "2/$S$"), ("eta S", "$\\eta S_{1}$ = 2")])
def test_the_edge_is_called_what_it_is_on_this_axis(grid, x, name):
    ax = plots.bifurcation(grid, depth=2, alpha=0.6, mode=1, x=x)
    upright = {one.get_label(): one.get_xdata()[0] for one in ax.lines if len(one.get_xdata()) == 2}
    assert upright[name] == pytest.approx(1.0 if x == "eta" else 2.0)
    assert {one for one in upright if "S" in str(one)} == {name}


def test_the_density_has_a_key(grid):
    figure = plots.figure(grid, "bifurcation", mode=1)
    bars = [ax for ax in figure.axes if ax.get_label() == "<colorbar>"]
    assert [bar.get_ylabel() for bar in bars] == ["share of the samples"]
    few = plots.bifurcation(grid.isel(eta=slice(0, 30, 6)), depth=2, alpha=0.6, mode=1)
    columns = mesh_of(few).get_array()
    assert columns.shape[1] == 9
    assert columns.mask[:, 1::2].all(), "nothing between learning rates"
    assert not columns.mask[:, ::2].all(axis=0).any()
