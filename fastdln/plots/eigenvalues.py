"""The Hessian's eigenvalues."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln import theory
from fastdln.analysis.dataset import singular_values, sweep_of
from fastdln.plots.along import against_matrices, dots, has_layers, step_axis, thinned
from fastdln.plots.marks import THEORY, beside, edge_lines, eta_axis, label, values
from fastdln.plots.plot import Plot

# The largest ones: of the pairs and modes of a target of rank 3 there are nine beyond those that vanish.
COUNT = 9

LARGEST, NEXT = "#08306b", "#5f9cc5"


def shown(ds: xr.Dataset) -> tuple[str, ...]:
    return ("step", "layer", "mode") if has_layers(ds) else ("eta", "eigenvalue", "mode")


def eigenvalues(ds: xr.Dataset, ax: Axes | None = None, **choice: Any) -> Axes:
    """Largest Hessian eigenvalues with the edge 2/eta: along the steps for one eta, or against eta.

    Along the steps they are exact, from the blocks of modes and pairs of the kept layers (docs/theory.md, B); of full matrices
    those that the sweep kept at the last state (sharpness_count). Thin lines: 2/eta, and the eigenvalues lambda_ij of the
    balanced minimum. choice: values of other dimensions. arXiv 2502.20531, figure "progressive sharpening".
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    s, depth = singular_values(ds), int(ds["depth"].values[0])
    flat = s.isel({dim: 0 for dim in s.dims if dim != "mode"}).values
    if has_layers(ds):
        kept = thinned(ds)
        layers = values(kept, "trajectory_singular_value", "step", "layer", "mode")
        found = theory.spectrum(layers[:, :depth], flat)[:, :COUNT]
        for k in reversed(range(found.shape[1])):
            name = "largest" if k == 0 else "next ones" if k == 1 else None
            dots(ax, kept["step"], found[:, k], LARGEST if k == 0 else NEXT, name)
        eta = float(ds["eta"].values[0])
        if eta > 0:
            ax.axhline(2 / eta, **THEORY, linestyle="--", label="2/$\\eta$")
        step_axis(ax, ds)
        ax.set_ylabel("eigenvalues of the Hessian")
    else:
        found, rates = values(ds, "hessian_eigenvalue", "eta", "eigenvalue"), ds["eta"].values
        ax.plot(rates, found[:, 0], ".", color=LARGEST, markersize=4, label="largest")
        ax.plot(rates, found[:, 1:], ".", color=NEXT, markersize=3)
        ax.plot([], [], ".", color=NEXT, markersize=3, label="next ones")
        wider = max([0, *(sweep_of(ds).get("widths") or [])[::depth]]) > len(flat)  # further inputs or outputs: s = 0
        padded = np.append(flat, 0.0) if wider else flat
        balanced = np.sort(theory.hessian_eigenvalues(padded, depth).ravel())[::-1][: found.shape[1]]
        for k, value in enumerate(np.unique(balanced.round(9))):
            ax.axhline(
                value, **THEORY | {"linewidth": 0.7}, linestyle=":", label="balanced minimum" if k == 0 else None
            )
        limits, x = ax.get_ylim(), ax.get_xlim()
        ax.plot(rates[rates > 0], 2 / rates[rates > 0], **THEORY, linestyle="--", label="2/$\\eta$")
        ax.set(ylim=limits, xlim=x)
        eta_axis(ax, ds)
        edge_lines(ax, ds)
        ax.set_ylabel(label(ds["hessian_eigenvalue"]))
    beside(ax)
    return ax


PLOT = Plot(
    eigenvalues,
    needs=(("hessian_eigenvalue",), ("trajectory_singular_value",)),
    across=shown,
    against=against_matrices,
    network=True,
)
