"""What a store has of a view: the nearest of its points at each pixel."""

from __future__ import annotations

import numpy as np
import xarray as xr

from fastdln.analysis.inherited import COMPUTED, as_known, is_level
from fastdln.explorer.scene import PHASE, Scene, Subject
from fastdln.observables.fate import PERIODIC
from fastdln.sweep.axes import coordinates

# Points of a store that are read for one picture; a chunk is read whole.
MOST_READ = 2**24
ROUNDING = 1e-9


class Stored:
    """A dataset of a store, which views of the same sweep read as far as it goes."""

    def __init__(self, dataset: xr.Dataset) -> None:
        self.dataset = dataset

    def read(self, subject: Subject, view: Scene) -> tuple[xr.Dataset, bool] | None:
        """The store's points over a view, and whether they are as fine as its pixels; None where there are none."""
        names = ["fate", "period"] if view.variable == PHASE else ["fate", view.variable]
        names = [name for name in names if name in self.dataset]
        marked = [*names, COMPUTED] if is_level(self.dataset) else names
        if self._differs(subject, view) or (view.variable not in (PHASE, *names)):
            return None
        block, enough = self.dataset[marked], True
        for name in block.dims:
            if name not in (subject.x, subject.y, "mode"):
                values = self.dataset[name].values
                wanted = self._wanted(subject, view, str(name), values)
                if wanted not in values:
                    return None
                block = block.isel({name: [values.tolist().index(wanted)]})
        read = 1
        for name, low, high, count in (
            (subject.x, view.x0, view.x1, view.width),
            (subject.y, view.y0, view.y1, view.height),
        ):
            pixels = coordinates_of(subject, name, low, high, count)
            values = self.dataset[name].values
            nearest, fine, inside = match(pixels, values, subject.is_log(name))
            if not inside.any():
                return None
            enough &= fine and bool(inside.all())
            read *= int(np.ptp(nearest[inside])) + 1
            if read > MOST_READ:
                return None
            block = block.isel({name: nearest}).assign_coords({name: pixels})
            covered = xr.DataArray(inside, dims=name, coords={name: pixels})
            block["fate"] = block["fate"].where(covered, 0).astype(block["fate"].dtype)
        block = known(block.load().assign_attrs(self.dataset.attrs), names, view.variable == PHASE)[names]
        return block, enough and bool((block["fate"] != 0).all())

    def _differs(self, subject: Subject, view: Scene) -> bool:
        """Whether a view is of another sweep than the store's."""
        sweep = subject.sweep
        return any(
            asked is not None and asked != kept
            for asked, kept in (
                (view.steps, sweep.steps),
                (view.record, sweep.record),
                (view.start, sweep.start),
                (view.singular_values, tuple(sweep.target.singular_values)),
            )
        )

    def _wanted(self, subject: Subject, view: Scene, name: str, values: np.ndarray) -> object:
        if name == "depth":
            return view.depth if view.depth is not None else values[0]
        return subject.chosen(name, view) if name in subject.others else values[0]


def known(block: xr.Dataset, names: list[str], phase: bool) -> xr.Dataset:
    """The block in which inherited points count as not computed where their fate does not say all that is shown."""
    found = as_known(block, names)
    # a phase diagram asks for the period of what is periodic only
    return block.assign(fate=block["fate"].where(block["fate"] != PERIODIC, found["fate"])) if phase else found


def coordinates_of(subject: Subject, name: str, low: float, high: float, count: int) -> np.ndarray:
    """The middles of so many cells."""
    return coordinates(subject.cells(name, low, high, count))


def match(pixels: np.ndarray, values: np.ndarray, log: bool) -> tuple[np.ndarray, bool, np.ndarray]:
    """For each pixel the index of the nearest value, whether values are as close as pixels, and which pixels they reach."""
    order = np.argsort(values)
    sought, known = (np.log(pixels), np.log(values[order])) if log else (pixels, values[order])
    if len(known) == 1:
        return np.full(len(pixels), order[0]), False, np.zeros(len(pixels), bool)
    after = np.clip(np.searchsorted(known, sought), 1, len(known) - 1)
    nearest = after - (sought - known[after - 1] < known[after] - sought)
    reach = np.diff(known)
    inside = (sought >= known[0] - reach[0] / 2) & (sought <= known[-1] + reach[-1] / 2)
    here = reach[np.clip(after[inside] - 1, 0, None)] if inside.any() else reach
    # as many values as pixels, from one end to the other, lie a little further apart than the middles of pixels
    enough = abs(sought[-1] - sought[0]) / (len(sought) - 1) * len(sought) / (len(sought) - 1)
    return order[nearest], bool(here.max() <= enough * (1.0 + ROUNDING)), inside
