"""What is drawn alike in every picture: labels, colours of modes, and the theory as thin lines."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from fastdln import theory
from fastdln.analysis.dataset import singular_values, text_of
from fastdln.plots.canvas import HATCHED, edges, is_log
from fastdln.plots.plot import plain, values_along

# Learning rates have many digits: more of them would touch each other below 3 inches.
TICKS = 6

# Room beside the first and the last value, in parts of the axis.
MARGIN = 0.03

# Longer labels do not fit beside an axis of 2.5 inches.
LABEL_WIDTH = 34

# Lines of a label; more are higher than a picture.
MOST_LINES = 4

# Vermilion of Okabe and Ito's palette for colour blindness; no picture uses it for data. White about it keeps it visible on
# any colour, and in print without colours.
THEORY: dict[str, Any] = {
    "color": "#d55e00",
    "linewidth": 1.1,
    "path_effects": [withStroke(linewidth=2.6, foreground="white", alpha=0.8)],
    "zorder": 3,
}
DASHES = ("--", ":", "-.", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 3)), "-")

# Of lines: falling lightness, so that they stay apart in grey as well; without what is too pale for white paper.
LIGHTEST = 0.78
PALEST_RATE = 0.42

# Names in a legend, beyond which it is longer than the picture is high.
MOST_NAMES = 12

# Points of a line that are marked one by one.
FEW = 80


def label(array: xr.DataArray, symbol: str = "") -> str:
    """Name and units of a variable, as an axis carries them."""
    units = text_of(array.attrs, "units", "1")
    parts = [
        text_of(array.attrs, "long_name", str(array.name)),
        "\0" if symbol else "",  # no other text has it; a formula must not be broken
        f"[{units}]" if units not in ("1", "") else "",
    ]
    words = " ".join(filter(None, parts))
    lines = textwrap.wrap(words, LABEL_WIDTH, max_lines=MOST_LINES, placeholder=" ...", break_on_hyphens=False)
    return plain("\n".join(lines)).replace("\0", symbol)


def shades(count: int) -> list[tuple[float, ...]]:
    """Colours for so many lines, dark to light."""
    return [tuple(colormaps["viridis"](x)) for x in np.linspace(0, LIGHTEST, max(count, 2))[:count]]


def rates(count: int) -> list[tuple[float, ...]]:
    """Colours for so many learning rates, dark to light, apart from those of modes."""
    return [tuple(colormaps["RdPu_r"](x)) for x in np.linspace(0, PALEST_RATE, max(count, 2))[:count]]


def marker(count: int, mode: int) -> dict[str, Any]:
    """Marks on the points of short lines, another for each mode."""
    return {"marker": "os^Dv"[mode % 5], "markersize": 3.5} if count <= FEW else {}


def band(ax: Axes, eta: np.ndarray, low: np.ndarray, mean: np.ndarray, high: np.ndarray) -> None:
    """A quantity over the record against eta: its mean in the range of its values."""
    ax.fill_between(eta, low, high, color="#9ecae1", linewidth=0, label="minimum to maximum")
    ax.plot(eta, mean, color="#08306b", label="mean over the record", linewidth=1.2, **marker(len(eta), 0))


def over(array: xr.DataArray, *dims: str) -> np.ndarray:
    """The array over the dims, loaded, at the first of everything else."""
    return np.asarray(array.isel({dim: 0 for dim in array.dims if dim not in dims}).transpose(*dims).values)


def values(ds: xr.Dataset, name: str, *dims: str) -> np.ndarray:
    """A variable over the dims, loaded; the others are down to one value. NaN where it is not computed."""
    array = ds[name].isel({dim: 0 for dim in ds[name].dims if dim not in dims})
    if array.dtype.kind == "f":
        array = array.where(ds["fate"].isel({dim: 0 for dim in ds["fate"].dims if dim not in dims}) != 0)
    return over(array, *dims)


def eta_axis(ax: Axes, ds: xr.Dataset, scale: float = 1.0) -> None:
    """The learning rates, times scale, as x: all of them, whatever could be drawn; hatched where nothing is computed."""
    ax.set_xlabel(label(ds["eta"], "$\\eta$"))
    eta = scale * ds["eta"].values
    log = is_log(eta)
    borders = edges(eta, log)
    ax.set_xscale("log" if log else "linear")
    if not log:
        ax.xaxis.set_major_locator(MaxNLocator(TICKS))
    room = MARGIN * (np.log(eta[-1] / eta[0]) if log else eta[-1] - eta[0])
    if len(eta) == 1:
        ax.set_xlim(*borders)
    elif log:
        ax.set_xlim(eta[0] / np.exp(room), eta[-1] * np.exp(room))
    else:
        ax.set_xlim(eta[0] - room, eta[-1] + room)
    fate = over((ds["fate"] == 0).all([dim for dim in ds["fate"].dims if dim != "eta"]), "eta")
    change = np.flatnonzero(np.diff(np.concatenate([[False], fate, [False]])))
    for k, (first, last) in enumerate(change.reshape(-1, 2)):
        name = "not computed" if k == 0 else None
        ax.axvspan(borders[first], borders[last], **HATCHED, zorder=-1, label=name)


def modes(ds: xr.Dataset) -> list[int]:
    """Places of the modes with s > 0, or of all of them."""
    return [int(mode) for mode in values_along(ds, "mode")]


def critical(ds: xr.Dataset, mode: int) -> xr.DataArray:
    """2 / S_i, along the depth and the axes that set s_i."""
    s = singular_values(ds).isel(mode=mode)
    found: xr.DataArray = xr.apply_ufunc(theory.critical_learning_rate, s, ds["depth"])
    return found


def in_eta(ds: xr.Dataset, mode: int, at_one: Any) -> np.ndarray:
    """Learning rates of a mode from those at s = 1: eta(s) = eta(1) / s^(2 - 2/L)."""
    depth, s = ds["depth"].values[0], singular_values(ds).isel(mode=mode).values.ravel()[0]
    return np.asarray(np.asarray(at_one, dtype=float) / s ** (2 - 2 / depth))


def edge_lines(ax: Axes, ds: xr.Dataset, y: str | None = None) -> None:
    """2 / S_i of every mode with s > 0: across the picture, or along its y where that sets it."""
    low, high = ax.get_xlim()
    limits = ax.get_ylim()
    for k, mode in enumerate(modes(ds)[: len(DASHES)]):
        style = THEORY | {
            "linestyle": DASHES[k],
            "label": f"2/S$_{{{int(ds['mode'].values[mode]) + 1}}}$" if len(modes(ds)) > 1 else "2/S",
        }
        at = critical(ds, mode)
        if y is not None and y in at.dims and at.sizes[y] > 1:
            curve = at.isel({dim: 0 for dim in at.dims if dim != y}).values
            if np.any((curve >= low) & (curve <= high)):
                ax.plot(curve, at[y].values, marker="|" if y == "depth" else None, markersize=20, **style)
        elif low <= (edge := float(at.values.ravel()[0])) <= high:
            ax.axvline(edge, **style)
    ax.set(xlim=(low, high), ylim=limits)


def is_theory(handle: Any) -> bool:
    return bool(isinstance(handle, Line2D) and handle.get_color() == THEORY["color"])


def inside(ax: Axes, handles: list[Any] | None = None) -> None:
    """A legend on a picture in colours."""
    every = [*(handles or []), *ax.get_legend_handles_labels()[0]]
    if every:
        ax.legend(handles=every, loc="lower left", fontsize="small", frameon=True, framealpha=0.9)


def beside(ax: Axes, handles: list[Any] | None = None) -> None:
    """A legend to the right of a picture; inside it where the figure would not make room."""
    drawn = ax.get_legend_handles_labels()[0]
    data = [handle for handle in [*(handles or []), *drawn] if not is_theory(handle)]
    if len(data) > MOST_NAMES:
        more = Line2D([], [], alpha=0, label=f"and {len(data) - MOST_NAMES + 1} more")
        data = [*data[: MOST_NAMES - 1], more]
    every = {handle.get_label(): handle for handle in [*data, *(handle for handle in drawn if is_theory(handle))]}
    if not every:
        return
    if ax.figure.get_layout_engine() is None:
        ax.legend(handles=list(every.values()), loc="best", fontsize="small", frameon=True, framealpha=0.8)
        return
    ax.legend(
        handles=list(every.values()),
        loc="upper left",
        bbox_to_anchor=(1.03, 1.0),
        fontsize="small",
        frameon=False,
        borderaxespad=0.3,
    )
