"""Colours of a plane: cells and their means, borders, and scales."""

import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure

from fastdln import plots
from fastdln.analysis import blockwise
from fastdln.plots.colours import BLUE_YELLOW
from fastdln.plots.rasterize import Cells, cell_borders
from tests.plots.figures import fabricated

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")


def test_means_over_cells(monkeypatch):
    rng = np.random.default_rng(0)
    fate = rng.choice([0, 1, 5], size=(1, 200, 90), p=[0.3, 0.6, 0.1]).astype(np.uint8)
    fate[0, :20], fate[0, 20:40] = 0, 5
    ds = fabricated(fate, alpha=np.linspace(0.1, 1, 200), eta=np.linspace(0.1, 1, 90))
    ds["lyapunov"] = ds.lyapunov.where(ds.fate != 5)
    figure = Figure(figsize=(0.4, 0.4), dpi=100)
    monkeypatch.setattr(blockwise, "VALUES_PER_BLOCK", 1000)
    ax = plots.lyapunov(ds, figure.add_axes((0, 0, 1, 1)))
    found = next(one for one in ax.collections if one.get_cmap() is BLUE_YELLOW).get_array()
    rows, columns = found.shape
    row, column = np.arange(200) * rows // 200, np.arange(90) * columns // 90
    known = ds.lyapunov.where(ds.fate != 0).values[0, :, :, 0]
    for i, j in itertools.product(range(rows), range(columns)):
        here = known[np.ix_(row == i, column == j)]
        if np.isfinite(here).any():
            assert found[i, j] == pytest.approx(np.nanmean(here), rel=1e-12)
        else:
            assert found.mask[i, j]
    named = {text.get_text() for text in ax.get_legend().get_texts()}
    assert {"diverged", "not computed"} <= named


def test_diverging_colours_are_centred(modes):
    for kind, middle in {"lyapunov": 0, "mixing": 0, "sharpness": 1}.items():
        ds = modes.drop_vars([name for name in modes if name.startswith("trajectory")])
        mesh = next(m for m in plots.PLOTS[kind].draw(ds).collections if m.get_cmap() is BLUE_YELLOW)
        assert mesh.norm(middle) == pytest.approx(0.5)
        assert mesh.norm.vmin < middle < mesh.norm.vmax


def test_cells_and_their_borders():
    even = np.linspace(1, 2, 11)
    np.testing.assert_allclose(cell_borders(even, log=False), np.linspace(0.95, 2.05, 12))
    np.testing.assert_allclose(cell_borders(np.geomspace(1, 100, 3), log=True), 10 ** np.array([-0.5, 0.5, 1.5, 2.5]))
    assert Cells(np.geomspace(0.01, 1, 50), 100).log
    assert not Cells(even, 100).log
    for n, most in itertools.product([1, 2, 9, 100], [1, 4, 9, 40]):
        cells = Cells(np.linspace(1, 2, n) if n > 1 else np.array([0.0]), most)
        assert len(cells.borders) == cells.count + 1 == min(n, most) + 1
        of = cells.of(slice(0, n))
        assert of[0] == 0
        assert of[-1] == cells.count - 1
        assert set(of) == set(range(cells.count))
        values = np.linspace(1, 2, n) if n > 1 else np.array([0.0])
        assert ((cells.borders[of] < values) & (values < cells.borders[of + 1])).all()


def test_log_axes_are_told_from_narrow_windows():
    assert not Cells(np.linspace(0.83, 0.83 * (1 + 1e-6), 100), 200).log
    assert Cells(np.array([0.01, 0.02, 0.05, 0.1, 0.5, 1.0]), 200).log
    assert not Cells(np.array([0.5, 0.6, 0.9]), 200).log
