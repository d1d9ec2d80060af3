"""States along a run, for the pictures that draw trajectories."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

from fastdln.analysis.dataset import has_matrices, models_of
from fastdln.analysis.expected import is_of_layers
from fastdln.plots.labels import note
from fastdln.plots.selection import eta_text
from fastdln.plots.wrapping import panel_inches

# Learning rates side by side in one picture; more lines are not told apart.
MOST_LINES = 6

# Learning rates that are told apart along the steps, some in panels of their own; of more the record is drawn against them.
MOST_ETAS = 12

# States that are drawn; more are thinned by an odd stride, which does not keep one phase of a two-cycle only.
MOST_POINTS = 20_000

# States beside the picture; of fewer in all the picture shows each. Its width and distance, in parts of a panel's width.
ZOOMED, FEWEST_ZOOMED, NARROW, GAP = 20, 60, 0.2, 0.03

# Height of what stands above a picture, in parts of a panel's height.
ABOVE = 0.36

# Width and opacity of the line through the dots.
THIN, FAINT = 0.4, 0.35


def thinned(ds: xr.Dataset) -> xr.Dataset:
    """Keep every k-th step, no more than can be drawn."""
    return ds.isel(step=slice(None, None, (-(-ds.sizes["step"] // MOST_POINTS)) | 1))


def drawn_etas(ds: xr.Dataset) -> np.ndarray:
    """Choose the indices of the learning rates that are drawn, spread evenly."""
    count = ds.sizes["eta"]
    return np.unique(np.linspace(0, count - 1, min(count, MOST_LINES)).round().astype(int))


def few_etas(ds: xr.Dataset) -> bool:
    """Whether the learning rates are few enough to be told apart along the steps."""
    return bool(ds.sizes["eta"] <= MOST_ETAS)


def eta_name(ds: xr.Dataset, index: int, alone: str = "") -> str:
    """Name a learning rate in a legend; alone: what is drawn, which says more where there is one learning rate."""
    return alone if alone and ds.sizes["eta"] == 1 else eta_text(ds, index)


def note_etas(ax: Axes, ds: xr.Dataset) -> None:
    """Say on a picture how many of the learning rates it shows, where it does not show all."""
    if (drawn := len(drawn_etas(ds))) < ds.sizes["eta"]:
        note(ax, f"{drawn} of {ds.sizes['eta']:,} learning rates shown")


def zoom(ax: Axes, ds: xr.Dataset) -> tuple[Axes, xr.Dataset] | None:
    """Add a narrow axes for the last steps to the right of a picture; gives it with these steps, None where all are few.

    Its y axis is the picture's. A second dataset over the first has none.
    """
    if ds.sizes["step"] < FEWEST_ZOOMED or ax.child_axes:
        return None
    inches = panel_inches(ax)[0]
    if ax.figure.get_layout_engine() is None:  # nothing makes room beside the picture
        left, bottom, width, height = ax.get_position().bounds
        ax.set_position((left, bottom, width * (1 - GAP - NARROW), height))
    # inches from the right end of the picture, so that its own width does not change the layout's answer
    right_end: Any = ax.transAxes
    from_right = ax.figure.dpi_scale_trans + ScaledTranslation(1, 0, right_end)
    place = blended_transform_factory(from_right, ax.transAxes)
    beside = ax.inset_axes((GAP * inches, 0, NARROW * inches, 1), transform=place, sharey=ax)
    last = ds.isel(step=slice(-ZOOMED - 1, None))
    first, end = last["step"].values[[0, -1]]
    beside.set_xlim(first - 0.05 * (end - first), end + 0.05 * (end - first))
    beside.set_xticks([int(last["step"].values[len(last["step"]) // 2])])  # more numbers stand too close
    beside.tick_params(labelleft=False)
    beside.set_title(f"last {end - first:g} steps", fontsize="x-small")
    return beside, last


def dots(ax: Axes, x: Any, y: Any, colour: Any, name: str | None = None, size: float = 2.8, alpha: float = 1.0) -> None:
    """Draw each state as a dot, on a line so thin that an oscillation from step to step is no filled block.

    Of few states the line is as visible as the dots.
    """
    few = len(x) <= FEWEST_ZOOMED
    size = 1.4 * size if few else size
    ax.plot(
        x, y, color=colour, linewidth=2 * THIN if few else THIN, alpha=alpha * (1 if few else FAINT), rasterized=True
    )
    ax.plot(x, y, ".", color=colour, markersize=size, markeredgewidth=0, alpha=alpha, rasterized=True)
    if name:
        ax.plot([], [], color=colour, linewidth=2, alpha=alpha, label=name)


def has_layers(ds: xr.Dataset) -> bool:
    """Whether the layers of modes were kept; the singular values of full matrices do not say enough."""
    return "trajectory_singular_value" in ds and not has_matrices(ds)


def why_not_layers(ds: xr.Dataset) -> str:
    """Say that a model of other numbers has no layers."""
    return "" if is_of_layers(ds) else f"is of layers, which {', '.join(models_of(ds))} does not have"


def why_not_matrices(ds: xr.Dataset) -> str:
    """Say what keeps a picture from drawing the layers of modes; "" if nothing does."""
    if (reason := why_not_layers(ds)) or not has_matrices(ds):
        return reason
    return "cannot be drawn from trajectory_singular_value of full matrices, which does not say how their layers lie"


def above(ax: Axes, label: str) -> Axes:
    """Add axes above a picture for another quantity along its steps; gives those that are there, if any.

    A second dataset over the first has none of its own.
    """
    if ax.child_axes:
        found: Any = ax.child_axes[0]
        return cast("Axes", found)
    height = ABOVE * panel_inches(ax)[1]
    if ax.figure.get_layout_engine() is None:  # nothing makes room above the picture
        left, bottom, width, full = ax.get_position().bounds
        ax.set_position((left, bottom, width, full * (1 - ABOVE - GAP)))
    # inches from the top of the picture, so that its own height does not change the layout's answer
    top: Any = ax.transAxes
    from_top = ax.figure.dpi_scale_trans + ScaledTranslation(0, 1, top)
    place = blended_transform_factory(ax.transAxes, from_top)
    upper = ax.inset_axes((0, 2 * GAP * panel_inches(ax)[1], 1, height), transform=place, sharex=ax)
    upper.tick_params(labelbottom=False)
    upper.set_ylabel(label)
    return upper
