"""End-to-end singular values along a run."""

from __future__ import annotations

from typing import Unpack

import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import singular_values
from fastdln.plots.axes import step_axis
from fastdln.plots.colours import THEORY, mode_colours
from fastdln.plots.labels import axis_label, legend_beside
from fastdln.plots.plot import Plot
from fastdln.plots.selection import Choice, mode_indices, mode_name, values
from fastdln.plots.trajectories import dots, step_and_mode_dims


def trajectory(ds: xr.Dataset, ax: Axes | None = None, **choice: Unpack[Choice]) -> Axes:
    """End-to-end singular values of the modes along the steps, for one learning rate.

    Parameters
    ----------
    ds : xarray.Dataset
        With `trajectory_product` (..., eta, mode, step).
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches.
    **choice : float
        Values of other dimensions (eta above all), or a mode by its number.

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
    Thin lines: the target's singular values.

    References
    ----------
    arXiv 2502.20531, figure "oscillation per layer".

    Examples
    --------
    >>> ax = fastdln.plots.trajectory(ds, eta=0.3)  # doctest: +SKIP
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    products, s = values(ds, "trajectory_product", "step", "mode"), singular_values(ds)
    for k, (colour, mode) in enumerate(zip(mode_colours(len(mode_indices(ds))), mode_indices(ds), strict=True)):
        dots(ax, ds["step"], products[:, mode], colour, mode_name(ds, mode))
        target = float(s.isel(mode=mode).values.ravel()[0])
        ax.axhline(target, **THEORY, linestyle="--", label="target" if k == 0 else None)
    step_axis(ax, ds)
    ax.set_ylabel(axis_label(ds["trajectory_product"], "$\\pi$"))
    legend_beside(ax)
    return ax


PLOT = Plot(trajectory, needs=(("trajectory_product",),), across=step_and_mode_dims)
