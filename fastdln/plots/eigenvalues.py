"""Largest eigenvalues of the Hessian."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln import theory
from fastdln.analysis.dataset import singular_values, sweep_of
from fastdln.plots.axes import edge_lines, eta_axis, step_axis
from fastdln.plots.colours import DARK_BLUE, MIDDLE_BLUE, THEORY
from fastdln.plots.labels import axis_label, legend_beside
from fastdln.plots.plot import Plot
from fastdln.plots.selection import Choice, values
from fastdln.plots.trajectories import dots, has_layers, thinned, why_not_matrices

# The largest ones: of the pairs and modes of a target of rank 3 there are nine beyond those that vanish.
MOST_EIGENVALUES = 9


def dims_shown(ds: xr.Dataset) -> tuple[str, ...]:
    """One run along its steps where the layers were kept; else eta and the eigenvalues."""
    return ("step", "layer", "mode") if has_layers(ds) else ("eta", "eigenvalue", "mode")


def eigenvalues(ds: xr.Dataset, ax: Axes | None = None, **choice: Unpack[Choice]) -> Axes:
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
    Thin lines: 2/eta, and the eigenvalues lambda_ij of the balanced minimum.

    References
    ----------
    docs/theory.md, B; arXiv 2502.20531, figure "progressive sharpening".

    Examples
    --------
    >>> ax = fastdln.plots.eigenvalues(ds, eta=0.3)  # doctest: +SKIP
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    s, depth = singular_values(ds), int(ds["depth"].values[0])
    target = s.isel({dim: 0 for dim in s.dims if dim != "mode"}).values
    if has_layers(ds):
        thin = thinned(ds)
        layers = values(thin, "trajectory_singular_value", "step", "layer", "mode")
        spectrum = theory.spectrum(layers[:, :depth], target)[:, :MOST_EIGENVALUES]
        for k in reversed(range(spectrum.shape[1])):
            name = "largest" if k == 0 else "next ones" if k == 1 else None
            dots(ax, thin["step"], spectrum[:, k], DARK_BLUE if k == 0 else MIDDLE_BLUE, name)
        if (rate := float(ds["eta"].values[0])) > 0:
            ax.axhline(2 / rate, **THEORY, linestyle="--", label="2/$\\eta$")
        step_axis(ax, ds)
        ax.set_ylabel("eigenvalues of the Hessian")
    else:
        spectrum, eta = values(ds, "hessian_eigenvalue", "eta", "eigenvalue"), ds["eta"].values
        ax.plot(eta, spectrum[:, 0], ".", color=DARK_BLUE, markersize=4, label="largest")
        ax.plot(eta, spectrum[:, 1:], ".", color=MIDDLE_BLUE, markersize=3)
        ax.plot([], [], ".", color=MIDDLE_BLUE, markersize=3, label="next ones")
        wider = max([0, *(sweep_of(ds).get("widths") or [])[::depth]]) > len(target)  # further inputs or outputs: s = 0
        padded = np.append(target, 0.0) if wider else target
        balanced = np.sort(theory.hessian_eigenvalues(padded, depth).ravel())[::-1][: spectrum.shape[1]]
        for k, value in enumerate(np.unique(balanced.round(9))):
            ax.axhline(
                value, **THEORY | {"linewidth": 0.7}, linestyle=":", label="balanced minimum" if k == 0 else None
            )
        limits, x = ax.get_ylim(), ax.get_xlim()
        ax.plot(eta[eta > 0], 2 / eta[eta > 0], **THEORY, linestyle="--", label="2/$\\eta$")
        ax.set(ylim=limits, xlim=x)
        eta_axis(ax, ds)
        edge_lines(ax, ds)
        ax.set_ylabel(axis_label(ds["hessian_eigenvalue"]))
    legend_beside(ax)
    return ax


PLOT = Plot(
    eigenvalues,
    needs=(("hessian_eigenvalue",), ("trajectory_singular_value",)),
    across=dims_shown,
    why_not=why_not_matrices,
    network=True,
)
