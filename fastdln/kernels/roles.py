"""What the stages of a kernel are told: how long a run is, and which observable is computed where."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

from fastdln.models import Map
from fastdln.observables import Observable, Sample, Step
from fastdln.observables.observable import (
    LEAD,
    EndObservable,
    ModeObservable,
    PairObservable,
    PointObservable,
    TrajectoryObservable,
    VerdictObservable,
    WindowObservable,
)


class Lengths(NamedTuple):
    """How long a run is: steps of the transient and the record, the longest period looked for, how many states `orbit`
    keeps, every how many states sharpness is sampled, and every how many a trajectory keeps one (0: none)."""

    steps: int
    record: int
    period_max: int
    samples: int
    sharpness_every: int = 1
    trajectory: int = 0


def window_of(lengths: Lengths) -> int:
    """States that period and fate look at: bounded, so that memory does not grow with the record."""
    return max(1, min(lengths.record, 4 * lengths.period_max))


def tail_of(lengths: Lengths) -> int:
    """States that are kept, for the window and for `orbit`."""
    return max(window_of(lengths), lengths.samples)


def samples_of(lengths: Lengths) -> int:
    """Recorded states that sharpness looks at, and recorded steps that mixing follows."""
    return -(-lengths.record // lengths.sharpness_every)


class Roles:
    """The observables by the stage that computes them, the widths of their accumulators, and where variables go."""

    def __init__(self, observables: Sequence[Observable], map_: Map, depth: int) -> None:
        def of(kind: type) -> list[Any]:
            return [o for o in observables if isinstance(o, kind)]

        modes = [o.on(map_, depth) for o in of(ModeObservable)]
        self.whole_run = tuple(o for o in modes if o.whole_run)
        self.leading = tuple(o for o in modes if o.leads)
        self.recorded = tuple(o for o in modes if not o.whole_run and not o.leads)
        self.network = tuple(o for o in of(PointObservable) if not o.whole_run)
        self.surveyed = tuple(o for o in of(PointObservable) if o.whole_run)
        self.pairs: tuple[PairObservable, ...] = tuple(of(PairObservable))
        self.windows: tuple[WindowObservable, ...] = tuple(of(WindowObservable))
        self.trajectories: tuple[TrajectoryObservable, ...] = tuple(of(TrajectoryObservable))
        self.verdicts: tuple[VerdictObservable, ...] = tuple(of(VerdictObservable))
        self.ends: tuple[EndObservable, ...] = tuple(of(EndObservable))
        state = (1.0,) * len(map_.layers(depth))
        step, sample = Step(0.0, state, state, 1.0, 1.0, 1.0, 1.0), Sample(0.0, 1.0, 1.0)
        self.run_widths = tuple(len(o.start(step)) for o in self.whole_run)
        self.leading_widths = tuple(len(o.start(step)) for o in self.leading)
        self.recorded_widths = tuple(len(o.start(step)) for o in self.recorded)
        self.network_widths = tuple(len(o.start(sample)) for o in self.network)
        self.surveyed_widths = tuple(len(o.start(sample)) for o in self.surveyed)
        self.pair_rows = sum(o.rows(depth) for o in self.pairs)

    def rounds(self, lengths: Lengths) -> int:
        """Whole rounds of the transient, one less where observables lead in to the record; the rest is the record's."""
        return max(0, lengths.steps // LEAD - (1 if self.leading or self.pairs else 0))

    @cached_property
    def written(self) -> tuple[Observable, ...]:
        """The observables whose variables the compiled record writes itself, in the order of its outputs."""
        return (*self.whole_run, *self.leading, *self.recorded, *self.network, *self.pairs, *self.windows)

    def first_output(self, observables: Sequence[Observable]) -> int:
        """Where the outputs of these, some of those written, begin."""
        before = self.written[: self.written.index(observables[0])] if observables else ()
        return sum(len(o.variables) for o in before)
