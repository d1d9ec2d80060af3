"""Maps: any variable, over any two axes, each value where it is; and what cannot be mapped."""

import numpy as np
import pytest
from matplotlib.colors import LogNorm, to_hex

from fastdln import DatasetError, Sweep, plots, run
from fastdln.analysis import blockwise
from fastdln.observables import DEFAULT, MATRIX_OBSERVABLES, OBSERVABLES
from fastdln.plots.colours import CLASS_COLOURS, NO_VALUE
from fastdln.plots.labels import ENTRIES_OF
from fastdln.plots.map import PERIODS, mappable, period_classes
from fastdln.plots.scales import robust_scale
from tests.plots.figures import fabricated, small_sweep

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")


@pytest.fixture(scope="module")
def shapes():
    """Three axes of more than one value."""
    axes = {"eta": [0.4, 0.8, 1.2, 2.5], "s2": [0.3, 0.6, 0.9], "alpha": [0.2, 0.5], "depth": [2, 3]}
    return run(Sweep(**(small_sweep(axes) | {"observables": ["loss", "period", "orbit"]})))


def scaled(ax):
    return next(mesh for mesh in ax.collections if mesh.colorbar)


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


AXES = [("eta", "alpha"), ("alpha", "eta"), ("eta", "s2"), ("s2", "depth"), ("depth", "alpha"), ("alpha", "s2")]


@pytest.mark.parametrize(("x", "y"), AXES)
def test_each_value_is_where_it_is(x, y, shapes):
    """Whatever the axes; of the others the first is drawn."""
    ax = plots.map(shapes, variable="loss", x=x, y=y)
    others = [dim for dim in shapes.fate.dims if dim not in (x, y)]
    expected = shapes.loss.isel(dict.fromkeys(others, 0)).transpose(y, x).values
    mesh = scaled(ax)
    np.testing.assert_array_equal(np.ma.filled(mesh.get_array(), np.nan), expected)
    corners = mesh.get_coordinates()
    for k, value in enumerate(shapes[x].values):
        assert corners[0, k, 0] < value < corners[0, k + 1, 0]
    for k, value in enumerate(shapes[y].values):
        assert corners[k, 0, 1] < value < corners[k + 1, 0, 1]
    titled = {part.partition(" =")[0].strip() for part in ax.get_title().replace("\n", " ").split(",")}
    assert titled == {{"alpha": "$\\alpha$", "eta": "$\\eta$", "depth": "$L$", "s2": "$s_{2}$"}[dim] for dim in others}
    if np.isnan(expected).any():
        assert "diverged" in legend_of(ax)


def test_edges_lie_across_whichever_axis_has_eta(shapes):
    """2/S_1 = 1 at L = 2; that of the second mode moves with s2."""
    level = plots.map(shapes, variable="loss", x="alpha", y="eta", s2=0.6)
    heights = sorted(line.get_ydata()[0] for line in level.lines)
    np.testing.assert_allclose(heights, [1, 1 / 0.6], rtol=1e-14)
    moved = plots.map(shapes, variable="loss", x="s2", y="eta")
    curve = next(line for line in moved.lines if len(set(line.get_ydata())) == 3)
    np.testing.assert_allclose(curve.get_ydata(), 1 / shapes.s2.values, rtol=1e-14)
    assert not plots.map(shapes, variable="loss", x="s2", y="alpha").lines


def test_own_dimensions_are_chosen_or_the_last(shapes):
    """Samples and modes; each mode has a panel."""
    at = {"depth": 2, "s2": 0.6, "x": "eta", "y": "alpha", "variable": "orbit"}
    one = shapes.orbit.sel(depth=2, s2=0.6)
    for sample, index in ((None, -1), (3, 3)):
        ax = plots.map(shapes, mode=2, **at, **({} if sample is None else {"sample": sample}))
        expected = one.isel(mode=1, sample=index).transpose("alpha", "eta")
        np.testing.assert_array_equal(np.ma.filled(scaled(ax).get_array(), np.nan), expected)
        last = shapes.sizes["sample"] - 1
        assert ("sample = 3" in ax.get_title()) == (sample == 3)
        assert (f"sample {last}" in scaled(ax).colorbar.ax.get_ylabel()) == (sample is None)
        assert plots.figure(shapes, "map", mode=2, sample=3, **at).axes[0].get_title().endswith("sample = 3")
    figure = plots.figure(shapes, "map", **at)
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert [title.partition(",")[0] for title in titles][:1] * 2 == ["$L$ = 2"] * 2
    assert ["mode 1" in titles[0], "mode 2" in titles[1], len(titles)] == [True, True, 2]
    assert sum(ax.get_label() == "<colorbar>" for ax in figure.axes) == 1, "one for both panels"
    with pytest.raises(DatasetError, match=r"sample: must be one of 0, 1, .*got 99"):
        plots.map(shapes, sample=99, **at)


