"""The twin of every observable of modes, by its name."""

from tests.reference.balancing import balancing
from tests.reference.fates import fate, oscillating_modes, period
from tests.reference.lyapunov import lyapunov
from tests.reference.mixing import mixing
from tests.reference.orbits import (
    convergence_step,
    divergence_step,
    escape_step,
    learned_step,
    loss,
    orbit,
    oscillation_range,
)
from tests.reference.sharpness import edge_step, flow_sharpness, sharpness
from tests.reference.trajectory import trajectory

OBSERVABLES = {
    f.__name__: f
    for f in (
        fate,
        period,
        oscillating_modes,
        orbit,
        oscillation_range,
        loss,
        escape_step,
        learned_step,
        divergence_step,
    )
} | {
    f.__name__: f
    for f in (convergence_step, lyapunov, balancing, sharpness, mixing, edge_step, flow_sharpness, trajectory)
}
