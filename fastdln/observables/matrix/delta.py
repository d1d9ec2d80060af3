"""Amplitude at which self-stabilization balances progressive sharpening (theory E)."""

import math

from fastdln.observables.matrix.mean import finish, start, update, variables
from fastdln.observables.observable import PointObservable, Quantity


def amplitude(network, values):
    for lane in range(len(values)):
        rise, strength = network.third_order[0, lane], network.third_order[1, lane]
        values[lane] = math.sqrt(2.0 * rise / strength) if rise >= 0.0 else math.nan


DELTA = Quantity(name="delta", measure=amplitude, needs_third_order=True)

OBSERVABLE = PointObservable(
    name="delta",
    summary="amplitude delta at which self-stabilization balances progressive sharpening",
    variables=variables(
        "delta",
        "amplitude delta of the oscillation at balance",
        "delta = sqrt(2 alpha_ps / beta), of states with alpha_ps >= 0 alone, since others need no oscillation; NaN without any, "
        "and where beta is 0 too.",
    ),
    sampled=True,
    brings=("sharpness_residual",),
    quantity=DELTA,
    start=start,
    update=update,
    finish=finish,
)
