"""Labels of axes, and legends."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from fastdln.analysis.dataset import text_of
from fastdln.plots.colours import BORDER, HATCHED, THEORY_COLOURS
from fastdln.plots.selection import without_formulas

# Characters of a line; longer ones do not fit beside an axis of 2.5 inches.
LABEL_WIDTH = 34

# Characters above a panel.
TITLE_WIDTH = 44

# Lines of a label; more are higher than a picture.
MOST_LINES = 4

# Names in a legend, beyond which it is longer than the picture is high.
MOST_NAMES = 12


def axis_label(array: xr.DataArray, symbol: str = "") -> str:
    """Write name and units of a variable, with its symbol."""
    units = text_of(array.attrs, "units", "1")
    parts = [
        text_of(array.attrs, "long_name", str(array.name)),
        "\0" if symbol else "",  # no other text has it; a formula must not be broken
        f"[{units}]" if units not in ("1", "") else "",
    ]
    words = " ".join(filter(None, parts))
    lines = textwrap.wrap(words, LABEL_WIDTH, max_lines=MOST_LINES, placeholder=" ...", break_on_hyphens=False)
    return without_formulas("\n".join(lines)).replace("\0", symbol)


def wrap_items(items: Iterable[str]) -> str:
    """Join items, none of them broken, in lines that fit above a panel."""
    unbroken = ", ".join(item.replace(" ", "\N{NO-BREAK SPACE}") for item in items)
    return textwrap.fill(unbroken, TITLE_WIDTH, break_long_words=False).replace("\N{NO-BREAK SPACE}", " ")


def note_below(ax: Axes, text: str) -> None:
    """Write a note under the label of the x axis."""
    below: Any = (ax.transAxes, ax.xaxis.label)
    ax.annotate(
        text,
        (0.5, 0),
        xycoords=below,
        xytext=(0, -2),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize="small",
    )


def swatch(colour: str, label: str) -> Rectangle:
    """Legend entry of a colour."""
    return Rectangle((0, 0), 0, 0, facecolor=colour, edgecolor=BORDER, linewidth=0.6, label=label)


def hatched_swatch(label: str) -> Rectangle:
    """Legend entry of hatching."""
    return Rectangle((0, 0), 0, 0, label=label, **HATCHED)


def is_theory(handle: Any) -> bool:
    """Whether a legend's entry is a line of the theory."""
    return bool(isinstance(handle, Line2D) and handle.get_color() in THEORY_COLOURS)


def legend_inside(ax: Axes, handles: list[Any] | None = None) -> None:
    """Put the legend on the picture, as heat maps need, which have a colour bar beside them."""
    entries = {one.get_label(): one for one in [*(handles or []), *ax.get_legend_handles_labels()[0]]}
    if entries:
        ax.legend(handles=list(entries.values()), loc="lower left", fontsize="small", frameon=True, framealpha=0.9)


def legend_beside(ax: Axes, handles: list[Any] | None = None) -> None:
    """Put the legend to the right of the picture; inside it where the figure would not make room."""
    drawn = ax.get_legend_handles_labels()[0]
    data = [handle for handle in [*(handles or []), *drawn] if not is_theory(handle)]
    if len(data) > MOST_NAMES:
        more = Line2D([], [], alpha=0, label=f"and {len(data) - MOST_NAMES + 1} more")
        data = [*data[: MOST_NAMES - 1], more]
    by_label = {handle.get_label(): handle for handle in [*data, *(handle for handle in drawn if is_theory(handle))]}
    if not by_label:
        return
    entries = list(by_label.values())
    if ax.figure.get_layout_engine() is None:
        ax.legend(handles=entries, loc="best", fontsize="small", frameon=True, framealpha=0.8)
        return
    ax.legend(
        handles=entries,
        loc="upper left",
        bbox_to_anchor=(1.03, 1.0),
        fontsize="small",
        frameon=False,
        borderaxespad=0.3,
    )
