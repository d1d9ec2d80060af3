"""Warnings about transients that end on the plateau, where nothing is learned yet."""

from __future__ import annotations

import math

import numpy as np

from fastdln.sweep import named_axes
from fastdln.sweep.axes import coordinates, swept_mode, whole_numbers
from fastdln.sweep.keys import MOST_STEPS
from fastdln.sweep.layer_axes import has_closed_form
from fastdln.sweep.problem import Spectral
from fastdln.sweep.schema import Sweep
from fastdln.theory.plateau import enough_steps, plateau_steps_of_layers

# Modes that a warning names.
MOST_NAMED = 5


def plateau_warnings(sweep: Sweep) -> list[str]:
    """A line for each reason why points would not leave the saddle at 0 (docs/theory.md, A); what parts share is said once."""
    return list(dict.fromkeys(line for part in named_axes.parts(sweep) for line in of_plain_sweep(part)))


def of_plain_sweep(sweep: Sweep) -> list[str]:
    """The lines of a sweep without axes of names."""
    alphas, etas = (coordinates(sweep.axes[name]) for name in ("alpha", "eta"))
    found = []
    if not alphas.all():
        found.append("alpha = 0 is the saddle itself: nothing moves there, and the fate is drifting")
    found += stuck_modes(sweep)
    alphas, etas = alphas[alphas > 0], etas[etas > 0]
    if alphas.size and etas.size:
        found += shorter_than_the_plateau(sweep, alphas.min(), etas.min())
    return found


def stuck_modes(sweep: Sweep) -> list[str]:
    """A line if several layers of a mode that is to be learned are 0: none of its layers has a gradient."""
    if not isinstance(sweep.start, Spectral):
        return []
    zeros = (sweep.layers(len(sweep.start.spectral)) == 0).sum(axis=0)
    learned = np.isfinite(smallest_singular_values(sweep))
    stuck = [f"{mode}" for mode in np.flatnonzero((zeros >= 2) & learned)[:MOST_NAMED] + 1]
    if not stuck:
        return []
    return [f"start.spectral: mode {', '.join(stuck)} has several layers that are 0, a saddle: its fate is drifting"]


def shorter_than_the_plateau(sweep: Sweep, alpha: float, eta: float) -> list[str]:
    """A line that says how many steps would do, where the transient is shorter than the plateau."""
    if not has_closed_form(sweep) or sweep.momentum_kind:
        return []
    s = smallest_singular_values(sweep)
    plateau, enough, where = 0.0, 0.0, ""
    for depth in whole_numbers(sweep.axes["depth"]).tolist():
        of_modes = plateau_steps_of_layers(sweep.layers(depth), alpha, eta, s)
        mode = int(of_modes.argmax())
        if of_modes[mode] > plateau:
            plateau = float(of_modes[mode])
            enough = float(enough_steps(plateau, eta, s[mode], depth))
            where = f"alpha = {alpha:g}, eta = {eta:g}, s = {s[mode]:g}, depth = {depth:g}"
    if plateau <= sweep.steps:
        return []
    if enough >= MOST_STEPS:
        return [
            f"steps = {sweep.steps:,} is shorter than the plateau at {where}, which is longer than any run can be; there the "
            "fate is drifting, and no number of steps would do"
        ]
    return [
        f"steps = {sweep.steps:,} is shorter than the plateau of about {plateau:,.0f} steps at {where}; "
        f"there the fate is drifting. steps = {math.ceil(enough):,} would do"
    ]


def smallest_singular_values(sweep: Sweep) -> np.ndarray:
    """The smallest of each mode that is to be learned; infinite where none is."""
    s = np.array(sweep.target.singular_values, dtype=float)
    s[s == 0] = math.inf
    for name, axis in sweep.axes.items():
        if (mode := swept_mode(name)) is not None:
            values = coordinates(axis)
            s[mode] = values[values > 0].min(initial=math.inf)
    return s
