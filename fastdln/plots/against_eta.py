"""Lines of a measured quantity against the learning rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import singular_values
from fastdln.plots.appearance import Appearance
from fastdln.plots.colours import DARK_BLUE, PALE_BLUE, mode_marker
from fastdln.plots.selection import array_along, values

# Points up to which markers say more than lines between them.
FEWEST_JOINED = 12

# Ranges that are narrower, in parts of the largest value, lie under the line of the mean, on a log axis too.
NARROWEST = 1e-3

# A mode without a period that moves less over the record, in parts of s, is slow, and not chaotic.
SLOW = 0.01


def draw_line(
    ax: Axes,
    ds: xr.Dataset,
    look: Appearance,
    y: np.ndarray,
    colour: Any,
    name: str,
    mode: int = 0,
    width: float = 1.2,
    kinds: np.ndarray | None = None,
) -> None:
    """Draw values against eta: points where they are few; elsewhere lines, not joined across switches.

    Switches are where the fate changes, or the kind, if there is one at each learning rate: what the value is of. A value
    between two of them is a dot.
    """
    eta = look.scale * ds["eta"].values
    x, y = parted(eta, np.asarray(y, dtype=float), switches(ds, kinds))
    few = len(eta) <= FEWEST_JOINED
    marker = mode_marker(len(eta), mode)
    ax.plot(x, y, color=colour, label=name, linestyle="none" if few else "-", linewidth=width, **marker)
    single = alone(y)
    if not marker and single.any():
        ax.plot(x[single], y[single], ".", color=colour, markersize=2 * width, markeredgewidth=0)


def draw_range(ax: Axes, ds: xr.Dataset, look: Appearance, low: np.ndarray, mean: np.ndarray, high: np.ndarray) -> None:
    """Draw the mean over the record as a line, in the range from minimum to maximum, which is named if it is wide enough to be seen."""
    eta = look.scale * ds["eta"].values
    name = "minimum to maximum" if np.any(high - low > NARROWEST * np.abs(high)) else ""
    if len(eta) <= FEWEST_JOINED:
        ax.vlines(eta, low, high, color=PALE_BLUE, linewidth=3, label=name)
    else:
        x, low = parted(eta, low, switches(ds))
        high = parted(eta, high, switches(ds))[1]
        ax.fill_between(x, low, high, color=PALE_BLUE, linewidth=0, label=name)
        single = alone(low)
        ax.vlines(x[single], low[single], high[single], color=PALE_BLUE, linewidth=0.8)
    draw_line(ax, ds, look, mean, DARK_BLUE, "mean over the record")


def switches(ds: xr.Dataset, kinds: np.ndarray | None = None) -> np.ndarray:
    """Find the indices of the learning rates whose fate or kind differs from that of the one before."""
    change = np.diff(array_along(ds["fate"], "eta").astype(int)) != 0
    if kinds is not None:
        change |= np.diff(kinds) != 0
    return np.flatnonzero(change) + 1


def parted(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put a NaN before each of these indices, so that no line joins what is on either side."""
    return np.insert(x, at, (x[at - 1] + x[at]) / 2), np.insert(np.asarray(y, dtype=float), at, np.nan)


def alone(y: np.ndarray) -> np.ndarray:
    """Whether a value is there and neither of its neighbours is, so that no line shows it."""
    there = np.isfinite(np.concatenate([[np.nan], y, [np.nan]]))
    return np.asarray(there[1:-1] & ~there[:-2] & ~there[2:])


def mode_kinds(ds: xr.Dataset, mode: int) -> np.ndarray | None:
    """Tell at each learning rate whether a mode rests or is slow, repeats, has no period or has diverged.

    None where its period is not there.
    """
    if "period" not in ds:
        return None
    kinds: np.ndarray = np.nan_to_num(np.clip(values(ds, "period", "eta", "mode")[:, mode], -1, 2)).astype(int)
    if "oscillation_range" in ds:
        s = float(singular_values(ds).isel(mode=mode).values.ravel()[0])
        slow = values(ds, "oscillation_range", "eta", "mode")[:, mode] < SLOW * s
        kinds[slow & (kinds == 0)] = 1
    return kinds
