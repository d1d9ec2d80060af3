"""Fate of a point: what its orbit does at the end of the record."""

import numpy as np

from fastdln.observables.observable import Variable, VerdictObservable
from fastdln.observables.period import AT_ONCE, TOLERANCE, period_of, repeats, repetition

NOT_COMPUTED, CONVERGED, PERIODIC, APERIODIC, COLLAPSED, DIVERGED, DRIFTING = range(7)
NAMES = ("not_computed", "converged", "periodic", "aperiodic", "collapsed", "diverged", "drifting")

# The contract's order: a point is the first of these that any of its modes is.
PRECEDENCE = (DIVERGED, DRIFTING, APERIODIC, PERIODIC, COLLAPSED, CONVERGED)

# Distance in units of s within which a product counts as being at the minimum s, or at 0.
CLOSE = 1e-6

# An irregular orbit turns at every second state or so. A slow mode of a network of matrices makes up to 3 turns in 256
# states, and up to 8 in 1024: it is not irregular unless each half of the window has as many turns as this, and one in so
# many states. In 16 states of chaos 9 turns are expected, and less than 4 in one of a thousand.
SEVERAL, SLOW, FEWEST_STATES = 4, 64, 16

# The longest cycle upon which a slow motion is looked for. Of chaos near a window of period 3 every 15th state may turn less
# than 4 times in 34.
LONGEST_CYCLE = 8

# The product of two changes that are both smaller may underflow, and with it their signs.
TINY = 1e-150

# Codes for fates that the window leaves open: only the orbit before it can tell.
OPEN = NEAR_ZERO, IRREGULAR = 7, 8


def turning(window, first, p, count, noise):
    """How many of `count` triples of states, p steps apart, turn back by more than the noise."""
    found = 0
    for t in range(first, first + count):
        before, after = window[t + p] - window[t], window[t + 2 * p] - window[t + p]
        found += 1 if (before * after < 0.0) & ((abs(before) > noise) | (abs(after) > noise)) else 0
    return found


def turns(window, first, size, p, noise, most):
    """How often the p-step subsequences turn back, all together, by more than the noise; counts no further than `most`."""
    found, triples = 0, size - 2 * p
    for begin in range(0, triples, AT_ONCE):
        found += turning(window, first + begin, p, min(AT_ONCE, triples - begin), noise)
        if found >= most:
            return most
    return found


def unturned(window, top, bottom, first, count, noise):
    """How many of `count` periods from the first on have no turn at the highest nor at the lowest state."""
    found, high, low = 0, window[top], window[bottom]
    for p in range(first, first + count):
        peaked = (high - window[top - p] > noise) & (high - window[top + p] > noise)
        dipped = (window[bottom - p] - low > noise) & (window[bottom + p] - low > noise)
        found += 0 if peaked | dipped else 1
    return found


def approaches(window, first, size, noise):
    """Whether some p-step subsequences all move one way: a slow approach to (or departure from) a p-cycle.

    Each of the p subsequences needs three states. By chance an irregular orbit does so with probability 3^-p or less.
    """
    # most often those through a highest and a lowest state near the middle turn there, whatever p
    third, middle, least = size // 3, size // 2, max(noise, TINY)
    top = bottom = first + middle
    for t in range(first + max(third, middle - AT_ONCE), first + min(size - third, middle + AT_ONCE)):
        top = t if window[t] > window[top] else top
        bottom = t if window[t] < window[bottom] else bottom
    for begin in range(1, third + 1, AT_ONCE):
        end = min(begin + AT_ONCE, third + 1)
        if unturned(window, top, bottom, begin, end - begin, least) > 0:
            for p in range(begin, end):
                if unturned(window, top, bottom, p, 1, least) == 0 or turns(window, first, size, p, noise, 1) > 0:
                    continue
                if not repeats(window, first, size, p, noise):  # a settled cycle goes nowhere
                    return True
    return False


