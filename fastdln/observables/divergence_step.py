"""Divergence: the first state outside the bound, from beyond which no orbit returns."""

from fastdln.observables.observable import ModeObservable, Variable


def outside(step):
    return not abs(step.product) <= step.bound  # so that NaN is outside


def start(step):
    return (step.number if outside(step) else -1.0,)


def update(first, step):
    if first[0] < 0.0 and outside(step):
        return (step.number,)
    return first


def finish(first, record):
    return first


OBSERVABLE = ModeObservable(
    name="divergence_step",
    summary="first state outside the divergence bound",
    shared=True,
    variables=(
        Variable(
            name="divergence_step",
            dtype="int64",
            dims=("mode",),
            long_name="first state outside the divergence bound",
            units="steps",
            comment="State 0 is the start. -1 if never. Bound: abs(pi) <= max(10 s, (1e6 / eta)^(L / (2 L - 2))).",
        ),
    ),
    start=start,
    update=update,
    finish=finish,
    whole_run=True,
)
