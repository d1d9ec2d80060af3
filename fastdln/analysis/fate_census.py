"""Census of a sweep: how many points came to each fate, and what the theory advises for those that came to nothing.

A run has one too, so that nothing here imports xarray before a dataset is counted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdln.analysis.asked import asked_of
from fastdln.analysis.fate_counter import CLEAR_RECORD, FateCounter, Layers, Tally
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
from fastdln.sweep.keys import DEFAULT_PERIOD, MOST_STEPS
from fastdln.theory.arguments import FloatArray

if TYPE_CHECKING:
    import xarray as xr

# The record that the longest period takes which is looked for unless a sweep asks for more.
USUAL_RECORD = 2 * DEFAULT_PERIOD

# Pieces of advice in the line at the end of a run.
MOST_SAID = 2

SETTLED = (CONVERGED, PERIODIC, APERIODIC, COLLAPSED)


@dataclass(frozen=True)
class Census:
    """Counts of the fates of a sweep's points, and advice; printed, it is one line, with the first two pieces of advice.

    Parameters
    ----------
    points : int
        Number of points of the grid, or of the share of it that a run computes.
    not_computed : int
        Number of those that are not computed.
    fates : dict of str to int
        Number of points of each fate that occurs, the most frequent first.
    advice : tuple of str
        What would do where points came to nothing, in words, most useful first; empty where there is nothing to advise.
    """

    points: int
    not_computed: int
    fates: dict[str, int] = field(hash=False)
    advice: tuple[str, ...] = ()

    def shares(self) -> str:
        """Write the share of each fate, and of what is not computed, without the advice.

        Returns
        -------
        str
            Such as "63 % drifting, 37 % diverged".
        """
        computed = sum(self.fates.values())
        shares = [f"{share(count, computed)} {name}" for name, count in self.fates.items()]
        left = (
            [f"{self.not_computed:,} of {self.points:,} points not computed"] if self.not_computed and computed else []
        )
        return "; ".join([", ".join(shares) or "nothing is computed yet", *left])

    def __str__(self) -> str:
        return "; ".join([f"fate: {self.shares()}", *self.advice[:MOST_SAID]])


def share(count: int, total: int) -> str:
    """A share in per cent: whole, or tenths where it is small or nearly all; 0 and 100 only where it is none or all."""
    percent = 100.0 * count / total
    if count in (0, total) or 10.0 <= percent < 99.0:
        return f"{percent:.0f} %"
    return "under 0.1 %" if percent < 0.1 else f"{min(percent, 99.9):.1f} %"


def conclude(counter: FateCounter, tally: Tally, points: int) -> Census:
    """The census of what was counted."""
    counts = dict(zip(NAMES, tally.counts, strict=True))
    computed = points - tally.counts[NOT_COMPUTED]
    del counts[NAMES[NOT_COMPUTED]]
    ordered = sorted((item for item in counts.items() if item[1]), key=lambda item: -item[1])
    return Census(points, points - computed, dict(ordered), tuple(advice(counter, tally)))


def advice(counter: FateCounter, tally: Tally) -> Iterator[str]:
    """Lines on what would do, most useful first: where all is lost, then by how many points it helps, then what hides."""
    diverged = tally.counts[DIVERGED]
    if diverged > tally.counts[DRIFTING] and not any(tally.counts[code] for code in SETTLED):
        edge = math.inf if counter.own else counter.edge()
        hint = f": minima are stable below eta = {edge:.3g} (2/S_1)" if counter.coordinates["eta"].max() > edge else ""
        yield f"none settled{hint}"
    yield from (line for _, line in sorted(of_points(counter, tally), key=lambda piece: -piece[0]))
    if tally.counts[PERIODIC]:
        yield from counter.asked.even_strides()


def of_points(counter: FateCounter, tally: Tally) -> Iterator[tuple[int, str]]:
    """Lines on what would do at some of the points, and at how many."""
    modes = len(counter.modes)
    if tally.waiting:
        many = f"{tally.most}" if tally.fewest == tally.most else f"up to {tally.most}"
        have = "has" if tally.most == 1 else "have"
        who = f"{many} of {modes} modes {have}" if modes > 1 else "the mode has"
        where = f"at {plural(tally.waiting, 'point')} by step {counter.steps:,}"
        yield tally.waiting, f"{who} not left 0 {where}{would_do(0.0 if tally.unknown else tally.enough)}"
    if tally.slow:
        verb = "approaches its minimum" if tally.slow == 1 else "approach their minimum"
        yield tally.slow, f"{plural(tally.slow, 'point')} {verb} too slowly{would_do(tally.enough_to_settle)}"
    if tally.unclear and counter.asked.of_record:
        verb = "drifts" if tally.unclear == 1 else "drift"
        yield (
            tally.unclear,
            f"{plural(tally.unclear, 'point')} beyond 2/S {verb} over a record of {counter.record:,}, which is short: "
            f"record = {CLEAR_RECORD} tells chaos from drifting",
        )
    aperiodic = tally.counts[APERIODIC]
    if aperiodic and counter.asked.of_record and counter.longest_period < DEFAULT_PERIOD // 4:
        verb = "has" if aperiodic == 1 else "have"
        yield (
            aperiodic,
            f"{plural(aperiodic, 'point')} {verb} no period up to {counter.longest_period}, the longest looked for: "
            f"record = {USUAL_RECORD}, period_max = {DEFAULT_PERIOD} would look further",
        )
    if tally.unconverged:
        yield tally.unconverged, f"{counter.failure.said} at {plural(tally.unconverged, 'point')}"


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
        Numbers of points by fate, and advice in words; printed, it is one line, with the two most useful pieces of advice.

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
    from fastdln.analysis.dataset import models_of, names_along, restore_dimensions, sweep_of, target_singular_values
    from fastdln.analysis.inherited import is_level

    ds = restore_dimensions(ds)
    dims = [str(dim) for dim in ds["fate"].dims]
    sweep, every = sweep_of(ds), target_singular_values(sweep_of(ds))
    numbers = ds["mode"].values
    # as the sweep says: sweep_of has another in place of one that is not known here
    models = models_of(ds) if "model" in ds.dims else [json.loads(ds.attrs["sweep"])["model"]]
    named = names_along(sweep, ds, "start") if "start" in sweep["axes"] else []
    starts = {name: name for name in named} or {"": sweep["start"]}
    counter = FateCounter(
        **lengths(sweep),
        singular_values=every,
        layers={name: layers_of(start, len(every)) for name, start in starts.items()},
        own=[name for name in models if "momentum" in dims or name not in MODELS or MODELS[name].own_theory],
        coordinates={dim: ds[dim].values for dim in dims},
        modes=numbers[numbers <= len(every)] - 1,
        asked=asked_of(MODELS[sweep["model"]], sweep["observables"], sweep),
        failure=MODELS[sweep["model"]].failure,
    )
    failures = counter.failure.variable
    # an inherited point has its fate, and no steps
    names = [name for name in ("escape_step", failures) if name in ds and not (name == "escape_step" and is_level(ds))]
    tally = Tally()
    for _, block in blocks(ds[["fate", *names]], dims):
        fate = block["fate"].transpose(*dims).values
        escape = block["escape_step"].transpose(*dims, "mode").values if "escape_step" in names else None
        tally.add(counter.count(fate, {dim: block[dim].values for dim in dims}, escape))
        if failures in names:
            failed = block[failures].transpose(*dims).values > 0
            tally.unconverged += int(np.count_nonzero(failed & (fate != NOT_COMPUTED)))
    return conclude(counter, tally, ds["fate"].size)


def lengths(sweep: Mapping[str, Any]) -> dict[str, int]:
    """Lengths of a run by a dataset's sweep: steps, record and the longest period."""
    steps, record = sweep["steps"], sweep.get("record")
    longest = sweep.get("period_max")
    if type(record) is not int or not (longest is None or type(longest) is int):
        raise DatasetError("the dataset's attribute `sweep` says no record; it is not as fastdln wrote it")
    return {"steps": steps, "record": record, "longest_period": longest or min(record // 2, DEFAULT_PERIOD)}


def layers_of(start: str | Mapping[str, Any], modes: int) -> Layers | None:
    """Layers at state 0 by depth; None where the start, as a sweep gives it, has no closed form."""
    name, values = (start, ()) if isinstance(start, str) else ("spectral", (start.get("spectral"),))
    made = STARTS[name].layers
    if made is None or (values and (values[0] is None or any(isinstance(row, str) for row in values[0]))):
        return None

    def at_depth(depth: int) -> FloatArray:
        try:
            return np.asarray(made(depth, modes, *values))
        except (TypeError, ValueError):
            raise DatasetError(
                "the dataset's attribute `sweep` says no valid start; it is not as fastdln wrote it"
            ) from None

    return at_depth
