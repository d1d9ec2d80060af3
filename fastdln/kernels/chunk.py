"""One compiled function for a chunk: from the points' eta and alpha to every variable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numba.core import config

from fastdln.kernels import chains
from fastdln.kernels.cache import attach
from fastdln.kernels.compiled import compiled, inline
from fastdln.kernels.history import escape
from fastdln.kernels.record import LANES as RECORD_LANES
from fastdln.kernels.record import record
from fastdln.kernels.rows import load
from fastdln.kernels.transient import LANES, ROUND, Layout, bare_advance, look, observed_advance, settle
from fastdln.models import Map
from fastdln.observables import Observable, Step
from fastdln.observables.fate import IRREGULAR, NEAR_ZERO, with_history
from fastdln.observables.observable import ModeObservable, PointObservable, VerdictObservable, WindowObservable


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
    """The compiled kernel of one map, depth and set of observables; call it with the points of a chunk."""

    def __init__(self, map_: Map, depth: int, observables: Sequence[Observable]) -> None:
        self.map, self.depth = map_, depth
        self.layers = map_.layers(depth)
        self.plan = Plan(observables, len(self.layers))
        function = build(map_, depth, self.plan)
        self.function = compiled(function, nogil=True)
        if not config.DISABLE_JIT:
            attach(self.function, (map_.name, depth, tuple(o.name for o in self.plan.written)))

    def __call__(
        self,
        eta: np.ndarray,
        alpha: np.ndarray,
        singular_values: np.ndarray,
        bound: np.ndarray,
        start: np.ndarray,
        lengths: Lengths,
    ) -> dict[str, np.ndarray]:
        """Variables by name, shaped (point, ...), from eta (point), alpha (point), s and bound (mode, point).

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
        self.function(
            np.ascontiguousarray(eta, dtype=float),
            np.ascontiguousarray(alpha, dtype=float),
            np.ascontiguousarray(singular_values, dtype=float),
            np.ascontiguousarray(bound, dtype=float),
            np.ascontiguousarray(start[list(self.layers)], dtype=float),
            lengths.steps,
            lengths.record,
            lengths.window,
            lengths.period_max,
            lengths.tail,
            fates,
            periods,
            tuple(results.values()),
        )
        for observable in self.plan.verdicts:
            values = observable.finish(fates, periods, singular_values.T)
            results |= {
                v.name: value.astype(v.dtype, copy=False)
                for v, value in zip(observable.variables, values, strict=True)
            }
        return results

    def compile(self) -> None:
        """Compiles the kernel, or loads it from the cache, by running it on no points at all."""
        nothing, none = np.empty(0), np.empty((1, 0))
        self(nothing, nothing, none, none, np.zeros((self.depth, 1)), Lengths(0, 1, 0, 1))


def build(map_: Map, depth: int, plan: Plan) -> Callable[..., Any]:
    """The chunk's function in plain Python: columns of starts, the transient, the record, the open fates."""
    layers = map_.layers(depth)
    layout = Layout(len(layers), plan.run_widths + plan.recorded_widths)
    carried = Layout(len(layers), plan.run_widths)
    bare_rows = Layout(len(layers), ())
    begin = chains.start(plan.whole_run, plan.run_widths, layout.accumulators)
    step_seen = look(map_, depth, layout)
    bare = inline(bare_advance(map_, depth, layout, LANES))
    if plan.whole_run:
        update = chains.update(plan.whole_run, plan.run_widths, layout.accumulators)
        advance = observed_advance(map_, depth, layout, LANES, update)
        advance_few = observed_advance(map_, depth, layout, RECORD_LANES, update)
    else:
        advance, advance_few = bare, bare_advance(map_, depth, layout, RECORD_LANES)
    run_transient = compiled(settle(map_, depth, carried, advance, all(o.settles for o in plan.whole_run)))
    run_record = compiled(record(map_, depth, layout, plan, advance_few))
    follow = compiled(escape(map_, depth, bare_rows, bare))
    components, rows, start_rows = len(layers), carried.rows, bare_rows.rows
    eta_row, s_row, bound_row = layout.eta, layout.singular_value, layout.bound

    def fill(columns, column, eta, s, bound, alpha, coefficients, mode):
        for row in range(components):
            columns[row, column] = alpha * coefficients[row, mode]
        columns[eta_row, column], columns[s_row, column], columns[bound_row, column] = eta, s, bound

    place, load_state, finally_ = inline(fill), load(components), with_history

    def kernel(
        eta, alpha, singular_values, bound, coefficients,
        steps, length, window, longest, tail, fates, periods, outputs,
    ):  # fmt: skip
        modes, points = singular_values.shape
        columns = np.empty((rows, modes * points))
        for mode in range(modes):
            for p in range(points):
                column = mode * points + p
                place(columns, column, eta[p], singular_values[mode, p], bound[mode, p], alpha[p], coefficients, mode)
                state = load_state(columns, column)
                begin(columns, column, step_seen(columns, column, 0.0, state, state))
        run_transient(columns, steps // ROUND)
        run_record(columns, modes, steps % ROUND, steps, length, window, longest, tail, fates, periods, outputs)
        unknown = np.flatnonzero(fates.ravel() >= min(NEAR_ZERO, IRREGULAR))
        starts, escaped = np.empty((start_rows, unknown.size)), np.zeros(unknown.size, np.bool_)
        for k in range(unknown.size):
            p, mode = divmod(unknown[k], modes)
            place(starts, k, eta[p], singular_values[mode, p], bound[mode, p], alpha[p], coefficients, mode)
        follow(starts, steps + length - window, escaped)
        for k in range(unknown.size):
            p, mode = divmod(unknown[k], modes)
            fates[p, mode] = finally_(fates[p, mode], escaped[k])

    return kernel
