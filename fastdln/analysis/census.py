"""Census of a sweep: how many points came to each fate, and what the theory advises for those that came to nothing.

A run counts its chunks with `FateCounter` as they are computed, so that nothing here imports xarray before a dataset is counted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastdln.errors import DatasetError
from fastdln.models import MODELS, STARTS
from fastdln.observables.fate import (
    APERIODIC,
    COLLAPSED,
    CONVERGED,
    DIVERGED,
    DRIFTING,
    NAMES,
    NOT_COMPUTED,
    PERIODIC,
)
from fastdln.theory.arguments import FloatArray
from fastdln.theory.plateau import enough_steps, plateau_steps_of_layers, settling_steps
from fastdln.theory.stability import critical_learning_rate, stability_limit

if TYPE_CHECKING:
    import xarray as xr

# The longest period that is looked for unless a sweep asks for more, and the record that it takes.
USUAL_PERIOD, USUAL_RECORD = 256, 512

# A shorter record takes chaos for drifting at times (docs/numerics.md).
CLEAR_RECORD = 128

# In units of 1/S: closer to the edge at 2 the finite initialization scale decides on which side a point is.
BELOW_THE_EDGE, EDGE = 1.98, 2.0

# A whole number of steps beyond this nobody can ask for.
MOST_STEPS = 2**53

SETTLED = (CONVERGED, PERIODIC, APERIODIC, COLLAPSED)


@dataclass(frozen=True)
class Census:
    """Counts of the fates of a sweep's points, and advice; printed, it is one line.

    Parameters
    ----------
    points : int
        Number of points of the grid, or of the share of it that a run computes.
    not_computed : int
        Number of those that are not computed.
    fates : dict of str to int
        Number of points of each fate that occurs, the most frequent first.
    advice : tuple of str
        What would do where points came to nothing, in words; empty where there is nothing to advise.
    """

    points: int
    not_computed: int
    fates: dict[str, int] = field(hash=False)
    advice: tuple[str, ...] = ()

    def __str__(self) -> str:
        computed = sum(self.fates.values())
        shares = [f"{share(count, computed)} {name}" for name, count in self.fates.items()]
        parts = [f"fate: {', '.join(shares) or 'nothing is computed yet'}"]
        if self.not_computed and computed:
            parts.append(f"{self.not_computed:,} of {self.points:,} points not computed")
        return "; ".join([*parts, *self.advice])


def share(count: int, total: int) -> str:
    """A share in per cent: whole, or tenths where it is small or nearly all; 0 and 100 only where it is none or all."""
    percent = 100.0 * count / total
    if count in (0, total) or 10.0 <= percent < 99.0:
        return f"{percent:.0f} %"
    return "under 0.1 %" if percent < 0.1 else f"{min(percent, 99.9):.1f} %"


@dataclass
class Tally:
    """What has been counted of some points.

    counts: of each code. waiting: points that had not left 0 when the record began; fewest, most: how many of their modes
    had not; enough: steps that would do there, 0 where nobody knows. slow, enough_to_settle: likewise of points that have left,
    and approach their minimum slowly. unclear: points beyond 2/S that drift over a short record. unconverged: of which the
    search for the sharpness did not converge.
    """

    counts: list[int] = field(default_factory=lambda: [0] * len(NAMES))
    waiting: int = 0
    fewest: int = 0
    most: int = 0
    enough: float = 0.0
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
        for name in ("most", "enough", "enough_to_settle"):
            setattr(self, name, max(getattr(self, name), getattr(other, name)))


class FateCounter:
    """Counts blocks of a sweep's points.

    layers: gives the layers at state 0 of a depth, in units of alpha, shaped (depth, mode); None without a closed form.
    coordinates: the values of every axis. modes: numbers of those that `escape_step` has, all if left out.
    """

    def __init__(
        self,
        *,
        steps: int,
        record: int,
        longest_period: int,
        singular_values: FloatArray,
        layers: Callable[[int], FloatArray] | None,
        coordinates: Mapping[str, NDArray[Any]],
        modes: NDArray[Any] | None = None,
    ) -> None:
        self.steps, self.record, self.longest_period = steps, record, longest_period
        self.singular_values, self.layers, self.coordinates = singular_values, layers, coordinates
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
        axis = list(coordinates).index("depth")
        for k, depth in enumerate(coordinates["depth"]):
            at = (slice(None),) * axis + (slice(k, k + 1),)
            if (drifting := fate[at] == DRIFTING).any():
                here = dict(coordinates) | {"depth": np.atleast_1d(depth)}
                self._explain(tally, drifting, here, None if escape_step is None else escape_step[at])
        return tally

    def _explain(
        self, tally: Tally, drifting: NDArray[np.bool_], coordinates: Mapping[str, NDArray[Any]], escape: Any
    ) -> None:
        """Counts the drifting points of one depth by what keeps them."""
        depth = int(coordinates["depth"][0])
        waiting = np.zeros(drifting.shape, dtype=np.int32)
        slow, near_or_beyond, beyond = (np.zeros(drifting.shape, dtype=bool) for _ in range(3))
        to_settle = np.zeros(drifting.shape) if self.layers else None
        layers = self.layers(depth) if self.layers else None
        eta, alpha = (along(coordinates, name)[..., None] for name in ("eta", "alpha"))
        for index, mode in enumerate(self.modes):
            s = self._singular_value(coordinates, int(mode))
            if not (learned := s > 0).any():
                continue
            plateau = np.zeros(1) if layers is None else plateau_steps_of_layers(layers[:, [mode]], alpha, eta, s)
            with np.errstate(all="ignore"):
                edge = eta * stability_limit(s, depth)
            if escape is None:
                waits = plateau > self.steps
            else:
                state = escape[..., [index]]
                waits = ((state < 0) | (state > self.steps)) & learned
            if waits.any():
                here = drifting & waits[..., 0]
                waiting += here
                tally.enough = max(
                    tally.enough, largest(here, plateau, enough_steps(plateau, eta, s, depth), self.steps)
                )
            if layers is not None and to_settle is not None:
                time = plateau + settling_steps(eta, s, depth)
                slowly = ((edge < BELOW_THE_EDGE) & (plateau > 0) & (time > self.steps))[..., 0]
                slow |= slowly
                if slowly.any():
                    needed = enough_steps(plateau, eta, s, depth)[..., 0]
                    np.maximum(to_settle, np.where(slowly, needed, 0.0), out=to_settle)
            near_or_beyond |= ((edge >= BELOW_THE_EDGE) & learned)[..., 0]
            beyond |= ((edge >= EDGE) & learned)[..., 0]
        if number := np.count_nonzero(waiting):
            fewest = int(waiting[waiting > 0].min())
            tally.fewest = min(tally.fewest, fewest) if tally.waiting else fewest
            tally.most, tally.waiting = max(tally.most, int(waiting.max())), tally.waiting + int(number)
        left = drifting & (waiting == 0)
        slow &= left & ~near_or_beyond
        if to_settle is not None and slow.any():
            tally.slow += int(np.count_nonzero(slow))
            tally.enough_to_settle = max(tally.enough_to_settle, float(to_settle[slow].max()))
        if self.record < CLEAR_RECORD:
            tally.unclear += int(np.count_nonzero(left & beyond))

    def _singular_value(self, coordinates: Mapping[str, NDArray[Any]], mode: int) -> FloatArray:
        """Of a mode, along the axis that sweeps it; a further dimension of length 1 is last."""
        if (name := f"s{mode + 1}") in coordinates:
            return along(coordinates, name)[..., None]
        return np.nan_to_num(self.singular_values[[mode]])

    def conclude(self, tally: Tally, points: int) -> Census:
        """The census of what was counted."""
        counts = dict(zip(NAMES, tally.counts, strict=True))
        computed = points - tally.counts[NOT_COMPUTED]
        del counts[NAMES[NOT_COMPUTED]]
        ordered = sorted((item for item in counts.items() if item[1]), key=lambda item: -item[1])
        return Census(points, points - computed, dict(ordered), tuple(self._advice(tally)))

    def _advice(self, tally: Tally) -> Iterator[str]:
        modes = len(self.modes)
        if tally.waiting:
            many = f"{tally.most}" if tally.fewest == tally.most else f"up to {tally.most}"
            have = "has" if tally.most == 1 else "have"
            who = f"{many} of {modes} modes {have}" if modes > 1 else "the mode has"
            where = f"at {plural(tally.waiting, 'point')} by step {self.steps:,}"
            yield f"{who} not left 0 {where}{would_do(tally.enough)}"
        if tally.slow:
            verb = "approaches its minimum" if tally.slow == 1 else "approach their minimum"
            yield f"{plural(tally.slow, 'point')} {verb} too slowly{would_do(tally.enough_to_settle)}"
        if tally.unclear:
            verb = "drifts" if tally.unclear == 1 else "drift"
            yield (
                f"{plural(tally.unclear, 'point')} beyond 2/S {verb} over a record of {self.record:,}, which is short: "
                f"record = {CLEAR_RECORD} tells chaos from drifting"
            )
        if (aperiodic := tally.counts[APERIODIC]) and self.longest_period < USUAL_PERIOD // 4:
            verb = "has" if aperiodic == 1 else "have"
            yield (
                f"{plural(aperiodic, 'point')} {verb} no period up to {self.longest_period}, the longest looked for: "
                f"record = {USUAL_RECORD}, period_max = {USUAL_PERIOD} would look further"
            )
        diverged = tally.counts[DIVERGED]
        if diverged > tally.counts[DRIFTING] and not any(tally.counts[code] for code in SETTLED):
            edge = self._edge()
            hint = f": minima are stable below eta = {edge:.3g} (2/S_1)" if self.coordinates["eta"].max() > edge else ""
            yield f"none settled{hint}"
        if tally.unconverged:
            yield f"the search for the sharpness did not converge at {plural(tally.unconverged, 'point')}"

    def _edge(self) -> float:
        """The smallest 2/S_1 of the grid; infinite where nothing is to be learned."""
        s = np.nan_to_num(self.singular_values)
        for mode in range(len(s)):
            if (name := f"s{mode + 1}") in self.coordinates:
                s[mode] = self.coordinates[name].max()
        edges = critical_learning_rate(s[s > 0][:, None], self.coordinates["depth"])
        return float(edges.min(initial=math.inf))


def along(coordinates: Mapping[str, NDArray[Any]], name: str) -> FloatArray:
    """Values of an axis, shaped to lie along its dimension."""
    shape = [1] * len(coordinates)
    shape[list(coordinates).index(name)] = -1
    return coordinates[name].astype(float).reshape(shape)


def largest(here: NDArray[np.bool_], plateau: FloatArray, enough: FloatArray, steps: int) -> float:
    """The most steps that any point there needs; 0 where the formula does not say that it waits."""
    needed = np.where(plateau > steps, enough, 0.0)[..., 0]
    return float(np.where(here, needed, 0.0).max())


def would_do(steps: float) -> str:
    """The steps that would do, rounded up to two digits."""
    if not steps > 0:
        return ""
    if steps >= MOST_STEPS:
        return ", and no number of steps would do at all of them"
    whole = math.ceil(steps)
    unit = 10 ** max(0, len(str(whole)) - 2)
    return f": steps = {-(-whole // unit) * unit:,} would do"


def plural(count: int, noun: str) -> str:
    """So many of something, in words."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def census(ds: xr.Dataset) -> Census:
    """Count the fates of a dataset's points, and advise where points came to nothing.

    Parameters
    ----------
    ds : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return it, or a selection from it. It is read in blocks, so that it may be
        larger than memory.

    Returns
    -------
    Census
        Numbers of points by fate, and advice in words; printed, it is one line.

    Raises
    ------
    DatasetError
        If the dataset does not come from fastdln, or a selection dropped what it needs.

    Notes
    -----
    A drifting point has not left 0 if `escape_step` says so, or, without it, if the plateau of `theory.plateau_steps` is
    longer than the transient. The steps that would do are 1.1 plateaus and the time in which a minimum settles to 1e-9.

    References
    ----------
    docs/theory.md, section A; docs/numerics.md.

    Examples
    --------
    >>> import fastdln
    >>> axes = {"eta": [0.5, 1.2], "alpha": 0.1, "depth": 2}
    >>> sweep = fastdln.Sweep(model="balanced", axes=axes, steps=1000, record=64)
    >>> print(census(fastdln.run(sweep)))
    fate: 50 % converged, 50 % periodic
    """
    from fastdln.analysis.blockwise import blocks
    from fastdln.analysis.dataset import restore_dimensions, sweep_of, target_singular_values

    ds = restore_dimensions(ds)
    dims = [str(dim) for dim in ds["fate"].dims]
    sweep, every = sweep_of(ds), target_singular_values(sweep_of(ds))
    numbers = ds["mode"].values
    counter = FateCounter(
        **lengths(sweep),
        singular_values=every,
        layers=layers_of(sweep, json.loads(ds.attrs["sweep"])["model"], len(every)),
        coordinates={dim: ds[dim].values for dim in dims},
        modes=numbers[numbers < len(every)],
    )
    names = [name for name in ("escape_step", "sharpness_unconverged") if name in ds]
    tally = Tally()
    for _, block in blocks(ds[["fate", *names]], dims):
        fate = block["fate"].transpose(*dims).values
        escape = block["escape_step"].transpose(*dims, "mode").values if "escape_step" in names else None
        tally.add(counter.count(fate, {dim: block[dim].values for dim in dims}, escape))
        if "sharpness_unconverged" in names:
            failed = block["sharpness_unconverged"].transpose(*dims).values > 0
            tally.unconverged += int(np.count_nonzero(failed & (fate != NOT_COMPUTED)))
    return counter.conclude(tally, ds["fate"].size)


