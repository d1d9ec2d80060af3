"""Pictures: what is painted where, against plain loops; the theory on it, against closed forms; and what the eye needs."""

import ast
import inspect
import io
import itertools
import math
import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import reference
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from small import OF_MATRICES, SWEEP

from fastdln import Sweep, analysis, plots, run, theory
from fastdln import open as open_store
from fastdln.analysis import blockwise
from fastdln.analysis.dataset import singular_values, whole
from fastdln.errors import DatasetError
from fastdln.plots.colours import BLUE_YELLOW, CLASS_COLOURS, THEORY
from fastdln.plots.phase import classes
from fastdln.plots.rasterize import Cells, cell_borders

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

# Most of a picture's time is the layout of several panels.
ONE_PANEL = {"depth": 3, "alpha": 0.3}


@pytest.fixture(autouse=True)
def never_shown(monkeypatch):
    mpl.use("Agg")
    monkeypatch.setattr(plt, "show", lambda *args, **kwargs: pytest.fail("a picture called show"))
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def modes():
    """Two modes of depth 2, everything measured."""
    return run(
        Sweep(
            title="a < b & $c$",
            model="modes",
            axes={
                "eta": {"start": 0.7, "stop": 1.9, "num": 9},
                "alpha": {"start": 0.1, "stop": 0.9, "num": 3, "spacing": "log"},
                "depth": 2,
            },
            target={"singular_values": [1.0, 0.8, 0.0]},
            steps=400,
            record=64,
            observables=[
                "period",
                "orbit",
                "loss",
                "oscillation_range",
                "lyapunov",
                "balancing",
                "sharpness",
                "mixing",
            ],
            trajectory=1,
        )
    )


@pytest.fixture(scope="module")
def matrices():
    return run(
        Sweep(
            model="matrix",
            axes={"eta": [0.3, 0.6, 0.9], "alpha": 0.4, "depth": 2},
            target={"singular_values": [1.0, 0.6]},
            steps=200,
            record=16,
            trajectory=1,
            observables=OF_MATRICES,
            sharpness_count=4,
        )
    )


@pytest.fixture(scope="module")
def grid():
    return run(SWEEP)


def line(ds):
    """One alpha: pictures against eta alone."""
    return ds.isel(alpha=[1]).drop_vars([name for name in ds.data_vars if name.startswith("trajectory")])


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
        if kind not in plots.drawable(ds):
            continue
        figure = Figure(layout="constrained")
        ax = figure.subplots()
        assert plots.PLOTS[kind].draw(ds, ax) is ax
        assert ax.get_xlabel()
        assert ax.get_ylabel()
        assert plots.encode(figure, "png", 60).startswith(b"\x89PNG")
        assert getattr(ds.dln.plot, kind)().get_xlabel() == ax.get_xlabel()
        drawn += 1
    assert drawn or (kind, view) == ("eigenvalues", "against eta") or "trajectory" in str(plots.PLOTS[kind].needs)


def test_the_kinds_that_people_ask_for_are_there():
    assert set(plots.PLOTS) >= KINDS
    for name, plot in plots.PLOTS.items():
        assert getattr(plots, name) is plot.draw
        assert plot.summary
        assert "docs/theory.md" in plot.draw.__doc__ or "arXiv" in plot.draw.__doc__, f"{name}: cites no source"


def test_names_that_editors_complete_are_pictures():
    """Those that fastdln/plots/__init__.py imports for type checkers; a new picture works without its line there."""
    block = next(node for node in ast.parse(inspect.getsource(plots)).body if isinstance(node, ast.If))
    for node in block.body:
        assert [alias.asname for alias in node.names] == [node.module.rpartition(".")[2]]
        assert plots.PLOTS[node.names[0].name].draw.__module__ == node.module
    assert {node.names[0].name for node in block.body} >= KINDS


def theory_lines(ax):
    return [one for one in ax.lines if one.get_color() == THEORY["color"]]


@pytest.mark.parametrize("kind", plots.PLOTS)
def test_the_theory_is_on_the_picture(kind, modes, matrices):
    """At least one thin line of it runs through what the axes show."""
    ds = modes.isel(alpha=[0], eta=slice(0, 5))
    ds = ds if kind in plots.drawable(ds) else matrices
    ax = plots.PLOTS[kind].draw(ds)
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


