"""Lines of a measured quantity against the learning rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.plots.appearance import Appearance
from fastdln.plots.colours import DARK_BLUE, PALE_BLUE, mode_marker
from fastdln.plots.selection import array_along

# Points up to which markers say more than lines between them.
FEWEST_JOINED = 12


def draw_line(
    ax: Axes, ds: xr.Dataset, look: Appearance, y: np.ndarray, colour: Any, name: str, mode: int = 0, width: float = 1.2
) -> None:
    """Draw values against eta: points where they are few; elsewhere lines, not joined where the fate changes."""
    eta = look.scale * ds["eta"].values
    x, y = parted(eta, y, array_along(ds["fate"], "eta"))
    line = "none" if len(eta) <= FEWEST_JOINED else "-"
    ax.plot(x, y, color=colour, label=name, linestyle=line, linewidth=width, **mode_marker(len(eta), mode))


def draw_range(ax: Axes, ds: xr.Dataset, look: Appearance, low: np.ndarray, mean: np.ndarray, high: np.ndarray) -> None:
    """Draw the mean over the record as a line, in the range from minimum to maximum."""
    eta, fate = look.scale * ds["eta"].values, array_along(ds["fate"], "eta")
    if len(eta) <= FEWEST_JOINED:
        ax.vlines(eta, low, high, color=PALE_BLUE, linewidth=3, label="minimum to maximum")
    else:
        x, low, high = *parted(eta, low, fate), parted(eta, high, fate)[1]
        ax.fill_between(x, low, high, color=PALE_BLUE, linewidth=0, label="minimum to maximum")
    draw_line(ax, ds, look, mean, DARK_BLUE, "mean over the record")


def parted(x: np.ndarray, y: np.ndarray, fate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put a NaN between neighbours of different fates, so that no line joins them."""
    changes = np.flatnonzero(np.diff(fate)) + 1
    between = (x[changes - 1] + x[changes]) / 2
    return np.insert(x, changes, between), np.insert(np.asarray(y, dtype=float), changes, np.nan)
