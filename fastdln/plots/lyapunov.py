"""The largest Lyapunov exponent."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis import prediction
from fastdln.analysis.dataset import model_of, singular_values
from fastdln.plots.marks import THEORY, beside, edge_lines, eta_axis, label, marker, modes, over, shades, values
from fastdln.plots.plane import diverging
from fastdln.plots.plot import Plot, name_of, of_eta_and_modes, of_plane

# Exponents that differ by less are rounding errors about one value. (One superstable orbit, on the other hand, would press all
# the others together at its log 2^-52: the axis ends well before.)
STILL = 1e-9


def of_plane_or_modes(ds: xr.Dataset) -> tuple[str, ...]:
    return of_plane(ds) if len(of_plane(ds)) > 1 else of_eta_and_modes(ds)


def lyapunov(ds: xr.Dataset, ax: Axes | None = None, **choice: Any) -> Axes:
    """The largest Lyapunov exponent over eta and alpha, or against eta.

    Over two axes in colours about 0: blue where neighbouring orbits come together, yellow where they part. Against eta with
    thin lines for the minimum and the two-cycle (docs/theory.md, C). choice: values of other dimensions, or a mode by its
    number.
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    if len(of_plane(ds)) > 1:
        return diverging(ax, ds, "lyapunov", about=0.0)
    eta = ds["eta"].values
    has_modes = "mode" in ds["lyapunov"].dims
    measured = values(ds, "lyapunov", "eta", "mode") if has_modes else values(ds, "lyapunov", "eta")[:, None]
    lines = modes(ds) if has_modes else [0]
    for colour, mode in zip(shades(len(lines)), lines, strict=True):
        name = name_of(ds, mode) if has_modes else "all layers"
        ax.plot(eta, measured[:, mode], color=colour, linewidth=1.2, label=name, **marker(len(eta), mode))
    if has_modes:
        expected = prediction(ds["eta"], ds["depth"], singular_values(ds), model_of(ds))["lyapunov"]
        for k, mode in enumerate(lines):
            curve = over(expected.isel(mode=mode), "eta")
            ax.plot(eta, curve, **THEORY, linestyle="--", label="theory: minimum and two-cycle" if k == 0 else None)
    ax.axhline(0, color="black", linewidth=0.6)
    eta_axis(ax, ds)
    ax.set_ylabel(label(ds["lyapunov"]) + " per step")
    finite = measured[np.isfinite(measured)]
    top = float(finite.max(initial=0.0))
    if not finite.size or np.ptp(finite) < STILL:
        ax.set_ylim(-0.05, 0.05)
    else:
        ax.set_ylim(bottom=max(float(finite.min()), -4 * max(0.5, top)))
    edge_lines(ax, ds)
    beside(ax)
    return ax


PLOT = Plot(lyapunov, needs=(("lyapunov",),), across=of_plane_or_modes)
