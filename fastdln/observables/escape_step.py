"""Escape from the plateau: the first state whose end-to-end singular value exceeds s/2 (theory A)."""

from fastdln.observables.observable import ModeObservable, Variable


def escaped(step):
    return step.singular_value > 0.0 and step.product > 0.5 * step.singular_value


def start(step):
    return (0.0 if escaped(step) else -1.0,)


def update(first, step):
    if first[0] < 0.0 and escaped(step):
        return (step.number,)
    return first


def finish(first, record):
    return first


OBSERVABLE = ModeObservable(
    name="escape_step",
    summary="first state with pi > s/2",
    shared=True,
    variables=(
        Variable(
            name="escape_step",
            dtype="int64",
            dims=("mode",),
            long_name="first state with the end-to-end singular value above s/2",
            units="steps",
            comment="State 0 is the start. -1 if never, and for s = 0.",
        ),
    ),
    start=start,
    update=update,
    finish=finish,
    whole_run=True,
)
