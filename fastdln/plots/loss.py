"""The loss along a run, or over the record."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis import prediction
from fastdln.analysis.dataset import model_of, singular_values
from fastdln.plots.along import dots, few, of_eta_and_steps, step_axis
from fastdln.plots.marks import THEORY, band, beside, edge_lines, eta_axis, label, over, rates, values
from fastdln.plots.plot import Plot, of_eta

# Below this a loss is rounding: (1e-16 s)^2 for s of order 1.
FLOOR = 1e-32


def along_steps(ds: xr.Dataset) -> bool:
    return "trajectory_loss" in ds


def shown(ds: xr.Dataset) -> tuple[str, ...]:
    return of_eta_and_steps(ds) if along_steps(ds) else of_eta(ds)


def loss(ds: xr.Dataset, ax: Axes | None = None, **choice: Any) -> Axes:
    """Loss on a log axis: along the steps, or over the record against eta.

    Thin line: its mean on the balanced two-cycle (docs/theory.md, C). choice: values of other dimensions.
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    ax.set_yscale("log")
    expected = over(prediction(ds["eta"], ds["depth"], singular_values(ds), model_of(ds))["loss"], "eta")
    if along_steps(ds):
        places, measured = few(ds), values(ds, "trajectory_loss", "eta", "step")
        for place, colour in zip(places, rates(len(places)), strict=True):
            seen = np.maximum(measured[place], FLOOR)
            dots(ax, ds["step"], seen, colour, f"$\\eta$ = {float(ds['eta'][place]):.6g}")
            if expected[place] > 0:
                ax.axhline(expected[place], **THEORY, linestyle="--", label="mean on the two-cycle")
        step_axis(ax, ds)
        ax.set_ylabel(label(ds["trajectory_loss"]))
    else:
        eta = ds["eta"].values
        low, mean, high = (np.maximum(values(ds, f"loss{end}", "eta"), FLOOR) for end in ("_min", "", "_max"))
        band(ax, eta, low, mean, high)
        ax.plot(eta, np.where(expected > 0, expected, np.nan), **THEORY, linestyle="--", label="mean on the two-cycle")
        eta_axis(ax, ds)
        edge_lines(ax, ds)
        ax.set_ylabel(label(ds["loss"]).partition(",")[0])
    beside(ax)
    return ax


PLOT = Plot(loss, needs=(("trajectory_loss",), ("loss", "loss_min", "loss_max")), across=shown, network=True)
