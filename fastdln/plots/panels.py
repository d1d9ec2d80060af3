"""A figure of several panels: one for each value of the dimensions that a single picture cannot show."""

from __future__ import annotations

import io
import itertools
import math
import reprlib
import textwrap
from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fastdln.analysis.dataset import text_of
from fastdln.errors import DatasetError
from fastdln.plots.plot import ALONE, Plot, values_along

Draw = Callable[..., Axes]

# More are too small to read side by side.
MOST_PANELS = 9

# Inches of a panel.
WIDTH, HEIGHT = 4.2, 3.4

# Inches that a legend takes below its panel.
LEGEND_HEIGHT = 0.8

# Of a title: wider characters than the average still fit.
CHARACTERS_AN_INCH = 8.5

# Inches that a name takes in the legend below several panels.
LEGEND_ENTRY = 1.9

FORMATS = ("png", "pdf", "svg")
DPI = 200
MOST_DPI = 2000
STYLE: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 10,
    "axes.titlesize": 10,
    "figure.titlesize": 11,
    "legend.frameon": False,
    "svg.hashsalt": "fastdln",  # the same picture, the same bytes
    "svg.fonttype": "none",
    "pdf.fonttype": 42,  # TrueType: conferences refuse Type 3
    "ps.fonttype": 42,
}
# Matplotlib's settings are the process's; pictures that are drawn in several threads take turns with them.
STYLING = RLock()

# Files without the time at which they were made.
UNDATED: dict[str, dict[str, Any]] = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}


def drawn(plot: Plot, ds: xr.Dataset, choice: Mapping[str, Any]) -> Figure:
    """The figure of a dataset that `Plot.chosen` gave."""
    further = plot.further(ds)
    places = [values_along(ds, dim) for dim in further]
    counts = [len(along) for along in places]
    while math.prod(counts) > MOST_PANELS:
        counts[counts.index(max(counts))] -= 1
    spread = [
        along[np.linspace(0, len(along) - 1, n).round().astype(int)] for along, n in zip(places, counts, strict=True)
    ]
    values = [dict(zip(further, panel, strict=True)) for panel in itertools.product(*spread)]
    here = [{dim: ds[dim].values[place] for dim, place in panel.items()} for panel in values]
    every = math.prod(len(along) for along in places)
    some = f"{len(here)} of {every:,} pictures shown" if len(here) < every else ""
    title = " - ".join(filter(None, [text_of(ds.attrs, "title"), some]))
    columns = {1: 1, 2: 2, 4: 2, 7: 4, 8: 4}.get(len(here), 3)
    return arranged(ds, [(plot.draw, {**choice, **panel}) for panel in here], columns, title)


def arranged(ds: xr.Dataset, panels: Sequence[tuple[Draw, Mapping[str, Any]]], columns: int, title: str = "") -> Figure:
    """Pictures of one dataset side by side: what draws each, and its choice."""
    sound = isinstance(panels, Sequence) and all(
        isinstance(panel, tuple) and len(panel) == 2 and callable(panel[0]) and isinstance(panel[1], Mapping)
        for panel in panels
    )
    if not sound or not panels or type(columns) is not int or not 1 <= columns <= MOST_PANELS:
        raise DatasetError(
            "panels, columns: must be one pair or more of a function and its choice, in 1 to "
            f"{MOST_PANELS} columns (got {reprlib.repr(panels)} and {reprlib.repr(columns)})"
        )
    if not isinstance(title, str):
        raise DatasetError(f"title: must be text (got {reprlib.repr(title)})")
    rows = -(-len(panels) // columns)
    several_kinds = len({draw for draw, _ in panels}) > 1
    size = ALONE if len(panels) == 1 else (WIDTH * columns, (HEIGHT + LEGEND_HEIGHT * several_kinds) * rows)
    with STYLING, rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax, (draw, choice) in zip(axes, panels, strict=False):
            draw(ds, ax, **choice)
        for ax in axes[len(panels) :]:
            ax.set_axis_off()
        if several_kinds:
            legends_below(axes[: len(panels)])
        elif len(panels) > 1:
            merge_legends(figure)
        label_once(axes[: len(panels)], columns)
        lines = textwrap.wrap(title, int(size[0] * CHARACTERS_AN_INCH), max_lines=2, placeholder=" ...")
        figure.suptitle("\n".join(lines), parse_math=False)
    return figure


def legends_below(axes: Any) -> None:
    """Below each panel what it names: pictures of several kinds use the same dashes for different things."""
    for ax in axes:
        if (legend := ax.get_legend()) is not None:
            handles = [handle for handle in legend.legend_handles if handle is not None]
            ax.legend(
                handles,
                [t.get_text() for t in legend.get_texts()],
                loc="upper center",
                bbox_to_anchor=(0.5, -0.2),
                ncols=2,
                fontsize="x-small",
            )


def merge_legends(figure: Figure) -> None:
    """One legend for the whole figure; what several panels name is named once."""
    named: dict[str, Any] = {}
    for ax in figure.axes:
        if (legend := ax.get_legend()) is not None:
            named |= {
                text.get_text(): handle for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True)
            }
            legend.remove()
    if named:
        figure.legend(
            list(named.values()),
            list(named),
            loc="outside lower center",
            ncols=min(len(named), max(1, int(figure.get_figwidth() / LEGEND_ENTRY))),
            fontsize="small",
        )


def label_once(axes: Any, columns: int) -> None:
    """Leaves out what the panel to the left, or below, says as well."""
    for k, ax in enumerate(axes):
        if k % columns and ax.get_ylabel() == axes[k - k % columns].get_ylabel():
            ax.set_ylabel("")
        if k + columns < len(axes) and ax.get_xlabel() == axes[k + columns].get_xlabel():
            ax.set_xlabel("")
    bars = [ax for ax in axes[0].figure.axes if ax.get_label() == "<colorbar>"]
    for k, bar in enumerate(bars):
        if (k + 1) % columns and k + 1 < len(bars) and bar.get_ylabel() == bars[k + 1].get_ylabel():
            bar.set_ylabel("")


def encode(figure: Figure, kind: str = "png", dpi: float = DPI) -> bytes:
    """The figure as a PNG, PDF or SVG file's bytes; the same figure gives the same."""
    if not isinstance(figure, Figure):
        raise DatasetError(f"figure: must be a matplotlib Figure (got {type(figure).__name__})")
    if not isinstance(kind, str) or kind not in FORMATS:
        raise DatasetError(f"kind: must be one of {', '.join(FORMATS)} (got {reprlib.repr(kind)})")
    if not isinstance(dpi, int | float) or isinstance(dpi, bool) or not 1 <= dpi <= MOST_DPI:
        raise DatasetError(f"dpi: must be a number from 1 to {MOST_DPI} (got {reprlib.repr(dpi)})")
    out = io.BytesIO()
    with STYLING, rc_context(STYLE):
        figure.savefig(out, format=kind, dpi=dpi, metadata=UNDATED[kind])
    return out.getvalue()
