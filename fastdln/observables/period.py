"""Period of the end-to-end singular value: the smallest p after which the recorded orbit repeats."""

from fastdln.observables.observable import Variable, VerdictObservable

# Relative to the orbit's largest value. A settled cycle repeats to some 1e-15 / (1 - multiplier), so 1e-9 leaves room
# for multipliers up to 1 - 1e-6, and a point that still moves by more than that over the window is not settled.
TOLERANCE = 1e-9

# Near a flip the dying cycle of twice the period outlives the window. A true cycle's points lie far apart compared with
# what is left of its motion; those of a dying one (distance c, motion c (1 - multiplier^window)) do not.
SEPARATION = 1000.0


# States that are compared before the count is looked at: a loop that only counts is vectorized, one that may stop is not.
AT_ONCE = 32


# A window is `size` states, oldest first, from index `first` on.


def differing(window, first, p, count, limit):
    """How many of `count` states lie further than the limit from those p steps later."""
    found = 0
    for t in range(first, first + count):
        found += 1 if abs(window[t] - window[t + p]) > limit else 0
    return found


def returning(window, first, count, last, limit):
    """How many of `count` states lie within the limit of the last one."""
    found = 0
    for t in range(first, first + count):
        found += 0 if abs(window[t] - last) > limit else 1
    return found


def creep(window, first, size, p):
    """Largest distance of the first p states from those of the same phase, the most periods later that the window holds."""
    later, farthest = (size // p - 1) * p, 0.0
    for t in range(first, first + p):
        distance = abs(window[t] - window[t + later])
        farthest = distance if distance > farthest else farthest
    return farthest


def repeats(window, first, size, p, limit):
    """Whether every state equals that of p steps later, from one period to the next and over all periods of the window."""
    # the first comparison of creep, which nearly every drifting orbit fails
    if abs(window[first] - window[first + (size // p - 1) * p]) > limit:
        return False
    for begin in range(0, size - p, AT_ONCE):
        if differing(window, first + begin, p, min(AT_ONCE, size - p - begin), limit) > 0:
            return False
    return creep(window, first, size, p) <= limit


def repetition(window, first, size, longest, limit):
    """Smallest p <= longest that the window (at least 2 p states) repeats after, 0 if there is none."""
    last = first + size - 1
    for begin in range(1, longest + 1, AT_ONCE):
        end = min(begin + AT_ONCE, longest + 1)
        if returning(window, last - end + 1, end - begin, window[last], limit) > 0:
            for p in range(begin, end):
                if not abs(window[last - p] - window[last]) > limit and repeats(window, first, size, p, limit):
                    return p
    return 0


def period_of(window, first, size, p):
    """The repetition p as a period, or 0 where a cycle of that period is still dying out to one of a shorter period."""
    apart = SEPARATION * creep(window, first, size, p) if p > 1 else 0.0
    for q in range(1, p):
        if p % q == 0 and repeats(window, first, size, q, apart):
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
