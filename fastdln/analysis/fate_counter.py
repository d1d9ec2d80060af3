"""Counts of fates in blocks of a sweep's points, and of what keeps the drifting ones by the theory.

A run counts its chunks with it as they are computed, so that nothing here imports xarray.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdln.analysis.asked import Asked
from fastdln.models import SHARPNESS_SEARCH, Failure
from fastdln.observables.fate import DRIFTING, NAMES, NOT_COMPUTED
from fastdln.theory.arguments import FloatArray
from fastdln.theory.plateau import closed_forms, enough_steps, plateau_steps_of_layers, settling_steps
from fastdln.theory.stability import critical_learning_rate, stability_limit

# A shorter record takes chaos for drifting at times (docs/numerics.md).
CLEAR_RECORD = 128

# In units of 1/S: closer to the edge at 2 the finite initialization scale decides on which side a point is.
BELOW_THE_EDGE, EDGE = 1.98, 2.0

# Gives the layers at state 0 of a depth, in units of alpha, shaped (depth, mode).
Layers = Callable[[int], FloatArray]

# Axes along which points have another theory: they are counted one value after the other.
APART = ("depth", "start", "model")


@dataclass
class Tally:
    """What has been counted of some points.

    counts: of each code. waiting: points that had not left 0 when the record began; fewest, most: how many of their modes
    had not; enough: steps that would do there, and whether that is unknown of some. slow, enough_to_settle: likewise of points that have left,
    and approach their minimum slowly. unclear: points beyond 2/S that drift over a short record, and neither wait nor are slow.
    unconverged: at which something did not converge.
    """

    counts: list[int] = field(default_factory=lambda: [0] * len(NAMES))
    waiting: int = 0
    fewest: int = 0
    most: int = 0
    enough: float = 0.0
    unknown: bool = False
    slow: int = 0
    enough_to_settle: float = 0.0
    unclear: int = 0
    unconverged: int = 0

    def add(self, other: Tally) -> None:
        """Takes in what was counted of other points."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        if other.waiting:
            self.fewest = min(self.fewest, other.fewest) if self.waiting else other.fewest
        for name in ("waiting", "slow", "unclear", "unconverged"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("most", "enough", "unknown", "enough_to_settle"):
            setattr(self, name, max(getattr(self, name), getattr(other, name)))


@dataclass
class Kept:
    """What keeps each point of a block, over its modes with s > 0.

    waiting: how many modes had not left 0 when the record began; unknown: whether nobody knows for how long; to_leave: steps that
    would do. slow, to_settle: likewise of those that approach their minimum slowly. near_or_beyond, beyond: whether a mode lies
    there of the edge. otherwise: explained without: a mode may wait unseen, or is on its way to its minimum.
    """

    waiting: NDArray[np.int32]
    unknown: NDArray[np.bool_]
    to_leave: FloatArray
    slow: NDArray[np.bool_]
    to_settle: FloatArray
    near_or_beyond: NDArray[np.bool_]
    beyond: NDArray[np.bool_]
    otherwise: NDArray[np.bool_]

    @classmethod
    def nothing(cls, shape: tuple[int, ...]) -> Kept:
        """Of points of which no mode has been added."""
        unknown, slow, near_or_beyond, beyond, otherwise = (np.zeros(shape, dtype=np.bool_) for _ in range(5))
        waiting, to_leave, to_settle = np.zeros(shape, dtype=np.int32), np.zeros(shape), np.zeros(shape)
        return cls(waiting, unknown, to_leave, slow, to_settle, near_or_beyond, beyond, otherwise)


class FateCounter:
    """Counts blocks of a sweep's points.

    layers: of each start, by its name; None for one without a closed form. coordinates: the values of every axis. own: names of
    the models that are somebody's own, of which the theory knows nothing. modes: numbers of those that `escape_step` has, all if
    left out. asked: what the sweep asks for. failure: what may not converge.
    """

    def __init__(
        self,
        *,
        steps: int,
        record: int,
        longest_period: int,
        singular_values: FloatArray,
        layers: Mapping[str, Layers | None],
        coordinates: Mapping[str, NDArray[Any]],
        own: Collection[str] = (),
        modes: NDArray[Any] | None = None,
        asked: Asked | None = None,
        failure: Failure = SHARPNESS_SEARCH,
    ) -> None:
        self.steps, self.record, self.longest_period = steps, record, longest_period
        self.singular_values, self.coordinates = singular_values, coordinates
        self.own, self.layers, self.asked = own, layers, asked or Asked()
        self.failure = failure
        self.modes = np.arange(len(singular_values)) if modes is None else modes

    def count(
        self, fate: NDArray[Any], coordinates: Mapping[str, NDArray[Any]], escape_step: NDArray[Any] | None = None
    ) -> Tally:
        """Counts a block, whose dimensions are those of the coordinates, in their order; escape_step also has modes."""
        found = np.bincount(fate.ravel(), minlength=len(NAMES)).tolist()
        tally = Tally(found[: len(NAMES)])
        tally.counts[NOT_COMPUTED] += sum(found[len(NAMES) :])  # codes that nobody has written
        if not tally.counts[DRIFTING]:
            return tally
        for at, here in apart(coordinates):
            if (drifting := fate[at] == DRIFTING).any():
                self._explain(tally, drifting, here, None if escape_step is None else escape_step[at])
        return tally

    def _is_own(self, coordinates: Mapping[str, NDArray[Any]]) -> bool:
        """Whether the points of one model are of somebody's own."""
        return str(coordinates["model"][0]) in self.own if "model" in coordinates else bool(self.own)

    def _layers(self, coordinates: Mapping[str, NDArray[Any]]) -> FloatArray | None:
        """Layers at state 0 of points of one depth, start and model; None without a closed form."""
        start = str(coordinates["start"][0]) if "start" in coordinates else next(iter(self.layers))
        layers = None if self._is_own(coordinates) else self.layers[start]
        return layers(int(coordinates["depth"][0])) if layers else None

    def _explain(
        self, tally: Tally, drifting: NDArray[np.bool_], coordinates: Mapping[str, NDArray[Any]], escape: Any
    ) -> None:
        """Counts the drifting points of one depth, start and model by what keeps them."""
        kept = Kept.nothing(drifting.shape)
        layers = self._layers(coordinates)
        for index, mode in enumerate(self.modes):
            s = self._singular_value(coordinates, int(mode))
            if (s > 0).any():
                left = None if escape is None else escape[..., [index]]
                self._add_mode(kept, coordinates, s, None if layers is None else layers[:, [mode]], left)
        if number := np.count_nonzero(drifting & (kept.waiting > 0)):
            waiting = kept.waiting[drifting & (kept.waiting > 0)]
            fewest = int(waiting.min())
            tally.fewest = min(tally.fewest, fewest) if tally.waiting else fewest
            tally.most, tally.waiting = max(tally.most, int(waiting.max())), tally.waiting + int(number)
            tally.enough = max(tally.enough, float(kept.to_leave[drifting].max()))
            tally.unknown |= bool(kept.unknown[drifting].any())
        left = drifting & (kept.waiting == 0)
        if (slow := left & kept.slow & ~kept.near_or_beyond).any():
            tally.slow += int(np.count_nonzero(slow))
            tally.enough_to_settle = max(tally.enough_to_settle, float(kept.to_settle[slow].max()))
        if self.record < CLEAR_RECORD and not self._is_own(coordinates):
            tally.unclear += int(np.count_nonzero(left & kept.beyond & ~kept.otherwise))

    def _add_mode(
        self,
        kept: Kept,
        coordinates: Mapping[str, NDArray[Any]],
        s: FloatArray,
        layers: FloatArray | None,
        escape: NDArray[Any] | None,
    ) -> None:
        """Adds what keeps one mode, whose arrays have a further dimension of length 1, last."""
        depth, steps = int(coordinates["depth"][0]), self.steps
        eta, alpha = (along(coordinates, name)[..., None] for name in ("eta", "alpha"))
        learned = s > 0
        plateau = np.zeros(1) if layers is None else plateau_steps_of_layers(layers, alpha, eta, s)
        settling = settling_steps(eta, s, depth)
        with np.errstate(all="ignore"):
            edge = eta * stability_limit(s, depth)
        left_at = plateau if escape is None else np.where(escape < 0, np.inf, escape)
        told = escape is not None or (layers is not None and np.any(closed_forms(layers)))
        on_its_way = (edge < EDGE) & (left_at + settling > steps)
        kept.otherwise |= (learned & (on_its_way | (not told)))[..., 0]
        if (waits := (left_at > steps) & learned).any():
            known = plateau > 0
            needed = np.where(known, enough_steps(np.maximum(plateau, steps), eta, s, depth), 0.0)
            kept.waiting += waits[..., 0]
            kept.unknown |= (waits & ~known)[..., 0]
            np.maximum(kept.to_leave, np.where(waits, needed, 0.0)[..., 0], out=kept.to_leave)
        if layers is not None:
            slow = (edge < BELOW_THE_EDGE) & (plateau > 0) & (plateau + settling > steps) & learned
            if slow.any():
                needed = np.where(slow, enough_steps(plateau, eta, s, depth), 0.0)
                kept.slow |= slow[..., 0]
                np.maximum(kept.to_settle, needed[..., 0], out=kept.to_settle)
        kept.near_or_beyond |= ((edge >= BELOW_THE_EDGE) & learned)[..., 0]
        kept.beyond |= ((edge >= EDGE) & learned)[..., 0]

    def _singular_value(self, coordinates: Mapping[str, NDArray[Any]], mode: int) -> FloatArray:
        """Of a mode, along the axis that sweeps it; a further dimension of length 1 is last."""
        if (name := f"s{mode + 1}") in coordinates:
            return along(coordinates, name)[..., None]
        return np.nan_to_num(self.singular_values[[mode]])

    def edge(self) -> float:
        """The smallest 2/S_1 of the grid; infinite where nothing is to be learned, or nobody knows."""
        if self.own:
            return np.inf
        s = np.nan_to_num(self.singular_values)
        for mode in range(len(s)):
            if (name := f"s{mode + 1}") in self.coordinates:
                s[mode] = self.coordinates[name].max()
        with np.errstate(over="ignore"):  # the edge of a huge singular value is 0
            edges = critical_learning_rate(s[s > 0][:, None], self.coordinates["depth"])
        return float(edges.min(initial=np.inf))


def apart(
    coordinates: Mapping[str, NDArray[Any]],
) -> Iterator[tuple[tuple[slice, ...], dict[str, NDArray[Any]]]]:
    """Slices of a block at each depth, start and model, with its coordinates there."""
    names = [name for name in APART if name in coordinates]
    for index in itertools.product(*(range(len(coordinates[name])) for name in names)):
        chosen = {name: slice(k, k + 1) for name, k in zip(names, index, strict=True)}
        at = tuple(chosen.get(name, slice(None)) for name in coordinates)
        yield at, {name: values[part] for (name, values), part in zip(coordinates.items(), at, strict=True)}


def along(coordinates: Mapping[str, NDArray[Any]], name: str) -> FloatArray:
    """Values of an axis, shaped to lie along its dimension."""
    shape = [1] * len(coordinates)
    shape[list(coordinates).index(name)] = -1
    return coordinates[name].astype(float).reshape(shape)
