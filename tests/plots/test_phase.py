"""The phase diagram: each point in its place with its class, and the edges of stability."""

import itertools
import math

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from fastdln import Sweep, plots, run
from fastdln import open as open_store
from fastdln.analysis import blockwise
from fastdln.analysis.dataset import restore_dimensions, singular_values
from fastdln.plots.colours import CLASS_COLOURS
from fastdln.plots.phase import classes
from tests.plots.figures import fabricated, mesh_of, one_panel, small_sweep, theory_lines
from tests.small import SWEEP

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")


def naive_class(fate, periods):
    if fate == 0:
        return -1
    if fate != 2:
        return list(CLASS_COLOURS).index(
            {1: "converged", 3: "aperiodic", 4: "collapsed", 5: "diverged", 6: "drifting"}[fate]
        )
    period = math.lcm(*(max(int(p), 1) for p in periods))
    names = {1: "converged", 2: "period 2", 4: "period 4", 8: "period 8"}
    longer = "period 16, 32, ..." if period & (period - 1) == 0 else "other periods"
    return list(CLASS_COLOURS).index(names.get(period, longer))


def test_classes_of_the_phase_diagram():
    cases = [*itertools.product([2], [-1, 0, 1, 2, 3, 4, 5, 6, 8, 16, 24, 256, 8192], [1, 2, 3, 8, 127])]
    cases += [(fate, 1, 2) for fate in (0, 1, 3, 4, 5, 6)]
    fate, first, second = (np.array(column) for column in zip(*cases, strict=True))
    piece = xr.Dataset(
        {
            "fate": (("alpha", "eta"), fate[None].astype(np.uint8)),
            "period": (("alpha", "eta", "mode"), np.stack([first, second], axis=-1)[None].astype(np.int16)),
        }
    )
    np.testing.assert_array_equal(classes(piece)[0], [naive_class(f, (a, b)) for f, a, b in cases])


def test_phase_paints_each_point_where_it_is(grid):
    ax = plots.phase(grid, depth=3)
    mesh, ds = mesh_of(ax), grid.sel(depth=3)
    expected = [
        [naive_class(f, p) for f, p in zip(*row, strict=True)]
        for row in zip(ds.fate.values, ds.period.values, strict=True)
    ]
    np.testing.assert_array_equal(mesh.get_array().reshape(ds.fate.shape), expected)
    corners = mesh.get_coordinates()
    assert (np.diff(corners[0, :, 0]) > 0).all()
    for k, eta in enumerate(ds.eta.values):
        assert corners[0, k, 0] < eta < corners[0, k + 1, 0]
    assert ax.get_title() == "$L$ = 3"
    named = {text.get_text() for text in ax.get_legend().get_texts()}
    seen = {list(CLASS_COLOURS)[k] for k in np.unique(expected)}
    assert seen <= named
    assert not (set(CLASS_COLOURS) - seen) & named, "only what is there is named"


def test_cells_hold_the_commonest_of_their_points(monkeypatch):
    """A grid finer than the picture, against a loop over its cells."""
    rng = np.random.default_rng(0)
    fate = rng.choice([0, 1, 3, 5], size=(1, 317, 451), p=[0.7, 0.1, 0.1, 0.1]).astype(np.uint8)
    fate[0, 100:200, 50:150] = 0
    ds = fabricated(fate, alpha=np.geomspace(0.01, 1, 317), eta=np.linspace(0.1, 1, 451))
    figure = Figure(figsize=(1, 1), dpi=100)
    ax = figure.add_axes((0, 0, 1, 1))
    monkeypatch.setattr(blockwise, "VALUES_PER_BLOCK", 5000)
    plots.phase(ds, ax)
    found = mesh_of(ax).get_array()
    rows, columns = found.shape
    assert rows <= 150
    assert columns <= 150
    cell_row, cell_column = np.arange(317) * rows // 317, np.arange(451) * columns // 451
    for row, column in itertools.product(range(0, rows, 7), range(0, columns, 7)):
        points = fate[0][np.ix_(cell_row == row, cell_column == column)].ravel()
        counts = [(np.sum(points == code), -k) for k, code in enumerate([1, 3, 5])]
        codes = [naive_class(code, [1]) for code in (1, 3, 5)]
        if not points.any():
            assert found.mask[row, column], "not computed"
        else:
            best = max(counts)[0]
            ties = [codes[k] for k in range(3) if counts[k][0] == best]
            assert found[row, column] in ties
    assert found.mask.any()


