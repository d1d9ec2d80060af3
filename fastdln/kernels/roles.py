"""What the stages of a kernel are told: how long a run is, and which observable is computed where."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from fastdln.observables import Observable, Step
from fastdln.observables.observable import ModeObservable, PointObservable, VerdictObservable, WindowObservable


class Lengths(NamedTuple):
    """Steps of the transient and the record, the longest period looked for, and how many states `orbit` keeps."""

    steps: int
    record: int
    period_max: int
    samples: int


def window_of(lengths: Lengths) -> int:
    """States that period and fate look at: bounded, so that memory does not grow with the record."""
    return max(1, min(lengths.record, 4 * lengths.period_max))


def tail_of(lengths: Lengths) -> int:
    """States that are kept, for the window and for `orbit`."""
    return max(window_of(lengths), lengths.samples)


class Roles:
    """The observables by the stage that computes them, the widths of their accumulators, and where variables go."""

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
        """The observables whose variables the compiled record writes itself, in the order of its outputs."""
        return (*self.whole_run, *self.recorded, *self.network, *self.windows)

    @property
    def first_network_output(self) -> int:
        return sum(len(o.variables) for o in (*self.whole_run, *self.recorded))

    @property
    def orbit_output(self) -> int | None:
        return self.first_network_output + sum(len(o.variables) for o in self.network) if self.windows else None
