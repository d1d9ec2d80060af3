"""A figure of several panels: one for each value of the dimensions that a single picture cannot show."""

from __future__ import annotations

import io
import itertools
import json
import math
import reprlib
from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fastdln.analysis.dataset import text_of
from fastdln.errors import DatasetError
from fastdln.plots.appearance import STRIP, STYLES, Appearance, figure_size, settings
from fastdln.plots.labels import ENTRIES_OF, SMALL, in_rows, is_theory, joined, legend_below
from fastdln.plots.plot import Plot, View
from fastdln.plots.scales import share_colours, share_y
from fastdln.plots.selection import indices_along
from fastdln.plots.wrapping import wrap
from fastdln.sweep.values import is_number
from fastdln.text import one_line

Draw = Callable[..., Axes]

# More are too small to read side by side.
MOST_PANELS = 9

# Inches that a legend takes below its panel.
LEGEND_HEIGHT = 0.8

# Part of the figure's width that its title may take, and the lines.
TITLE_PART, MOST_TITLE_LINES = 0.94, 2

FORMATS = ("png", "pdf", "svg")
"""Kinds of files that `encode` makes."""

# Pixels an inch.
DPI = 200
MOST_DPI = 2000

# Matplotlib's settings are the process's; pictures that are drawn in several threads take turns with them.
SETTINGS_LOCK = RLock()

# Figures' styles, and what is written into their files.
STYLE_OF: WeakKeyDictionary[Figure, str] = WeakKeyDictionary()
ABOUT: WeakKeyDictionary[Figure, dict[str, str]] = WeakKeyDictionary()

# Metadata of files: the names of each format for what a picture shows, its sweep, and the command that drew it; no time.
NAMES: dict[str, tuple[str, str, str]] = {
    "png": ("Title", "Source", "Description"),
    "pdf": ("Title", "Keywords", "Subject"),
    "svg": ("Title", "Source", "Description"),
}
WITHOUT_TIME: dict[str, dict[str, Any]] = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}


def panels_of(plot: Plot, ds: xr.Dataset, choice: Mapping[str, Any], look: Appearance) -> Figure:
    """Draw a panel for each value of the dimensions that a picture does not show; ds is what `Plot.select` gave."""
    asked = [dim for dim in look.panels if dim in ds.dims and ds.sizes[dim] > 1]
    view = plot.view(probe := ds.isel({dim: [0] for dim in asked}), look.x)
    plot.look(probe.isel({dim: [0] for dim in plot.panel_dims(probe, view)}), view, look)
    dims = [*asked, *(dim for dim in plot.panel_dims(ds, view) if dim not in asked)]
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
    title = " - ".join(filter(None, [text_of(ds.attrs, "title"), shown])) if look.title is None else look.title
    columns = min({1: 1, 2: 2, 4: 2, 7: 4, 8: 4}.get(len(values), 3), STYLES[look.style or "screen"].columns)
    of_panels = {name: getattr(look, name) for name in look.set() - {"title", "size", "panels", "style"}}
    drawn = [(plot.draw, {**choice, **panel, **of_panels}) for panel in values]
    low = view.low(ds.isel({dim: along[:1] for dim, along in zip(dims, indices, strict=True)}))
    return compose(ds, drawn, columns, title, look, view, low)


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
    return compose(ds, panels, columns, title, Appearance())


