"""A quantity over the record of each run, against the learning rate."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from fastdln.plots.colours import DARK_BLUE, PALE_BLUE, mode_marker


def draw_range(ax: Axes, eta: np.ndarray, low: np.ndarray, mean: np.ndarray, high: np.ndarray) -> None:
    """Draw the mean over the record as a line, in the range from minimum to maximum."""
    ax.fill_between(eta, low, high, color=PALE_BLUE, linewidth=0, label="minimum to maximum")
    ax.plot(eta, mean, color=DARK_BLUE, label="mean over the record", linewidth=1.2, **mode_marker(len(eta), 0))
