"""The number of oscillating modes: each point's count where it is, and the staircase of 2/S_i."""

import numpy as np
import pytest

from fastdln import plots
from fastdln.plots.colours import DARK_BLUE, THEORY
from tests.plots.figures import fabricated, mesh_of

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")


def of_counts(counts, fate, **axes):
    ds = fabricated(fate, **axes)
    attrs = {"long_name": "number of oscillating modes", "units": "1"}
    return ds.assign(oscillating_modes=(("depth", "alpha", "eta"), counts.astype(np.int16), attrs))


def test_each_count_is_where_it_is():
    counts = np.array([[[0, 1, 3, -1], [0, 2, 2, -32768]]])
    fate = np.array([[[1, 2, 2, 5], [1, 2, 2, 0]]], dtype=np.uint8)
    ds = of_counts(counts, fate, alpha=[0.1, 0.2], eta=[0.1, 0.2, 0.3, 0.4])
    ax = plots.modes(ds)
    mesh = next(one for one in ax.collections if one.colorbar)
    np.testing.assert_array_equal(mesh.get_array().mask, counts[0] < 0)
    np.testing.assert_array_equal(mesh.get_array().compressed(), counts[0][counts[0] >= 0])
    colours = [tuple(mesh.cmap(mesh.norm(k))) for k in range(4)]
    assert len(set(colours)) == 4, "a colour each"
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named[:2] == ["diverged", "not computed"]
    assert all(tick == round(tick) for tick in mesh.colorbar.get_ticks())


def test_cells_of_a_fine_grid_hold_the_commonest_count():
    rng = np.random.default_rng(0)
    counts = rng.choice([0, 1, 2], size=(1, 1300, 1), p=[0.5, 0.3, 0.2]) + np.zeros((1, 1, 1700), int)
    fate = np.full(counts.shape, 2, np.uint8)
    ds = of_counts(counts, fate, alpha=np.linspace(0.1, 1, 1300), eta=np.linspace(0.1, 1, 1700))
    found = mesh_of(plots.modes(ds)).get_array()
    rows = found.shape[0]
    assert rows < 1300
    for row in range(0, rows, 17):
        here = counts[0, np.arange(1300) * rows // 1300 == row].ravel()
        assert found[row, 0] == np.bincount(here).argmax()


@pytest.mark.parametrize("x", ["eta", "eta S"])
def test_the_staircase_rises_at_each_edge(grid, x):
    """2/S_i = 2 / (L s^(2 - 2/L)) of s = 1 and s = 0.5, here L = 3."""
    ax = plots.modes(grid, depth=3, alpha=0.6, x=x)
    steps = next(line for line in ax.lines if line.get_color() == THEORY["color"])
    scale = 3.0 if x == "eta S" else 1.0
    expected = [scale * 2 / 3, scale * 2 / (3 * 0.5 ** (4 / 3))]
    shown = [edge for edge in expected if edge < ax.get_xlim()[1]]
    np.testing.assert_allclose(steps.get_xdata()[1:-1], shown, rtol=1e-14)
    np.testing.assert_array_equal(steps.get_ydata(), [*range(len(shown) + 1), len(shown)])
    assert steps.get_drawstyle() == "steps-post"
    measured = next(line for line in ax.lines if line.get_color() == DARK_BLUE)
    counts = grid.oscillating_modes.sel(depth=3, alpha=0.6).values
    np.testing.assert_array_equal(measured.get_ydata(), np.where(counts < 0, np.nan, counts))
    assert (counts < 0).any() == ("diverged" in [text.get_text() for text in ax.get_legend().get_texts()])


def test_panels_share_the_colours_of_counts():
    counts = np.stack([np.zeros((2, 3), int), np.full((2, 3), 4)])
    fate = np.full(counts.shape, 2, np.uint8)
    one, two = (of_counts(counts[k : k + 1], fate[k : k + 1], alpha=[0.1, 0.2], eta=[0.1, 0.2, 0.3]) for k in (0, 1))
    two = two.assign_coords(depth=[3])
    both = one.merge(two, compat="no_conflicts", join="outer", combine_attrs="override")
    both = both.assign(fate=both.fate.astype(np.uint8), oscillating_modes=both.oscillating_modes.astype(np.int16))
    figure = plots.figure(both, "modes")
    meshes = [next(m for m in ax.collections if m.get_array() is not None) for ax in figure.axes[:2]]
    shades = [tuple(mesh.cmap(mesh.norm(4))) for mesh in meshes]
    assert shades[0] == shades[1] != tuple(meshes[0].cmap(meshes[0].norm(0)))
    assert len(figure.axes) == 3, "two panels and one colour bar"
