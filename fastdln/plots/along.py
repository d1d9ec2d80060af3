"""Pictures along the steps of a run, shared by those that draw trajectories."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import model_of
from fastdln.plots.canvas import HATCHED, hatched
from fastdln.plots.marks import MARGIN, label

# Learning rates side by side in one picture; more lines are not told apart.
MOST_LINES = 6

# States that are drawn; more are thinned by an odd stride, which does not keep one phase of a two-cycle only.
MOST_POINTS = 20_000


def thinned(ds: xr.Dataset) -> xr.Dataset:
    return ds.isel(step=slice(None, None, (-(-ds.sizes["step"] // MOST_POINTS)) | 1))


def few(ds: xr.Dataset) -> np.ndarray:
    """Places along eta that are drawn, spread evenly."""
    count = ds.sizes["eta"]
    return np.unique(np.linspace(0, count - 1, min(count, MOST_LINES)).round().astype(int))


def dots(ax: Axes, x: Any, y: Any, colour: Any, name: str | None = None, size: float = 2.0, alpha: float = 1.0) -> None:
    """A state a dot: joined by lines, an oscillation from step to step would be a filled block."""
    ax.plot(x, y, ".", color=colour, markersize=size, markeredgewidth=0, alpha=alpha, rasterized=True)
    if name:
        ax.plot([], [], color=colour, linewidth=2, alpha=alpha, label=name)


def has_layers(ds: xr.Dataset) -> bool:
    """Whether the layers of modes were kept; the singular values of full matrices do not say enough."""
    return "trajectory_singular_value" in ds and model_of(ds) != "matrix"


def against_matrices(ds: xr.Dataset, names: tuple[str, ...]) -> str:
    """What keeps a picture from drawing the layers; "" if they are those of modes, or not needed."""
    if "trajectory_singular_value" not in names or has_layers(ds):
        return ""
    return "cannot be drawn from trajectory_singular_value of full matrices, which does not say how their layers lie"


def step_axis(ax: Axes, ds: xr.Dataset) -> None:
    """The states as x, all of them."""
    ax.set_xlabel(label(ds["step"]))
    first, last = ds["step"].values[[0, -1]]
    ax.set_xlim(first - MARGIN * max(last - first, 1), last + MARGIN * max(last - first, 1))
    hatch_all(ax, ds)


def hatch_all(ax: Axes, ds: xr.Dataset) -> None:
    """Hatches the whole picture where none of the runs is computed."""
    if not (ds["fate"] != 0).any():
        ax.patch.set(**HATCHED)
        ax.add_patch(hatched("not computed"))


def of_eta_and_steps(ds: xr.Dataset) -> tuple[str, ...]:
    return ("eta", "step")


def of_steps_and_modes(ds: xr.Dataset) -> tuple[str, ...]:
    return ("step", "mode", "layer")
