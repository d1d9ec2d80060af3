"""Progressive sharpening: the first state at which the sharpness reaches 2/eta."""

from fastdln.observables.observable import PointObservable, Variable
from fastdln.observables.sharpness import SHARPNESS, pair_cost


def start(sample):
    return (-1.0,)


def update(first, sample):
    if first[0] < 0.0 and sample.eta * sample.value >= 2.0:
        return (sample.number,)
    return first


def finish(first, count, last):
    return first


OBSERVABLE = PointObservable(
    name="edge_step",
    summary="first state with sharpness at or beyond 2/eta",
    variables=(
        Variable(
            name="edge_step",
            dtype="int64",
            long_name="first state with sharpness at or beyond 2/eta",
            units="steps",
            comment="State 0 is the start. -1 if never. With momentum minima are stable up to another sharpness, 2 (1 + mu) / eta by heavy ball. Every sharpness_every-th state from 0 on is looked at.",
        ),
    ),
    sampled=True,
    pair_cost=pair_cost,
    quantity=SHARPNESS,
    start=start,
    update=update,
    finish=finish,
    whole_run=True,
)
