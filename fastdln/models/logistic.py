"""Logistic regression, or with the exponential loss, by gradient descent on examples of two classes (theory F and G; arXiv 2305.11788)."""

import numpy as np
from scipy.optimize import nnls

from fastdln.models.model import KeyChoice, Model, Parameter

# Of the start: margins beyond this are 0 to the last digit in the loss.
LARGEST = 1e6

# Of examples of a length up to 1: a smaller margin may be the rounding of one that is none.
ROUNDING = 4e-15
# Weights of the sum of the coefficients: one of them is near the margin.
WEIGHTS = (1.0, 1e-3, 1e-6, 1e-9, 1e-12)
# The largest margin is the distance of the hull from 0; no direction has more than that.
OPTIMAL = 1e-9


def max_margin_direction(signed):
    """The direction of the largest margin from the origin, of length 1, for inputs times labels (example, feature); 0 where there is none.

    It is that of the point of their convex hull nearest to 0, which non-negative least squares finds: of the sums sum_i a_i z_i with
    sum_i a_i near 1, the shortest. A margin far smaller than the examples is found where the weight of that sum is as small;
    of several directions the one with the largest margin is returned.
    """
    size = np.abs(signed).max(initial=0.0)
    if not size > 0.0:
        return np.zeros(signed.shape[1])
    scaled, best, margin = signed / size, np.zeros(signed.shape[1]), ROUNDING
    for weight in WEIGHTS:
        rows = np.vstack([scaled.T, np.full(len(scaled), weight)])
        coefficients, _ = nnls(rows, np.append(np.zeros(scaled.shape[1]), weight))
        nearest = scaled.T @ coefficients
        length = np.linalg.norm(nearest) or 1.0
        direction = nearest / length
        if (found := (scaled @ direction).min()) > margin:
            best, margin = direction, found
            if margin * coefficients.sum() > (1.0 - OPTIMAL) * length:
                break
    return best


def prepare(inputs, labels):
    """Inputs times labels, example by example, and the max-margin direction."""
    signed = inputs * labels
    return np.concatenate([signed.ravel(), max_margin_direction(signed)])


def doubt(inputs, labels):
    if max_margin_direction(inputs * labels).any():
        return ""
    return "the classes are not separable by a plane through the origin: there is no max-margin direction, norm0 has no effect, and the loss need not go to 0"


def step_cost(widths):
    examples, features, _ = widths
    return 20.0 + 3.0 * examples * features + 0.5 * features * features * (examples + features)


MODEL = Model(
    "logistic",
    summary="logistic regression of examples of two classes, without an intercept: the mean of ln(1 + exp(-y x . w))",
    starts=("parameters",),
    simulation="logistic",
    step_cost=step_cost,
    parameters=(
        Parameter(
            "norm0",
            "length of the weights at state 0, along the max-margin direction; negative against it",
            0.0,
            -LARGEST,
            LARGEST,
        ),
    ),
    data="labels",
    prepare=prepare,
    doubt=doubt,
    choices=(KeyChoice("loss", "of a margin m: ln(1 + exp(-m)), or exp(-m)", ("logistic", "exponential")),),
)
