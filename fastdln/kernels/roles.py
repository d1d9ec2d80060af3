"""What the stages of a kernel are told: how long a run is, and which observable is computed where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from fastdln.observables import Observable
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
    """The observables by the stage that computes them."""

    def __init__(self, observables: Sequence[Observable]) -> None:
        def of(kind: type) -> list[Any]:
            return [o for o in observables if isinstance(o, kind)]

        modes: list[ModeObservable] = of(ModeObservable)
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

    @property
    def modes(self) -> tuple[ModeObservable, ...]:
        """Those of single modes, in the order in which they join in: from state 0 on, before the record, and in it."""
        return self.whole_run + self.leading + self.recorded

    def rounds(self, lengths: Lengths) -> int:
        """Whole rounds of the transient, one less where observables lead in to the record; the rest is the record's."""
        return max(0, lengths.steps // LEAD - (1 if self.leading or self.pairs else 0))
