"""Logistic regression, or with the exponential loss, by gradient descent on examples of two classes (theory F and G; arXiv 2305.11788)."""

import numpy as np
from scipy.optimize import nnls

from fastdln.models.model import KeyChoice, Model, Parameter

# Of the start: margins beyond this are 0 to the last digit in the loss.
LARGEST = 1e6


def max_margin_direction(signed):
    """The direction of the largest margin from the origin, of length 1, for inputs times labels (example, feature); 0 where there is none.

    It is that of the point of their convex hull nearest to 0, which non-negative least squares finds: of the sums sum_i a_i z_i with
    sum_i a_i near 1, the shortest.
    """
    size = np.abs(signed).max(initial=0.0)
    if not size > 0.0:
        return np.zeros(signed.shape[1])
    scaled = signed / size
    weights, _ = nnls(np.vstack([scaled.T, np.ones(len(scaled))]), np.append(np.zeros(scaled.shape[1]), 1.0))
    nearest = scaled.T @ weights
    length = np.linalg.norm(nearest)
    direction = nearest / length if length > 0.0 else nearest
    return direction if length > 1e-12 and (scaled @ direction).min() > 0.0 else np.zeros_like(direction)


def prepare(inputs, labels):
    """Inputs times labels, example by example, and the max-margin direction."""
    signed = inputs * labels
    return np.concatenate([signed.ravel(), max_margin_direction(signed)])


def doubt(inputs, labels):
    if max_margin_direction(inputs * labels).any():
        return ""
    return "the classes are not separable by a plane through the origin: there is no max-margin direction, and the loss need not go to 0"


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
