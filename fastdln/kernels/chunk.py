"""One chunk: from its points' eta and alpha, through the compiled stages, to every variable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fastdln.kernels.cache import kernel
from fastdln.kernels.history import history
from fastdln.kernels.record import record
from fastdln.kernels.transient import ROUND, transient
from fastdln.models import Map
from fastdln.observables import Observable, Step
from fastdln.observables.fate import OPEN, with_history
from fastdln.observables.observable import ModeObservable, PointObservable, VerdictObservable, WindowObservable
from fastdln.theory import divergence_bound


@dataclass(frozen=True)
class Lengths:
    """How long a run is, and how much of its end is kept: all in steps or states."""

    steps: int
    record: int
    period_max: int
    samples: int

    @property
    def window(self) -> int:
        """States that period and fate look at: bounded, so that memory does not grow with the record."""
        return max(1, min(self.record, 4 * self.period_max))

    @property
    def tail(self) -> int:
        return max(self.window, self.samples)


class Plan:
    """Which observable is computed where, the width of its accumulator, and where its variables go."""

    def __init__(self, observables: Sequence[Observable], components: int) -> None:
        modes = [o for o in observables if isinstance(o, ModeObservable)]
        self.whole_run = tuple(o for o in modes if o.whole_run)
        self.recorded = tuple(o for o in modes if not o.whole_run)
        self.network = tuple(o for o in observables if isinstance(o, PointObservable))
        self.windows = tuple(o for o in observables if isinstance(o, WindowObservable))
        self.verdicts = tuple(o for o in observables if isinstance(o, VerdictObservable))
        start = Step(0.0, (1.0,) * components, (1.0,) * components, 1.0, 1.0, 1.0, 1.0)
        self.run_widths = tuple(len(o.start(start)) for o in self.whole_run)
        self.recorded_widths = tuple(len(o.start(start)) for o in self.recorded)
        self.network_widths = tuple(len(o.start()) for o in self.network)

    @cached_property
    def written(self) -> tuple[Observable, ...]:
        """The observables whose variables the compiled kernel writes itself, in the order of its outputs."""
        return (*self.whole_run, *self.recorded, *self.network, *self.windows)

    @property
    def first_network_output(self) -> int:
        return sum(len(o.variables) for o in (*self.whole_run, *self.recorded))

    @property
    def orbit_output(self) -> int | None:
        return self.first_network_output + sum(len(o.variables) for o in self.network) if self.windows else None


class ChunkKernel:
    """The compiled stages of one map, depth and set of observables; call it with the points of a chunk."""

    def __init__(self, map_: Map, depth: int, observables: Sequence[Observable]) -> None:
        self.map, self.depth = map_, depth
        self.layers = list(map_.layers(depth))
        self.plan = plan = Plan(observables, len(self.layers))
        run, written = (tuple(o.name for o in some) for some in (plan.whole_run, plan.written))
        self.transient = kernel(transient(map_, depth, plan), "transient", map_.name, depth, run)
        self.record = kernel(record(map_, depth, plan), "record", map_.name, depth, written)
        self.history = kernel(history(map_, depth), "history", map_.name, depth)

    def __call__(
        self,
        eta: np.ndarray,
        alpha: np.ndarray,
        singular_values: np.ndarray,
        start: np.ndarray,
        lengths: Lengths,
    ) -> dict[str, np.ndarray]:
        """Variables by name, shaped (point, ...), from eta and alpha (point) and singular values (mode, point).

        `start` holds the layers' singular values in units of alpha, shaped (layer, mode).
        """
        modes, points = singular_values.shape
        sizes = {"mode": modes, "sample": lengths.samples}
        results = {
            v.name: np.empty((points, *(sizes[d] for d in v.dims)), v.dtype)
            for observable in self.plan.written
            for v in observable.variables
        }
        fates, periods = np.empty((points, modes), np.uint8), np.empty((points, modes), np.int16)
        starts = self.columns(eta, alpha, singular_values, start)
        columns = np.concatenate([starts, np.empty((sum(self.plan.run_widths), starts.shape[1]))])
        rounds, remainder = divmod(lengths.steps, ROUND)
        with np.errstate(over="ignore", invalid="ignore"):  # diverging points, where the JIT is off
            self.transient(columns, rounds)
            self.record(
                columns,
                modes,
                remainder,
                lengths.steps,
                lengths.record,
                lengths.window,
                lengths.period_max,
                lengths.tail,
                fates,
                periods,
                tuple(results.values()),
            )
            self.look_back(starts, lengths, fates)
        for observable in self.plan.verdicts:
            values = observable.finish(fates, periods, singular_values.T)
            for v, value in zip(observable.variables, values, strict=True):
                results[v.name] = value.astype(v.dtype, copy=False)
        return results

    def columns(self, eta: np.ndarray, alpha: np.ndarray, s: np.ndarray, start: np.ndarray) -> np.ndarray:
        """State 0, eta, s and the divergence bound (rows, see Layout) of every mode and point (columns)."""
        states = start[self.layers][:, :, None] * alpha
        rows = [*states, np.broadcast_to(eta, s.shape), s, divergence_bound(eta, s, self.depth)]
        return np.stack([row.ravel() for row in rows])

    def look_back(self, starts: np.ndarray, lengths: Lengths, fates: np.ndarray) -> None:
        """Settles in place the fates that only the orbit's history can tell."""
        mode, point = np.nonzero(np.isin(fates.T, OPEN))
        escaped = np.zeros(mode.size, np.bool_)
        open_starts = np.take(starts, mode * len(fates) + point, axis=1)
        self.history(open_starts, lengths.steps + lengths.record - lengths.window, escaped)
        fates[point, mode] = with_history(fates[point, mode], escaped)

    def compile(self) -> None:
        """Compiles the stages, or loads them from the cache, by running them on no points at all."""
        nothing, none = np.empty(0), np.empty((1, 0))
        self(nothing, nothing, none, np.zeros((self.depth, 1)), Lengths(0, 1, 0, 1))
