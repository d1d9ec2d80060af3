"""Options of how a picture looks: the same words in Python and on the command line, each checked."""

import io
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from PIL import Image
from typer.testing import CliRunner

from fastdln import plots, theory
from fastdln.cli.app import app
from fastdln.errors import DatasetError
from fastdln.plots.appearance import STYLES, Options
from fastdln.plots.selection import Choice
from tests.plots.figures import line

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")

S = float(theory.stability_limit(1.0, 2))  # of the fixture's largest mode


def test_limits_title_and_size(modes):
    figure = plots.figure(line(modes), "loss", title="mine", size="8x3", xlim=(0.8, 1.2), ylim="1e-9,1")
    assert figure.get_suptitle() == "mine"
    assert figure.get_size_inches().tolist() == [8, 3]
    assert figure.axes[0].get_xlim() == (0.8, 1.2)
    assert figure.axes[0].get_ylim() == (1e-9, 1)
    assert plots.figure(line(modes), "loss", title="").get_suptitle() == ""
    ax = plots.loss(line(modes), title="on the axes", size=(5, 4))
    assert ax.get_title() == "on the axes"
    assert ax.figure.get_size_inches().tolist() == [5, 4]


def test_log_or_not(modes):
    assert plots.loss(line(modes)).get_yscale() == "log"
    assert plots.loss(line(modes), log=False).get_yscale() == "linear"
    ax = plots.oscillation_range(line(modes), log=True)
    assert ax.get_yscale() == "log"
    drawn = np.concatenate([one.get_ydata() for one in ax.lines if one.get_label().startswith("mode")])
    low, high = ax.get_ylim()
    assert 0 < low < high
    assert low <= np.nanmax(drawn) <= high


@pytest.mark.parametrize("kind", ["oscillation_range", "loss", "sharpness", "lyapunov", "balancing"])
def test_eta_times_sharpness_on_the_axis(kind, modes):
    """The largest mode turns unstable where eta S = 2, whatever its singular value and the depth."""
    ax = plots.PLOTS[kind].draw(line(modes), x="eta S")
    plain = plots.PLOTS[kind].draw(line(modes), x="eta")
    np.testing.assert_allclose(ax.get_xlim(), S * np.array(plain.get_xlim()), rtol=1e-12)
    upright = {one.get_label(): one.get_xdata()[0] for one in ax.lines if one.get_label().startswith("$\\eta S$")}
    assert upright["$\\eta S$ = 2"] == pytest.approx(2, abs=1e-12)
    assert not [label for label in upright if "2/" in label]
    assert "eta S" in ax.get_xlabel()


def test_the_sharpness_of_a_mode_is_named_by_its_number(modes):
    second = plots.oscillation_range(line(modes), mode=2, x="eta S")
    scale = float(theory.stability_limit(0.8, 2))
    np.testing.assert_allclose(second.get_xlim(), scale / S * np.array(plots.loss(line(modes), x="eta S").get_xlim()))
    assert "\\eta S_{2}" in second.get_xlabel()
    with pytest.raises(DatasetError, match="eta S needs a mode with s > 0"):
        plots.oscillation_range(line(modes), mode=3, x="eta S")


def test_log_scales_are_of_what_is_not_negative(modes):
    for draw in (plots.lyapunov, lambda ds, **options: plots.map(ds, variable="lyapunov", mode=1, **options)):
        with pytest.raises(DatasetError, match="log: "):
            draw(modes, log=True)
    with pytest.raises(DatasetError, match=r"log: .* has values below 0"):
        plots.lyapunov(line(modes), log=True)
    huge = modes.assign(loss=modes.loss * 0 + 5e199)
    assert plots.encode(plots.figure(huge, "map", variable="loss", log=True), "png", 30)


def test_planes_on_eta_times_sharpness(modes):
    ax = plots.phase(modes, x="eta S")
    np.testing.assert_allclose(ax.get_xlim(), S * np.array(plots.phase(modes).get_xlim()), rtol=1e-12)


def test_a_style_is_of_the_figure_and_of_nothing_else(modes):
    before = dict(mpl.rcParams)
    sizes = {}
    for name, style in STYLES.items():
        figure = plots.figure(line(modes), "loss", style=name)
        sizes[name] = figure.axes[0].xaxis.label.get_size()
        assert figure.get_size_inches().tolist() == list(style.single)
        Image.open(io.BytesIO(plots.encode(figure, "png", 30))).load()
    assert sizes["paper"] < sizes["screen"] < sizes["talk"]
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("count", [2, 3, 4, 7, 9])
def test_panels_on_paper_are_no_wider_than_its_text(modes, count):
    ds = modes.isel(eta=slice(count), alpha=[1])
    figure = plots.figure(ds, "sharpness", panels="eta", x="step", style="paper")
    assert len([ax for ax in figure.axes if ax.get_title()]) == count
    assert figure.get_figwidth() <= 7.2
    assert plots.figure(ds, "sharpness", panels="eta", x="step", style="paper", size=(9, 4)).get_figwidth() == 9


