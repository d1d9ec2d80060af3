"""A small fully connected network, by full-batch gradient descent on its examples (arXiv 2103.00065)."""

from itertools import pairwise

import numpy as np

from fastdln.models.model import KeyChoice, Limits, Model


def prepare(inputs, outputs):
    """Inputs and outputs, a column an example."""
    return np.concatenate([inputs.T.ravel(), outputs.T.ravel()])


def step_cost(widths):
    """In bare steps of one mode, of which a thread takes 2e9 a second: six operations a weight and example at 25e9 a second, and ten nanoseconds
    a hidden unit and example."""
    examples, *layers = widths
    weights = sum(a * b for a, b in pairwise(layers))
    return examples * (0.5 * weights + 10.0 * sum(layers[1:-1]))


MODEL = Model(
    "mlp",
    summary="a fully connected network without biases, of a nonlinear activation, on examples: half the sum of the squared errors",
    starts=("gaussian", "orthogonal", "balanced", "layers"),
    simulation="mlp",
    step_cost=step_cost,
    # a search for the sharpness keeps 41 vectors, and makes each orthogonal to those before it
    limits=Limits(weights=100_000, steps=10_000_000),
    data="outputs",
    prepare=prepare,
    choices=(KeyChoice("activation", "of the hidden units", ("tanh", "relu", "gelu", "linear")),),
)