def test_fates_have_their_names_and_colours():
    fate = np.array([[[1, 2, 3, 4], [5, 6, 0, 1]]], dtype=np.uint8)
    ds = fabricated(fate, alpha=[0.1, 0.2], eta=[0.1, 0.2, 0.3, 0.4])
    meanings = "not_computed converged periodic aperiodic collapsed diverged drifting"
    ds.fate.attrs |= {"flag_values": np.arange(7), "flag_meanings": meanings, "long_name": "fate"}
    ax = plots.map(ds, variable="fate")
    mesh = max(ax.collections, key=lambda one: len(one.cmap.colors))
    shades = mesh.cmap(mesh.norm(mesh.get_array()))
    for (row, column), code in np.ndenumerate(fate[0]):
        name = meanings.split()[code]
        if code == 0:
            assert mesh.get_array().mask[row, column]
        else:
            assert to_hex(shades[row, column]) == CLASS_COLOURS[{"periodic": "period 2"}.get(name, name)]
    assert legend_of(ax)[1:7] == meanings.split()[1:]
    assert "not computed" in legend_of(ax)


def test_classes_of_periods():
    for period in range(-1, 300):
        expected = {-1: "diverged", 0: "no period", 1: "period 1", 2: "period 2", 4: "period 4", 8: "period 8"}.get(
            period, "period 16, 32, ..." if bin(period).count("1") == 1 else "other periods"
        )
        assert list(PERIODS)[period_classes(np.array([period], np.int16))[0]] == expected


def test_steps_that_never_came_are_no_number():
    fate = np.array([[[1, 2, 5], [1, 2, 0]]], dtype=np.uint8)
    ds = fabricated(fate, alpha=[0.1, 0.2], eta=[0.1, 0.2, 0.3])
    steps = np.array([[[10, 1000, -1], [20, -1, np.iinfo(np.int64).min]]])
    attrs = {"units": "steps", "comment": "-1 if never.", "long_name": "escape"}
    ds = ds.assign(escape_step=((*ds.fate.dims, "mode"), steps[..., None], attrs))
    ax = plots.map(ds, variable="escape_step", log=True)
    mesh = scaled(ax)
    np.testing.assert_array_equal(mesh.get_array().mask, steps[0] < 0)
    assert isinstance(mesh.norm, LogNorm)
    assert (mesh.norm.vmin, mesh.norm.vmax) == pytest.approx((10, 1000))
    assert legend_of(ax)[:3] == ["diverged", "never", "not computed"]


NEVER_OR_LOST = {
    "convergence_step": ({"units": "steps", "comment": "-1 if the last state is not."}, "never"),
    "oscillating_modes": ({"units": "1", "comment": "-1 where a mode diverged."}, "no value"),
}


@pytest.mark.parametrize("name", NEVER_OR_LOST)
def test_what_diverged_is_apart_from_what_has_no_value(name):
    """Each in the colour that its entry of the legend has, whatever the kind of whole numbers."""
    attrs, called = NEVER_OR_LOST[name]
    fate = np.array([[[1, 1, 5], [1, 4, 5]]], dtype=np.uint8)
    ds = fabricated(fate, alpha=[0.1, 0.2], eta=[0.1, 0.2, 0.3])
    ds = ds.assign({name: (ds.fate.dims, np.array([[[0, 1, -1], [2, -1, -1]]]), attrs)})
    ax = plots.map(ds, variable=name)
    entries = {one.get_label(): to_hex(one.get_facecolor()) for one in ENTRIES_OF[ax.get_legend()][:2]}
    assert entries == {"diverged": CLASS_COLOURS["diverged"], called: NO_VALUE}
    for code, colour in ((5, CLASS_COLOURS["diverged"]), (4, NO_VALUE)):
        filled = next(mesh for mesh in ax.collections if to_hex(mesh.cmap(0)) == colour)
        np.testing.assert_array_equal(~np.ma.getmaskarray(filled.get_array()), fate[0] == code)
    np.testing.assert_array_equal(scaled(ax).get_array().mask, fate[0] != 1)


