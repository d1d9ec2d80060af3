"""Observables of full matrices by the stage that computes them, and the states at which their quantities are wanted."""

from __future__ import annotations

from collections.abc import Sequence

from fastdln.kernels.stages import ObservablesByStage
from fastdln.observables import Observable
from fastdln.observables.loss import LOSS
from fastdln.observables.observable import EstimateObservable, FlowObservable, MatrixObservable, Quantity

# Kinds of states at which a quantity is wanted, in bits: every one that is measured, those of the record, those sampled in it,
# those sampled over the whole run, and those of a trajectory.
EVERY_STATE, RECORDED, SAMPLED, SAMPLED_WHOLE_RUN, TRAJECTORY = (1 << k for k in range(5))


class MatrixObservablesByStage(ObservablesByStage):
    """Observables by the stage that computes them, and the quantities that they look at, the loss first, by which divergence is
    told."""

    def __init__(self, observables: Sequence[Observable]) -> None:
        super().__init__(observables)
        self.estimates = tuple(o for o in observables if isinstance(o, EstimateObservable))
        self.of_flow = tuple(o for o in observables if isinstance(o, FlowObservable))
        self.last_layers = tuple(o for o in observables if isinstance(o, MatrixObservable))
        wanted: dict[Quantity, int] = {LOSS: EVERY_STATE}
        for o in self.network:
            wanted[o.quantity] = wanted.get(o.quantity, 0) | (SAMPLED if o.sampled else RECORDED)
        for o in self.network_whole_run:
            wanted[o.quantity] = wanted.get(o.quantity, 0) | (SAMPLED_WHOLE_RUN if o.sampled else EVERY_STATE)
        for trajectory in self.trajectories:
            for quantity in trajectory.quantities:
                wanted[quantity] = wanted.get(quantity, 0) | TRAJECTORY
        self.quantities = tuple(wanted)
        self.wanted_at = tuple(wanted.values())
        # what is read off the last search needs the searches of the record
        self.searched_at = SAMPLED if self.estimates else 0
        self.third_order_at = 0
        for quantity, at in wanted.items():
            self.searched_at |= at if quantity.searched else 0
            self.third_order_at |= at if quantity.needs_third_order else 0

    @property
    def carries_tangent(self) -> bool:
        """Whether a tangent vector is carried along with each network."""
        return any(quantity.needs_tangent for quantity in self.quantities)

    @property
    def from_start(self) -> bool:
        """Whether something is measured of the transient too, so that no point may retire early."""
        return bool(self.whole_run or self.network_whole_run or self.trajectories)
