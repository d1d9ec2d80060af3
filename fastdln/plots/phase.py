"""Phase diagram: fate and period over the plane of learning rate and initialization scale."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any, Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap

from fastdln import theory
from fastdln.analysis.dataset import singular_values, sweep_of, target_singular_values
from fastdln.analysis.inherited import as_known
from fastdln.errors import DatasetError
from fastdln.observables.fate import APERIODIC, COLLAPSED, CONVERGED, DIVERGED, DRIFTING, PERIODIC
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import critical_lines, eta_axis, plane_label
from fastdln.plots.colours import CLASS_COLOURS, THEORY
from fastdln.plots.labels import MOST_LISTED, absent_swatch, listing, swatch
from fastdln.plots.plot import Plot, View
from fastdln.plots.rasterize import draw_cells, grid_cells, most_frequent
from fastdln.plots.selection import mode_indices, symbol_of, without_formulas
from fastdln.plots.shown import is_plane, plane_and_mode_dims, plane_or_strip_dims

CLASSES = list(CLASS_COLOURS)

# Stands for every period until it is known which.
PLACEHOLDER = "other periods"

# Variables and the attribute of a dataset that is drawn of some of its modes.
COUNTED, COLLAPSED_MODES, ONLY_ESCAPED = "modes_that_count", "modes_that_collapsed", "of_escaped_modes_only"

# Height of a strip, in parts of its width.
STRIP_ASPECT = 0.13

CLASS_OF_FATE = {
    CONVERGED: "converged",
    APERIODIC: "aperiodic",
    COLLAPSED: "collapsed",
    DIVERGED: "diverged",
    DRIFTING: "drifting",
}


# What a class is called where it is of some of the modes, of which their periods alone are known.
OF_MODES = {"converged": "at rest", "aperiodic": "no period", "drifting": "not escaped"}

# A product that is less, in parts of s, counts as 0.
CLOSE = 1e-6


def phase(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Fate and period over eta and a second axis.

    Over eta and the first further axis of more than one value where alpha has one; a low strip where there is none. A
    periodic network's period is the least common multiple of its modes'. Not computed is hatched.

    With `mode` the period of that mode alone, and with mode="escaped" that of the modes that have left the saddle at 0,
    so that those which have not do not make all of it drifting. What the others do then does not count. Of modes the
    periods are known and not the fates, so the classes are: at rest (period 1, at the minimum or on the way to it),
    the periods, no period (up to the longest that was looked for: chaos, or slow motion), not escaped, collapsed, and
    diverged.

    Parameters
    ----------
    ds : xarray.Dataset
        With `fate` (..., alpha, eta) and `period` (..., alpha, eta, mode). Modes have escaped where `escape_step` is 0 or
        more or, without that, where a sample of `orbit` is above s/2; collapsed where they escaped and all samples are
        within 1e-6 s of 0.
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches, or half as high for a strip.
    **options : Options
        Values of other dimensions, or a mode by its number or "escaped", and how it looks.

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
    Thin lines: 2/S_i of each mode and, from one-zero starts, where the plateau is as long as the transient.

    References
    ----------
    docs/theory.md, A.

    Examples
    --------
    >>> ax = fastdln.plots.phase(ds, ax=ax, depth=3)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> list[Any]:
    """Draw the class of each cell, 2/S_i, and where the plateau is as long as the transient."""
    x, y = plane_or_strip_dims(ds)
    if is_strip(ds):
        ax.set_box_aspect(STRIP_ASPECT)
    eta_axis(ax, ds, look)
    cells = grid_cells(ax, ds, x, y, look.scale)
    of_modes = is_of_modes(ds)
    ds = with_modes(as_known(ds, ("fate", "period"))) if of_modes else ds
    names = tuple(name for name in ("fate", "period", COUNTED, COLLAPSED_MODES) if name in ds)
    others: Counter[int] = Counter()
    cell_classes = most_frequent(cells, ds, x, y, names, partial(classes, others=others), len(CLASSES))
    colours = ListedColormap(list(CLASS_COLOURS.values()))
    draw_cells(
        ax, cells, ds, y, cell_classes, cmap=colours, norm=BoundaryNorm(np.arange(len(CLASSES) + 1) - 0.5, len(CLASSES))
    )
    ax.set_ylabel(symbol_of(y) or without_formulas(y) if is_strip(ds) else plane_label(ds, y))
    critical_lines(ax, ds, look, y)
    plateau_line(ax, ds, look, y)
    called = {c: c for c in CLASSES} | (OF_MODES if of_modes else {})
    frequent = sorted(period for period, _ in others.most_common(MOST_LISTED))
    called["other periods"] = listing("other periods", frequent, more=len(others) > len(frequent))
    present = set(cell_classes.compressed().tolist())
    handles = [swatch(CLASS_COLOURS[c], called[c]) for k, c in enumerate(CLASSES) if k in present]
    return handles + ([absent_swatch(ds)] if cell_classes.mask.any() else [])


def is_strip(ds: xr.Dataset) -> bool:
    """Whether nothing varies but the learning rate."""
    return not is_plane(ds)


def escaped(ds: xr.Dataset) -> xr.Dataset:
    """Mark a dataset as one of the modes only that have escaped."""
    if not {"escape_step", "orbit"} & set(ds):
        raise DatasetError("mode: escaped needs escape_step or orbit, which this dataset does not have (`observables`)")
    return ds.assign_attrs({ONLY_ESCAPED: 1})


def is_of_modes(ds: xr.Dataset) -> bool:
    """Whether a picture is of some of a network's modes."""
    return ONLY_ESCAPED in ds.attrs or ds.sizes["mode"] < len(target_singular_values(sweep_of(ds)))


