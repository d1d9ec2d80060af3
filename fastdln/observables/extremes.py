"""Smallest and largest value of a sequence."""

import math

NO_EXTREMES = (math.inf, -math.inf)


def widen(low, high, value):
    """(low, high) widened to hold the value; by comparisons, since min and max keep a loop from being vectorized."""
    return (value if value < low else low), (value if value > high else high)
