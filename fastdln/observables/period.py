"""Period of the end-to-end singular value: the smallest p after which the recorded orbit repeats."""

from fastdln.observables.observable import Variable, VerdictObservable

# Relative to the orbit's largest value. A settled cycle repeats to some 1e-15 / (1 - multiplier), so 1e-9 leaves room
# for multipliers up to 1 - 1e-6, and a point that still moves by more than that over the window is not settled.
TOLERANCE = 1e-9

# Near a flip the dying cycle of twice the period outlives the window. A true cycle's points lie far apart compared with
# what is left of its motion; those of a dying one (distance c, motion c (1 - multiplier^window)) do not.
SEPARATION = 1000.0


def size_of(window):
    """Largest absolute value of the window."""
    size = 0.0
    for value in window:
        if abs(value) > size:
            size = abs(value)
    return size


def creep(window, p):
    """How far the first p states lie from those of the same phase a whole number of periods later, at most."""
    whole = (len(window) // p - 1) * p
    farthest = 0.0
    for t in range(p):
        if abs(window[t] - window[t + whole]) > farthest:
            farthest = abs(window[t] - window[t + whole])
    return farthest


def repeats(window, p, limit):
    """Whether every state is that of p steps later, from one period to the next and over the whole window."""
    for t in range(len(window) - p):
        if abs(window[t] - window[t + p]) > limit:
            return False
    return creep(window, p) <= limit


def repetition(window, longest):
    """Smallest p <= longest that the window (oldest first, at least 2 p states) repeats after, 0 if there is none."""
    limit = TOLERANCE * size_of(window)
    for p in range(1, longest + 1):
        if repeats(window, p, limit):
            return p
    return 0


def period_of(window, p):
    """The repetition p as a period, or 0 where the cycle is one of a shorter period that has not died out yet."""
    apart = SEPARATION * creep(window, p) if p > 1 else 0.0
    for q in range(1, p):
        if p % q == 0 and repeats(window, q, apart):
            return 0
    return p


def finish(fates, periods, singular_values):
    return (periods,)


OBSERVABLE = VerdictObservable(
    name="period",
    summary="smallest period of each mode's recorded orbit",
    shared=True,
    variables=(
        Variable(
            name="period",
            dtype="int16",
            dims=("mode",),
            long_name="smallest period of the end-to-end singular value",
            units="steps",
            comment="1 = fixed point, 0 = none up to period_max, -1 = diverged. Over the last min(record, 4 "
            f"period_max) states each is that of a period later, and of all whole periods later, to {TOLERANCE:g} of the "
            f"orbit's largest value; a cycle whose points are not {SEPARATION:g} times further apart than they move has "
            "none yet.",
        ),
    ),
    finish=finish,
)
