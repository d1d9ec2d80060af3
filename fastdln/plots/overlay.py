"""Further datasets over the first, told apart by the kind of line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from fastdln.analysis.alignment import UNNAMED, labels
from fastdln.analysis.dataset import restore_dimensions, text_of
from fastdln.errors import DatasetError
from fastdln.plots.appearance import Appearance
from fastdln.plots.axes import minimum_sharpness
from fastdln.plots.colours import NEUTRAL
from fastdln.plots.labels import is_theory
from fastdln.plots.scales import union
from fastdln.plots.selection import has_all, indices_along, value_text

if TYPE_CHECKING:
    from fastdln.plots.plot import Plot, View

# Lines and markers of the further datasets, and what they are called.
DASHES: tuple[Any, ...] = ((0, (4, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))
KINDS = ("dashed", "dotted", "dash-dotted")
MARKERS = "x+1"
LONGEST_NAME = 28  # characters in a legend
MARKER = {"markersize": 4.0, "markeredgewidth": 0.8}


def dims_of_further(plot: Plot, over: Sequence[xr.Dataset]) -> list[str]:
    """List the dimensions of the further datasets of which a value can be chosen."""
    try:
        return list(dict.fromkeys(dim for ds in over for dim in plot.dims(restore_dimensions(ds))))
    except DatasetError as error:
        raise DatasetError(f"over: {error}") from None


def draw_over(
    ax: Axes, plot: Plot, view: View, first: xr.Dataset, choice: Mapping[str, Any], look: Appearance
) -> list[Any]:
    """Draw the further datasets; returns the entries of the legend that tell them apart."""
    entries: list[Any] = []
    for number, over in enumerate(look.over):
        entries += draw_one_over(ax, plot, view, first, over, choice, look, number)
    name = tell_apart(first, look.over[0])[0]
    return [Line2D([], [], color=NEUTRAL, linewidth=1.2, label=name), *entries] if entries else []


def draw_one_over(
    ax: Axes,
    plot: Plot,
    view: View,
    first: xr.Dataset,
    over: xr.Dataset,
    choice: Mapping[str, Any],
    look: Appearance,
    number: int,
) -> list[Any]:
    """Draw one of the further datasets; returns its entry of the legend, none if what it draws has names of its own."""
    try:
        dims = plot.dims(second := restore_dimensions(over))
        second = plot.select(second, {dim: value for dim, value in choice.items() if dim in dims})
        other = view if has_all(second, view.needs) and not view.why_not(second) else plot.view(second, view.x)
    except DatasetError as error:
        raise DatasetError(f"over: {error}") from None
    not_shown = plot.panel_dims(second, other)
    second = second.isel({dim: indices_along(second, dim)[:1] for dim in not_shown})
    before, limits = set(artists(ax)), (ax.get_xlim(), ax.get_ylim())
    scale = minimum_sharpness(second) if look.x == "eta S" else 1.0
    if other.named:
        return other.paint(ax, second, replace(look, over=(), scale=scale)) or []
    other.paint(ax, second, replace(look, over=(), scale=scale))
    for artist in [one for one in artists(ax) if one not in before]:
        if is_theory(artist) or not isinstance(artist, Line2D):
            artist.remove()  # the theory is drawn once, and one range about a mean is enough
            continue
        if artist.get_linestyle() not in ("None", "none"):
            artist.set_linestyle(DASHES[number])
        if artist.get_marker() not in ("None", "none", "", None):
            artist.set(**MARKER, marker=MARKERS[number], markeredgecolor=artist.get_color())
        artist.set_label("_second")
    ax.set_xlim(union(limits[0], ax.get_xlim()))
    ax.set_ylim(union(limits[1], ax.get_ylim()))
    names = tell_apart(first, second)
    own = [dim for dim in dims if dim in choice and dim not in plot.dims(first)]
    of_second = ", ".join([names[1], *(value_text(second, dim) for dim in (*own, *not_shown) if dim != "mode")])
    name = f"{of_second}: {KINDS[number]}" + (", crosses" if number == 0 else "")
    return [Line2D([], [], color=NEUTRAL, linewidth=1.2, linestyle=DASHES[number], label=name)]


def artists(ax: Axes) -> list[Any]:
    """List what is drawn on the axes."""
    return [*ax.lines, *ax.collections, *ax.patches, *ax.texts]


def tell_apart(first: xr.Dataset, second: xr.Dataset) -> tuple[str, str]:
    """Name two datasets by their models or starts where these differ, else by their titles."""
    if (names := labels(first, second)) != UNNAMED:
        return names
    titles = [shorten(text_of(ds.attrs, "title"), LONGEST_NAME, placeholder=" ...") for ds in (first, second)]
    return (titles[0], titles[1]) if titles[0] != titles[1] and all(titles) else UNNAMED