def turns_seldom(window, first, size, noise):
    """Whether some p-step subsequences turn a few times only: a slow motion, with a p-cycle upon it where p > 1."""
    for p in range(1, min(LONGEST_CYCLE, size // FEWEST_STATES) + 1):
        several = p * max(SEVERAL, size // p // SLOW)
        if turns(window, first, size, p, noise, several) < several and not repeats(window, first, size, p, noise):
            return True
    return False


def slow(window, first, size, longest, early, late):
    """Whether a window that does not repeat is, or has become, a slow motion; early and late as of `in_motion`."""
    middle = first + size // 2
    half, limit = first + size - middle, TOLERANCE * late
    if approaches(window, first, size, TOLERANCE * max(early, late)) or approaches(window, middle, half, limit):
        return True
    if repetition(window, middle, half, min(longest, half // 2), limit) > 0:
        return True
    return turns_seldom(window, first, size // 2, TOLERANCE * early) or turns_seldom(window, middle, half, limit)


def escapes_early(window, first, size, s):
    """Whether the orbit passes s/2 in the earlier half of the window, so that the later half shows what it became."""
    highest = window[first]
    for t in range(first, first + (size + 1) // 2):
        highest = window[t] if window[t] > highest else highest
    return highest > 0.5 * s


# A fate is told in three steps, each of which takes longer than the one before: by extremes, by the period, by the motion.


def at_rest(begin, last, size, s):
    """The fate of an orbit of period 1, or near 0, from its first, last and largest value; NEAR_ZERO is left open."""
    if s > 0.0 and size <= CLOSE * s:
        if abs(last) > abs(begin):  # a saddle met again, where it does not stay
            return DRIFTING
        return COLLAPSED if last < 0.0 else NEAR_ZERO
    return CONVERGED if abs(last - s) <= CLOSE * s else DRIFTING


def with_period(window, first, size, longest, s, largest):
    """(period, fate) of a window whose largest absolute value is given; IRREGULAR if none of its period tells its fate."""
    repeated = repetition(window, first, size, longest, TOLERANCE * largest)
    period = period_of(window, first, size, repeated)
    if period == 1 or (s > 0.0 and largest <= CLOSE * s):
        return period, at_rest(window[first], window[first + size - 1], largest, s)
    if period > 1:
        return period, PERIODIC
    return period, DRIFTING if size < 3 or repeated > 0 else IRREGULAR


def in_motion(window, first, size, longest, s, early, late):
    """The fate of a window that is IRREGULAR by its period: DRIFTING, APERIODIC, or left open, since only the orbit's history
    before the window tells whether it has ever left the saddle.

    early, late: the largest absolute value in either half of the window, a middle state being in the later.
    """
    if slow(window, first, size, longest, early, late):
        return DRIFTING
    return APERIODIC if escapes_early(window, first, size, s) else IRREGULAR


def has_left(product, s):
    """Whether the orbit has passed s/2, or fallen below 0 by more than counts as 0."""
    return product > 0.5 * s or product < -CLOSE * s


def resolve_open(codes, escaped):
    """Resolve open codes (arrays) by whether the orbit had left the saddle before the window (escaped)."""
    return np.where(escaped, np.where(codes == NEAR_ZERO, COLLAPSED, APERIODIC), DRIFTING)


def finish(fates, periods, singular_values):
    """The point's fate, over the modes with s > 0 (over all where there is none)."""
    judged = singular_values > 0.0
    judged |= ~judged.any(axis=1, keepdims=True)
    fate = np.full(len(fates), CONVERGED, dtype=np.uint8)
    for code in reversed(PRECEDENCE):
        fate[(judged & (fates == code)).any(axis=1)] = code
    return (fate,)


OBSERVABLE = VerdictObservable(
    name="fate",
    summary="converged, periodic, aperiodic, collapsed, diverged or drifting",
    shared=True,
    variables=(
        Variable(
            name="fate",
            dtype="uint8",
            long_name="fate of the trajectory",
            comment="The first of diverged, drifting, aperiodic, periodic, collapsed, converged that any mode with s > 0 "
            f"is. Converged: period 1 and within {CLOSE:g} s of s. Collapsed: within {CLOSE:g} s of 0 over the whole "
            "window, where it can stay, after having passed s/2 or from below. Drifting: a plateau not left, a saddle, or any "
            f"slow approach, and what turns back less than {SEVERAL} times in either half of the window, or in {SLOW} of its "
            "states. A record of less than some 128 states takes chaos for drifting at times.",
            flags=dict(enumerate(NAMES)),
        ),
    ),
    finish=finish,
)
