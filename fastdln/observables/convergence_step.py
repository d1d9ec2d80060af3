"""Convergence: the first state from which on the end-to-end singular value stays at s."""

from fastdln.observables.fate import CLOSE
from fastdln.observables.observable import LEAD, ModeObservable, Variable

# The accumulator is the first state of the stay at s that lasts, -1 if there is none, and the number of the last state seen.


def at_minimum(step):
    return step.singular_value > 0.0 and abs(step.product - step.singular_value) <= CLOSE * step.singular_value


def start(step):
    return (0.0 if at_minimum(step) else -1.0, step.number)


def update(stay, step):
    if not at_minimum(step):
        return (-1.0, step.number)
    first, seen = stay
    skipped = step.number - seen - 1.0
    # A state that repeats after LEAD steps is not followed up to the record. A stay that began within them ends, and begins
    # anew, at every repetition; the last one that was skipped counts.
    began = first + skipped if skipped > 0.0 and first > seen - LEAD else first
    return (began if first >= 0.0 else step.number, step.number)


def finish(stay, record):
    return (stay[0],)


OBSERVABLE = ModeObservable(
    name="convergence_step",
    summary="first state from which on pi is at s",
    shared=True,
    variables=(
        Variable(
            name="convergence_step",
            dtype="int64",
            dims=("mode",),
            long_name="first state from which on the end-to-end singular value is at s",
            units="steps",
            comment=f"State 0 is the start. At s: within {CLOSE:g} s, through the last state. -1 if the last state is not, and for s = 0.",
        ),
    ),
    start=start,
    update=update,
    finish=finish,
    whole_run=True,
)
