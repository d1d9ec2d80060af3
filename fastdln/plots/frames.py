"""Frames of one sequence of pictures: the same layout, legend and scales of colours for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from fastdln.plots.appearance import settings
from fastdln.plots.labels import ENTRIES_OF, draw_legend, joined, name_in
from fastdln.plots.panels import SETTINGS_LOCK, STYLE_OF, figure_legend
from fastdln.plots.scales import BEYOND, joined_ends, one_scale, replace_bar

# What Matplotlib calls the axes of a colour bar.
BAR = "<colorbar>"

# Stands for the number of an axes where a legend is the whole figure's.
WHOLE_FIGURE = -1


class Frames:
    """What the pictures of a sequence have in common: each is shown to `include`, and once all were, to `unify`.

    They are of one kind and size, so that they have the same axes in the same order.
    """

    def __init__(self) -> None:
        self._places: list[Bbox] = []
        self._entries: dict[int, list[Any]] = {}
        self._bars: dict[str, list[tuple[Any, str]]] = {}

    def include(self, figure: Figure) -> None:
        """Take a figure's scales of colours, the entries of its legends, and the places of its axes."""
        with SETTINGS_LOCK, settings(STYLE_OF.get(figure)):
            for mesh in coloured(figure):
                self._bars.setdefault(mesh.colorbar.ax.get_ylabel(), []).append((mesh.norm, mesh.colorbar.extend))
            for number, entries in legends(figure):
                self._entries[number] = merged(self._entries.get(number, []), entries)
            self._name(figure)
            figure.draw_without_rendering()
        places = [place_of(ax) for ax in figure.axes]
        bars = [ax.get_label() == BAR for ax in figure.axes]
        self._places = [within(*both) for both in zip(self._places or places, places, bars, strict=False)]

    def unify(self, figure: Figure) -> None:
        """Give a figure what all of them have in common."""
        with SETTINGS_LOCK, settings(STYLE_OF.get(figure)):
            self._name(figure)
            figure.set_layout_engine("none")
            for ax, place in zip(figure.axes, self._places, strict=False):
                ax.set_position(place)
            for mesh in list(coloured(figure)):
                self._colour(figure, mesh)
            centre_title(figure)

    def _colour(self, figure: Figure, mesh: Any) -> None:
        """Give what has a colour bar, and the panels that share it, the scale of all, with a bar in the same place."""
        label, place = mesh.colorbar.ax.get_ylabel(), mesh.colorbar.ax.get_position(original=True)
        norms, ends = zip(*self._bars[label], strict=True)
        if scale := one_scale(norms, mesh.get_cmap().name):
            sharing = [one for ax in figure.axes for one in ax.collections if one.norm is mesh.norm and one is not mesh]
            cax = figure.add_axes(place.bounds, label=BAR)
            replace_bar([*sharing, mesh], scale, label, joined_ends(ends), cax=cax)
            for ax in figure.axes:
                for text in [one for one in ax.texts if one.get_text().startswith(BEYOND)]:
                    text.remove()  # counted beyond the scale of this picture alone; the arrows of the bar say it

    def _name(self, figure: Figure) -> None:
        """Draw the legends, of all that any of the pictures has named so far."""
        for number, entries in self._entries.items():
            if number == WHOLE_FIGURE:
                for legend in list(figure.legends):
                    legend.remove()
                figure_legend(figure, entries)
            else:
                draw_legend(figure.axes[number], entries)


def centre_title(figure: Figure) -> None:
    """Move the title to above the middle of the pictures, as far as it stays on the figure."""
    title: Any = getattr(figure, "_suptitle", None)
    places = [ax.get_position() for ax in figure.axes if ax.get_label() != BAR]
    if title is None or not places:
        return
    half = title.get_window_extent().width / figure.bbox.width / 2
    middle = (min(place.x0 for place in places) + max(place.x1 for place in places)) / 2
    title.set_x(min(max(middle, half), max(1 - half, 0.5)))


def coloured(figure: Figure) -> Iterator[Any]:
    """Give what has a colour bar."""
    for ax in figure.axes:
        yield from (mesh for mesh in ax.collections if getattr(mesh, "colorbar", None) is not None)


def legends(figure: Figure) -> Iterator[tuple[int, list[Any]]]:
    """Give the entries of each legend, and the number of its axes."""
    for number, ax in enumerate(figure.axes):
        if (legend := ax.get_legend()) is not None:
            yield number, ENTRIES_OF[legend]
    for legend in figure.legends:
        yield WHOLE_FIGURE, ENTRIES_OF[legend]


def merged(before: Sequence[Any], now: Sequence[Any]) -> list[Any]:
    """Merge the entries of two legends: what is new stands behind the one that it stands behind in its own."""
    names = [name_in(entry) for entry in before]
    place = 0
    for name in map(name_in, now):
        if name in names:
            place = names.index(name) + 1
        else:
            names.insert(place, name)
            place += 1
    return sorted(joined([*before, *now]), key=lambda entry: names.index(name_in(entry)))


def place_of(ax: Axes) -> Bbox:
    """Find the place that axes have in a layout; that of a colour bar is as wide as it is drawn."""
    place = ax.get_position(original=True)
    width = (ax.get_position() if ax.get_label() == BAR else place).width
    return Bbox.from_bounds(place.x0, place.y0, width, place.height)


def within(one: Bbox, other: Bbox, is_bar: bool) -> Bbox:
    """Find the place that two layouts have room for; a colour bar keeps its width, and moves to the left."""
    low, high = max(one.y0, other.y0), min(one.y1, other.y1)
    if is_bar:
        left = min(one.x0, other.x0)
        return Bbox([[left, low], [left + one.width, high]])
    return Bbox([[max(one.x0, other.x0), low], [min(one.x1, other.x1), high]])
