"""A mode is learned: the first state whose end-to-end singular value is near s (theory G)."""

from fastdln.observables.observable import ModeObservable, Variable

# Part of s.
NEAR = 0.1


def learned(step):
    return step.singular_value > 0.0 and abs(step.product - step.singular_value) <= NEAR * step.singular_value


def start(step):
    return (0.0 if learned(step) else -1.0,)


def update(first, step):
    if first[0] < 0.0 and learned(step):
        return (step.number,)
    return first


def finish(first, record):
    return first


OBSERVABLE = ModeObservable(
    name="learned_step",
    summary=f"first state with pi within {NEAR:g} s of s",
    shared=True,
    variables=(
        Variable(
            name="learned_step",
            dtype="int64",
            dims=("mode",),
            long_name=f"first state with the end-to-end singular value within {NEAR:g} s of s",
            units="steps",
            comment="State 0 is the start. -1 if never, and for s = 0. What is learned may be lost again.",
        ),
    ),
    start=start,
    update=update,
    finish=finish,
    whole_run=True,
)
