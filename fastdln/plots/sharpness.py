"""Sharpness and the edge of stability."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln import theory
from fastdln.analysis.dataset import singular_values
from fastdln.plots.along import dots, few, of_eta_and_steps, step_axis
from fastdln.plots.marks import THEORY, band, beside, edge_lines, eta_axis, label, rates, values
from fastdln.plots.plane import diverging
from fastdln.plots.plot import Plot, of_plane

# Of learning rates that are told apart along the steps; of more the mean over the record is drawn against them.
MOST_RATES = 12


def along_steps(ds: xr.Dataset) -> bool:
    return "trajectory_sharpness" in ds and (ds.sizes["eta"] <= MOST_RATES or "sharpness" not in ds)


def shown(ds: xr.Dataset) -> tuple[str, ...]:
    return of_eta_and_steps(ds) if along_steps(ds) else of_plane(ds)


def sharpness(ds: xr.Dataset, ax: Axes | None = None, **choice: Any) -> Axes:
    """Sharpness with the edge 2/eta: along the steps, against eta, or over eta and alpha.

    Along the steps where trajectories were kept of a few learning rates, each with its 2/eta. Against eta the mean, minimum and
    maximum over the record, 2/eta and S of the balanced minimum. Over two axes eta times sharpness over 2, about 1. choice:
    values of other dimensions. docs/theory.md, B and C.
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    if along_steps(ds):
        return steps(ax, ds)
    if len(of_plane(ds)) > 1:
        return diverging(ax, ds, "sharpness_ratio", about=1.0)
    eta = ds["eta"].values
    low, mean, high = (values(ds, f"sharpness{end}", "eta") for end in ("_min", "", "_max"))
    band(ax, eta, low, mean, high)
    top = np.nanmax(high, initial=0.0)
    positive = eta > 0
    ax.plot(eta[positive], 2 / eta[positive], **THEORY, linestyle="--", label="2/$\\eta$")
    flattest = float(theory.stability_limit(singular_values(ds).max(), ds["depth"].values[0]))
    ax.axhline(flattest, **THEORY, linestyle=":", label="S of the balanced minimum")
    ax.set_ylim(0, 1.1 * max(top, flattest) or None)
    eta_axis(ax, ds)
    edge_lines(ax, ds)
    ax.set_ylabel(label(ds["sharpness"]).partition(",")[0])
    beside(ax)
    return ax


def steps(ax: Axes, ds: xr.Dataset) -> Axes:
    places = few(ds)
    measured = values(ds, "trajectory_sharpness", "eta", "step")
    for k, (place, colour) in enumerate(zip(places, rates(len(places)), strict=True)):
        eta = float(ds["eta"][place])
        dots(ax, ds["step"], measured[place], colour, f"$\\eta$ = {eta:.6g}")
        if eta > 0:
            ax.axhline(2 / eta, **THEORY, linestyle="--", label="2/$\\eta$" if k == 0 else None)
            ax.plot(1.012, 2 / eta, marker="<", color=colour, transform=ax.get_yaxis_transform(), clip_on=False)
    step_axis(ax, ds)
    ax.set_ylabel(label(ds["trajectory_sharpness"]))
    beside(ax)
    return ax


PLOT = Plot(
    sharpness,
    needs=(("trajectory_sharpness",), ("sharpness", "sharpness_min", "sharpness_max", "sharpness_ratio")),
    across=shown,
    network=True,
)
