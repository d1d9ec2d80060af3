"""Labels of axes, notes on pictures, and legends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import ScaledTranslation

from fastdln.analysis.dataset import text_of
from fastdln.analysis.inherited import inherited_names, is_level
from fastdln.plots.colours import BORDER, HATCHED, NEUTRAL, THEORY_COLOURS
from fastdln.plots.selection import without_formulas
from fastdln.plots.wrapping import panel_inches, width_of, wrap

# Names in a legend, beyond which it is longer than the picture is high.
MOST_NAMES = 12

# Marks the note of a picture.
NOTE = "note"

# Part of a panel's width that its note may take, and of its height that the axes have.
NOTE_WIDTH, AXES_HEIGHT = 0.55, 0.6

# What an entry of a legend takes beside its name, in parts of the letters' size; and the lines of letters below an axis, with
# the points that its ticks and the gaps take, whatever the letters.
ENTRY, BELOW, TICKS = 4.5, 2.3, 11.0

# Letters of a legend in parts of those of labels ("small" of Matplotlib), and the part of a panel that it may take beside it.
SMALL, MOST_BESIDE = 0.833, 0.4

# Part of a panel's width that a legend below it may take.
WIDEST_BELOW = 0.95

# Gap between a picture and the legend beside it, in parts of the picture's width; in letters' sizes a line of a legend and its frame.
BESIDE, LINE, FRAME = 0.03, 1.65, 0.5

# Places of pictures that were made smaller for their legends: before and since.
PLACES: WeakKeyDictionary[Axes, tuple[Any, Any]] = WeakKeyDictionary()

# What a legend names, in the order of a list: in several columns its own order is another.
ENTRIES_OF: WeakKeyDictionary[Legend, list[Any]] = WeakKeyDictionary()

# Names in an entry that lists several.
MOST_LISTED = 4


def axis_label(array: xr.DataArray, symbol: str = "", brief: bool = False) -> str:
    """Write name and units of a variable, with its symbol; in brief without what follows a comma."""
    units = text_of(array.attrs, "units", "1")
    name = text_of(array.attrs, "long_name", str(array.name))
    parts = [
        without_formulas(name.partition(",")[0] if brief else name),
        symbol,
        without_formulas(f"[{units}]") if units not in ("1", "") else "",
    ]
    return " ".join(filter(None, parts))


def note(ax: Axes, text: str) -> None:
    """Add a small note to a picture: what it does not show. It stands inside, at the top right."""
    box = {"facecolor": "white", "alpha": 0.92, "edgecolor": "none", "pad": 1.5}
    style: dict[str, Any] = {
        "ha": "right",
        "va": "top",
        "color": NEUTRAL,
        "fontsize": "x-small",
        "zorder": 5,
        "bbox": box,
    }
    before = next((one for one in ax.texts if one.get_gid() == NOTE), None)
    if before is None:
        before = ax.text(0.99, 0.985, "", transform=ax.transAxes, gid=NOTE, in_layout=False, **style)
    said = dict.fromkeys([*filter(None, before.get_text().replace("\n", " ").split("; ")), text])
    before.set_text(wrap("; ".join(said), NOTE_WIDTH * panel_inches(ax)[0], float(before.get_fontsize())))


def make_room(ax: Axes) -> None:
    """Lift the upper end of the y axis so that the note of a picture stands above what is drawn."""
    for text in (one for one in ax.texts if one.get_gid() == NOTE):
        letters = 1.4 * (text.get_text().count("\n") + 1) * float(text.get_fontsize()) / 72
        part = min(letters / (AXES_HEIGHT * panel_inches(ax)[1]), 0.3)
        to_axis = ax.yaxis.get_transform()
        low, high = to_axis.transform(np.array(ax.get_ylim()))
        ax.set_ylim(top=float(to_axis.inverted().transform(np.array([high + part * (high - low)]))[0]))


def swatch(colour: str, label: str) -> Rectangle:
    """Legend entry of a colour."""
    return Rectangle((0, 0), 0, 0, facecolor=colour, edgecolor=BORDER, linewidth=0.6, label=label)


def absent_name(ds: xr.Dataset) -> str:
    """Name what is hatched: points that are not computed, or those that a level has inherited, without what is shown of them."""
    if not is_level(ds):
        return "not computed"
    return (
        f"inherited: {' and '.join(inherited_names(ds))} only"
        if ds.attrs.get("complete")
        else "inherited or not computed"
    )


def absent_swatch(ds: xr.Dataset) -> Rectangle:
    """Legend entry of what is hatched."""
    return Rectangle((0, 0), 0, 0, label=absent_name(ds), **HATCHED)


def is_theory(handle: Any) -> bool:
    """Whether a legend's entry is a line of the theory."""
    return bool(isinstance(handle, Line2D) and handle.get_color() in THEORY_COLOURS)


