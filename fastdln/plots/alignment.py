"""Alignment of a network of full matrices with the target's singular bases."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from fastdln.observables.fate import DIVERGED
from fastdln.plots.against_eta import draw_line
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import critical_lines, eta_axis, spans, step_axis
from fastdln.plots.colours import DARK_BLUE, DIVERGED_SPAN, MIDDLE_BLUE, NEUTRAL, THEORY, line_colours
from fastdln.plots.labels import axis_label
from fastdln.plots.mixing import pair_edge, pair_label
from fastdln.plots.plot import Plot, View
from fastdln.plots.selection import array_along, values
from fastdln.plots.trajectories import dots, drawn_etas, eta_name, few_etas, note_etas, thinned

# An error of 0 is drawn here; the least that rounding makes of a product are some 1e-19.
FLOOR = 1e-20

# Of the lines of single starts.
THIN, FAINT = 0.7, 0.55


def alignment(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Alignment error of full matrices on a log axis: along the steps, or against eta.

    How far the network is from one whose modes do not mix: the part of its product off the diagonal in the target's
    singular bases, over the target's norm. Along the steps where trajectories were kept of a few learning rates, a colour
    each; against eta at the last state, and the largest over the record. Each random start is a thin line, with the median
    of several.

    Parameters
    ----------
    ds : xarray.Dataset
        With `trajectory_alignment_error` (..., eta, step), or `alignment_error` and, if there, `alignment_error_max` (...,
        eta).
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches.
    **options : Options
        Values of other dimensions, and how it looks.

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
    Error: norm of the off-diagonal part of U^T W_L ... W_1 V over that of the target, 0 on the singular-vector-stationary
    set. Thin lines against eta: 2/S_i, and the edge beyond which modes 1 and 2 mix, so that the set no longer attracts.

    References
    ----------
    docs/theory.md, A and C (the SVS set); arXiv 2502.20531.

    Examples
    --------
    >>> ax = fastdln.plots.alignment(ds, x="eta")  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint_steps(ax: Axes, ds: xr.Dataset, look: Appearance) -> list[Any]:
    """Draw the error along the steps, a colour a learning rate, a line a start."""
    ax.set_yscale("log")
    thin, indices = thinned(ds), drawn_etas(ds)
    error = by_seed(thin, "trajectory_alignment_error", "eta", "step")
    for index, colour in zip(indices, line_colours(len(indices), look.cmap), strict=True):
        for k, run in enumerate(error[:, index]):
            name = eta_name(ds, index, "error") if k == 0 else None
            dots(ax, thin["step"], np.maximum(run, FLOOR), colour, name, 1.6 if len(error) > 1 else 2.4)
    step_axis(ax, ds)
    note_etas(ax, ds)
    ax.set_ylabel(axis_label(ds["trajectory_alignment_error"]))
    starts = f"each of {len(error)} random starts"
    return [Line2D([], [], color=NEUTRAL, linewidth=0.7, label=starts)] if len(error) > 1 else []


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the error at the last state and the largest over the record, of each start and their median."""
    ax.set_yscale("log")
    eta_axis(ax, ds, look)
    eta = look.scale * ds["eta"].values
    fate = ds["fate"].isel({dim: 0 for dim in ds["fate"].dims if dim not in ("eta", "seed")})
    diverged = array_along((fate == DIVERGED).all([dim for dim in fate.dims if dim != "eta"]), "eta")
    spans(ax, eta, diverged, "diverged", **DIVERGED_SPAN)
    ends = (
        ("alignment_error_max", MIDDLE_BLUE, "largest over the record"),
        ("alignment_error", DARK_BLUE, "at the end"),
    )
    for name, colour, what in ends:
        if name not in ds:
            continue
        error = np.maximum(by_seed(ds, name, "eta"), FLOOR)
        if len(error) == 1:
            draw_line(ax, ds, look, error[0], colour, what)
            continue
        for k, one in enumerate(error):
            starts = f"{what}, each start" if k == 0 else None
            ax.plot(eta, one, color=colour, linewidth=THIN, alpha=FAINT, marker=".", markersize=2.5, label=starts)
        ax.plot(eta, median(error), color=colour, linewidth=2, label=f"{what}, median of {len(error)} starts")
    if ax.get_xlim()[0] <= (edge := look.scale * float(pair_edge(ds).values.ravel()[0])) <= ax.get_xlim()[1]:
        ax.axvline(edge, **THEORY, linestyle="--", label=pair_label(ds))
    critical_lines(ax, ds, look)
    ax.set_ylabel(axis_label(ds["alignment_error"]).removesuffix(", at the last state"))


def by_seed(ds: xr.Dataset, name: str, *dims: str) -> np.ndarray:
    """Load a variable over the random starts, of which there is one at least, and the dims."""
    if "seed" in ds[name].dims:
        return values(ds, name, "seed", *dims)
    return values(ds, name, *dims)[None]


def median(error: np.ndarray) -> np.ndarray:
    """Compute the median over the starts that have not diverged; NaN where all have."""
    some = np.isfinite(error).any(axis=0)
    out = np.full(error.shape[1], np.nan)
    out[some] = np.nanmedian(error[:, some], axis=0)
    return out


def run_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Learning rates, random starts and steps."""
    return ("eta", "seed", "step")


PLOT = Plot(
    alignment,
    (
        View(
            paint_steps,
            needs=("trajectory_alignment_error",),
            shows=run_dims,
            x="step",
            suits=few_etas,
            takes=frozenset({"cmap"}),
        ),
        View(paint, needs=("alignment_error",), shows=run_dims),
    ),
    network=True,
)
