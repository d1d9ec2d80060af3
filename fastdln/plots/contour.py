"""Two layers in the plane of their singular values."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import singular_values
from fastdln.plots.along import against_matrices, few, hatch_all, of_eta_and_steps, thinned
from fastdln.plots.marks import THEORY, beside, modes, rates, values
from fastdln.plots.plot import Plot

# Room about the path, in parts of its extent.
MARGIN = 0.35


def contour(ds: xr.Dataset, ax: Axes | None = None, **choice: Any) -> Axes:
    """Path of two layers over the contours of the loss, L = 2.

    Thin lines: the minima w_1 w_2 = s, and the hyperbola w_2^2 - w_1^2 = const that gradient flow follows (docs/theory.md,
    C). choice: values of other dimensions, or a mode by its number. arXiv 2502.20531, figure "contour with flow".
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    mode = modes(ds)[0]
    w = values(thinned(ds), "trajectory_singular_value", "eta", "step", "layer", "mode")[:, :, :2, mode]
    s = float(singular_values(ds).isel(mode=mode).values.ravel()[0])
    first, second = frame(w[..., 0]), frame(w[..., 1])
    a, b = np.meshgrid(np.linspace(*first, 300), np.linspace(*second, 300))
    ax.contour(
        a, b, np.log10(np.maximum((a * b - s) ** 2 / 2, 1e-6)), levels=12, cmap="Greys", linewidths=0.5, alpha=0.7
    )
    places = few(ds)
    begun = places[int(np.argmax(np.isfinite(w[places, 0, 0])))]
    for place, colour in zip(places, rates(len(places)), strict=True):
        name = f"$\\eta$ = {float(ds['eta'][place]):.6g}"
        ax.plot(w[place, :, 0], w[place, :, 1], ".-", color=colour, markersize=2.5, linewidth=0.5, label=name)
    ax.plot(*w[begun, 0], "o", color="black", markersize=5, label="start")
    line = np.linspace(*first, 600)
    with np.errstate(divide="ignore", invalid="ignore"):
        ax.plot(line, np.where(line * s > 0, s / line, np.nan), **THEORY, linestyle="-", label="minima")
    kept = w[begun, 0, 1] ** 2 - w[begun, 0, 0] ** 2
    up = np.linspace(*second, 600)
    across = up**2 - kept
    sign = np.sign(w[begun, 0, 0]) or 1.0
    ax.plot(
        np.where(across >= 0, sign * np.sqrt(np.abs(across)), np.nan),
        up,
        **THEORY,
        linestyle="--",
        label="gradient flow",
    )
    ax.set(
        xlim=first, ylim=second, xlabel="singular value of layer 1, $w_1$", ylabel="singular value of layer 2, $w_2$"
    )
    hatch_all(ax, ds)
    beside(ax)
    return ax


def frame(values: np.ndarray) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    room = MARGIN * max(high - low, 0.1)
    return low - room, high + room


def against(ds: xr.Dataset, names: tuple[str, ...]) -> str:
    """It is of two layers that are numbers."""
    depths = ds["depth"].values.tolist()
    if (reason := against_matrices(ds, names)) or depths == [2]:
        return reason
    only = f"this dataset is of depth {', '.join(f'{depth:g}' for depth in depths)}"
    return f"is of two layers, and {only}" + ("; choose depth=2" if 2 in depths else "")


PLOT = Plot(
    contour,
    needs=(("trajectory_singular_value",),),
    across=lambda ds: (*of_eta_and_steps(ds), "layer"),
    against=against,
)
