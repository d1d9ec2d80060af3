"""A figure of several panels: one for each value of the dimensions that a single picture cannot show."""

from __future__ import annotations

import io
import itertools
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fastdln.plots.plot import ALONE, Plot, picked, values_along

Draw = Callable[..., Axes]

# More are too small to read side by side.
MOST_PANELS = 6

# Inches of a panel.
WIDTH, HEIGHT = 4.2, 3.4

# Inches that a name takes in the legend below several panels.
LEGEND_ENTRY = 1.9

FORMATS = ("png", "pdf", "svg")
DPI = 200
STYLE: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 10,
    "axes.titlesize": 10,
    "figure.titlesize": 11,
    "legend.frameon": False,
    "svg.hashsalt": "fastdln",  # the same picture, the same bytes
    "svg.fonttype": "none",
}
# Files without the time at which they were made.
UNDATED: dict[str, dict[str, Any]] = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}


def drawn(plot: Plot, ds: xr.Dataset, choice: Mapping[str, Any]) -> Figure:
    """The figure of a dataset; see kinds.figure."""
    left = ds
    for dim, value in choice.items():
        if dim in ds.sizes:
            left = picked(left, dim, value)
    further = plot.further(left)
    places = [[(dim, k) for k in values_along(left, dim)] for dim in further]
    every = list(itertools.product(*places))
    shown = [every[k] for k in np.unique(np.linspace(0, len(every) - 1, MOST_PANELS).round().astype(int))]
    values = [{dim: k if dim == "mode" else left[dim].values[k] for dim, k in panel} for panel in shown]
    some = f"{len(shown)} of {len(every)} pictures shown" if len(shown) < len(every) else ""
    title = " - ".join(filter(None, [textwrap.shorten(ds.attrs.get("title", ""), 100), some]))
    columns = 1 if len(shown) == 1 else 2 if len(shown) in (2, 4) else 3
    return arranged(ds, [(plot.draw, {**choice, **here}) for here in values], columns, title)


def arranged(ds: xr.Dataset, panels: Sequence[tuple[Draw, Mapping[str, Any]]], columns: int, title: str = "") -> Figure:
    """Pictures of one dataset side by side: what draws each, and its choice."""
    rows = -(-len(panels) // columns)
    size = ALONE if len(panels) == 1 else (WIDTH * columns, HEIGHT * rows)
    with rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax, (draw, choice) in zip(axes, panels, strict=False):
            draw(ds, ax, **choice)
        for ax in axes[len(panels) :]:
            ax.set_axis_off()
        if len(panels) > 1:
            merge_legends(figure)
            label_once(axes[: len(panels)], columns)
        figure.suptitle(title, parse_math=False)
    return figure


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
    out = io.BytesIO()
    with rc_context(STYLE):
        figure.savefig(out, format=kind, dpi=dpi, metadata=UNDATED[kind])
    return out.getvalue()