def is_seen(line: Any) -> bool:
    """Whether any of a line lies within its picture; one without points stands for what is drawn otherwise."""
    if not len(line.get_xdata()):
        return True
    shown = line.get_transform().transform_path(line.get_path()).cleaned(remove_nans=True)
    return bool(shown.intersects_bbox(line.axes.bbox, filled=False))


def entries_of(ax: Axes, handles: list[Any] | None) -> list[Any]:
    """List what a picture's legend names, each once: the data, no more than have room, and then the theory that is to be seen."""
    drawn = [
        *(handles or []),
        *(one for one in ax.get_legend_handles_labels()[0] if not is_theory(one) or is_seen(one)),
    ]
    of_data = list({handle.get_label(): handle for handle in drawn if not is_theory(handle)}.values())
    data: list[Any] = []
    keys: list[Any] = []
    for handle in of_data:  # what holds for all lines is named however many they are
        (keys if isinstance(handle, Line2D) and handle.get_color() == NEUTRAL else data).append(handle)
    if len(data) > MOST_NAMES:
        more = Line2D([], [], alpha=0, label=f"and {len(data) - MOST_NAMES + 1} more")
        data = [*data[: MOST_NAMES - 1], more]
    data += keys
    theory = {handle.get_label(): handle for handle in drawn if is_theory(handle)}
    return [*data, *theory.values()]


def draw_legend(ax: Axes, handles: list[Any] | None = None) -> None:
    """Put the legend to the right of the picture, or below it where there is no room.

    Where the figure makes no room the picture is made smaller; only where too little would be left of it the legend stands inside.
    """
    if not (entries := entries_of(ax, handles)):
        return
    alone = ax.figure.get_layout_engine() is None
    points = SMALL * float(ax.xaxis.label.get_fontsize())
    width = entry_width(entries, points) + BESIDE * panel_inches(ax)[0]
    if has_room_beside(ax, entries) and (not alone or shrink(ax, right=width)):
        place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1 + BESIDE, 1.0), "borderaxespad": 0.3}
        legend = ax.legend(handles=entries, fontsize="small", **place)
    elif alone and not shrink(ax, below=height_below(ax, entries, points)):
        legend = ax.legend(handles=entries, loc="best", fontsize="small", frameon=True, framealpha=1.0)
    else:
        legend = legend_below(ax, entries)
    ENTRIES_OF[legend] = entries


def shrink(ax: Axes, right: float = 0.0, below: float = 0.0) -> bool:
    """Make a picture, with its colour bars, so many inches smaller; False if less than half of it would be left.

    What was made smaller for a legend before is taken at its former size.
    """
    wide, high = ax.figure.bbox.width / ax.figure.dpi, ax.figure.bbox.height / ax.figure.dpi
    bars = [bar.ax for one in ax.collections if (bar := getattr(one, "colorbar", None)) is not None]
    for one in (ax, *bars):
        now = one.get_position(original=True).bounds
        former, shrunk = PLACES.get(one, (now, None))
        left, bottom, width, height = former if now == shrunk else now
        if one is ax and (right / wide > width / 2 or below / high > height / 2):
            return False
        one.set_position((left, bottom + below / high, width - right / wide, height - below / high))
        PLACES[one] = ((left, bottom, width, height), one.get_position(original=True).bounds)
    return True


