"""How well the states of a run at the edge were predicted: correlation and errors of averages over two successive states."""

from __future__ import annotations

import math


def averages(values, first, count, out):
    """Means of two successive values each: what is left of an oscillation of period two."""
    for k in range(count):
        out[k] = 0.5 * (values[first + k] + values[first + k + 1])


def median(values, count):
    """It sorts them (by Shell's method)."""
    gap = count // 2
    while gap > 0:
        for i in range(gap, count):
            value, j = values[i], i
            while j >= gap and values[j - gap] > value:
                values[j] = values[j - gap]
                j -= gap
            values[j] = value
        gap //= 2
    return 0.5 * (values[(count - 1) // 2] + values[count // 2]) if count > 0 else math.nan


def relative_error(actual, predicted, count):
    """Median of |predicted - actual| / |actual|; it overwrites the predicted ones. What is predicted beyond all numbers is infinitely wrong."""
    for k in range(count):
        error = abs(predicted[k] - actual[k]) / abs(actual[k])
        predicted[k] = math.inf if math.isnan(error) else error
    return median(predicted, count)


def correlation(a, b, count):
    """Pearson's coefficient; NaN of fewer than three values, and where one does not vary."""
    if count < 3:
        return math.nan
    mean_a, mean_b = 0.0, 0.0
    for k in range(count):
        mean_a += a[k] / count
        mean_b += b[k] / count
    aa, bb, ab = 0.0, 0.0, 0.0
    for k in range(count):
        x, y = a[k] - mean_a, b[k] - mean_b
        aa, bb, ab = aa + x * x, bb + y * y, ab + x * y
    return ab / math.sqrt(aa * bb) if aa * bb > 0.0 else math.nan


def crossings(values, level, first, last):
    """How often successive values of states first .. last lie on both sides of a level."""
    count = 0
    for k in range(first, last):
        if (values[k] >= level) != (values[k + 1] >= level):
            count += 1
    return count