def mesh_of(ax):
    return max(ax.collections, key=lambda one: one.get_array().size if one.get_array() is not None else 0)


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
    assert ax.get_title() == "depth = 3"
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
    monkeypatch.setattr(blockwise, "VALUES", 5000)
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


def fabricated(fate, **axes):
    """A dataset of a sweep that was not run: balanced, one mode."""
    sweep = Sweep(model="balanced", axes={**axes, "depth": 2}, observables=["period", "lyapunov"], record=64)
    dims = ("depth", "alpha", "eta")
    rng = np.random.default_rng(1)
    return xr.Dataset(
        {
            "fate": (dims, fate),
            "period": ((*dims, "mode"), np.ones((*fate.shape, 1), np.int16)),
            "lyapunov": ((*dims, "mode"), rng.normal(size=(*fate.shape, 1)), {"long_name": "exponent", "units": "1"}),
        },
        coords={"depth": [2], **axes, "singular_value": ("mode", [1.0])},
        attrs={"sweep": sweep.canonical(), "title": "made up"},
    )


def test_means_over_cells(monkeypatch):
    rng = np.random.default_rng(0)
    fate = rng.choice([0, 1, 5], size=(1, 200, 90), p=[0.3, 0.6, 0.1]).astype(np.uint8)
    fate[0, :20], fate[0, 20:40] = 0, 5
    ds = fabricated(fate, alpha=np.linspace(0.1, 1, 200), eta=np.linspace(0.1, 1, 90))
    ds["lyapunov"] = ds.lyapunov.where(ds.fate != 5)
    figure = Figure(figsize=(0.4, 0.4), dpi=100)
    monkeypatch.setattr(blockwise, "VALUES", 1000)
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
    picked = whole(ds.isel(mode=1))
    np.testing.assert_array_equal(singular_values(picked).isel(mode=0), ds.s2)
    assert "mode 2" in plots.oscillation_range(ds, s2=0.5, mode=1).get_title()


def small_sweep(axes):
    keys = ("model", "target", "steps", "record", "observables", "orbit_samples")
    return {key: SWEEP.model_dump()[key] for key in keys} | {"axes": axes, "target": {"singular_values": [1.0, 0.5]}}


def test_the_two_cycle_on_the_bifurcation_is_one(grid):
    """Both of its points, put through the balanced map at s = 1, L = 3."""
    ax = plots.bifurcation(grid, depth=3, mode=0, alpha=0.6)
    cycle = [one for one in theory_lines(ax) if len(one.get_xdata()) > 2]
    assert len(cycle) == 2
    eta, low, high = cycle[0].get_xdata(), *(one.get_ydata() for one in cycle)
    for before, after in ((low, high), (high, low)):
        rho = np.cbrt(before)
        np.testing.assert_allclose((rho - eta * (rho**3 - 1) * rho**2) ** 3, after, rtol=1e-9)


@pytest.mark.parametrize("x", ["eta", "eta S"])
def test_bifurcation_counts_every_sample(grid, x):
    """Column by column the shares add up, and each cell's share is that of a plain count."""
    ax = plots.bifurcation(grid, depth=2, alpha=0.6, mode=0, x=x)
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


@pytest.mark.parametrize("view", [line, lambda ds: ds.isel(alpha=[1])])
def test_what_flow_would_keep_is_on_the_balancing_picture(modes, view):
    """From (alpha, 0): alpha^2."""
    ax = plots.balancing(view(modes))
    level = [one.get_ydata() for one in theory_lines(ax) if "flow" in str(one.get_label())]
    np.testing.assert_allclose(level, [[0.09, 0.09]], rtol=1e-12)
    assert ax.get_yscale() == "log"


def test_an_orbit_that_stands_still_is_a_line(grid):
    """Mode 2 is at rest at s = 0.5, but for rounding errors."""
    ax = plots.bifurcation(grid.isel(eta=slice(0, 20)), depth=2, alpha=0.6, mode=1)
    low, high = ax.get_ylim()
    assert low < 0.49
    assert high > 0.51


