"""Fate of a point: what its orbit has become at the end of the record."""

import numpy as np

from fastdln.observables.observable import Variable, VerdictObservable
from fastdln.observables.period import TOLERANCE, repeats, repetition, size_of

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

# Codes of `judge` for what only the orbit's history before the window can tell.
OPEN = NEAR_ZERO, IRREGULAR = 7, 8


def near_zero(window, s):
    return s > 0.0 and size_of(window) <= CLOSE * s


def leaves_zero(window):
    """Whether the orbit moves away from 0: a saddle met again, where it does not stay."""
    return abs(window[-1]) > abs(window[0])


def turns(window, p, noise, most):
    """How often the p-step subsequences turn back, all together, by more than the noise; counts up to `most`."""
    count = 0
    for t in range(len(window) - 2 * p):
        first, second = window[t + p] - window[t], window[t + 2 * p] - window[t + p]
        if first * second < 0.0 and max(abs(first), abs(second)) > noise:
            count += 1
            if count == most:
                break
    return count


def approaches(window):
    """Whether some p-step subsequences all move one way: a slow approach to (or departure from) a p-cycle.

    Each of the p subsequences needs three states. By chance an irregular orbit does so with probability 3^-p or less.
    """
    noise = TOLERANCE * size_of(window)
    for p in range(1, len(window) // 3 + 1):
        # a settled cycle goes nowhere
        if not repeats(window, p, noise) and turns(window, p, noise, 1) == 0:
            return True
    return False


def turns_seldom(window):
    """Whether some p-step subsequences turn a few times only: a slow motion, with a p-cycle upon it where p > 1."""
    noise = TOLERANCE * size_of(window)
    for p in range(1, min(LONGEST_CYCLE, len(window) // FEWEST_STATES) + 1):
        several = p * max(SEVERAL, len(window) // p // SLOW)
        if not repeats(window, p, noise) and turns(window, p, noise, several) < several:
            return True
    return False


def settles(window, longest):
    """Whether the later half of the window is, or approaches, what the whole is not: a cycle."""
    half = window[len(window) // 2 :]
    return approaches(half) or repetition(half, min(longest, len(half) // 2)) > 0


def escapes_early(window, s):
    """Whether the orbit passes s/2 in the earlier half of the window, so that the later half shows what it became."""
    return np.any(window[: (len(window) + 1) // 2] > 0.5 * s)


def judge(window, repeated, period, longest, s, rests):
    """What the window (oldest first) of a mode that did not diverge shows; NEAR_ZERO and IRREGULAR are left open.

    `repeated` is its repetition, `period` what period_of makes of that; `rests` says whether the last state can stay
    near a zero product.
    """
    if near_zero(window, s):
        if leaves_zero(window) or not rests:
            return DRIFTING
        return COLLAPSED if window[-1] < 0.0 else NEAR_ZERO
    if period == 1:
        return CONVERGED if abs(window[-1] - s) <= CLOSE * s else DRIFTING
    if period > 1:
        return PERIODIC
    if len(window) < 3 or repeated > 0 or approaches(window) or settles(window, longest):
        return DRIFTING
    half = len(window) // 2
    if turns_seldom(window[:half]) or turns_seldom(window[half:]):
        return DRIFTING
    return APERIODIC if escapes_early(window, s) else IRREGULAR


def has_left(product, s):
    """Whether the orbit has passed s/2, or fallen below 0 by more than counts as 0."""
    return product > 0.5 * s or product < -CLOSE * s


def with_history(codes, escaped):
    """Settles open codes (arrays); `escaped`: whether the orbit had left the saddle before the window."""
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
