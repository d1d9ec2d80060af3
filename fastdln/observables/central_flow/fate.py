"""What became of the central flow."""

from fastdln.observables.fate import NAMES
from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="fate",
    summary="what became of the flow (always written)",
    variables=(
        Variable(
            name="fate",
            dtype="uint8",
            long_name="what became of the flow",
            comment="converged: the averaged loss ends at 1e-12 |M|^2 / 2 or less, and not above that at the record's begin; periodic: at rest at "
            "the edge, where gradient descent repeats itself after two states: loss and oscillation variance change less than 1e-6 over "
            "the record; diverged: left the range of float64; drifting: anything else, also where it was given up (see unsolved).",
            flags=dict(enumerate(NAMES)),
        ),
    ),
)