@pytest.mark.parametrize("depth", [2, 3])
def test_edges_of_stability_are_where_they_are(grid, depth):
    """2 / S_i = 2 / (L s^(2 - 2/L))."""
    ax = plots.oscillation_range(grid, depth=depth, alpha=0.3)
    upright = sorted({one.get_xdata()[0] for one in theory_lines(ax) if one.get_xdata()[0] == one.get_xdata()[-1]})
    expected = sorted(2 / (depth * s ** (2 - 2 / depth)) for s in (1.0, 0.5))
    np.testing.assert_allclose(upright, [x for x in expected if x < 1.5], rtol=1e-14)


def test_an_edge_that_an_axis_moves_is_a_curve():
    axes = {"eta": np.linspace(0.5, 3, 11), "s2": np.linspace(0.3, 0.9, 7), "alpha": 0.3, "depth": 3}
    ds = run(Sweep(**small_sweep(axes)))
    curves = [one for one in theory_lines(plots.phase(ds)) if len(set(one.get_xdata())) > 2]
    assert len(curves) == 1
    s2 = curves[0].get_ydata()
    np.testing.assert_allclose(curves[0].get_xdata(), 2 / (3 * s2 ** (4 / 3)), rtol=1e-13)
    picked = restore_dimensions(ds.isel(mode=1))
    np.testing.assert_array_equal(singular_values(picked).isel(mode=0), ds.s2)
    assert "mode 2" in plots.oscillation_range(ds, s2=0.5, mode=2).get_title()


def test_of_few_rows_the_edge_is_a_piece_a_row():
    momentum = [0.0, 0.5, 0.9]
    axes = {"eta": np.linspace(0.5, 1.5, 11), "momentum": momentum, "alpha": 0.3, "depth": 3}
    keys = {"target": {"singular_values": [1.0]}, "steps": 100, "record": 16}
    ds = run(Sweep(**small_sweep(axes) | keys))
    (pieces,) = (one for one in theory_lines(plots.phase(ds)) if np.isnan(one.get_ydata()).any())
    x, y = pieces.get_data()
    np.testing.assert_allclose(x.reshape(3, 3)[:, 0], 2 * (1 + np.array(momentum)) / 3, rtol=1e-13)
    rows = y.reshape(3, 3)
    assert all(low < mu < high for (low, high, _), mu in zip(rows, momentum, strict=True))


def test_what_is_not_computed_is_hatched(tmp_path):
    store = tmp_path / "half.zarr"
    run(SWEEP, store, part="1/2")
    ds = open_store(store)
    assert 0 < int((ds.fate == 0).sum()) < ds.fate.size
    ax = plots.phase(ds, depth=3)
    mesh = mesh_of(ax)
    np.testing.assert_array_equal(mesh.get_array().mask, ds.fate.sel(depth=3).values == 0)
    assert ax.patch.get_hatch()
    assert "not computed" in {text.get_text() for text in ax.get_legend().get_texts()}
    for kind in plots.drawable(ds):
        plots.encode(plots.figure(ds, kind, **one_panel(kind)), "png", 40)
    line = plots.oscillation_range(ds, depth=3, alpha=0.3).lines[0]
    measured = line.get_ydata()[np.isin(line.get_xdata(), ds.eta.values)]  # between are the gaps in the line
    np.testing.assert_array_equal(np.isnan(measured), ds.fate.sel(depth=3, alpha=0.3).values == 0)


def test_runs_that_are_not_computed_are_hatched(modes):
    ds = modes.isel(alpha=[0])
    ds = ds.assign(fate=0 * ds.fate)
    for kind in ("trajectory", "layers", "eigenvalues", "contour", "balancing", "sharpness", "loss"):
        ax = plots.PLOTS[kind].draw(ds, eta=1.0)
        assert ax.patch.get_hatch() or any(patch.get_hatch() for patch in ax.patches), kind
        assert "nan" not in " ".join(text.get_text() for text in ax.get_legend().get_texts())
        plots.encode(ax.figure, "png", 50)
