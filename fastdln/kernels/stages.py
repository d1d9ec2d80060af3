"""Observables by the stage of a run that computes them: the transient, the record, the run sampled from state 0, the last state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastdln.kernels.lengths import Lengths
from fastdln.kernels.spans import ROUND
from fastdln.observables import Observable
from fastdln.observables.along_steps import TrajectoryObservable
from fastdln.observables.observable import (
    EndObservable,
    ModeObservable,
    PairObservable,
    PointObservable,
    VerdictObservable,
    WindowObservable,
)


class ObservablesByStage:
    """Observables by the stage that computes them.

    Of single modes: those that follow the whole run, those that begin some steps before the record, so that tangent vectors
    have turned into line (leading), and those that follow the record alone. Of the whole network: over
    the record (network), or over the whole run (network_whole_run). The other kinds are a tuple each.
    """

    def __init__(self, observables: Sequence[Observable]) -> None:
        def of(kind: type) -> list[Any]:
            return [o for o in observables if isinstance(o, kind)]

        modes: list[ModeObservable] = of(ModeObservable)
        self.whole_run = tuple(o for o in modes if o.whole_run)
        self.leading = tuple(o for o in modes if o.leads)
        self.recorded = tuple(o for o in modes if not o.whole_run and not o.leads)
        self.network = tuple(o for o in of(PointObservable) if not o.whole_run)
        self.network_whole_run = tuple(o for o in of(PointObservable) if o.whole_run)
        self.pairs: tuple[PairObservable, ...] = tuple(of(PairObservable))
        self.windows: tuple[WindowObservable, ...] = tuple(of(WindowObservable))
        self.trajectories: tuple[TrajectoryObservable, ...] = tuple(of(TrajectoryObservable))
        self.verdicts: tuple[VerdictObservable, ...] = tuple(of(VerdictObservable))
        self.ends: tuple[EndObservable, ...] = tuple(of(EndObservable))

    @property
    def modes(self) -> tuple[ModeObservable, ...]:
        """Those of single modes, in the order in which they begin: at state 0, before the record, and with it."""
        return self.whole_run + self.leading + self.recorded

    def rounds(self, lengths: Lengths) -> int:
        """Rounds of the transient; the steps that remain, at least one round where observables lead in, are the record's."""
        return max(0, lengths.steps // ROUND - (1 if self.leading or self.pairs else 0))
