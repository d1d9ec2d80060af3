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
        size = max(size, abs(value))
    return size


def drift(window, p, limit):
    """Largest distance of a state from that of the same phase in the last p; stops at the first above `limit`."""
    last = len(window) - p
    phase = (p - last % p) % p
    worst = 0.0
    for t in range(last):
        worst = max(worst, abs(window[t] - window[last + phase]))
        if not worst <= limit:
            break
        phase += 1
        if phase == p:
            phase = 0
    return worst


def period_of(window, longest):
    """Smallest p <= longest with window[t] = window[t + p] over the whole window (oldest first), 0 if there is none."""
    limit = TOLERANCE * size_of(window)
    for p in range(1, longest + 1):
        moved = drift(window, p, limit)
        if moved <= limit:
            for q in range(1, p):
                if p % q == 0 and drift(window, q, SEPARATION * moved) <= SEPARATION * moved:
                    return 0
            return p
    return 0


def finish(fates, periods, singular_values):
    return (periods,)


OBSERVABLE = VerdictObservable(
    name="period",
    summary="smallest period of each mode's recorded orbit",
    variables=(
        Variable(
            name="period",
            dtype="int16",
            dims=("mode",),
            long_name="smallest period of the end-to-end singular value",
            units="steps",
            comment="1 = fixed point, 0 = none up to period_max, -1 = diverged. Over the last min(record, 4 period_max) "
            f"states every state repeats that of the same phase to {TOLERANCE:g} of the orbit's largest value; a cycle "
            f"whose points are not {SEPARATION:g} times further apart than they still move has no period yet.",
        ),
    ),
    finish=finish,
)
