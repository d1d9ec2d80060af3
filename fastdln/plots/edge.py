"""Loss and sharpness at the edge of stability, beside the constrained trajectory, the prediction and the flows."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import models_of
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import step_axis
from fastdln.plots.colours import CONSTRAINED, DARK_BLUE, EDGE, FLOWS, PALE_BLUE, THEORY
from fastdln.plots.labels import axis_label
from fastdln.plots.plot import Plot, View
from fastdln.plots.selection import values
from fastdln.plots.shown import step_dims
from fastdln.plots.trajectories import above, dots, thinned

# Models that have no oscillation of their own, in the words of a legend.
WITHOUT_OSCILLATION = {"flow": "gradient flow", "modes-flow": "gradient flow of modes", "central-flow": "central flow"}

# How far from 2/eta the sharpness is shown at least, in parts of it.
LEAST_AWAY = 0.08


def edge(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Loss and sharpness at the edge of stability, with the constrained trajectory, the prediction and flows over them.

    Of the model `constrained`: gradient descent as pale dots and its average over two steps, the constrained trajectory, and the
    prediction of the average. Over it, with `over`, the same of `central-flow` and `flow`.

    Parameters
    ----------
    ds : xarray.Dataset
        With `trajectory_loss`, `trajectory_sharpness`, `trajectory_loss_constrained`, `trajectory_loss_predicted` and
        `trajectory_sharpness_predicted` (..., step), or, of a flow, the first two.
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches. The loss stands above it.
    **options : Options
        Values of other dimensions, and how it looks.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on, which have the sharpness; `ax.child_axes[0]` has the loss.

    Raises
    ------
    DatasetError
        If ds lacks these variables, ax is no Axes, or a choice names no dimension or none of its values.

    Notes
    -----
    Predicted are the loss f + x^2 / eta and the sharpness 2/eta + y + (grad S . u) x. The average over two steps is drawn of
    trajectories that keep every step.

    References
    ----------
    docs/theory.md, E and G; arXiv 2209.15594, 2410.24206.

    Examples
    --------
    >>> ax = fastdln.plots.edge(ds, seed=3, over=[central_flow, flow])  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw gradient descent, the constrained trajectory and the prediction."""
    loss = above(ax, "loss")
    loss.set_yscale("log")
    few = thinned(ds)
    for axes, name in ((loss, "loss"), (ax, "sharpness")):
        measured = values(ds, f"trajectory_{name}", "step")
        dots(axes, few["step"], values(few, f"trajectory_{name}", "step"), PALE_BLUE, "gradient descent", 2.0, 0.8)
        names = (f"trajectory_{name}", f"trajectory_{name}_predicted")
        styles = ({"color": DARK_BLUE, "linewidth": 1.4}, THEORY | {"linestyle": (0, (3, 1.2)), "zorder": 4})
        for variable, style, said in zip(
            names, styles, ("mean of two steps", "mean of two steps, predicted"), strict=True
        ):
            axes.plot(ds["step"], mean_of_two(ds, values(ds, variable, "step")), label=said, **style)
        set_limits(axes, ds, measured)
    loss.plot(
        ds["step"], values(ds, "trajectory_loss_constrained", "step"), label="constrained trajectory", **CONSTRAINED
    )
    ax.plot([], [], label="constrained trajectory", **CONSTRAINED)  # its sharpness is 2/eta
    ax.axhline(2 / float(ds["eta"].values.ravel()[0]), **EDGE | {"zorder": 2}, label="2/$\\eta$")
    step_axis(ax, ds)
    ax.set_ylabel(axis_label(ds["trajectory_sharpness"], brief=True).removesuffix(" along the run"))


def paint_flow(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw a flow, which has no oscillation to be averaged."""
    alone = not ax.child_axes
    loss, name = above(ax, "loss"), models_of(ds)[0]
    loss.set_yscale("log")
    for axes, variable in ((loss, "loss"), (ax, "sharpness")):
        measured = values(ds, f"trajectory_{variable}", "step")
        axes.plot(ds["step"], measured, label=WITHOUT_OSCILLATION[name], **FLOWS[name])
        if alone:
            set_limits(axes, ds, measured)
    if alone:
        ax.axhline(2 / float(ds["eta"].values.ravel()[0]), **EDGE | {"zorder": 2}, label="2/$\\eta$")
        step_axis(ax, ds)
        ax.set_ylabel("sharpness")


def mean_of_two(ds: xr.Dataset, measured: np.ndarray) -> np.ndarray:
    """Average each state with the next one; NaN where the trajectory does not keep every step."""
    out = np.full(measured.shape, np.nan)
    if np.all(np.diff(ds["step"].values) == 1):
        out[:-1] = 0.5 * (measured[:-1] + measured[1:])
    return out


def set_limits(ax: Axes, ds: xr.Dataset, measured: np.ndarray) -> None:
    """Show what is drawn first, whatever comes over it does: the loss of the whole run, the sharpness from near the edge on."""
    known = measured[np.isfinite(measured) & (measured > 0)]
    if not known.size:
        return
    if ax.get_yscale() == "log":
        ax.set_ylim(0.5 * known.min(), 2 * known.max())
        return
    edge = 2 / float(ds["eta"].values.ravel()[0])
    near = np.flatnonzero(known >= edge)
    away = max(1.3 * np.max(abs(known[near[0] :] - edge), initial=0.0) if near.size else 0.0, LEAST_AWAY * edge)
    ax.set_ylim(max(edge - away, 0.0), edge + away)


def why_not(ds: xr.Dataset) -> str:
    """Say what keeps the picture from being drawn of one model alone; "" if nothing does."""
    return (
        "" if set(models_of(ds)) <= set(WITHOUT_OSCILLATION) else "is of the models constrained, central-flow and flow"
    )


OF_BOTH = ("trajectory_loss", "trajectory_sharpness")

PLOT = Plot(
    edge,
    (
        View(
            paint,
            needs=(
                *OF_BOTH,
                "trajectory_loss_constrained",
                "trajectory_loss_predicted",
                "trajectory_sharpness_predicted",
            ),
            shows=step_dims,
            x="step",
            measured="",
            takes=frozenset({"over"}),
            named=True,
        ),
        View(
            paint_flow, OF_BOTH, step_dims, "step", why_not=why_not, measured="", takes=frozenset({"over"}), named=True
        ),
    ),
    network=True,
)
