"""Legends on axes that people give: the figure makes no room for them, and they cover neither the data nor other panels."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest

import fastdln
from fastdln import plots
from tests.plots.figures import ASKED, line

pytestmark = pytest.mark.filterwarnings("ignore:steps =")

OF_LINES = ["loss", "oscillation_range", "lyapunov", "mixing", "sharpness", "bifurcation"]
OF_PLANES = ["phase", "sharpness", "map", "lyapunov"]


def boxes(ax):
    """Where picture and legend stand, in pixels."""
    ax.figure.canvas.draw()
    return ax.get_window_extent(), ax.get_legend().get_window_extent()


def overlap(one, two):
    return min(one.x1, two.x1) - max(one.x0, two.x0) > 1 and min(one.y1, two.y1) - max(one.y0, two.y0) > 1


@pytest.mark.parametrize("size", [(6.4, 4.8), (9, 4), (5, 3)])
@pytest.mark.parametrize(
    ("kind", "view"), [*((kind, line) for kind in OF_LINES), *((kind, lambda ds: ds) for kind in OF_PLANES)]
)
def test_a_legend_lies_beside_the_picture_and_in_the_figure(modes, kind, view, size):
    figure, ax = plt.subplots(figsize=size)
    plots.PLOTS[kind].draw(view(modes), ax, **ASKED.get(kind, {}))
    picture, legend = boxes(ax)
    assert not overlap(picture, legend)
    page = figure.bbox
    assert page.x0 <= legend.x0 < legend.x1 <= page.x1 + 1
    assert page.y0 - 1 <= legend.y0 < legend.y1 <= page.y1
    whole = plt.subplots(figsize=size)[1].get_window_extent()
    assert picture.width >= 0.4 * whole.width
    assert picture.height >= 0.45 * whole.height


def names(ax):
    return {text.get_text() for text in ax.get_legend().get_texts()}


@pytest.mark.parametrize("kind", ["loss", "sharpness"])
def test_a_range_is_named_where_it_can_be_seen(kind):
    """At rest on a minimum nothing moves; on the two-cycle it does."""
    for eta, seen in (([0.3, 0.4], False), ([0.3, 0.8], True)):
        axes = {"eta": eta, "alpha": 0.9, "depth": 3}
        ds = fastdln.run(fastdln.Sweep(model="balanced", axes=axes, steps=2000, observables=["loss", "sharpness"]))
        assert ("minimum to maximum" in names(getattr(plots, kind)(ds))) == seen


def test_theory_outside_the_picture_is_not_named(modes):
    ax = plots.sharpness(line(modes))
    assert r"2/$\eta$" in names(ax)
    edge = next(one for one in ax.lines if one.get_label() == r"2/$\eta$")
    below = plots.sharpness(line(modes), ylim=(0, edge.get_ydata().min() / 2))
    assert r"2/$\eta$" not in names(below)


def test_panels_of_one_figure_do_not_cover_each_other(modes):
    _, axes = plt.subplots(2, 2, figsize=(9, 7))
    for ax, kind in zip(axes.ravel(), OF_LINES, strict=False):
        plots.PLOTS[kind].draw(line(modes), ax)
    parts = [box for ax in axes.ravel() for box in boxes(ax)]
    titles = [ax.title.get_window_extent() for ax in axes[1]]
    labels = [ax.xaxis.label.get_window_extent() for ax in axes.ravel()]
    for one, two in itertools.combinations([*parts, *titles, *labels], 2):
        assert not overlap(one, two)


def test_colour_bars_stay_as_high_as_the_picture(modes):
    ax = plt.subplots()[1]
    plots.lyapunov(modes, ax)
    (bar,) = [one for one in ax.figure.axes if one.get_label() == "<colorbar>"]
    picture, beside = (one.get_position(original=True) for one in (ax, bar))
    np.testing.assert_allclose([beside.y0, beside.y1], [picture.y0, picture.y1], rtol=1e-12)
    assert picture.height < plt.subplots()[1].get_position().height


def test_axes_that_are_drawn_on_again_do_not_shrink_further(modes):
    ax = plt.subplots()[1]
    places = []
    for _ in range(3):
        ax.clear()
        plots.loss(line(modes), ax)
        places.append(ax.get_position().bounds)
    np.testing.assert_allclose(places[1:], places[:1] * 2, rtol=1e-12)


def test_what_has_no_room_at_all_is_framed(modes):
    ax = plt.subplots(figsize=(1.6, 1.2))[1]
    before = ax.get_position().bounds
    plots.phase(modes, ax)
    assert ax.get_legend().get_frame_on()
    assert ax.get_legend().get_frame().get_alpha() == 1
    assert ax.get_position().bounds == before