def test_selected_and_squeezed_datasets_draw_alike(grid):
    one = plots.phase(grid, depth=2)
    for ds in (grid.sel(depth=2), grid.sel(depth=[2]), grid.isel(depth=0).squeeze()):
        np.testing.assert_array_equal(mesh_of(plots.phase(ds)).get_array(), mesh_of(one).get_array())
    narrow = grid.isel(depth=1, alpha=0, mode=0)
    assert plots.oscillation_range(narrow).get_xlabel()
    np.testing.assert_array_equal(
        analysis.compare(narrow).oscillation_range.squeeze(),
        analysis.compare(grid).oscillation_range.isel(depth=1, alpha=0, mode=0),
    )


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
        plots.encode(plots.figure(ds, kind, **ONE_PANEL), "png", 40)
    measured = plots.oscillation_range(ds, depth=3, alpha=0.3).lines[0].get_ydata()
    np.testing.assert_array_equal(np.isnan(measured), ds.fate.sel(depth=3, alpha=0.3).values == 0)


def test_a_store_that_is_empty_draws(tmp_path):
    ds = run(SWEEP).copy()
    ds["fate"] = xr.zeros_like(ds.fate)
    for kind in plots.drawable(ds):
        plots.encode(plots.figure(ds, kind, **ONE_PANEL), "png", 40)


@pytest.mark.parametrize("budget", [1, 7, 60, 10**9])
def test_pieces_cover_everything_once(tmp_path, monkeypatch, budget):
    store = tmp_path / "s.zarr"
    run(SWEEP, store)
    ds = open_store(store)[["fate", "period"]]
    monkeypatch.setattr(blockwise, "VALUES", budget)
    seen = np.zeros(ds.fate.shape, dtype=int)
    for part, piece in blockwise.pieces(ds, ds.fate.dims):
        assert piece.fate.size <= max(budget, 10), "no more than the budget, or one chunk"
        assert part["eta"].start % 10 == 0
        seen[tuple(part[dim] for dim in ds.fate.dims)] += 1
        np.testing.assert_array_equal(piece.fate, ds.fate.isel(part))
    assert (seen == 1).all()


def test_pictures_do_not_depend_on_the_pieces(grid, monkeypatch):
    before = (
        plots.encode(plots.figure(grid, "phase"), "png", 50),
        plots.encode(plots.figure(grid, "bifurcation"), "png", 50),
    )
    monkeypatch.setattr(blockwise, "VALUES", 11)
    after = (
        plots.encode(plots.figure(grid, "phase"), "png", 50),
        plots.encode(plots.figure(grid, "bifurcation"), "png", 50),
    )
    assert before == after


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


def test_panels_show_the_further_dimensions(grid):
    figure = plots.figure(grid, "bifurcation")
    titles = {ax.get_title() for ax in figure.axes if ax.get_title()}
    assert len(titles) == 8
    assert len(figure.legends) == 1
    axes = {"eta": [0.1, 0.2, 0.3], "alpha": np.linspace(0.1, 0.9, 9), "depth": [2, 3, 4]}
    many = plots.figure(run(Sweep(**small_sweep(axes))), "bifurcation", mode=0)
    titles = [ax.get_title() for ax in many.axes if ax.get_title()]
    assert "9 of 27" in many.get_suptitle()
    for end in ("depth = 2, alpha = 0.1", "depth = 4, alpha = 0.9", "depth = 2, alpha = 0.9"):
        assert any(title.startswith(end) for title in titles), "spread over each of them"
    one = plots.figure(grid, "bifurcation", depth=3, alpha=0.6, mode=0)
    assert len(one.axes) == 1


def boxes_of(figure):
    """Where each text is, in pixels, once the figure is drawn."""
    plots.encode(figure, "png", 100)
    renderer, boxes = FigureCanvasAgg(figure).get_renderer(), []
    texts = [figure._suptitle] if figure.get_suptitle() else []
    for ax in figure.axes:
        if not ax.axison:
            continue
        texts += [ax.title, ax.xaxis.label, ax.yaxis.label]
        for axis, limits, place in ((ax.xaxis, ax.get_xlim(), 0), (ax.yaxis, ax.get_ylim(), 1)):
            ticks = [*axis.get_ticklabels(), *axis.get_ticklabels(minor=True)]
            texts += [t for t in ticks if min(limits) <= t.get_position()[place] <= max(limits)]
    for legend in [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]:
        texts += legend.get_texts()
    boxes += [
        (text.get_window_extent(renderer), text.get_text()) for text in texts if text.get_text() and text.get_visible()
    ]
    return boxes


