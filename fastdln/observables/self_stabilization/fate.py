"""What became of a point of the local map."""

from fastdln.observables.fate import NAMES
from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="fate",
    summary="periodic, aperiodic, diverged or drifting",
    variables=(
        Variable(
            name="fate",
            dtype="uint8",
            long_name="what became of the point",
            comment="diverged: left the range of the map; periodic: stays on the two-cycle x = +-delta, y = 0; aperiodic: went through whole "
            "cycles in the record; drifting: neither.",
            flags=dict(enumerate(NAMES)),
        ),
    ),
)
