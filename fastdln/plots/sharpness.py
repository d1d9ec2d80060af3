"""Sharpness and the edge of stability."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln import theory
from fastdln.analysis.dataset import singular_values
from fastdln.plots.axes import edge_lines, eta_axis, step_axis
from fastdln.plots.colours import THEORY, eta_colours
from fastdln.plots.heatmap import heatmap
from fastdln.plots.labels import axis_label, legend_beside
from fastdln.plots.plot import Plot, plane_dims
from fastdln.plots.record import draw_range
from fastdln.plots.selection import Choice, values
from fastdln.plots.trajectories import dots, drawn_etas, eta_and_step_dims

# Of learning rates that are told apart along the steps; of more the mean over the record is drawn against them.
MOST_ETAS = 12


def along_steps(ds: xr.Dataset) -> bool:
    """Whether trajectories were kept of a few learning rates, or there is nothing else to draw."""
    return "trajectory_sharpness" in ds and (ds.sizes["eta"] <= MOST_ETAS or "sharpness" not in ds)


def dims_shown(ds: xr.Dataset) -> tuple[str, ...]:
    """Eta and the steps where trajectories are drawn; else eta and a second axis that varies."""
    return eta_and_step_dims(ds) if along_steps(ds) else plane_dims(ds)


def sharpness(ds: xr.Dataset, ax: Axes | None = None, **choice: Unpack[Choice]) -> Axes:
    """Sharpness with the edge 2/eta: along the steps, against eta, or over eta and alpha.

    Along the steps where trajectories were kept of a few learning rates. Against eta the mean, minimum and maximum over
    the record. Over two axes eta times sharpness over 2, about 1.

    Parameters
    ----------
    ds : xarray.Dataset
        With `trajectory_sharpness` (..., eta, step), or `sharpness`, `sharpness_min`, `sharpness_max` and
        `sharpness_ratio` (..., eta).
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches.
    **choice : float
        Values of other dimensions.

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
    Thin lines: 2/eta, along the steps that of each learning rate, and against eta also S of the balanced minimum.

    References
    ----------
    docs/theory.md, B and C.

    Examples
    --------
    >>> ax = fastdln.plots.sharpness(ds, depth=3, alpha=0.3)  # doctest: +SKIP
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    if along_steps(ds):
        return draw_steps(ax, ds)
    if len(plane_dims(ds)) > 1:
        return heatmap(ax, ds, "sharpness_ratio", about=1.0)
    eta = ds["eta"].values
    low, mean, high = (values(ds, f"sharpness{end}", "eta") for end in ("_min", "", "_max"))
    draw_range(ax, eta, low, mean, high)
    top = np.nanmax(high, initial=0.0)
    positive = eta > 0
    ax.plot(eta[positive], 2 / eta[positive], **THEORY, linestyle="--", label="2/$\\eta$")
    flattest = float(theory.stability_limit(singular_values(ds).max(), ds["depth"].values[0]))
    ax.axhline(flattest, **THEORY, linestyle=":", label="S of the balanced minimum")
    ax.set_ylim(0, 1.1 * max(top, flattest) or None)
    eta_axis(ax, ds)
    edge_lines(ax, ds)
    ax.set_ylabel(axis_label(ds["sharpness"]).partition(",")[0])
    legend_beside(ax)
    return ax


def draw_steps(ax: Axes, ds: xr.Dataset) -> Axes:
    """Draw the sharpness along the steps, a colour a learning rate, each with its 2/eta."""
    indices = drawn_etas(ds)
    measured = values(ds, "trajectory_sharpness", "eta", "step")
    for k, (index, colour) in enumerate(zip(indices, eta_colours(len(indices)), strict=True)):
        eta = float(ds["eta"][index])
        dots(ax, ds["step"], measured[index], colour, f"$\\eta$ = {eta:.6g}")
        if eta > 0:
            ax.axhline(2 / eta, **THEORY, linestyle="--", label="2/$\\eta$" if k == 0 else None)
            ax.plot(1.012, 2 / eta, marker="<", color=colour, transform=ax.get_yaxis_transform(), clip_on=False)
    step_axis(ax, ds)
    ax.set_ylabel(axis_label(ds["trajectory_sharpness"]))
    legend_beside(ax)
    return ax


PLOT = Plot(
    sharpness,
    needs=(("trajectory_sharpness",), ("sharpness", "sharpness_min", "sharpness_max", "sharpness_ratio")),
    across=dims_shown,
    network=True,
)