@pytest.mark.filterwarnings("ignore:.*drawn at the nearest")
@pytest.mark.parametrize("what", ["grid", "plane", "one alpha", "many modes", "long title", "uneven", "nearest"])
def test_no_text_lies_on_other_text(what, grid, modes):
    ds = {"grid": grid, "plane": modes, "one alpha": modes.isel(alpha=[0])}.get(what, grid)
    if what == "many modes":
        keys = small_sweep({"eta": np.linspace(0.1, 1, 12), "alpha": 0.4, "depth": 2})
        ds = run(Sweep(**(keys | {"target": {"singular_values": list(np.linspace(2, 0.5, 30))}})))
    if what == "long title":
        ds = grid.assign_attrs(title="W" * 20 + " learning rates and everything else that there is to say " * 4)
    if what == "uneven":
        axes = {"eta": [0.1, 0.2, 0.5, 1.0, 1.4], "alpha": [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0], "depth": 2}
        ds = run(Sweep(**small_sweep(axes)))
    choice = {"long title": {"depth": 2, "alpha": 0.3}, "nearest": {"alpha": 0.5, "eta": 0.46}}.get(what, {})
    for kind in plots.drawable(ds):
        figure = plots.figure(ds, kind, **choice)
        boxes, page = boxes_of(figure), figure.bbox
        low, high = (np.array([getattr(box, side) for box, _ in boxes]) for side in ("min", "max"))
        shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
        on = np.argwhere(np.triu((shared > 1).all(axis=-1), 1))
        assert not on.size, f"{kind}: {[(boxes[a][1], boxes[b][1]) for a, b in on]}"
        for box, text in boxes:
            assert page.x0 - 2 <= box.x0, f"{kind}: {text!r} runs out of the picture"
            assert box.x1 <= page.x1 + 2, f"{kind}: {text!r} runs out of the picture"
            assert page.y0 - 2 <= box.y0, f"{kind}: {text!r} runs out of the picture"
            assert box.y1 <= page.y1 + 2, f"{kind}: {text!r} runs out of the picture"


def test_pictures_change_nothing_else(grid):
    before = dict(mpl.rcParams)
    figure, (one, two) = plt.subplots(1, 2)
    plots.phase(grid, one)
    plots.encode(plots.figure(grid, "bifurcation"))
    assert dict(mpl.rcParams) == before
    assert not two.lines
    assert figure.number in plt.get_fignums()
    legend = one.get_legend().get_window_extent()
    assert one.get_window_extent().contains(*legend.min), "no layout makes room for it outside"


# Machado, Oliveira, Fernandes 2009 (IEEE TVCG 15, 1291), severity 1, on linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(colour, blindness="none"):
    """CIE Lab of a colour as seen with a blindness."""
    c = np.array(to_rgb(colour))
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(BLINDNESS[blindness]) @ linear, 0, 1)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    xyz = to_xyz @ linear / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_colours_stay_apart(blindness):
    seen = {name: lab(colour, blindness) for name, colour in CLASS_COLOURS.items()}
    for one, two in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[two]) > 10, (one, two)
        if blindness == "none":
            assert abs(seen[one][0] - seen[two][0]) > 7.5, f"{one} and {two} are one grey"


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_the_two_sides_of_a_diverging_map_stay_apart(blindness):
    """Lightness rises from end to end, so that grey print keeps the sign; the ends differ in hue as well."""
    shades = [lab(BLUE_YELLOW(x), blindness) for x in np.linspace(0, 1, 33)]
    assert (np.diff([shade[0] for shade in shades]) > 0).all()
    assert shades[0][2] < -10 or blindness == "tritanopia"
    assert np.linalg.norm(shades[0] - shades[-1]) > 60


@pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
def test_files_are_what_they_say_and_the_same_each_time(grid, kind):
    first = plots.encode(plots.figure(grid, "phase"), kind)
    assert first == plots.encode(plots.figure(grid, "phase"), kind)
    assert first.startswith({"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[kind])
    if kind == "png":
        assert plt.imread(io.BytesIO(first)).shape[0] >= 600


@pytest.mark.parametrize("kind", plots.PLOTS)
def test_fonts_of_pdfs_are_truetype(kind, modes, matrices):
    """Type 3 is what conferences refuse; the user's own setting is left alone."""
    ds = modes.isel(alpha=[0], eta=slice(0, 5))
    ds = ds if kind in plots.drawable(ds) else matrices
    assert mpl.rcParams["pdf.fonttype"] == 3, "Matplotlib's default; else this proves nothing"
    data = plots.encode(plots.figure(ds, kind), "pdf", 40)
    assert b"/Type3" not in data
    assert b"/FontFile2" in data
    assert mpl.rcParams["pdf.fonttype"] == 3


def test_bad_input_is_said_in_one_line(grid):
    for call, words in [
        (lambda: plots.figure(grid, "phse"), ["phse", "phase", "bifurcation"]),
        (lambda: plots.figure(grid, "lyapunov"), ["lyapunov", "phase"]),
        (lambda: plots.lyapunov(grid), ["lyapunov"]),
        (lambda: plots.phase(grid, width=3), ["width", "depth", "eta"]),
        (lambda: plots.phase(grid, depth="three"), ["depth", "three"]),
        (lambda: plots.bifurcation(grid, mode=2), ["mode", "0, 1"]),
        (lambda: plots.phase(xr.Dataset({"fate": ("eta", [1])})), ["sweep"]),
        (lambda: plots.phase(grid.isel(depth=0, drop=True)), ["drop=True"]),
        (lambda: plots.contour(grid), ["contour"]),
    ]:
        with pytest.raises(DatasetError) as caught:
            call()
        assert "\n" not in str(caught.value)
        assert all(word in str(caught.value) for word in words), caught.value
    with pytest.raises(AttributeError, match="phase"):
        grid.dln.plot.phse()


@pytest.mark.parametrize("kind", ["loss", "sharpness", "phase", "mixing", "eigenvalues"])
def test_pictures_of_the_network_take_no_mode(kind, modes):
    with pytest.raises(DatasetError, match="mode"):
        plots.PLOTS[kind].draw(modes, mode=1)
    with pytest.raises(DatasetError, match="whole network"):
        plots.PLOTS[kind].draw(modes.isel(mode=1))


def test_modes_are_known_by_their_numbers(modes):
    some = modes.isel(mode=[1, 2])
    assert whole(some).mode.values.tolist() == [1, 2]
    ax = plots.oscillation_range(some, mode=1, alpha=0.3)
    assert "mode 2" in ax.get_title()
    with pytest.raises(DatasetError, match="one of 1, 2"):
        plots.oscillation_range(some, mode=0)
    two = run(Sweep(**small_sweep({"eta": [0.1, 0.2], "alpha": 0.5, "depth": 2, "s1": [1.0, 1.1], "s2": [0.5, 0.6]})))
    with pytest.raises(DatasetError, match="cannot be told"):
        whole(two.isel(mode=1))
    assert "mode 2" in plots.oscillation_range(two, mode=1, s2=0.6).get_title()


def test_thinned_states_keep_both_of_a_two_cycle(monkeypatch, modes):
    ds = modes.isel(alpha=[1]).sel(eta=[1.15], method="nearest")
    for most in (100, 200, 233):
        monkeypatch.setattr("fastdln.plots.trajectories.MOST_POINTS", most)
        ax = plots.eigenvalues(ds)
        tops = np.array([one.get_ydata()[-20:] for one in ax.lines if len(one.get_xdata()) > 50])
        exact = ds.trajectory_sharpness.values.ravel()[-60:]
        assert tops.max() == pytest.approx(exact.max(), rel=1e-9)
        assert tops.max(axis=0).min() == pytest.approx(exact.min(), rel=1e-9)
        assert max(len(one.get_xdata()) for one in ax.lines) <= most


@pytest.mark.parametrize("kind", ["oscillation_range", "loss", "bifurcation", "balancing", "lyapunov"])
def test_learning_rates_without_a_value_are_on_the_axis(kind):
    """All diverged, then none computed: the axis has all of them, and what is not computed is hatched."""
    axes = {"eta": [5.0, 6.0, 9.0], "alpha": 0.5, "depth": 2}
    ds = run(
        Sweep(
            model="modes",
            axes=axes,
            steps=100,
            record=16,
            observables=["orbit", "balancing", "lyapunov", "loss", "oscillation_range"],
        )
    )
    for gone in (False, True):
        ds = ds.assign(fate=0 * ds.fate) if gone else ds
        ax = plots.PLOTS[kind].draw(ds)
        low, high = ax.get_xlim()
        assert low <= 5
        assert high >= 9
        named = {text.get_text() for text in ax.get_legend().get_texts()} if ax.get_legend() else set()
        assert ("not computed" in named) == gone
        plots.encode(ax.figure, "png", 50)


def test_runs_that_are_not_computed_are_hatched(modes):
    ds = modes.isel(alpha=[0])
    ds = ds.assign(fate=0 * ds.fate)
    for kind in ("trajectory", "layers", "eigenvalues", "contour", "balancing", "sharpness", "loss"):
        ax = plots.PLOTS[kind].draw(ds, eta=1.0)
        assert ax.patch.get_hatch() or any(patch.get_hatch() for patch in ax.patches), kind
        assert "nan" not in " ".join(text.get_text() for text in ax.get_legend().get_texts())
        plots.encode(ax.figure, "png", 50)


def test_datasets_that_were_worked_on(grid, modes):
    masked = grid.where(grid.eta > 0.5)
    mesh = mesh_of(plots.phase(masked, depth=3)).get_array()
    np.testing.assert_array_equal(mesh.mask[0], grid.eta.values <= 0.5)
    backwards = grid.isel(eta=slice(None, None, -1))
    np.testing.assert_array_equal(mesh_of(plots.phase(backwards)).get_array(), mesh_of(plots.phase(grid)).get_array())
    for gone in (grid.isel(eta=slice(0, 0)), xr.concat([grid, grid], "eta")):
        with pytest.raises(DatasetError, match="eta"):
            plots.phase(gone)
    with pytest.raises(DatasetError, match="layer"):
        plots.eigenvalues(modes.isel(layer=[0]))
    loss_only = run(SWEEP)[["fate", "loss", "loss_min", "loss_max"]]
    assert plots.loss(loss_only).get_ylabel()


def test_only_eta_and_eta_s_are_axes_of_a_bifurcation(grid):
    with pytest.raises(DatasetError, match="eta S"):
        plots.bifurcation(grid, x="eta_S")


def test_the_choice_counts_before_what_fits():
    axes = {"eta": [0.5, 1.1], "alpha": 0.5, "depth": [2, 3]}
    ds = run(Sweep(model="modes", axes=axes, steps=50, record=8, observables=[], trajectory=1))
    assert plots.figure(ds, "contour", depth=2).axes[0].get_title() == "depth = 2"
    with pytest.raises(DatasetError, match="contour"):
        plots.figure(ds, "contour", depth=3)


def test_log_axes_are_told_from_narrow_windows():
    assert not Cells(np.linspace(0.83, 0.83 * (1 + 1e-6), 100), 200).log
    assert Cells(np.array([0.01, 0.02, 0.05, 0.1, 0.5, 1.0]), 200).log
    assert not Cells(np.array([0.5, 0.6, 0.9]), 200).log


@pytest.mark.parametrize(
    "order",
    ["import fastdln, xarray", "import xarray, fastdln", "from fastdln import analysis; import xarray"],
)
def test_the_accessor_is_there_whichever_is_imported_first(order):
    code = f"{order}; ds = xarray.Dataset(); print('phase' in dir(ds.dln.plot))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "True\n"


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_spectrum_against_the_whole_hessian(depth):
    """All eigenvalues, against those of the Hessian of the matrices by second differences of the gradient."""
    rng = np.random.default_rng(depth)
    w, s = rng.uniform(0.3, 1.2, size=(depth, 3)), np.array([1.0, 0.7, 0.0])
    exact = np.linalg.eigvalsh(reference.hessian([np.diag(row) for row in w], np.diag(s)))[::-1]
    np.testing.assert_allclose(theory.spectrum(w, s), exact, atol=1e-6 * abs(exact).max())
    assert theory.spectrum(w, s)[0] == theory.sharpness(w, s)
    assert np.isnan(theory.spectrum(np.full((depth, 3), np.inf), s)).all()


def test_layers_of_matrices_are_told_by_their_order():
    """Singular values of a layer fall, whatever modes they belong to: here the second mode of the target is the larger one."""
    ds = run(
        Sweep(
            model="matrix",
            start="gaussian",
            axes={"eta": 0.2, "alpha": 0.5, "depth": 2},
            target={"singular_values": [0.5, 1.0]},
            steps=20,
            record=16,
            trajectory=1,
            observables=["period"],
        ),
        progress=False,
    )
    said = [text.get_text() for text in plots.layers(ds).get_legend().get_texts()]
    assert "singular value 1" in said and "singular value 2" in said
    assert not any("s = " in one for one in said)
