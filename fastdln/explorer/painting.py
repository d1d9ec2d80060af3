"""What is drawn of a picture's dataset: classes or numbers of its cells, their colours, and the theory's lines."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from fastdln.analysis.expected import is_of_layers
from fastdln.explorer.scene import PHASE, Scene, Subject
from fastdln.observables.fate import PERIODIC
from fastdln.plots.axes import critical_eta
from fastdln.plots.colours import CLASS_COLOURS
from fastdln.plots.phase import CLASS_OF_FATE, CLASSES, PLACEHOLDER, classes
from fastdln.plots.selection import mode_indices

# Values beyond these percentiles do not stretch the colours.
CLIPPED = 1.0
# A cell of no class, which is not computed.
NO_CLASS = 255
# Of a quantity that is above 0 throughout and spans so many powers of ten the logarithm is drawn.
DECADES_OF_A_LOG = 3.0
# Points of a line across the view.
LINE_POINTS = 64


class PaintedCells(NamedTuple):
    """PaintedCells of a picture, (row, column), rows from the lowest: classes as uint8, or numbers as float32 with their limits."""

    values: np.ndarray
    limits: tuple[float, float] | None
    log: bool
    label: str


class Line(NamedTuple):
    """A line of the theory over the view."""

    label: str
    x: np.ndarray
    y: np.ndarray


def cells(dataset: xr.Dataset, subject: Subject, view: Scene) -> PaintedCells:
    """What is drawn of a dataset of a view."""
    plane = dataset.squeeze([name for name in dataset.dims if name not in (subject.x, subject.y, "mode")])
    if view.variable == PHASE:
        found = phase_classes(plane.transpose(subject.y, subject.x, ...))
        return PaintedCells(np.where(found < 0, NO_CLASS, found).astype(np.uint8), None, False, "fate and period")
    array = plane[view.variable]
    if "mode" in array.dims:
        array = array.isel(mode=view.mode - 1)
    values = array.transpose(subject.y, subject.x).values.astype(np.float64)
    values[plane["fate"].transpose(subject.y, subject.x).values == 0] = np.nan
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, [CLIPPED, 100 - CLIPPED]) if finite.size else (0.0, 1.0)
    log = bool(finite.size and finite.min() > 0 and np.log10(high / low) > DECADES_OF_A_LOG)
    if not low < high:
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    name = array.attrs.get("long_name", view.variable)
    units = array.attrs.get("units", "1")
    return PaintedCells(values.astype(np.float32), (low, high), log, name if units == "1" else f"{name} ({units})")


def phase_classes(plane: xr.Dataset) -> np.ndarray:
    """The class of each cell as in the picture `phase`; of a model without periods by its fate alone."""
    if "period" in plane:
        return classes(plane)
    fates = plane["fate"].values
    found = np.full(fates.shape, -1)
    for fate, name in {**CLASS_OF_FATE, PERIODIC: PLACEHOLDER}.items():
        found[fates == fate] = CLASSES.index(name)
    return found


def legend(values: np.ndarray) -> list[tuple[str, str, float]]:
    """Name, colour and share of each class that cells have, as CLASS_COLOURS has them in order."""
    counts = np.bincount(values.ravel(), minlength=len(CLASSES))
    total = max(1, int(counts[: len(CLASSES)].sum()))
    return [(name, colour, counts[k] / total) for k, (name, colour) in enumerate(CLASS_COLOURS.items()) if counts[k]]


def lines(dataset: xr.Dataset, subject: Subject, view: Scene) -> list[Line]:
    """The learning rates at which the minima of modes turn unstable, where they cross the view."""
    if subject.x != "eta" or not is_of_layers(dataset):
        return []
    found = []
    for mode in mode_indices(dataset):
        edge = critical_eta(dataset, mode)
        edge = edge.squeeze([name for name in edge.dims if name != subject.y])
        y = dataset[subject.y].values
        if subject.y in edge.dims:
            x = edge.values
        else:
            y = np.array([view.y0, view.y1])
            x = np.full(2, float(edge))
        if np.any((x >= view.x0) & (x <= view.x1)):
            found.append(Line(f"2/S{mode + 1}", x, y))
    return found
