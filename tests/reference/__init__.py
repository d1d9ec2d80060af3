"""Plain twins of every model, start and observable: slow, obvious, and written from docs/theory.md and the contract.

Tests compare what the package computes with them, as `reference.NAME`; the names below are those that tests ask for.
"""

from tests.reference.constrained import Landscape, State, constrained_run, edge_summaries, project
from tests.reference.cycles import flip, settled
from tests.reference.dense_hessian import chain, hessian, hessian_times
from tests.reference.fates import (
    APERIODIC,
    COLLAPSED,
    CONVERGED,
    DIVERGED,
    DRIFTING,
    PERIODIC,
    fate,
    mode_fate,
    oscillating_modes,
    period,
    period_of,
)
from tests.reference.high_precision import mp_layers, mp_two_scalar
from tests.reference.local_map import closed_orbit, cycles, local_map
from tests.reference.lyapunov import FLOOR
from tests.reference.maps import MODELS, OF_PARAMETERS, SIMULATIONS, layers_after, matrix_descent
from tests.reference.matrices import MATRIX_OBSERVABLES, MatrixRun, matrix_gradients, of_record
from tests.reference.mode_run import Run
from tests.reference.observables import OBSERVABLES
from tests.reference.orbits import first_true
from tests.reference.starts import STARTS, matrix_starts, normal_numbers, one_zero

__all__ = [
    "APERIODIC",
    "COLLAPSED",
    "CONVERGED",
    "DIVERGED",
    "DRIFTING",
    "FLOOR",
    "MATRIX_OBSERVABLES",
    "MODELS",
    "OBSERVABLES",
    "OF_PARAMETERS",
    "PERIODIC",
    "SIMULATIONS",
    "STARTS",
    "Landscape",
    "MatrixRun",
    "Run",
    "State",
    "chain",
    "closed_orbit",
    "constrained_run",
    "cycles",
    "edge_summaries",
    "fate",
    "first_true",
    "flip",
    "hessian",
    "hessian_times",
    "layers_after",
    "local_map",
    "matrix_descent",
    "matrix_gradients",
    "matrix_starts",
    "mode_fate",
    "mp_layers",
    "mp_two_scalar",
    "normal_numbers",
    "of_record",
    "one_zero",
    "oscillating_modes",
    "period",
    "period_of",
    "project",
    "settled",
]
