"""Panels: what each shows, and no text over other text."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from fastdln import Sweep, plots, run
from fastdln.plots.appearance import settings
from fastdln.plots.labels import NOTE
from fastdln.plots.panels import STYLE_OF
from tests.plots.figures import OF_A_PLANE, small_sweep

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")


def test_panels_show_the_further_dimensions(grid):
    figure = plots.figure(grid, "bifurcation")
    titles = {ax.get_title() for ax in figure.axes if ax.get_title()}
    assert len(titles) == 8
    assert len(figure.legends) == 1
    axes = {"eta": [0.1, 0.2, 0.3], "alpha": np.linspace(0.1, 0.9, 9), "depth": [2, 3, 4]}
    many = plots.figure(run(Sweep(**small_sweep(axes))), "bifurcation", mode=1)
    titles = [ax.get_title() for ax in many.axes if ax.get_title()]
    assert "9 of 27" in many.get_suptitle()
    for end in ("$L$ = 2, $\\alpha$ = 0.1", "$L$ = 4, $\\alpha$ = 0.9", "$L$ = 2, $\\alpha$ = 0.9"):
        assert any(title.startswith(end) for title in titles), "spread over each of them"
    one = plots.figure(grid, "bifurcation", depth=3, alpha=0.6, mode=1)
    assert len([ax for ax in one.axes if ax.get_label() != "<colorbar>"]) == 1


def boxes_of(figure):
    """Where each text is, in pixels, once the figure is drawn: in its style's letters, by which ticks are chosen."""
    with settings(STYLE_OF[figure]):
        return boxes_in_style(figure)


def boxes_in_style(figure):
    plots.encode(figure, "png", 100)
    renderer, boxes = FigureCanvasAgg(figure).get_renderer(), []
    texts = [figure._suptitle] if figure.get_suptitle() else []
    for ax in [one for whole in figure.axes for one in (whole, *whole.child_axes)]:
        if not ax.axison:
            continue
        texts += [ax.title, ax.xaxis.label, ax.yaxis.label, *(text for text in ax.texts if text.get_gid() == NOTE)]
        for axis, limits, place in ((ax.xaxis, ax.get_xlim(), 0), (ax.yaxis, ax.get_ylim(), 1)):
            ticks = [*axis.get_ticklabels(), *axis.get_ticklabels(minor=True)]
            texts += [t for t in ticks if min(limits) <= t.get_position()[place] <= max(limits)]
    for legend in [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]:
        texts += legend.get_texts()
    boxes += [
        (text.get_window_extent(renderer), text.get_text()) for text in texts if text.get_text() and text.get_visible()
    ]
    return boxes


def check_texts(figure, kind):
    """No text lies on another, and none runs out of the page."""
    boxes, page = boxes_of(figure), figure.bbox
    low, high = (np.array([getattr(box, side) for box, _ in boxes]) for side in ("min", "max"))
    shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    on = np.argwhere(np.triu((shared > 1).all(axis=-1), 1))
    assert not on.size, f"{kind}: {[(boxes[a][1], boxes[b][1]) for a, b in on]}"
    for box, text in boxes:
        inside = page.x0 - 2 <= box.x0 and box.x1 <= page.x1 + 2 and page.y0 - 2 <= box.y0 and box.y1 <= page.y1 + 2
        assert inside, f"{kind}: {text!r} runs out of the picture"


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
        if kind not in OF_A_PLANE or "alpha" not in choice:
            check_texts(plots.figure(ds, kind, **choice), kind)


OPTIONS = {
    "paper": {"style": "paper"},
    "talk": {"style": "talk"},
    "small": {"size": (4.2, 3)},
    "eta S": {"x": "eta S"},
}


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("what", ["plane", "one alpha", "matrices"])
def test_no_text_lies_on_other_text_in_any_style(what, options, modes, matrices):
    ds = {"plane": modes, "one alpha": modes.isel(alpha=[1])}.get(what, matrices)
    choice = {"alpha": 0.3} if what == "plane" else {}
    if options == "small":  # as small as one picture may be
        choice |= {"eta": float(ds.eta[1]), "mode": int(ds["mode"][0])}
    for kind in plots.drawable(ds):
        taken = {dim: value for dim, value in choice.items() if dim in plots.PLOTS[kind].dims(ds)}
        if kind in OF_A_PLANE:
            taken.clear()
        view = plots.PLOTS[kind].view(ds)
        if options == "eta S":
            if view.x != "eta":
                continue
            taken.pop("eta", None)
        check_texts(plots.figure(ds, kind, **taken, **OPTIONS[options]), f"{kind}, {options}")
