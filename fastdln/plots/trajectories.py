"""States along a run, for the pictures that draw trajectories."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import models_of

# Learning rates side by side in one picture; more lines are not told apart.
MOST_LINES = 6

# States that are drawn; more are thinned by an odd stride, which does not keep one phase of a two-cycle only.
MOST_POINTS = 20_000

# Width and opacity of the line through the dots.
THIN, FAINT = 0.4, 0.35


def thinned(ds: xr.Dataset) -> xr.Dataset:
    """Keep every k-th step, no more than can be drawn."""
    return ds.isel(step=slice(None, None, (-(-ds.sizes["step"] // MOST_POINTS)) | 1))


def drawn_etas(ds: xr.Dataset) -> np.ndarray:
    """Choose the indices of the learning rates that are drawn, spread evenly."""
    count = ds.sizes["eta"]
    return np.unique(np.linspace(0, count - 1, min(count, MOST_LINES)).round().astype(int))


def dots(ax: Axes, x: Any, y: Any, colour: Any, name: str | None = None, size: float = 2.4, alpha: float = 1.0) -> None:
    """Draw each state as a dot, on a line so thin that an oscillation from step to step is no filled block."""
    ax.plot(x, y, color=colour, linewidth=THIN, alpha=FAINT * alpha, rasterized=True)
    ax.plot(x, y, ".", color=colour, markersize=size, markeredgewidth=0, alpha=alpha, rasterized=True)
    if name:
        ax.plot([], [], color=colour, linewidth=2, alpha=alpha, label=name)


def has_layers(ds: xr.Dataset) -> bool:
    """Whether the layers of modes were kept; the singular values of full matrices do not say enough."""
    return "trajectory_singular_value" in ds and "matrix" not in models_of(ds)


def why_not_matrices(ds: xr.Dataset) -> str:
    """Say what keeps a picture from drawing the layers of modes; "" if nothing does."""
    if "matrix" not in models_of(ds):
        return ""
    return "cannot be drawn from trajectory_singular_value of full matrices, which does not say how their layers lie"


def eta_and_step_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Learning rate and steps."""
    return ("eta", "step")


def step_and_mode_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """One run: steps, modes and layers."""
    return ("step", "mode", "layer")
