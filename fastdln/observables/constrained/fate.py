"""What became of gradient descent."""

from fastdln.observables.fate import NAMES
from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="fate",
    summary="what became of gradient descent (always written)",
    variables=(
        Variable(
            name="fate",
            dtype="uint8",
            long_name="what became of gradient descent",
            comment="diverged: the loss went beyond 1e10 |M|^2. Else from the recorded states. converged: the loss ends at 1e-12 |M|^2 / 2 or "
            "less, and does not grow; periodic: loss and sharpness repeat themselves after two states within 1e-6; aperiodic: the "
            "sharpness crosses 2/eta in the second half, and the loss does not fall; drifting: anything else.",
            flags=dict(enumerate(NAMES)),
        ),
    ),
)
