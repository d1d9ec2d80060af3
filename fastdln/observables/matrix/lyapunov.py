"""Largest Lyapunov exponent of gradient descent on the matrices: the growth of v <- v - eta H v along the run."""

from fastdln.observables.growth import FLOOR, rate
from fastdln.observables.observable import LEAD, PointObservable, Quantity, Variable


def growth(network, values):
    for lane in range(len(values)):
        values[lane] = network.stretching[lane]


def start(sample):
    return (0.0,)


def update(grown, sample):
    return (grown[0] + sample.value,)


def finish(grown, steps, last):
    return (rate(grown[0], steps),)


OBSERVABLE = PointObservable(
    name="lyapunov",
    summary="largest Lyapunov exponent of all layers together",
    variables=(
        Variable(
            name="lyapunov",
            dtype="float64",
            long_name="largest Lyapunov exponent",
            rate=True,
            comment="Per step, of all layers together: the stretching of a tangent vector over the record, after "
            f"{LEAD} steps in which it turns into the fastest direction, if steps has as many; where every mode is "
            "periodic, over whole periods. At most 1/record below 0, since rotations between the layers change nothing, and "
            f"at least {FLOOR:.2f}. NaN after divergence.",
        ),
    ),
    quantity=Quantity(name="growth", measure=growth, needs_tangent=True),
    start=start,
    update=update,
    finish=finish,
)
