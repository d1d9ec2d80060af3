"""End-to-end singular values along a run."""

from __future__ import annotations

from typing import Unpack

import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import singular_values
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import step_axis
from fastdln.plots.colours import THEORY, line_colours
from fastdln.plots.labels import axis_label
from fastdln.plots.plot import Plot, View
from fastdln.plots.scales import FAR_ALONG_STEPS, leave_out_strays
from fastdln.plots.selection import mode_indices, mode_name, values
from fastdln.plots.shown import step_and_mode_dims
from fastdln.plots.trajectories import dots, zoom


def trajectory(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """End-to-end singular values of the modes along the steps, for one learning rate.

    Parameters
    ----------
    ds : xarray.Dataset
        With `trajectory_product` (..., eta, mode, step).
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches.
    **options : Options
        Values of other dimensions (eta above all), or a mode by its number, and how it looks.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    DatasetError
        If ds lacks these variables, ax is no Axes, or a choice names no dimension or none of its values.

    Notes
    -----
    Thin lines: the target's singular values. The narrow axes beside it has the last 20 steps.

    References
    ----------
    arXiv 2502.20531, figure "oscillation per layer".

    Examples
    --------
    >>> ax = fastdln.plots.trajectory(ds, eta=0.3)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw each mode as dots, and its target; beside them the last steps."""
    draw(ax, ds, look)
    step_axis(ax, ds)
    ax.set_ylabel(axis_label(ds["trajectory_product"], "$\\pi$"))
    leave_out_strays(ax, values(ds, "trajectory_product", "step", "mode")[:, mode_indices(ds)].ravel(), FAR_ALONG_STEPS)
    if (last := zoom(ax, ds)) is not None:
        draw(*last, look)


def draw(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the states that a dataset has."""
    products, s = values(ds, "trajectory_product", "step", "mode"), singular_values(ds)
    indices = mode_indices(ds)
    for k, (colour, mode) in enumerate(zip(line_colours(len(indices), look.cmap), indices, strict=True)):
        target = float(s.isel(mode=mode).values.ravel()[0])
        ax.axhline(target, **THEORY | {"path_effects": None}, linestyle="--", label="target" if k == 0 else None)
        dots(ax, ds["step"], products[:, mode], colour, mode_name(ds, mode))


PLOT = Plot(
    trajectory,
    (View(paint, needs=("trajectory_product",), shows=step_and_mode_dims, x="step", takes=frozenset({"cmap"})),),
)
