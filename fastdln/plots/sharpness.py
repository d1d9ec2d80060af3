"""Sharpness and the edge of stability."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln import theory
from fastdln.analysis.dataset import singular_values
from fastdln.analysis.expected import edge_factor, is_of_layers
from fastdln.plots.against_eta import draw_range
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import critical_lines, eta_axis, step_axis, two
from fastdln.plots.colours import DARK_BLUE, EDGE, NEUTRAL, THEORY, line_colours
from fastdln.plots.heatmap import heatmap
from fastdln.plots.labels import axis_label
from fastdln.plots.plot import Plot, View
from fastdln.plots.scales import FAR_ALONG_STEPS, leave_out_strays
from fastdln.plots.selection import values
from fastdln.plots.shown import eta_and_step_dims, eta_dims, is_plane, plane_dims
from fastdln.plots.trajectories import dots, drawn_etas, eta_name, few_etas, note_etas

# Points of the curve 2/eta.
EDGE_POINTS = 400


def sharpness(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Sharpness with the edge 2/eta: along the steps, against eta, or over eta and a second axis.

    Along the steps where trajectories were kept of a few learning rates, six of them at most in one picture; a panel for
    each with panels="eta". Against eta the mean, minimum and maximum over
    the record. Over two axes the sharpness over the edge, about 1.

    Parameters
    ----------
    ds : xarray.Dataset
        With `trajectory_sharpness` (..., eta, step), or `sharpness`, `sharpness_min`, `sharpness_max` and
        `sharpness_ratio` (..., eta).
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches.
    **options : Options
        Values of other dimensions, and how it looks.

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
    Thin lines: 2/eta, along the steps that of each learning rate, and against eta also S of the balanced minimum. With momentum mu the
    edge is 2 (1 + mu)/eta, by Nesterov 2 (1 + mu)/((1 + 2 mu) eta).

    References
    ----------
    docs/theory.md, B and C.

    Examples
    --------
    >>> ax = fastdln.plots.sharpness(ds, depth=3, alpha=0.3)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint_steps(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the sharpness along the steps, a colour a learning rate, each with its 2/eta in that colour."""
    indices = drawn_etas(ds)
    measured = values(ds, "trajectory_sharpness", "eta", "step")
    several = len(indices) > 1
    for index, colour in zip(indices, line_colours(len(indices), look.cmap) if several else [DARK_BLUE], strict=True):
        dots(ax, ds["step"], measured[index], colour, eta_name(ds, index, "sharpness"))
        if (eta := float(ds["eta"][index])) > 0:
            edge = EDGE | {"linestyle": "--", "zorder": 1.5 if several else 3}
            ax.axhline(at_edge(ds, eta), **edge | ({"color": colour} if several else {"label": f"{two(ds)}/$\\eta$"}))
    if several:
        ax.plot([], [], color=NEUTRAL, linestyle="--", linewidth=1.1, label=f"{two(ds)}/$\\eta$, in its colour")
    step_axis(ax, ds)
    leave_out_strays(ax, measured[indices].ravel(), FAR_ALONG_STEPS)
    note_etas(ax, ds)
    ax.set_ylabel(axis_label(ds["trajectory_sharpness"]))


def at_edge(ds: xr.Dataset, eta: Any) -> Any:
    """Compute the largest sharpness of a stable minimum at a learning rate: 2/eta, and with momentum what that has."""
    factor = edge_factor(ds)
    return (2.0 if factor is None else 2.0 * float(factor.values.ravel()[0])) / eta


def with_own_edge(ds: xr.Dataset) -> xr.Dataset:
    """Make sharpness_ratio that over the edge that the momentum has; it is over 2/eta, the edge without."""
    if (factor := edge_factor(ds)) is None:
        return ds
    ratio = ds["sharpness_ratio"]
    edge = two(ds).replace("$\\mu$", "mu")
    named = ratio.attrs | {"long_name": f"sharpness over the edge of stability {edge}/eta"}
    return ds.assign(sharpness_ratio=(ratio / factor).transpose(*ratio.dims).assign_attrs(named))


def paint_plane(ax: Axes, ds: xr.Dataset, look: Appearance) -> list[Any]:
    """Draw the sharpness over the edge in colours about 1."""
    return heatmap(ax, with_own_edge(ds), look, "sharpness_ratio")


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw mean, minimum and maximum over the record, 2/eta, and S of the balanced minimum."""
    eta = ds["eta"].values
    low, mean, high = (values(ds, f"sharpness{end}", "eta") for end in ("_min", "", "_max"))
    draw_range(ax, ds, look, low, mean, high)
    top = np.nanmax(high, initial=0.0)
    if (positive := eta[eta > 0]).size:
        fine = np.geomspace(positive[0], positive[-1], EDGE_POINTS)  # a curve, however few learning rates there are
        ax.plot(look.scale * fine, at_edge(ds, fine), **EDGE, label=f"{two(ds)}/$\\eta$")
    flattest = 0.0
    if is_of_layers(ds):
        flattest = float(theory.stability_limit(singular_values(ds).max(), ds["depth"].values[0]))
        ax.axhline(flattest, **THEORY, linestyle="--", label="S of the balanced minimum")
    ax.set_ylim(0, 1.1 * max(top, flattest) or None)
    eta_axis(ax, ds, look)
    critical_lines(ax, ds, look)
    ax.set_ylabel(axis_label(ds["sharpness"], brief=True))


OVER_RECORD = ("sharpness", "sharpness_min", "sharpness_max", "sharpness_ratio")

PLOT = Plot(
    sharpness,
    (
        View(
            paint_steps,
            needs=("trajectory_sharpness",),
            shows=eta_and_step_dims,
            x="step",
            suits=few_etas,
            takes=frozenset({"cmap"}),
        ),
        View(paint_plane, needs=OVER_RECORD, shows=plane_dims, suits=is_plane, measured="colour"),
        View(paint, needs=OVER_RECORD, shows=eta_dims),
    ),
    network=True,
)
