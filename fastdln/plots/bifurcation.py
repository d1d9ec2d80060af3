"""Bifurcation diagram: the orbit against the learning rate."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from fastdln import theory
from fastdln.analysis.blockwise import blocks
from fastdln.analysis.dataset import singular_values
from fastdln.analysis.doublings import onset
from fastdln.analysis.expected import is_of_layers
from fastdln.plots.against_eta import FEWEST_JOINED
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import critical_lines, critical_name, eta_axis, rescaled_eta
from fastdln.plots.colours import CRITICAL, DENSITY, THEORY
from fastdln.plots.labels import axis_label
from fastdln.plots.plot import Plot, View
from fastdln.plots.rasterize import Cells, size_in_inches
from fastdln.plots.scales import note_outside, tidy_bar, union, without_strays

# Cells an inch: two pixels of the picture wide, so that a cycle is a line.
CELLS_AN_INCH = 100

# Samples that spread less than this, in parts of their size, are one value.
AT_REST = 1e-6

# Width of a column of a few learning rates, in parts of what it stands for.
NARROW = 0.35

# Room above and below the samples, in parts of their range.
MARGIN = 0.03


def eta_and_sample_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Learning rate and samples."""
    return ("eta", "sample")


def bifurcation(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Orbit of a mode against the learning rate, as density.

    Darker cells hold more of the samples. A few orbits far outside the others do not stretch the axis, and are counted.

    Parameters
    ----------
    ds : xarray.Dataset
        With `orbit` (..., eta, mode, sample), the last recorded end-to-end singular values.
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches.
    **options : Options
        Values of other dimensions, or a mode by its number, and how it looks.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    DatasetError
        If ds lacks these variables, ax is no Axes, or a choice names no dimension or none of
        its values.

    Notes
    -----
    Thin lines: the minimum and its two-cycle, 2/S where it turns unstable, where the period doubles further, and where
    chaos begins.

    References
    ----------
    docs/theory.md, C.

    Examples
    --------
    >>> ax = fastdln.plots.bifurcation(ds, depth=3, x="eta S")  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the density of the samples with its key, the cycles of the balanced map, and where they double."""
    orbit = ds[["orbit", "fate"]].isel({d: 0 for d in ds["orbit"].dims if d not in ("eta", "sample")})
    s, depth = float(singular_values(ds).max()), float(ds["depth"].values[0])
    width, height = size_in_inches(ax)
    cells, rows = Cells(ds["eta"].values, int(width * CELLS_AN_INCH)), int(height * CELLS_AN_INCH)
    low, high = orbit_limits(orbit)
    counts, beyond = counted(orbit, cells, rows, low, high)
    eta_axis(ax, ds, look)
    borders, density = narrowed(ds, cells, np.ma.masked_equal(counts, 0) / np.maximum(counts.sum(axis=0), 1))
    mesh = ax.pcolormesh(
        look.scale * borders,
        np.linspace(low, high, rows + 1),
        density,
        cmap=look.cmap or DENSITY,
        norm=LogNorm(0.3 / ds.sizes["sample"], 0.3, clip=True),  # a cycle of three is as dark as a fixed point
        rasterized=True,
    )
    tidy_bar(ax.figure.colorbar(mesh, ax=ax, extend="max", label="share of the samples"))
    ax.set_ylabel(axis_label(ds["orbit"], "$\\pi$", brief=True))
    left, right = look.scale * borders[[0, -1]]
    few = len(borders) > len(cells.borders)
    ax.set_xlim(*(union((left, right), ax.get_xlim()) if few else (left, right)))
    ax.set_ylim(low, high)
    note_outside(ax, beyond, int(counts.sum()) + beyond, "samples")
    if s > 0:
        draw_theory(ax, ds, s, depth, look)


def counted(orbit: xr.Dataset, cells: Cells, rows: int, low: float, high: float) -> tuple[np.ndarray, int]:
    """Count the samples in each cell, (row, column), and those that are beyond the limits."""
    counts, beyond = np.zeros((rows, cells.count)), 0
    for part, block in blocks(orbit, ["eta"]):
        samples = computed_samples(block)
        column = np.broadcast_to(cells.of(part["eta"])[:, None], samples.shape)
        within = (samples >= low) & (samples <= high)
        beyond += int((np.isfinite(samples) & ~within).sum())
        row = ((samples[within] - low) * (rows / (high - low))).astype(np.int32)
        flat = np.minimum(row, rows - 1) * np.int32(cells.count) + column[within]
        counts += np.bincount(flat, minlength=counts.size).reshape(counts.shape)
    return counts, beyond


def narrowed(ds: xr.Dataset, cells: Cells, density: Any) -> tuple[np.ndarray, Any]:
    """Narrow the columns of a few learning rates, whose samples are no more than at these, with nothing between."""
    eta = ds["eta"].values
    if not 1 < len(eta) <= FEWEST_JOINED:
        return cells.borders, density
    half = 0.5 * NARROW * min(cells.borders[1:] - cells.borders[:-1])
    borders = np.stack([eta - half, eta + half], axis=-1).ravel()
    wide = np.ma.masked_all((density.shape[0], 2 * len(eta) - 1))
    wide[:, ::2] = density
    return borders, wide


def computed_samples(block: xr.Dataset) -> np.ndarray:
    """Read the samples of a block, (eta, sample); NaN where the point is not computed."""
    return np.where((block["fate"].values != 0)[:, None], block["orbit"].transpose("eta", "sample").values, np.nan)


def orbit_limits(orbit: xr.Dataset) -> tuple[float, float]:
    """Find the least and the greatest of all samples but for those of a few stray orbits, with some room."""
    ends = []
    for _, block in blocks(orbit, ["eta"]):
        samples = computed_samples(block)
        samples = samples[np.isfinite(samples).any(axis=1)]
        ends += [np.stack([np.nanmin(samples, axis=1), np.nanmax(samples, axis=1)])] if samples.size else []
    low, high = limits_of_orbits(*np.concatenate(ends, axis=1)) if ends else (np.nan, np.nan)
    if not low <= high:
        return 0.0, 1.0
    size = max(abs(low), abs(high)) or 1.0
    # of an orbit that stands still the rounding errors are no picture
    room = MARGIN * (high - low) if high - low > AT_REST * size else 0.05 * size
    return low - room, high + room


def limits_of_orbits(lows: np.ndarray, highs: np.ndarray) -> tuple[float, float]:
    """Find limits that hold all orbits, given by their ends, but for a few that reach far beyond the others."""
    low, high, _ = without_strays(np.concatenate([lows, highs]))
    within = (lows >= low) & (highs <= high)
    return (float(lows[within].min()), float(highs[within].max())) if within.any() else (low, high)


def draw_theory(ax: Axes, ds: xr.Dataset, s: float, depth: float, look: Appearance) -> None:
    """Draw the minimum, its two-cycle, the doublings and the onset of chaos of the balanced map."""
    (left, right), limits = ax.get_xlim(), ax.get_ylim()
    if "momentum" in ds.coords or not is_of_layers(ds):  # the orbits are others
        critical_lines(ax, ds, look)
        return
    flips = rescaled_eta(ds, 0, theory.period_doubling(depth, 5))
    # dashed, so that the data shows between
    line = THEORY | {"linestyle": (0, (4, 4)), "path_effects": None}
    chaos = onset(flips)  # theory.onset_of_chaos has more digits than a picture, and takes a second
    upright = [
        (critical_name(ds, 0, 1, look), CRITICAL | {"linestyle": "--"}, flips[:1]),
        ("further doublings", line | {"linestyle": ":"}, flips[1:]),
        ("onset of chaos", line | {"linestyle": "-."}, chaos.reshape(1)),
    ]
    cycle_eta = np.linspace(flips[0], flips[1], 300)
    curves = [(np.array([left / look.scale, flips[0]]), np.array([s, s]))]
    curves += [(cycle_eta, rho**depth) for rho in theory.two_cycle(cycle_eta, s, int(depth))]
    for eta, product in curves:
        if look.scale * eta[0] < right and look.scale * eta[-1] > left:
            ax.plot(look.scale * eta, product, **line, label="theory: minimum and two-cycle")
    for name, style, etas in upright:
        for k, eta in enumerate(eta for eta in etas if left <= look.scale * eta <= right):
            ax.axvline(look.scale * eta, **style | {"linewidth": 0.8, "label": name if k == 0 else None})
    ax.set(xlim=(left, right), ylim=limits)


PLOT = Plot(
    bifurcation, (View(paint, needs=("orbit",), shows=eta_and_sample_dims, measured="", takes=frozenset({"cmap"})),)
)
