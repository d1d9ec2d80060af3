"""What became of the descent."""

from fastdln.observables.fate import NAMES
from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="fate",
    summary="converging, oscillating or diverged (always written)",
    variables=(
        Variable(
            name="fate",
            dtype="uint8",
            long_name="what became of the descent",
            comment="Converged, for converging: the loss rises at no step of the record, or stands still; where the classes are separable the weights grow for ever, like a logarithm. "
            "Periodic and aperiodic, for oscillating: the loss rises at some step of the record, and repeats after some steps, or not. Diverged: left the range "
            "of float64. Nothing collapses or drifts.",
            flags=dict(enumerate(NAMES)),
        ),
    ),
)