def has_room_beside(ax: Axes, entries: Sequence[Any]) -> bool:
    """Whether a legend fits to the right of a picture: nothing else is there, and the picture is neither low nor narrow."""
    bars = any(getattr(one, "colorbar", None) is not None for one in ax.collections)
    widest = entry_width(entries, SMALL * float(ax.xaxis.label.get_fontsize()))
    return not (bars or ax.child_axes or ax.get_box_aspect() or widest > MOST_BESIDE * panel_inches(ax)[0])


def entry_width(entries: Sequence[Any], points: float) -> float:
    """Inches that the longest entry of a legend takes."""
    lines = [line for entry in entries for line in str(entry.get_label()).split("\n")]
    return max(width_of(line, points) for line in lines) + ENTRY * points / 72


def legend_below(ax: Axes, entries: Sequence[Any]) -> Legend:
    """Put a legend below the labels of the x axis, to be read row by row."""
    points = float(ax.xaxis.label.get_fontsize())
    drop = ScaledTranslation(0, -labels_below(ax) / 72, ax.figure.dpi_scale_trans)
    arranged, columns = in_rows(entries, WIDEST_BELOW * panel_inches(ax)[0], SMALL * points)
    return ax.legend(
        handles=arranged,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        bbox_transform=ax.transAxes + drop,
        ncols=columns,
        fontsize="small",
        borderaxespad=0.0,
        columnspacing=1.2,
    )


def height_below(ax: Axes, entries: Sequence[Any], points: float) -> float:
    """Inches that a legend below a picture takes, with what its labels lack below it, or a panel's title that stands there."""
    rows = -(-len(entries) // in_rows(entries, WIDEST_BELOW * panel_inches(ax)[0], points)[1])
    place = ax.get_subplotspec()
    if place is not None and not place.is_last_row():
        lacking = 2 * BELOW * points / 72
    else:
        lacking = max(labels_below(ax) / 72 - ax.get_position().y0 * ax.figure.bbox.height / ax.figure.dpi, 0)
    return (LINE * rows + FRAME) * points / 72 + lacking


def labels_below(ax: Axes) -> float:
    """Points below a picture that the ticks and the label of its x axis take."""
    return TICKS + (BELOW + 1.25 * ax.get_xlabel().count("\n")) * float(ax.xaxis.label.get_fontsize())


def in_rows(entries: Sequence[Any], inches: float, points: float) -> tuple[list[Any], int]:
    """Arrange entries so that a legend, which fills its columns one by one, is read row by row; gives the columns too."""
    most = min(len(entries), max(1, int(inches / entry_width(entries, points))))
    columns = -(-len(entries) // -(-len(entries) // most))
    return [entry for column in range(columns) for entry in entries[column::columns]], columns


def joined(handles: Iterable[Any]) -> list[Any]:
    """Join the legends of several panels: each name once, and lists such as "other periods: 3, 5" made one of all."""
    by_name: dict[str, Any] = {}
    lists: dict[str, set[int]] = {}
    longer: set[str] = set()
    for handle in handles:
        name, numbers = name_in(handle), numbers_in(handle)
        if numbers:
            lists[name] = lists.get(name, set()) | numbers
            longer |= {name} if str(handle.get_label()).endswith("...") else set()
        by_name.setdefault(name, handle)
    for name, numbers in lists.items():
        by_name[name].set_label(listing(name, sorted(numbers), name in longer))
    return list(by_name.values())


def numbers_in(handle: Any) -> set[int]:
    """Read the numbers that an entry of a legend lists."""
    listed = str(handle.get_label()).partition(": ")[2]
    return {int(number) for number in listed.split(", ") if number.isdigit()}


def name_in(handle: Any) -> str:
    """Read the name of an entry of a legend, without the numbers that it lists."""
    label = str(handle.get_label())
    return label.partition(": ")[0] if numbers_in(handle) else label


def listing(name: str, numbers: Sequence[int], more: bool = False) -> str:
    """Name something with the first of its numbers; more: there are others as well."""
    if not numbers:
        return name
    dots = ", ..." if more or len(numbers) > MOST_LISTED else ""
    return f"{name}: {', '.join(map(str, numbers[:MOST_LISTED]))}{dots}"
