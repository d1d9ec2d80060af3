"""Pictures along the steps of a run, shared by those that draw trajectories."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.dataset import model_of
from fastdln.plots.marks import label

# Learning rates side by side in one picture; more lines are not told apart.
MOST_LINES = 6

# Points of a line: beyond some 4000 a picture of 7 inches shows no more.
MOST_POINTS = 4000


def has_steps(ds: xr.Dataset) -> bool:
    return "step" in ds.sizes and any("step" in array.dims for array in ds.data_vars.values())


def few(ds: xr.Dataset) -> np.ndarray:
    """Places along eta that are drawn, spread evenly."""
    count = ds.sizes["eta"]
    return np.unique(np.linspace(0, count - 1, min(count, MOST_LINES)).round().astype(int))


def dots(ax: Axes, x: Any, y: Any, colour: Any, name: str | None = None, size: float = 2.0, alpha: float = 1.0) -> None:
    """A state a dot: joined by lines, an oscillation from step to step would be a filled block."""
    ax.plot(x, y, ".", color=colour, markersize=size, markeredgewidth=0, alpha=alpha, rasterized=True)
    if name:
        ax.plot([], [], color=colour, linewidth=2, alpha=alpha, label=name)


def of_modes(ds: xr.Dataset, names: tuple[str, ...]) -> bool:
    """Layers of the modes say what the pictures need; singular values of full matrices do not."""
    return "trajectory_singular_value" not in names or model_of(ds) != "matrix"


def step_axis(ax: Axes, ds: xr.Dataset) -> None:
    ax.set_xlabel(label(ds["step"]))


def of_eta_and_steps(ds: xr.Dataset) -> tuple[str, ...]:
    return ("eta", "step")


def of_steps_and_modes(ds: xr.Dataset) -> tuple[str, ...]:
    return ("step", "mode", "layer")
