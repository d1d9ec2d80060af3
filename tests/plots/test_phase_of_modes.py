"""Phase diagrams of one mode, of the modes that have escaped, and of one initialization scale."""

import itertools
import math

import numpy as np
import pytest
import xarray as xr

from fastdln import DatasetError, Sweep, plots, run
from fastdln.plots.colours import CLASS_COLOURS
from tests.commands import invoke
from tests.plots.figures import fabricated, mesh_of

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")

CLASSES = list(CLASS_COLOURS)


SWEEP = Sweep(
    model="modes",
    axes={
        "eta": {"start": 0.4, "stop": 1.5, "num": 34},
        "alpha": {"start": 1e-3, "stop": 0.5, "num": 5, "spacing": "log"},
        "depth": 2,
    },
    target={"singular_values": [1.0, 0.6, 0.02]},
    steps=300,
    record=64,
    observables=["period", "orbit", "escape_step"],
)


@pytest.fixture(scope="module")
def saddle():
    """Three modes, of which the third is still at the saddle where alpha and eta are small, from before 2/S_1 to chaos."""
    return run(SWEEP)


def plain_class(periods, escaped, collapsed):
    """The class of one point by the periods of the modes that count, with loops."""
    counted = [(int(p), c) for p, e, c in zip(periods, escaped, collapsed, strict=True) if e]
    if not counted:
        return "drifting"
    if any(p == -1 for p, _ in counted):
        return "diverged"
    moving = [p for p, c in counted if not c]
    if any(p == 0 for p in moving):
        return "aperiodic"
    common = math.lcm(*moving)
    if common == 1:
        return "collapsed" if any(c for _, c in counted) else "converged"
    names = {2: "period 2", 4: "period 4", 8: "period 8"}
    return names.get(common, "period 16, 32, ..." if common & (common - 1) == 0 else "other periods")


def expected(ds, modes, by_orbit=False):
    """Class of each point, (alpha, eta)."""
    point = ds.isel(depth=0, mode=modes)
    s = point.singular_value.values
    orbit = point.orbit.transpose("alpha", "eta", "mode", "sample").values
    period = point.period.transpose("alpha", "eta", "mode").values
    step = point.escape_step.transpose("alpha", "eta", "mode").values
    out = np.empty(period.shape[:2], dtype=object)
    for i, j in np.ndindex(out.shape):
        escaped = [(orbit[i, j, m] > s[m] / 2).any() if by_orbit else step[i, j, m] >= 0 for m in range(len(s))]
        collapsed = [(abs(orbit[i, j, m]) <= 1e-6 * s[m]).all() for m in range(len(s))]
        out[i, j] = plain_class(period[i, j], escaped, collapsed)
    return out


def drawn(ax, shape):
    return np.array(CLASSES, dtype=object)[mesh_of(ax).get_array().reshape(shape).astype(int)]


@pytest.mark.parametrize("by_orbit", [False, True])
def test_modes_on_the_saddle_do_not_count(saddle, by_orbit):
    ds = saddle.drop_vars("escape_step") if by_orbit else saddle
    ax = plots.phase(ds, mode="escaped")
    found, shape = expected(saddle, [0, 1, 2], by_orbit), (5, 34)
    np.testing.assert_array_equal(drawn(ax, shape), found)
    network = drawn(plots.phase(ds), shape)
    rescued = (network == "drifting") & (found != "drifting")
    assert {"converged", "aperiodic"} <= set(found[rescued]), "else this proves nothing"
    assert ax.get_title() == "escaped modes"
    named = {text.get_text().partition(":")[0] for text in ax.get_legend().get_texts()}
    assert "at rest" in named
    assert "converged" not in named


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_one_mode_alone(saddle, mode):
    ax = plots.phase(saddle, mode=mode)
    np.testing.assert_array_equal(drawn(ax, (5, 34)), expected(saddle, [mode - 1]))
    assert ax.get_title().startswith(f"mode {mode}")
    selected = plots.phase(saddle.isel(mode=[mode - 1]))
    np.testing.assert_array_equal(mesh_of(selected).get_array(), mesh_of(ax).get_array())


