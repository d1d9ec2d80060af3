"""The trajectory of the local map: every k-th state from the start on."""

from fastdln.observables.observable import SimulatedObservable, Variable
from fastdln.observables.trajectory import KEPT

OBSERVABLE = SimulatedObservable(
    name="trajectory",
    summary="x and y of every k-th state",
    asked_by="trajectory",
    variables=tuple(
        Variable(
            name=f"trajectory_{name}",
            dtype="float64",
            dims=("step",),
            long_name=f"{what} along the run",
            comment=f"{KEPT}.",
        )
        for name, what in (("x", "deviation x along the top eigenvector"), ("y", "sharpness y beyond 2/eta"))
    ),
)
