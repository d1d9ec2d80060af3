"""The end-to-end singular values along a run."""

from __future__ import annotations

from typing import Any

import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import singular_values
from fastdln.plots.along import dots, of_steps_and_modes, step_axis
from fastdln.plots.marks import THEORY, beside, label, modes, shades, values
from fastdln.plots.plot import Plot, name_of


def trajectory(ds: xr.Dataset, ax: Axes | None = None, **choice: Any) -> Axes:
    """End-to-end singular values of the modes along the steps, for one learning rate.

    Thin lines: the target's singular values. choice: values of other dimensions (eta above all), or a mode by its number.
    arXiv 2502.20531, figure "oscillation per layer".
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    products, s = values(ds, "trajectory_product", "step", "mode"), singular_values(ds)
    for k, (colour, mode) in enumerate(zip(shades(len(modes(ds))), modes(ds), strict=True)):
        dots(ax, ds["step"], products[:, mode], colour, name_of(ds, mode))
        target = float(s.isel(mode=mode).values.ravel()[0])
        ax.axhline(target, **THEORY, linestyle="--", label="target" if k == 0 else None)
    step_axis(ax, ds)
    ax.set_ylabel(label(ds["trajectory_product"], "$\\pi$"))
    beside(ax)
    return ax


PLOT = Plot(trajectory, needs=(("trajectory_product",),), across=of_steps_and_modes)