def with_modes(ds: xr.Dataset) -> xr.Dataset:
    """Add which modes count at each point, and which of them have collapsed, as far as the dataset says."""
    s = singular_values(ds)
    counted = (s > 0) | xr.zeros_like(ds["period"], dtype=bool)
    if "escape_step" in ds:
        has_escaped = ds["escape_step"] >= 0
    elif "orbit" in ds:
        has_escaped = (ds["orbit"] > s / 2).any("sample")
    else:
        return ds.assign({COUNTED: counted})
    ds = ds.assign({COUNTED: counted & (has_escaped | (ds["period"] < 0))})  # of a mode that diverged no state is left
    return ds.assign({COLLAPSED_MODES: (abs(ds["orbit"]) <= CLOSE * s).all("sample")}) if "orbit" in ds else ds


def classes(block: xr.Dataset, others: Counter[int] | None = None) -> np.ndarray:
    """Classify each point by its fate and period: its index in CLASSES, -1 where it is not computed.

    Parameters
    ----------
    block : xarray.Dataset
        Loaded, with fate and period; where it says which modes count, the class is of their periods alone.
    others : Counter, optional
        Counts the periods of the class "other periods".

    Returns
    -------
    numpy.ndarray
        Of the shape of the fates.
    """
    class_of = np.full(256, -1, dtype=np.int8)
    for number, name in CLASS_OF_FATE.items():
        class_of[number] = CLASSES.index(name)
    fate = block["fate"].values
    out: np.ndarray = class_of[fate]
    # a mode that was masked has NaN, and counts as one at rest
    period = np.nan_to_num(block["period"].values, nan=1).astype(np.int64)
    if COUNTED in block:
        counted = block[COUNTED].values
        collapsed = block[COLLAPSED_MODES].values if COLLAPSED_MODES in block else np.zeros_like(counted)
        out = np.where(fate == 0, -1, class_of_modes(period, counted, collapsed))
        period = np.where(counted & ~collapsed, period, 1)
    periodic = np.nonzero(out == CLASSES.index(PLACEHOLDER) if COUNTED in block else fate == PERIODIC)
    # of a model without modes the period is that of the whole
    of_periodic = period.reshape(*fate.shape, -1)[periodic]
    common = np.lcm.reduce(np.maximum(of_periodic, 1), axis=-1)
    power = (common & (common - 1)) == 0
    by_power = np.array(
        [CLASSES.index(n) for n in ("converged", "period 2", "period 4", "period 8", "period 16, 32, ...")]
    )
    doublings = np.log2(np.clip(common, 1, 16)).astype(int)
    told = np.where(power, by_power[doublings], CLASSES.index("other periods"))
    out[periodic] = np.where((of_periodic < -1).any(axis=-1), -1, told)  # inherited was the fate alone
    if others is not None:
        others.update(
            dict(zip(*(part.tolist() for part in np.unique(common[~power], return_counts=True)), strict=True))
        )
    return out


def class_of_modes(period: np.ndarray, counted: np.ndarray, collapsed: np.ndarray) -> np.ndarray:
    """Classify points by the periods of the modes that count, along the last axis; one that has collapsed is at rest."""
    moving = counted & ~collapsed
    conditions = {
        "diverged": (counted & (period < 0)).any(axis=-1),
        "drifting": ~counted.any(axis=-1),
        "aperiodic": (moving & (period == 0)).any(axis=-1),
        PLACEHOLDER: (moving & (period > 1)).any(axis=-1),
        "collapsed": (counted & collapsed).any(axis=-1),
    }
    codes = [CLASSES.index(name) for name in conditions]
    return np.select(list(conditions.values()), codes, CLASSES.index("converged"))


def plateau_line(ax: Axes, ds: xr.Dataset, look: Appearance, y: str) -> None:
    """Draw eta = T(alpha, 1) / steps (docs/theory.md, A): left of and below it the transient is too short to leave the saddle."""
    sweep = sweep_of(ds)
    depth, s = ds["depth"].values[0], singular_values(ds)
    if y != "alpha" or sweep["start"] != "one-zero" or depth < 3 or sweep["steps"] < 1 or ds.sizes["alpha"] == 1:
        return
    alpha = np.geomspace(ds["alpha"].values[0], ds["alpha"].values[-1], 200)
    slowest = min(float(s.isel(mode=mode).values.ravel()[0]) for mode in mode_indices(ds))
    if slowest <= 0:
        return
    eta = look.scale * theory.plateau_steps(alpha, 1.0, slowest, depth) / sweep["steps"]
    low, high = ax.get_xlim()
    if np.any((eta > low) & (eta < high)):
        limits = ax.get_ylim()
        ax.plot(eta, alpha, **THEORY, linestyle=(0, (1, 1)), label="plateau ends")
        ax.set(xlim=(low, high), ylim=limits)


PLOT = Plot(
    phase,
    (View(paint, needs=("fate", "period"), shows=plane_and_mode_dims, measured="", low=is_strip, inherits=True),),
    groups={"escaped": escaped},
)