def compose(
    ds: xr.Dataset,
    panels: Sequence[tuple[Draw, Mapping[str, Any]]],
    columns: int,
    title: str,
    look: Appearance,
    view: View | None = None,
    low: bool = False,
) -> Figure:
    """Draw the panels of a figure; view: what all of them are of, if they are of one kind; low: they are strips."""
    rows, style = -(-len(panels) // columns), STYLES[look.style or "screen"]
    several_kinds = len({draw for draw, _ in panels}) > 1
    width, height = style.figure_of(columns, rows, STRIP if low else 1, LEGEND_HEIGHT * several_kinds)
    whole = (width, height + LEGEND_HEIGHT * low)
    size = look.size or (whole if len(panels) > 1 else figure_size(look.style, low))
    with SETTINGS_LOCK, settings(look.style) as points:
        figure = Figure(figsize=size, layout="constrained")
        STYLE_OF[figure] = look.style or "screen"
        ABOUT[figure] = {"title": title, "sweep": text_of(ds.attrs, "sweep_sha256")}
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax, (draw, choice) in zip(axes, panels, strict=False):
            draw(ds, ax, **choice)
        drawn = list(axes[: len(panels)])
        for ax in axes[len(panels) :]:
            ax.set_axis_off()
        if several_kinds:
            legends_below(drawn)
        elif len(panels) > 1:
            merge_legends(figure)
        if len(panels) > 1 and not several_kinds:
            if view is not None and view.measured == "y" and look.ylim is None:
                share_y(drawn)
            share_colours(drawn)
        label_once(drawn, columns)
        plain = title.replace("$", "\\$")  # measured as it stands, not as a formula
        fitted = wrap(plain, TITLE_PART * size[0], points, MOST_TITLE_LINES)
        figure.suptitle(fitted.replace("\\$", "$"), parse_math=False)
    return figure


def legends_below(axes: Any) -> None:
    """Put each legend below its panel: pictures of several kinds use the same dashes for different things."""
    for ax in axes:
        if (legend := ax.get_legend()) is not None:
            legend_below(ax, ENTRIES_OF[legend])


def merge_legends(figure: Figure) -> None:
    """Make one legend for the whole figure; what several panels name is named once."""
    handles: list[Any] = []
    for ax in figure.axes:
        if (legend := ax.get_legend()) is not None:
            handles += ENTRIES_OF[legend]
            legend.remove()
    if handles:
        figure_legend(figure, joined(handles))


def figure_legend(figure: Figure, named: Sequence[Any]) -> None:
    """Put a legend below the whole figure: the data, and then the theory."""
    points = float(figure.axes[0].xaxis.label.get_fontsize())
    named = [*(one for one in named if not is_theory(one)), *(one for one in named if is_theory(one))]
    entries, columns = in_rows(named, 0.97 * figure.get_figwidth(), SMALL * points)
    legend = figure.legend(
        handles=entries, loc="outside lower center", ncols=columns, fontsize="small", columnspacing=1.2
    )
    ENTRIES_OF[legend] = named


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


def encode(figure: Figure, kind: str = "png", dpi: float = DPI, *, command: str = "") -> bytes:
    """Encode the figure as a PNG, PDF or SVG file's bytes; the same figure gives the same.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From `figure`, `arranged` or Matplotlib.
    kind : {"png", "pdf", "svg"}, default: "png"
        One of `FORMATS`.
    dpi : float, default: 200
        Pixels an inch of a PNG, and of heat maps and dots in the other formats; from 1 to 2000.
    command : str, default: ""
        What draws the figure again; written into the file. Left out, it is the call of `figure`.

    Returns
    -------
    bytes
        The content of the file.

    Raises
    ------
    DatasetError
        If figure is no figure, kind none of these, dpi no number in that range, or command no text.

    Notes
    -----
    Files carry the title, the hash of the sweep, and the command, and no time of their making: `exiftool` or Pillow's
    `Image.open(path).text` show them. Fonts of PDFs are TrueType, as conferences ask.

    Examples
    --------
    >>> Path("phase.pdf").write_bytes(fastdln.plots.encode(figure, "pdf"))  # doctest: +SKIP
    """
    if not isinstance(figure, Figure):
        raise DatasetError(f"figure: must be a matplotlib Figure (got {type(figure).__name__})")
    if not isinstance(kind, str) or kind not in FORMATS:
        raise DatasetError(f"kind: must be one of {', '.join(FORMATS)} (got {reprlib.repr(kind)})")
    if not is_number(dpi) or not 1 <= dpi <= MOST_DPI:
        raise DatasetError(f"dpi: must be a number from 1 to {MOST_DPI} (got {reprlib.repr(dpi)})")
    if not isinstance(command, str):
        raise DatasetError(f"command: must be text (got {reprlib.repr(command)})")
    out = io.BytesIO()
    with SETTINGS_LOCK, settings(STYLE_OF.get(figure)):
        figure.savefig(out, format=kind, dpi=float(dpi), metadata=metadata_of(figure, kind, command))
    return out.getvalue()


def metadata_of(figure: Figure, kind: str, command: str) -> dict[str, Any]:
    """Write what a file says of itself: title, sweep and command, in the names of its format."""
    about = ABOUT.get(figure, {})
    sweep = f"fastdln sweep sha256 {about['sweep']}" if about.get("sweep") else ""
    texts = (about.get("title", ""), sweep, command or about.get("command", ""))
    named = {name: one_line(text) for name, text in zip(NAMES[kind], texts, strict=True) if text}
    return named | WITHOUT_TIME[kind]


def call_text(kind: str, options: Mapping[str, Any]) -> str:
    """Write the call of `figure` that draws a picture again."""
    words = [f"{name}={reprlib.repr(value)}" for name, value in options.items() if not isinstance(value, xr.Dataset)]
    return f"fastdln.plots.figure({', '.join(['ds', json.dumps(kind), *words])})"