def test_means_of_cells_do_not_depend_on_the_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    fate = rng.choice([0, 1, 5], size=(1, 1200, 3), p=[0.1, 0.8, 0.1]).astype(np.uint8)
    ds = fabricated(fate, alpha=np.linspace(0.1, 1, 1200), eta=[0.1, 0.2, 0.3])
    ds["lyapunov"] = ds.lyapunov.where(ds.fate != 5)
    monkeypatch.setattr(blockwise, "VALUES_PER_BLOCK", 100)
    found = scaled(plots.map(ds, variable="lyapunov")).get_array()
    rows = found.shape[0]
    row = np.arange(1200) * rows // 1200
    known = ds.lyapunov.where(ds.fate == 1).values[0, :, :, 0]
    for k in range(0, rows, 11):
        here = known[row == k]
        for column in range(3):
            if np.isfinite(here[:, column]).any():
                assert found[k, column] == pytest.approx(np.nanmean(here[:, column]), rel=1e-12)
            else:
                assert found.mask[k, column]


@pytest.mark.parametrize("log", [False, True])
def test_strays_do_not_stretch_the_colours(log):
    bulk = np.linspace(1, 2, 1000)
    norm, below, above = robust_scale(np.append(bulk, [1e9, 1e10]), log)
    assert (below, above) == (0, 2)
    assert 2 <= norm.vmax < 4
    assert norm.vmin == pytest.approx(1)
    assert robust_scale(bulk, log)[1:] == (0, 0), "nothing is cut where nothing is far away"
    zeros = robust_scale(np.append(bulk, [0.0, -1.0]), log)
    assert zeros[1] == 2
    for few in (np.array([]), np.array([3.0]), np.zeros(4)):
        norm = robust_scale(few, log)[0]
        assert norm.vmin < norm.vmax


def test_strays_are_counted_in_a_note():
    wide = fabricated(np.ones((1, 40, 40), np.uint8), alpha=np.linspace(0.1, 1, 40), eta=np.linspace(0.1, 1, 40))
    wide["lyapunov"][0, 7, 7, 0] = 1e30
    ax = plots.map(wide, variable="lyapunov")
    assert [text.get_text() for text in ax.texts] == ["beyond the colours: 1 of 1,600 cells"]
    assert scaled(ax).colorbar.extend == "max"


def test_one_axis_is_a_strip(modes):
    ax = plots.map(modes.isel(alpha=[1]), variable="loss")
    np.testing.assert_array_equal(np.ma.filled(scaled(ax).get_array(), np.nan)[0], modes.loss.values[0, 1])


WRONG = [
    ({}, "variable: map needs the name of one; this dataset has .*loss, "),
    ({"variable": "los"}, "did you mean loss"),
    ({"variable": "loss", "x": "mode"}, "x: must be one of depth, alpha, eta"),
    ({"variable": "loss", "y": "eta S"}, "y: must be one of depth, alpha, eta"),
    ({"variable": "loss", "x": "eta S", "y": "eta"}, "y: must be another axis than x, which is eta"),
    ({"variable": "loss", "mode": 1}, "mode: cannot be chosen"),
    ({"variable": "loss", "over": 1}, "over"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=[str(options) for options, _ in WRONG])
def test_what_cannot_be_mapped_is_said_in_one_line(options, message, modes):
    for call in (lambda: plots.map(modes, **options), lambda: plots.figure(modes, "map", **options)):
        with pytest.raises(DatasetError, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_everything_that_is_measured_has_a_picture(modes, matrices):
    """What is measured by default one of its own, everything else a map at least."""
    own = {name for kind, plot in plots.PLOTS.items() if kind != "map" for view in plot.views for name in view.needs}
    for family in DEFAULT:
        assert {variable.name for variable in OBSERVABLES[family].variables} & own, family
    everything = run(
        Sweep(
            **small_sweep({"eta": [0.5, 0.9], "alpha": [0.3, 0.5], "depth": 2})
            | {"observables": [name for name, one in OBSERVABLES.items() if not one.asked_by and name != "fate"]},
            trajectory=100,
        )
    )
    for ds, families in ((everything, OBSERVABLES), (matrices, MATRIX_OBSERVABLES)):
        measured = {variable.name for family in families.values() for variable in family.variables}
        assert set(mappable(ds)) == measured
        for name in measured:
            assert plots.encode(plots.figure(ds, "map", variable=name), "png", 30)
