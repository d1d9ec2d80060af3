"""Growth over many steps as a number and a count of powers of two, so that it neither overflows nor loses digits."""

import math

# Rescaling by a power of two is exact. Numbers between 2^-400 and 2^400 have squares, and room for the growth of
# RENORMALIZE_EVERY steps (2^24 a step, at the divergence bound) and for their shrinking (2^-52 a step).
UNIT = 2.0**400
LOG_UNIT = 400 * math.log(2)

# A factor smaller than the rounding of 1 - x, from which it comes, cannot be told from 0: the least log-rate a step.
FLOOR = -52 * math.log(2)


def rescaling(size):
    """(factor, count): the factor by which to rescale numbers of this size, and the units that it takes out of them."""
    small, large = size < 1 / UNIT, size > UNIT
    factor = UNIT if small else 1.0
    count = -1.0 if small else 0.0
    factor = 1 / UNIT if large else factor
    count = 1.0 if large else count
    return factor, count


def rate(log_growth, steps):
    """Mean log-rate a step, at least the floor; a growth of 0 has the logarithm -inf."""
    mean = log_growth / steps
    return FLOOR if mean < FLOOR else mean
