"""Steps until modes escape from the plateau, converge or diverge: the boundaries between what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap

from fastdln import theory
from fastdln.analysis.dataset import singular_values, sweep_of
from fastdln.observables.fate import DIVERGED, NOT_COMPUTED
from fastdln.plots.against_eta import draw_line
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import critical_lines, eta_axis, plane_label
from fastdln.plots.colours import CONVERGES, DIVERGES, ESCAPES, NEITHER, THEORY, line_colours
from fastdln.plots.labels import absent_swatch, axis_label, swatch
from fastdln.plots.plot import Plot, View
from fastdln.plots.rasterize import Cells, draw_cells, grid_cells, means
from fastdln.plots.scales import extend_of, robust_scale, tidy_bar
from fastdln.plots.selection import array_along, mode_indices, mode_name
from fastdln.plots.shown import eta_and_mode_dims, is_plane, plane_and_mode_dims, plane_dims

# Starts from which the theory knows how long a mode stays.
PLATEAUS = {"one-zero": theory.plateau_steps, "balanced": theory.balanced_plateau_steps}

# Points of a theory's curve.
THEORY_POINTS = 500

# The variables that may be there, fullest first, and what a point is called that has no step of theirs.
NEITHER_NAMES = {
    ("escape_step", "convergence_step", "divergence_step"): "none of these",
    ("escape_step", "divergence_step"): "neither",
    ("convergence_step", "divergence_step"): "neither",
    ("escape_step", "convergence_step"): "not escaped, or diverged",
    ("escape_step",): "not escaped, or diverged",
    ("convergence_step",): "not converged",
    ("divergence_step",): "not diverged",
}

STEPS = next(iter(NEITHER_NAMES))

# Against eta: what is drawn beside the line of the escape, its word and its marker.
POINTS = (("convergence_step", "converges", "+"), ("divergence_step", "diverges", "x"))

# What becomes of a point: the quantities of a cell; and the colours and words of those that have a step.
CONVERGED, ESCAPED, LOST, STAYED, KNOWN = range(5)
KINDS = (
    (CONVERGED, CONVERGES, "last mode converges at step"),
    (ESCAPED, ESCAPES, "last mode escapes at step"),
    (LOST, DIVERGES, "first mode diverges at step"),
)


def escape(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Steps until the modes escape, converge or diverge, over eta and a second axis or against eta, on a log scale.

    Over two axes in kinds of colours, later ones darker: yellow where all modes converge, by the step from which on the last
    one is at its minimum; blue where all others escape, by the step of the last one, whatever comes after, also where
    it collapses later; from purple to black where any diverges, by the step of the first. Of a mode that is chosen, by its own
    steps. A cell of several points is coloured by what most of them do, at the geometric mean of their steps.

    Parameters
    ----------
    ds : xarray.Dataset
        With `escape_step`, `convergence_step` and `divergence_step` (..., eta, mode), or some of them.
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
        If ds lacks these variables, ax is no Axes, or a choice names no dimension or none of its values.

    Notes
    -----
    A mode escapes at the first state with pi > s/2, and converges at the first from which on pi is at s. Thin lines: 2/S_i and, against eta, the steps that the plateau takes from
    one-zero starts, T = C_L alpha^-(L-2) / (eta s) for L >= 3, and from balanced ones.

    References
    ----------
    docs/theory.md, A (plateau) and C (when an orbit is lost).

    Examples
    --------
    >>> ax = fastdln.plots.escape(ds, depth=3, mode=1)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint_plane(ax: Axes, ds: xr.Dataset, look: Appearance) -> list[Any]:
    """Draw the steps of each cell in the colours of what most of its points do."""
    x, y = plane_dims(ds)
    eta_axis(ax, ds, look)
    cells = grid_cells(ax, ds, x, y, look.scale)
    names = tuple(name for name in (*STEPS, "fate") if name in ds)
    modes = mode_indices(ds)
    logs, counts = means(cells, ds, x, y, names, lambda block: steps_of(block, modes), 5)
    most = counts[:KNOWN].argmax(axis=0)
    computed = counts[KNOWN] > 0
    handles = []
    if (stayed := computed & (most == STAYED)).any():
        colour = ListedColormap([NEITHER])
        draw_cells(ax, cells, ds, y, np.ma.masked_array(np.ones(stayed.shape), ~stayed), cmap=colour)
        handles.append(swatch(NEITHER, next(name for needs, name in NEITHER_NAMES.items() if set(needs) <= set(names))))
    for kind, colours, words in KINDS:
        drawn = computed & (most == kind) & (counts[kind] > 0)
        chosen = (look.cmap or colours) if kind == ESCAPED else colours
        label = words.partition(" mode ")[2] if len(modes) == 1 else words
        draw_steps(ax, cells, ds, y, np.ma.masked_array(np.exp(logs[kind]), ~drawn), chosen, label)
    ax.set_ylabel(plane_label(ds, y))
    critical_lines(ax, ds, look, y)
    return handles + ([] if computed.all() else [absent_swatch(ds)])


def steps_of(block: xr.Dataset, modes: list[int]) -> Iterator[np.ndarray]:
    """Give the logarithms of each point's last convergence, last escape and first divergence, and where there is none.

    modes: indices of those that are to escape or converge; any may diverge.
    """
    fate = block["fate"].values
    computed = fate != NOT_COMPUTED
    never = np.iinfo(np.int64).max
    if "divergence_step" in block:
        steps = block["divergence_step"].values
        first = np.where(steps >= 0, steps, never).min(axis=-1)
        lost = computed & (first < never)
    else:
        first, lost = np.full(fate.shape, never), computed & (fate == DIVERGED)
    left = computed & ~lost
    for name in ("convergence_step", "escape_step"):
        last, there = np.zeros(fate.shape, int), np.zeros(fate.shape, bool)
        if name in block:
            steps = block[name].values[..., modes]
            last, there = steps.max(axis=-1), left & (steps >= 0).all(axis=-1)
        yield logarithm(last, there)
        left &= ~there
    timed = lost & (first < never)
    yield logarithm(first, timed)
    yield np.where(left | (lost & ~timed), 1.0, np.nan)
    yield np.where(computed, 1.0, np.nan)


def logarithm(steps: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Logarithms of steps where they are there, else NaN; the start is at step 1 of a log scale."""
    found = np.full(steps.shape, np.nan)
    np.log(np.maximum(steps, 1), out=found, where=there)
    return found


