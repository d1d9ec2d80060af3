"""What is drawn of a picture's dataset: classes or numbers of its cells, their colours, and the theory's lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr

from fastdln.analysis.expected import is_of_layers
from fastdln.explorer.scene import PHASE, Scene, Subject
from fastdln.observables.fate import NOT_COMPUTED, PERIODIC
from fastdln.plots.axes import critical_eta, two
from fastdln.plots.colours import CLASS_COLOURS
from fastdln.plots.heatmap import MIDDLES
from fastdln.plots.map import categories_of
from fastdln.plots.phase import CLASS_OF_FATE, CLASSES, PLACEHOLDER, classes
from fastdln.plots.selection import mode_indices
from fastdln.plots.sharpness import with_own_edge

# Values beyond these percentiles do not stretch the colours.
CLIPPED = 1.0
# Numbers that differ by less, in parts of the largest or of 1, differ by rounding errors: their colours are alike.
ROUNDING = 1e-9
# A cell of no class, which is not computed.
NO_CLASS = 255
# Of a quantity that is above 0 throughout and spans so many powers of ten the logarithm is drawn.
DECADES_OF_A_LOG = 3.0
COLOURS = list(CLASS_COLOURS.values())

Scale = Literal["classes", "numbers", "logarithms", "about"]


class PaintedCells(NamedTuple):
    """Cells of a picture, (row, column), rows from the lowest.

    values: of classes the number of their colour in COLOURS, as uint8; else float32. scale: what gives them their colours. limits: of
    numbers. names: of classes, by the number of their colour.
    """

    values: np.ndarray
    scale: Scale
    limits: tuple[float, float]
    label: str
    names: Mapping[int, str]


class Line(NamedTuple):
    """A line of the theory over the view."""

    label: str
    x: np.ndarray
    y: np.ndarray


def cells(dataset: xr.Dataset, subject: Subject, view: Scene) -> PaintedCells:
    """What is drawn of a dataset of a view."""
    if view.variable == "sharpness_ratio":
        dataset = with_own_edge(dataset)
    needed = ("fate", "period") if view.variable == PHASE else ("fate", view.variable)
    plane = dataset[[name for name in needed if name in dataset]]
    plane = plane.squeeze([name for name in plane.dims if name not in (subject.x, subject.y, "mode")])
    plane = plane.transpose(subject.y, subject.x, ...)
    if view.variable == PHASE:
        return of_classes(phase_classes(plane), dict(enumerate(CLASSES)), "fate and period")
    array = plane[view.variable]
    if "mode" in array.dims:
        array = array.isel(mode=view.mode - 1)
    name, units = array.attrs.get("long_name", view.variable), array.attrs.get("units", "1")
    label = name if units == "1" else f"{name} ({units})"
    computed = plane["fate"].values != NOT_COMPUTED
    if (known := categories_of(array)) is not None:
        code, colours = known
        # what is not computed has no colour of a class
        number_of = np.array([COLOURS.index(colour) if colour in COLOURS else -1 for colour in colours.values()])
        found = np.where(computed, code(array.values), -1)
        names = dict(zip(number_of.tolist(), colours, strict=True))
        return of_classes(np.where(found < 0, -1, number_of[found]), names, label)
    values = array.values.astype(np.float64)
    values[~computed] = np.nan
    if array.dtype.kind == "i":  # never
        values[values < 0] = np.nan
    scale, limits = scale_of(values[np.isfinite(values)], MIDDLES.get(view.variable))
    return PaintedCells(values.astype(np.float32), scale, limits, label, {})


def of_classes(found: np.ndarray, names: Mapping[int, str], label: str) -> PaintedCells:
    """Cells of classes, -1 where there is none."""
    return PaintedCells(np.where(found < 0, NO_CLASS, found).astype(np.uint8), "classes", (0.0, 1.0), label, names)


def scale_of(finite: np.ndarray, middle: float | None) -> tuple[Scale, tuple[float, float]]:
    """What gives numbers their colours, and from where to where: evenly about a middle, by their logarithms, or evenly."""
    low, high = np.percentile(finite, [CLIPPED, 100 - CLIPPED]).tolist() if finite.size else (0.0, 1.0)
    if middle is not None:
        reach = max(abs(low - middle), abs(high - middle), ROUNDING)
        return "about", (middle - reach, middle + reach)
    if finite.size and finite.min() > 0 and np.log10(high / low) > DECADES_OF_A_LOG:
        return "logarithms", (low, high)
    if high - low <= ROUNDING * max(1.0, abs(low), abs(high)):
        middle = 0.5 * (low + high)
        return "numbers", (middle - 0.5 * (abs(middle) or 1.0), middle + 0.5 * (abs(middle) or 1.0))
    return "numbers", (low, high)


def phase_classes(plane: xr.Dataset) -> np.ndarray:
    """The class of each cell as in the picture `phase`; of a model without periods by its fate alone."""
    if "period" in plane:
        return classes(plane)
    fates = plane["fate"].values
    found = np.full(fates.shape, -1)
    for fate, name in {**CLASS_OF_FATE, PERIODIC: PLACEHOLDER}.items():
        found[fates == fate] = CLASSES.index(name)
    return found


def legend(painted: PaintedCells) -> list[tuple[str, str, float]]:
    """Name, colour and share of each class that cells have, in the order of COLOURS."""
    counts = np.bincount(painted.values.ravel(), minlength=len(COLOURS))[: len(COLOURS)]
    total = max(1, int(counts.sum()))
    return [(painted.names[k], colour, counts[k] / total) for k, colour in enumerate(COLOURS) if counts[k]]


def lines(dataset: xr.Dataset, subject: Subject, view: Scene) -> list[Line]:
    """The learning rates at which the minima of modes turn unstable, where they cross the view."""
    if subject.x != "eta" or not is_of_layers(dataset):
        return []
    found, edge_of = [], two(dataset).replace("$\\mu$", "mu")
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
            found.append(Line(f"{edge_of}/S{mode + 1}", x, y))
    return found