def test_panels_that_are_asked_for_share_their_scale(modes):
    figure = plots.figure(modes, "sharpness", panels="eta", alpha=0.3, x="step")
    drawn = [ax for ax in figure.axes if ax.get_title()]
    assert len(drawn) == modes.sizes["eta"]
    assert len({ax.get_ylim() for ax in drawn}) == 1
    largest = float(modes.trajectory_sharpness.isel(alpha=1).max())
    assert drawn[0].get_ylim()[1] >= largest
    lines = plots.figure(modes, "lyapunov", panels="alpha", mode=1)
    assert len([ax for ax in lines.axes if ax.get_title()]) == modes.sizes["alpha"]
    assert all(ax.get_ylabel() == lines.axes[0].get_ylabel() or not ax.get_ylabel() for ax in lines.axes)


def test_maps_of_panels_have_one_colour_bar(modes):
    figure = plots.figure(modes, "lyapunov")
    bars = [ax for ax in figure.axes if ax.get_label() == "<colorbar>"]
    assert len(bars) == 1
    norms = [mesh.norm for ax in figure.axes if ax.get_title() for mesh in ax.collections]
    measured = [norm for norm in norms if isinstance(norm, TwoSlopeNorm)]
    assert len(measured) == 2
    assert len({(norm.vmin, norm.vmax) for norm in measured}) == 1


def test_files_say_what_they_are(modes):
    command = "fastdln plot out.zarr loss --at depth=2"
    figure = plots.figure(line(modes), "loss", depth=2)
    text = Image.open(io.BytesIO(plots.encode(figure, command=command))).text
    assert text["Title"] == "a < b & $c$"
    assert modes.attrs["sweep_sha256"] in text["Source"]
    assert text["Description"] == command
    assert (
        Image.open(io.BytesIO(plots.encode(figure))).text["Description"] == 'fastdln.plots.figure(ds, "loss", depth=2)'
    )
    for kind in ("pdf", "svg"):
        data = plots.encode(figure, kind, command=command)
        assert modes.attrs["sweep_sha256"].encode() in data
        assert b"out.zarr loss" in data
    other = Image.open(io.BytesIO(plots.encode(plt.figure(), command="line\nwith \x1b[31m"))).text
    assert other["Description"] == "line with \\x1b[31m"


WRONG = [
    ({"size": "7"}, "size: must be two numbers, such as 7x4.4"),
    ({"size": (0, 3)}, "size: .* inches"),
    ({"size": (5, 1e9)}, "size: .* inches"),
    ({"xlim": "a,b"}, "xlim: must be two numbers, such as 0.2,0.8"),
    ({"xlim": (1, 1)}, "xlim"),
    ({"ylim": (0, np.inf)}, "ylim"),
    ({"ylim": (-1, 1)}, "ylim: must be above 0 on a log axis"),
    ({"log": "yes"}, "log: must be True or False"),
    ({"cmap": "viridiss"}, "cmap"),
    ({"style": "poster"}, "style: must be one of screen, paper, talk"),
    ({"title": 5}, "title: must be text"),
    ({"panels": "mood"}, "panels: must be of depth, alpha, eta"),
    ({"x": "alpha"}, "x: must be one of eta, eta S"),
    ({"over": 3}, "over: must be an xarray.Dataset"),
    ({"colour": "red"}, "colour: cannot be chosen"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=[str(options) for options, _ in WRONG])
def test_wrong_options_are_one_line(options, message, modes):
    with pytest.raises(DatasetError, match=message):
        plots.figure(line(modes), "loss", **options)


def test_options_that_a_picture_has_no_use_for(modes):
    with pytest.raises(DatasetError, match="cmap: phase does not take it; it takes"):
        plots.figure(modes, "phase", cmap="viridis")
    with pytest.raises(DatasetError, match="eta S needs one S, and it changes along depth"):
        plots.figure(modes.isel(depth=[0, 0]).assign_coords(depth=[2, 3]), "phase", x="eta S", alpha=0.3)
    with pytest.raises(DatasetError, match="panels: is of a figure"):
        plots.loss(modes, panels="eta")
    with pytest.raises(DatasetError, match="size: is of a figure"):
        plots.loss(modes, Figure().subplots(), size=(3, 3))


def test_the_command_has_the_same_words():
    """Each option of Python but for dimensions is an option of `fastdln plot`."""
    shown = re.sub(r"\x1b\[[0-9;]*m", "", CliRunner(env={"COLUMNS": "200"}).invoke(app, ["plot", "--help"]).output)
    for word in Options.__annotations__.keys() - Choice.__annotations__.keys() - {"variable"}:
        assert f"--{word}" in shown
    assert "VARIABLE" in shown
