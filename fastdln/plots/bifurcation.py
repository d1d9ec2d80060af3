"""The orbit against the learning rate."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm

from fastdln import analysis, theory
from fastdln.analysis.blockwise import blocks
from fastdln.analysis.dataset import singular_values
from fastdln.errors import DatasetError
from fastdln.plots.canvas import Cells, inches
from fastdln.plots.marks import THEORY, beside, eta_axis, in_eta, label
from fastdln.plots.plot import Plot

# Cells an inch: two pixels of the picture wide, so that a cycle is a line.
CELLS_AN_INCH = 100

# The palest is still to be seen on white.
INK = ListedColormap(colormaps["Blues"](np.linspace(0.3, 1, 256)))

# Samples that spread less than this, in parts of their size, are one value.
STILL = 1e-6

# Room above and below the samples, in parts of their range.
MARGIN = 0.03


def of_eta_and_samples(ds: xr.Dataset) -> tuple[str, ...]:
    return ("eta", "sample")


def bifurcation(
    ds: xr.Dataset,
    ax: Axes | None = None,
    *,
    x: Literal["eta", "eta S"] = "eta",
    **choice: Any,
) -> Axes:
    """Orbit of a mode against the learning rate, as density.

    Darker cells hold more of the samples. x: eta, or eta S with S = L s^(2-2/L). Thin lines: the minimum and its two-cycle
    (docs/theory.md, C), where the period doubles, and where chaos begins. choice: values of other dimensions, or a mode by
    its number.
    """
    if not isinstance(x, str) or x not in ("eta", "eta S"):
        raise DatasetError(f"x: must be 'eta' or 'eta S' (got {x!r})")
    ds, ax = PLOT.ready(ds, ax, choice)
    orbit = ds[["orbit", "fate"]].isel({d: 0 for d in ds["orbit"].dims if d not in ("eta", "sample")})
    s, depth = float(singular_values(ds).max()), float(ds["depth"].values[0])
    scale = float(theory.stability_limit(s, depth)) if x == "eta S" else 1.0
    width, height = inches(ax)
    cells, rows = Cells(ds["eta"].values, int(width * CELLS_AN_INCH)), int(height * CELLS_AN_INCH)
    low, high = span(orbit)
    counts = np.zeros((rows, cells.count))
    for part, piece in blocks(orbit, ["eta"]):
        samples = computed(piece)
        column = np.broadcast_to(cells.of(part["eta"])[:, None], samples.shape)
        inside = np.isfinite(samples)
        row = ((samples[inside] - low) * (rows / (high - low))).astype(np.int32)
        flat = np.minimum(row, rows - 1) * np.int32(cells.count) + column[inside]
        counts += np.bincount(flat, minlength=counts.size).reshape(counts.shape)
    shares = np.ma.masked_equal(counts, 0) / np.maximum(counts.sum(axis=0), 1)
    ax.pcolormesh(
        scale * cells.borders,
        np.linspace(low, high, rows + 1),
        shares,
        cmap=INK,
        norm=LogNorm(0.3 / ds.sizes["sample"], 0.3, clip=True),  # a cycle of three is as dark as a fixed point
        rasterized=True,
    )
    eta_axis(ax, ds, scale)
    if x == "eta S":
        ax.set_xlabel("learning rate times sharpness\nof the minimum, $\\eta S$")
    ax.set_ylabel(label(ds["orbit"], "$\\pi$"))
    ax.set(xlim=scale * cells.borders[[0, -1]], ylim=(low, high))
    if s > 0:
        draw_theory(ax, ds, s, depth, scale)
    beside(ax)
    return ax


def computed(piece: xr.Dataset) -> np.ndarray:
    return np.where((piece["fate"].values != 0)[:, None], piece["orbit"].transpose("eta", "sample").values, np.nan)


def span(orbit: xr.Dataset) -> tuple[float, float]:
    """Of all samples, with some room."""
    low, high = np.inf, -np.inf
    for _, piece in blocks(orbit, ["eta"]):
        samples = computed(piece)
        low, high = min(low, np.nanmin(samples, initial=np.inf)), max(high, np.nanmax(samples, initial=-np.inf))
    if not low <= high:
        return 0.0, 1.0
    size = max(abs(low), abs(high)) or 1.0
    # of an orbit that stands still the rounding errors are no picture
    room = MARGIN * (high - low) if high - low > STILL * size else 0.05 * size
    return low - room, high + room


def draw_theory(ax: Axes, ds: xr.Dataset, s: float, depth: float, scale: float) -> None:
    (left, right), limits = ax.get_xlim(), ax.get_ylim()
    flips = in_eta(ds, 0, theory.period_doubling(depth, 5))
    # dashed, so that the data shows between
    line = THEORY | {"linestyle": (0, (3, 3)), "path_effects": None}
    onset = analysis.onset(flips)  # theory.onset_of_chaos has more digits than a picture, and takes a second
    marks = [
        ("2/S", "--", flips[:1]),
        ("further doublings", ":", flips[1:]),
        ("onset of chaos", "-.", onset.reshape(1)),
    ]
    cycling = np.linspace(flips[0], flips[1], 300)
    curves = [(np.array([left / scale, flips[0]]), np.array([s, s]))]
    curves += [(cycling, rho**depth) for rho in theory.two_cycle(cycling, s, int(depth))]
    for eta, product in curves:
        if scale * eta[0] < right and scale * eta[-1] > left:
            ax.plot(scale * eta, product, **line, label="theory: minimum and two-cycle")
    for name, dashes, etas in marks:
        for k, eta in enumerate(eta for eta in etas if left <= scale * eta <= right):
            style = {"linestyle": dashes, "linewidth": 0.8, "label": name if k == 0 else None}
            ax.axvline(scale * eta, **line | style)
    ax.set(xlim=(left, right), ylim=limits)


PLOT = Plot(bifurcation, needs=(("orbit",),), across=of_eta_and_samples)
