"""The singular values of each layer along a run."""

from __future__ import annotations

from typing import Any

import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import model_of, singular_values
from fastdln.plots.along import dots, of_steps_and_modes, step_axis
from fastdln.plots.marks import THEORY, beside, label, modes, shades, values
from fastdln.plots.plot import Plot, name_of


def layers(ds: xr.Dataset, ax: Axes | None = None, **choice: Any) -> Axes:
    """Singular values of every layer along the steps, for one learning rate.

    A colour a mode, or of full matrices, whose layers' singular values need not belong to modes, a colour a place in falling order; the last layer is broad and pale, the others fine. Thin lines: s_i^(1/L), those of the balanced minimum.
    choice: values of other dimensions (eta above all), or a mode by its number. arXiv 2502.20531, figure "oscillation per
    layer".
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    measured, s = values(ds, "trajectory_singular_value", "step", "layer", "mode"), singular_values(ds)
    depth, falling = int(ds["depth"].values[0]), model_of(ds) == "matrix"
    for k, (colour, mode) in enumerate(zip(shades(len(modes(ds))), modes(ds), strict=True)):
        dots(ax, ds["step"], measured[:, depth - 1, mode], colour, size=5, alpha=0.3)
        for layer in range(depth - 1):
            dots(ax, ds["step"], measured[:, layer, mode], colour)
        ax.plot([], [], color=colour, linewidth=2, label=f"singular value {mode + 1}" if falling else name_of(ds, mode))
        balanced = float(s.isel(mode=mode).values.ravel()[0]) ** (1 / depth)
        ax.axhline(balanced, **THEORY, linestyle="--", label="balanced minimum" if k == 0 else None)
    ax.plot([], [], color="#555555", linewidth=5, alpha=0.3, label=f"layer {depth}, broad")
    ax.plot([], [], color="#555555", linewidth=1.2, label="other layers, fine")
    step_axis(ax, ds)
    ax.set_ylabel(label(ds["trajectory_singular_value"]))
    beside(ax)
    return ax


PLOT = Plot(layers, needs=(("trajectory_singular_value",),), across=of_steps_and_modes)
