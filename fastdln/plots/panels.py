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
from fastdln.plots.plot import SINGLE_SIZE, Plot
from fastdln.plots.selection import indices_along

Draw = Callable[..., Axes]

# More are too small to read side by side.
MOST_PANELS = 9

# Inches of a panel.
PANEL_WIDTH, PANEL_HEIGHT = 4.2, 3.4

# Inches that a legend takes below its panel.
LEGEND_HEIGHT = 0.8

# Of a title: wider characters than the average still fit.
CHARACTERS_AN_INCH = 8.5

# Inches that a name takes in the legend below several panels.
LEGEND_ENTRY = 1.9

FORMATS = ("png", "pdf", "svg")
"""Kinds of files that `encode` makes."""

# Pixels an inch.
DPI = 200
MOST_DPI = 2000

# Matplotlib's, for figures and files.
SETTINGS: dict[Any, Any] = {
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
SETTINGS_LOCK = RLock()

# Files without the time at which they were made.
METADATA: dict[str, dict[str, Any]] = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}


def panels_of(plot: Plot, ds: xr.Dataset, choice: Mapping[str, Any]) -> Figure:
    """Draw a panel for each value of the dimensions that a picture does not show; ds is what `Plot.select` gave."""
    dims = plot.panel_dims(ds)
    indices = [indices_along(ds, dim) for dim in dims]
    counts = [len(along) for along in indices]
    while math.prod(counts) > MOST_PANELS:
        counts[counts.index(max(counts))] -= 1
    spread = [
        along[np.linspace(0, len(along) - 1, n).round().astype(int)] for along, n in zip(indices, counts, strict=True)
    ]
    panels = [dict(zip(dims, panel, strict=True)) for panel in itertools.product(*spread)]
    values = [{dim: ds[dim].values[index] for dim, index in panel.items()} for panel in panels]
    possible = math.prod(len(along) for along in indices)
    shown = f"{len(values)} of {possible:,} pictures shown" if len(values) < possible else ""
    title = " - ".join(filter(None, [text_of(ds.attrs, "title"), shown]))
    columns = {1: 1, 2: 2, 4: 2, 7: 4, 8: 4}.get(len(values), 3)
    return arranged(ds, [(plot.draw, {**choice, **panel}) for panel in values], columns, title)


def arranged(ds: xr.Dataset, panels: Sequence[tuple[Draw, Mapping[str, Any]]], columns: int, title: str = "") -> Figure:
    """Arrange pictures of one dataset side by side, also of several kinds.

    Parameters
    ----------
    ds : xarray.Dataset
        From `fastdln.run` or `fastdln.open`.
    panels : sequence of (callable, mapping)
        The function of each picture, and its keywords: `(fastdln.plots.phase, {"depth": 3})`.
    columns : int
        Panels in a row, 1 to 9.
    title : str, default: ""
        Above all of them, in two lines at most.

    Returns
    -------
    matplotlib.figure.Figure
        With a panel of 4.2 by 3.4 inches for each; a single one has 7 by 4.4 inches.

    Raises
    ------
    DatasetError
        If panels, columns or title are not as above, or a picture cannot be drawn of the dataset.

    See Also
    --------
    figure : Pictures of one kind, at several values of the other dimensions.

    Examples
    --------
    >>> panels = [(fastdln.plots.phase, {"depth": 3}), (fastdln.plots.loss, {"depth": 3})]  # doctest: +SKIP
    >>> figure = fastdln.plots.arranged(ds, panels, columns=2)  # doctest: +SKIP
    """
    are_pairs = isinstance(panels, Sequence) and all(
        isinstance(panel, tuple) and len(panel) == 2 and callable(panel[0]) and isinstance(panel[1], Mapping)
        for panel in panels
    )
    if not are_pairs or not panels or type(columns) is not int or not 1 <= columns <= MOST_PANELS:
        raise DatasetError(
            "panels, columns: must be one pair or more of a function and its choice, in 1 to "
            f"{MOST_PANELS} columns (got {reprlib.repr(panels)} and {reprlib.repr(columns)})"
        )
    if not isinstance(title, str):
        raise DatasetError(f"title: must be text (got {reprlib.repr(title)})")
    rows = -(-len(panels) // columns)
    several_kinds = len({draw for draw, _ in panels}) > 1
    size = (
        SINGLE_SIZE
        if len(panels) == 1
        else (PANEL_WIDTH * columns, (PANEL_HEIGHT + LEGEND_HEIGHT * several_kinds) * rows)
    )
    with SETTINGS_LOCK, rc_context(SETTINGS):
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
    """Put each legend below its panel: pictures of several kinds use the same dashes for different things."""
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
    """Make one legend for the whole figure; what several panels name is named once."""
    handles: dict[str, Any] = {}
    for ax in figure.axes:
        if (legend := ax.get_legend()) is not None:
            handles |= {
                text.get_text(): handle for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True)
            }
            legend.remove()
    if handles:
        figure.legend(
            list(handles.values()),
            list(handles),
            loc="outside lower center",
            ncols=min(len(handles), max(1, int(figure.get_figwidth() / LEGEND_ENTRY))),
            fontsize="small",
        )


def label_once(axes: Any, columns: int) -> None:
    """Leave out labels that the panel to the left, or below, has as well."""
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
    """Encode the figure as a PNG, PDF or SVG file's bytes; the same figure gives the same.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From `figure`, `arranged` or Matplotlib.
    kind : {"png", "pdf", "svg"}, default: "png"
        One of `FORMATS`.
    dpi : float, default: 200
        Pixels an inch of a PNG, and of heat maps and dots in the other formats; from 1 to 2000.

    Returns
    -------
    bytes
        The content of the file.

    Raises
    ------
    DatasetError
        If figure is no figure, kind none of these, or dpi no number in that range.

    Notes
    -----
    Files carry no time of their making, and fonts of PDFs are TrueType, as conferences ask.

    Examples
    --------
    >>> Path("phase.pdf").write_bytes(fastdln.plots.encode(figure, "pdf"))  # doctest: +SKIP
    """
    if not isinstance(figure, Figure):
        raise DatasetError(f"figure: must be a matplotlib Figure (got {type(figure).__name__})")
    if not isinstance(kind, str) or kind not in FORMATS:
        raise DatasetError(f"kind: must be one of {', '.join(FORMATS)} (got {reprlib.repr(kind)})")
    if not isinstance(dpi, int | float) or isinstance(dpi, bool) or not 1 <= dpi <= MOST_DPI:
        raise DatasetError(f"dpi: must be a number from 1 to {MOST_DPI} (got {reprlib.repr(dpi)})")
    out = io.BytesIO()
    with SETTINGS_LOCK, rc_context(SETTINGS):
        figure.savefig(out, format=kind, dpi=dpi, metadata=METADATA[kind])
    return out.getvalue()