def draw_steps(
    ax: Axes,
    cells: tuple[Cells, Cells],
    ds: xr.Dataset,
    y: str,
    steps: np.ma.MaskedArray,
    cmap: Colormap | str,
    label: str,
) -> None:
    """Draw steps on a log scale of colours with its bar."""
    if not steps.count():
        return
    norm, below, above = robust_scale(steps.compressed(), log=True)
    mesh = draw_cells(ax, cells, ds, y, steps, cmap=cmap, norm=norm)
    tidy_bar(ax.figure.colorbar(mesh, ax=ax, extend=extend_of(below > 0, above > 0), label=label))


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the steps of each mode, and how long the theory's plateau is."""
    ax.set_yscale("log")
    eta_axis(ax, ds, look)
    indices, measured = mode_indices(ds), [name for name in STEPS if name in ds]
    for colour, mode in zip(line_colours(len(indices), look.cmap), indices, strict=True):
        if "escape_step" in ds:
            name = mode_name(ds, mode) + (": escapes" if len(measured) > 1 else "")
            draw_line(ax, ds, look, steps_along(ds, "escape_step", mode), colour, name, mode)
        for name, verb, marker in POINTS:
            if name in ds and np.isfinite(steps := steps_along(ds, name, mode)).any():
                label = f"{mode_name(ds, mode)}: {verb}"
                ax.plot(look.scale * ds["eta"].values, steps, marker, color=colour, markersize=4, label=label)
    if "escape_step" in ds:
        plateau_curves(ax, ds, look)
    critical_lines(ax, ds, look)
    ax.set_ylabel("steps" if len(measured) > 1 else axis_label(ds[measured[0]]))


def steps_along(ds: xr.Dataset, name: str, mode: int) -> np.ndarray:
    """Load the steps of a mode against eta, at least 1; NaN where there is none."""
    steps = array_along(ds[name].isel(mode=mode), "eta")
    computed = array_along(ds["fate"], "eta") != NOT_COMPUTED
    return np.where(computed & (steps >= 0), np.maximum(steps, 1), np.nan)


def plateau_curves(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the steps that the theory says each mode stays."""
    start = sweep_of(ds)["start"]
    eta = ds["eta"].values
    if not isinstance(start, str) or start not in PLATEAUS or eta[-1] <= 0:
        return
    fine = np.linspace(max(eta[0], eta[-1] / THEORY_POINTS), eta[-1], THEORY_POINTS)
    depth, alpha = ds["depth"].values[0], ds["alpha"].values[0]
    for k, mode in enumerate(mode_indices(ds)):
        s = float(singular_values(ds).isel(mode=mode).values.ravel()[0])
        steps = PLATEAUS[start](alpha, fine, s, depth)
        steps = np.where(np.isfinite(steps) & (steps >= 1), steps, np.nan)
        ax.plot(look.scale * fine, steps, **THEORY, linestyle="--", label="theory: plateau" if k == 0 else None)


PLOT = Plot(
    escape,
    tuple(
        view
        for needs in NEITHER_NAMES
        for view in (
            View(paint_plane, needs, shows=plane_and_mode_dims, suits=is_plane, measured="colour"),
            View(paint, needs, shows=eta_and_mode_dims, takes=frozenset({"cmap"})),
        )
    ),
)
