"""The observables of matrices by how they are computed."""

from __future__ import annotations

from collections.abc import Sequence

from fastdln.kernels.stages import ObservablesByStage
from fastdln.observables import Observable
from fastdln.observables.loss import LOSS
from fastdln.observables.observable import EstimateObservable, MatrixObservable, Quantity

# Which states a quantity is wanted at, in bits: every one that is looked at, those of the record and those sampled in it,
# those sampled over the whole run, and those of a trajectory.
EVERY_STATE, RECORDED, SAMPLED, SAMPLED_WHOLE_RUN, TRAJECTORY = (1 << k for k in range(5))


class MatrixObservablesByStage(ObservablesByStage):
    """The observables by the stage that computes them, and the quantities that they look at, the loss first."""

    def __init__(self, observables: Sequence[Observable]) -> None:
        super().__init__(observables)
        self.estimates = tuple(o for o in observables if isinstance(o, EstimateObservable))
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
        # what is read off the last search is of those over the record
        self.searched_at = SAMPLED if self.estimates else 0
        for quantity, at in wanted.items():
            self.searched_at |= at if quantity.needs_eigenvalues else 0

    @property
    def stretches(self) -> bool:
        """Whether a tangent vector is carried along."""
        return any(quantity.needs_tangent for quantity in self.quantities)

    @property
    def from_start(self) -> bool:
        """Whether something looks at the transient too, so that no point may be finished early."""
        return bool(self.whole_run or self.network_whole_run or self.trajectories)
