"""Closed forms of deep linear networks at and beyond the edge of stability (docs/theory.md).

Every function takes numbers or arrays, which broadcast. L is the depth, the number of layers W_1 ... W_L; s a singular
value of the target, and pi the product of a mode's layers, which gradient descent moves towards it; eta is the learning
rate and alpha the scale of the initialization. The layers' unit is that of s^(1/L); eta times the sharpness has none.

Arrays broadcast by position, as NumPy's do. Coordinates of a dataset go along dimensions with names: `xarray.apply_ufunc` calls a
function with them, pairs them by these names, and keeps the names: `xarray.apply_ufunc(factorization_limit, ds.w1, ds.w2, 1.0)`.
"""

from fastdln.theory.cascade import onset_of_chaos, period_doubling
from fastdln.theory.cycles import two_cycle
from fastdln.theory.factorization import factorization_limit
from fastdln.theory.hessian import flow_sharpness, hessian_eigenvalues, sharpness, spectrum
from fastdln.theory.minimum import sharpness_at_minimum
from fastdln.theory.plateau import balanced_plateau_steps, plateau_steps
from fastdln.theory.stability import (
    balancing_alpha_bound,
    critical_learning_rate,
    divergence_bound,
    flip_coefficient,
    stability_limit,
)
from fastdln.theory.third_order import sharpness_gradient

__all__ = [
    "balanced_plateau_steps",
    "balancing_alpha_bound",
    "critical_learning_rate",
    "divergence_bound",
    "factorization_limit",
    "flip_coefficient",
    "flow_sharpness",
    "hessian_eigenvalues",
    "onset_of_chaos",
    "period_doubling",
    "plateau_steps",
    "sharpness",
    "sharpness_at_minimum",
    "sharpness_gradient",
    "spectrum",
    "stability_limit",
    "two_cycle",
]


def __dir__() -> list[str]:
    """Names that notebooks complete: the public ones, without the modules that they come from."""
    return __all__
