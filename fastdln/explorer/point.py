"""A single network of a view, step by step: what is drawn beside the diagram."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from fastdln.analysis.codes import fate_names
from fastdln.errors import SweepError
from fastdln.explorer.computing import MOST_SECONDS, Cancelled, computed, cost
from fastdln.explorer.scene import Scene, Subject
from fastdln.observables import observables_of
from fastdln.plots.axes import two
from fastdln.plots.sharpness import at_edge

# Points of a curve; more are finer than a screen.
MOST_SAMPLES = 1500
# States of the orbit that are drawn.
ORBIT = 128


class Curve(NamedTuple):
    """A curve of one panel: over steps, or over the last states."""

    label: str
    steps: np.ndarray
    values: np.ndarray


class Panel(NamedTuple):
    """A small picture: its title, its curves, a level that they are compared with, and whether its scale is logarithmic."""

    title: str
    curves: list[Curve]
    level: float | None = None
    level_label: str = ""
    log: bool = False


def panels(
    subject: Subject, view: Scene, x: float, y: float, cancelled: Cancelled = lambda: False
) -> tuple[str, list[Panel]]:
    """What a network at (x, y) does, in words and in panels; SweepError where there is none."""
    total = (view.steps if view.steps is not None else subject.sweep.steps) + (view.record or subject.sweep.record)
    known = observables_of(subject.sweep.definition)
    families = [name for name in ("orbit", "period", "sharpness") if name in known]
    every = max(1, total // MOST_SAMPLES)
    while True:
        try:
            keys = {"observables": families, "trajectory": every, "orbit_samples": ORBIT}
            sweep = subject.sweep_at(view, x, y, **keys)
            break
        except SweepError:
            if not families:
                raise
            families.pop()
    if (seconds := cost(sweep)) > MOST_SECONDS:
        raise SweepError(f"steps: the network at a point would take about {seconds:,.0f} s; ask for fewer steps")
    dataset = computed(sweep, cancelled)
    if dataset is None:
        return "", []
    point = dataset.squeeze([name for name in sweep.axes if name in dataset.dims])
    eta = float(point["eta"]) if "eta" in point.coords else np.nan
    edge = two(point).replace("$\\mu$", "mu")
    found = []
    for name, title in TITLES.items():
        if name not in point:
            continue
        array = point[name]
        steps = array["step"].values
        rest = [dim for dim in array.dims if dim != "step"]
        rows = array.transpose(*rest, "step").values.reshape(-1, len(steps))
        labels = [
            "".join(f"{dim} {k + 1} " for dim, k in zip(rest, index, strict=True)).strip()
            for index in np.ndindex(*(array.sizes[dim] for dim in rest))
        ]
        curves = [Curve(label, steps, row) for label, row in zip(labels, rows, strict=True)]
        level = at_edge(point, eta) if name == "trajectory_sharpness" and eta > 0 else None
        found.append(
            Panel(title, curves[:MOST_CURVES], level, f"{edge}/eta" if level else "", log=name == "trajectory_loss")
        )
    if "orbit" in point:
        states = point["orbit"].transpose("mode", "sample").values
        last = np.arange(states.shape[1]) - states.shape[1] + 1
        found.append(
            Panel(
                "orbit: the product at the last states",
                [Curve(f"mode {k + 1}", last, row) for k, row in enumerate(states[:MOST_CURVES])],
            )
        )
    return described(point, subject, view, x, y), found


# Curves of a panel; what is beyond them is left out.
MOST_CURVES = 12

TITLES = {
    "trajectory_loss": "loss",
    "trajectory_sharpness": "sharpness",
    "trajectory_product": "end-to-end singular values",
    "trajectory_singular_value": "layers",
}


def described(point: xr.Dataset, subject: Subject, view: Scene, x: float, y: float) -> str:
    """The fate and the periods of a network, in a line."""
    fate = str(fate_names(point).values)
    said = f"{subject.x} = {x:.10g}, {subject.y} = {y:.10g}"
    if view.depth is not None:
        said += f", L = {view.depth}"
    periods = np.atleast_1d(point["period"].values).tolist() if "period" in point else []
    if not any(period > 0 for period in periods) or fate == "diverged":
        return f"{said}: {fate}"
    several = "; periods of the modes " if len(periods) > 1 else "; period "
    return f"{said}: {fate}{several}{', '.join(str(period) if period > 0 else 'none' for period in periods)}"