def lengths(sweep: Mapping[str, Any]) -> dict[str, int]:
    """Lengths of a run by a dataset's sweep: steps, record and the longest period."""
    steps, record = sweep["steps"], sweep.get("record")
    longest = sweep.get("period_max")
    if type(record) is not int or not (longest is None or type(longest) is int):
        raise DatasetError("the dataset's attribute `sweep` says no record; it is not as fastdln wrote it")
    return {"steps": steps, "record": record, "longest_period": longest or min(record // 2, USUAL_PERIOD)}


def layers_of(sweep: Mapping[str, Any], model: str, modes: int) -> Callable[[int], FloatArray] | None:
    """Layers at state 0 by depth; None where the start has no closed form, or the map is somebody's own."""
    start = sweep["start"]
    name, values = (start, ()) if isinstance(start, str) else ("spectral", (start.get("spectral"),))
    made = STARTS[name].layers
    own = model not in MODELS or MODELS[model].source
    if made is None or own or (values and values[0] is None):
        return None

    def at_depth(depth: int) -> FloatArray:
        try:
            return np.asarray(made(depth, modes, *values))
        except (TypeError, ValueError):
            raise DatasetError(
                "the dataset's attribute `sweep` says no valid start; it is not as fastdln wrote it"
            ) from None

    return at_depth
