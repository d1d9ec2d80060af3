"""Largest eigenvalues of the Hessian."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln import theory
from fastdln.analysis.dataset import singular_values, sweep_of
from fastdln.analysis.expected import is_of_layers
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import critical_lines, eta_axis, step_axis
from fastdln.plots.colours import DARK_BLUE, EDGE, MIDDLE_BLUE, THEORY
from fastdln.plots.labels import axis_label
from fastdln.plots.plot import Plot, View
from fastdln.plots.selection import array_along, values
from fastdln.plots.trajectories import dots, has_layers, thinned, why_not_matrices

# The largest ones: of the pairs and modes of a target of rank 3 there are nine beyond those that vanish.
MOST_EIGENVALUES = 9


def eigenvalues(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Largest Hessian eigenvalues with the edge 2/eta: along the steps for one eta, or against eta.

    Along the steps they are exact, from the blocks of modes and pairs of the kept layers; of full matrices those that
    the sweep kept at the last state (sharpness_count).

    Parameters
    ----------
    ds : xarray.Dataset
        With `trajectory_singular_value` (..., eta, layer, mode, step) of modes, or `hessian_eigenvalue` (..., eta,
        eigenvalue).
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
    Thin lines: 2/eta, and the eigenvalues lambda_ij of the balanced minimum.

    References
    ----------
    docs/theory.md, B; arXiv 2502.20531, figure "progressive sharpening".

    Examples
    --------
    >>> ax = fastdln.plots.eigenvalues(ds, eta=0.3)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint_steps(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the exact eigenvalues of the kept layers along the steps, and 2/eta."""
    depth, thin = int(ds["depth"].values[0]), thinned(ds)
    layers = values(thin, "trajectory_singular_value", "step", "layer", "mode")
    spectrum = theory.spectrum(layers[:, :depth], target_of(ds))[:, :MOST_EIGENVALUES]
    for k in reversed(range(spectrum.shape[1])):
        dots(ax, thin["step"], spectrum[:, k], DARK_BLUE if k == 0 else MIDDLE_BLUE)
    for colour, name in ((DARK_BLUE, "largest"), (MIDDLE_BLUE, "next ones"))[: spectrum.shape[1]]:
        ax.plot([], [], color=colour, linewidth=2, label=name)
    if (eta := float(ds["eta"].values[0])) > 0:
        ax.axhline(2 / eta, **EDGE, label="2/$\\eta$")
    step_axis(ax, ds)
    ax.set_ylabel("eigenvalues of the Hessian")


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the eigenvalues at the last state, those of the balanced minimum, and 2/eta."""
    spectrum, eta = values(ds, "hessian_eigenvalue", "eta", "eigenvalue"), ds["eta"].values
    ax.plot(look.scale * eta, spectrum[:, 0], ".", color=DARK_BLUE, markersize=4, label="largest")
    ax.plot(look.scale * eta, spectrum[:, 1:], ".", color=MIDDLE_BLUE, markersize=3)
    if spectrum.shape[1] > 1:
        ax.plot([], [], ".", color=MIDDLE_BLUE, markersize=3, label="next ones")
    if is_of_layers(ds):
        draw_balanced(ax, ds, spectrum.shape[1])
    limits, x = ax.get_ylim(), ax.get_xlim()
    ax.plot(look.scale * eta[eta > 0], 2 / eta[eta > 0], **EDGE, label="2/$\\eta$")
    ax.set(ylim=limits, xlim=x)
    eta_axis(ax, ds, look)
    critical_lines(ax, ds, look)
    ax.set_ylabel(axis_label(ds["hessian_eigenvalue"], brief=True))


def draw_balanced(ax: Axes, ds: xr.Dataset, count: int) -> None:
    """Draw as many of the largest eigenvalues at the balanced minimum."""
    depth, target = int(ds["depth"].values[0]), target_of(ds)
    wider = max([0, *(sweep_of(ds).get("widths") or [])[::depth]]) > len(target)  # further inputs or outputs: s = 0
    padded = np.append(target, 0.0) if wider else target
    balanced = np.sort(theory.hessian_eigenvalues(padded, depth).ravel())[::-1][:count]
    for k, value in enumerate(np.unique(balanced.round(9))):
        name = "balanced minimum" if k == 0 else None
        ax.axhline(value, **THEORY | {"linewidth": 0.7}, linestyle=":", label=name)


def target_of(ds: xr.Dataset) -> np.ndarray:
    """Read the target's singular values where a picture is down to one of each."""
    return array_along(singular_values(ds), "mode")


PLOT = Plot(
    eigenvalues,
    (
        View(
            paint,
            needs=("hessian_eigenvalue",),
            shows=lambda ds: ("eta", "eigenvalue", "mode"),
            suits=lambda ds: not has_layers(ds),
        ),
        View(
            paint_steps,
            needs=("trajectory_singular_value",),
            shows=lambda ds: ("step", "layer", "mode"),
            x="step",
            why_not=why_not_matrices,
        ),
    ),
    network=True,
)
