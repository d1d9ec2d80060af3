"""The observables of matrices by how they are computed, and where their variables go."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from fastdln.observables import Observable, Sample, Step
from fastdln.observables.observable import (
    EstimateObservable,
    MatrixObservable,
    ModeObservable,
    PointObservable,
    TangentObservable,
    TrajectoryObservable,
    VerdictObservable,
    WindowObservable,
)


class Roles:
    """The observables by the part of the run that computes them, and the widths of their accumulators."""

    def __init__(self, observables: Sequence[Observable]) -> None:
        def of(kind: type) -> list[Any]:
            return [o for o in observables if isinstance(o, kind)]

        self.whole_run: tuple[ModeObservable, ...] = tuple(o for o in of(ModeObservable) if o.whole_run)
        self.recorded: tuple[ModeObservable, ...] = tuple(o for o in of(ModeObservable) if not o.whole_run)
        self.network: tuple[PointObservable, ...] = tuple(o for o in of(PointObservable) if not o.whole_run)
        self.surveyed: tuple[PointObservable, ...] = tuple(o for o in of(PointObservable) if o.whole_run)
        self.windows: tuple[WindowObservable, ...] = tuple(of(WindowObservable))
        self.trajectories: tuple[TrajectoryObservable, ...] = tuple(of(TrajectoryObservable))
        self.verdicts: tuple[VerdictObservable, ...] = tuple(of(VerdictObservable))
        self.tangents: tuple[TangentObservable, ...] = tuple(of(TangentObservable))
        self.estimates: tuple[EstimateObservable, ...] = tuple(of(EstimateObservable))
        self.ends: tuple[MatrixObservable, ...] = tuple(of(MatrixObservable))
        step, sample = Step(0.0, (), (), 1.0, 1.0, 1.0, 1.0), Sample(0.0, 1.0, 1.0)
        self.run_widths = tuple(len(o.start(step)) for o in self.whole_run)
        self.recorded_widths = tuple(len(o.start(step)) for o in self.recorded)
        self.network_widths = tuple(len(o.start(sample)) for o in self.network)
        self.surveyed_widths = tuple(len(o.start(sample)) for o in self.surveyed)

    @property
    def names(self) -> tuple[str, ...]:
        """What tells one compiled function from another."""
        compiled = (self.written, self.trajectories, self.tangents)
        return (*(o.name for part in compiled for o in part), "curving" if self.curving else "")

    @property
    def curving(self) -> bool:
        """Whether the record is searched for eigenvalues."""
        return bool(self.estimates) or any(o.quantity.name == "sharpness" for o in self.network)

    @property
    def from_start(self) -> bool:
        """Whether something looks at the transient too, so that no point may be finished early."""
        return bool(self.whole_run or self.surveyed or self.trajectories)

    @cached_property
    def written(self) -> tuple[Observable, ...]:
        """The observables whose variables compiled code writes, in the order of its outputs."""
        return (*self.whole_run, *self.recorded, *self.network, *self.surveyed, *self.windows)

    def first_output(self, observables: Sequence[Observable]) -> int:
        before = self.written[: self.written.index(observables[0])] if observables else ()
        return sum(len(o.variables) for o in before)