def test_what_escaped_cannot_be_said_of(saddle):
    with pytest.raises(DatasetError, match="mode: escaped needs escape_step or orbit"):
        plots.phase(saddle.drop_vars(["escape_step", "orbit"]), mode="escaped")
    with pytest.raises(DatasetError, match="mode: must be a number, or escaped"):
        plots.phase(saddle, mode="escapd")
    with pytest.raises(DatasetError, match="mode: must be a number"):
        plots.bifurcation(saddle, mode="escaped")
    by_period = plots.phase(saddle.drop_vars(["escape_step", "orbit"]), mode=1)
    assert "at rest" in {text.get_text() for text in by_period.get_legend().get_texts()}


def test_a_figure_and_the_command_take_the_word(saddle, tmp_path, monkeypatch):
    figure = plots.figure(saddle, "phase", mode="escaped")
    assert figure.axes[0].get_title() == "escaped modes"
    monkeypatch.chdir(tmp_path)
    run(SWEEP, "s.zarr", progress=False)
    done = invoke("plot", "s.zarr", "phase", "--at", "mode=escaped")
    assert done.exit_code == 0, done.stderr
    assert list(tmp_path.glob("*.png"))


def test_other_periods_are_named_by_how_often_they_are():
    """In the legend the four most frequent, in rising order; of several panels in one entry."""
    periods = [3] * 40 + [6] * 30 + [5] * 20 + [7] * 10 + [12] * 2 + [2] * 18
    ds = fabricated(np.full((1, 4, 30), 2, np.uint8), alpha=np.linspace(0.1, 1, 4), eta=np.linspace(0.1, 1, 30))
    ds["period"] = (ds.period.dims, np.array(periods, np.int16).reshape(ds.period.shape))
    named = [text.get_text() for text in plots.phase(ds).get_legend().get_texts()]
    assert "other periods: 3, 5, 6, 7, ..." in named
    only = ds.assign(period=xr.where(ds.period == 3, 3, 2).astype("int16").transpose(*ds.period.dims))
    assert "other periods: 3" in [text.get_text() for text in plots.phase(only).get_legend().get_texts()]
    halves = plots.figure(ds, "phase", panels="alpha")
    texts = [text.get_text() for legend in halves.legends for text in legend.get_texts()]
    assert [text for text in texts if text.startswith("other")] == ["other periods: 3, 5, 6, 7, ..."]


@pytest.mark.parametrize("given", [False, True])
def test_one_initialization_scale_is_a_low_strip(saddle, given):
    """Less than a fifth as high as wide, on an own figure of half the height, with the value of alpha beside it."""
    one = saddle.isel(alpha=[2])
    figure = plots.figure(saddle, "phase") if not given else None
    ax = plots.phase(one) if not given else plots.phase(one, figure_axes())
    plots.encode(ax.figure, "png", 50)
    box = ax.get_window_extent()
    assert 0.05 < box.height / box.width < 0.2
    assert ax.get_yticks().tolist() == one.alpha.values.tolist()
    if figure is not None:
        assert ax.figure.get_figheight() < 0.6 * figure.get_figheight()
        full = figure.axes[0].get_window_extent()
        assert full.height / full.width > 0.4
    panels = plots.figure(one, "phase", panels="depth")
    assert panels.axes[0].get_title() in ("", "$L$ = 2")


def figure_axes():
    from matplotlib.figure import Figure

    return Figure(layout="constrained").subplots()


def test_strips_of_several_depths():
    axes = {"eta": np.linspace(0.5, 1.2, 12), "alpha": 0.3, "depth": [2, 3]}
    ds = run(Sweep(model="modes", axes=axes, steps=50, record=16))
    figure = plots.figure(ds, "phase", panels="depth")
    plots.encode(figure, "png", 50)
    strips = [ax for ax in figure.axes if ax.get_title()]
    assert [ax.get_title() for ax in strips] == ["$L$ = 2", "$L$ = 3"]
    for one, two in itertools.pairwise(strips):
        assert one.get_window_extent().height == pytest.approx(two.get_window_extent().height, abs=2)
