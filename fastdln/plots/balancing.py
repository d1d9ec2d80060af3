"""How the layers balance."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis import prediction
from fastdln.analysis.dataset import model_of, singular_values, sweep_of
from fastdln.models import STARTS
from fastdln.plots.along import against_matrices, few, has_layers, of_eta_and_steps, step_axis
from fastdln.plots.marks import THEORY, beside, edge_lines, eta_axis, label, marker, modes, over, rates, shades, values
from fastdln.plots.plot import Plot, name_of, of_eta_and_modes

# A difference of squares is rounding errors from here on, in parts of the squares; balancing_gap itself goes further.
ROUNDING = 1e-14


def shown(ds: xr.Dataset) -> tuple[str, ...]:
    return (*of_eta_and_steps(ds), "layer") if has_layers(ds) else of_eta_and_modes(ds)


def balancing(ds: xr.Dataset, ax: Axes | None = None, **choice: Any) -> Axes:
    """Balancing gap on a log axis: along the steps, or at the end against eta.

    The largest abs(w_L^2 - w_l^2) over layers. Thin lines: the gap at the start, which gradient flow keeps, and, where
    the orbit is a two-cycle, its rate there (docs/theory.md, C). Of full matrices the norm of W_(l+1)^T W_(l+1) - W_l W_l^T
    instead. choice: values of other dimensions, or a mode by its number.
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    ax.set_yscale("log")
    if has_layers(ds):
        return steps(ax, ds)
    eta_axis(ax, ds)
    if "balancing_gap" in ds:
        for colour, mode in zip(shades(len(modes(ds))), modes(ds), strict=True):
            gap = values(ds, "balancing_gap", "eta", "mode")[:, mode]
            known = np.where(gap > 0, gap, np.nan)
            ax.plot(ds["eta"], known, color=colour, label=name_of(ds, mode), **marker(ds.sizes["eta"], mode))
        for gap in np.unique([kept_by_flow(ds, mode) for mode in modes(ds)]):
            if gap > 0:
                ax.axhline(gap, **THEORY, linestyle="--", label="kept by gradient flow")
        ax.set_ylabel(label(ds["balancing_gap"]).partition(",")[0] + " at the end")
    else:
        gap = values(ds, "balancing_norm", "eta")
        ax.plot(ds["eta"], gap, color="#08306b", label="all layers", **marker(ds.sizes["eta"], 0))
        ax.set_ylabel(label(ds["balancing_norm"]))
    edge_lines(ax, ds)
    beside(ax)
    return ax


def against(ds: xr.Dataset, names: tuple[str, ...]) -> str:
    """The model of balanced layers has no gap to draw."""
    if model_of(ds) == "balanced":
        return "is of layers that differ, and those of the model balanced are equal"
    return against_matrices(ds, names)


def kept_by_flow(ds: xr.Dataset, mode: int) -> float:
    """The gap of a mode's layers at the start."""
    sweep, depth, number = sweep_of(ds), int(ds["depth"].values[0]), int(ds["mode"].values[mode])
    given = [] if isinstance(sweep["start"], str) else [sweep["start"]["spectral"]]
    name = "spectral" if given else sweep["start"]
    layers = STARTS[name].layers
    assert layers  # a start of the modes has closed values
    units = layers(depth, len(sweep["target"]["singular_values"]), *given)[:, number]
    squares = (ds["alpha"].values[0] * units) ** 2
    return float(np.abs(squares[-1] - squares[:-1]).max())


def steps(ax: Axes, ds: xr.Dataset) -> Axes:
    layers = values(ds, "trajectory_singular_value", "eta", "step", "layer", "mode")
    mode = modes(ds)[0]
    w = layers[..., : int(ds["depth"].values[0]), mode]
    last, others = w[..., -1:], w[..., :-1]
    gap = np.abs((last - others) * (last + others)).max(axis=-1)
    places = few(ds)
    exponent = prediction(ds["eta"], ds["depth"], singular_values(ds), model_of(ds))["balancing_exponent"]
    rate = over(exponent.isel(mode=mode), "eta")
    step = ds["step"].values
    for place, colour in zip(places, rates(len(places)), strict=True):
        seen = np.where(gap[place] > ROUNDING * (w[place] ** 2).max(axis=-1), gap[place], np.nan)
        ax.plot(step, seen, color=colour, linewidth=2.4, label=f"$\\eta$ = {float(ds['eta'][place]):.6g}")
        known = np.flatnonzero(np.isfinite(seen))
        if known.size and rate[place] < 0:
            logs = np.log(seen[known])
            half = known[np.argmax(logs <= (logs[0] + logs[-1]) / 2)]  # well on the cycle, and well above the rounding
            decay = np.exp(np.clip(rate[place] * (step - step[half]), -700, 700))
            ax.plot(step, seen[half] * decay, **THEORY, linestyle=":", label="rate of the two-cycle")
    finite = gap[np.isfinite(gap) & (gap > ROUNDING)]
    kept = kept_by_flow(ds, mode)
    lowest, highest = (finite.min(), max(finite.max(), kept)) if finite.size else (0.1 * kept, kept)
    ax.set_ylim(0.3 * (lowest or 1.0), 3 * (highest or 1.0))
    if kept > 0:
        ax.axhline(kept, **THEORY, linestyle="--", label="kept by gradient flow")
    step_axis(ax, ds)
    ax.set_ylabel("balancing gap, largest $|w_L^2 - w_l^2|$")
    beside(ax)
    return ax


PLOT = Plot(
    balancing,
    needs=(("trajectory_singular_value",), ("balancing_gap",), ("balancing_norm",)),
    across=shown,
    against=against,
)
