"""What became of the network."""

from fastdln.observables.fate import NAMES
from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="fate",
    summary="converged, periodic, aperiodic, diverged or drifting (always written)",
    variables=(
        Variable(
            name="fate",
            dtype="uint8",
            long_name="what became of the network",
            comment="Of a fixed combination of all weights over the last min(record, 4 period_max) states. Converged: at rest, to 1e-9 of it, at a minimum or not. "
            "Periodic and aperiodic as of other models. Drifting: moves slowly, as along a valley. Diverged: left the range of float64.",
            flags=dict(enumerate(NAMES)),
        ),
    ),
)
