"""Periods of numbers kept in a ring, against sequences whose period is known."""

import numpy as np
import pytest

from fastdln.kernels.simulations.window import in_order, period_in


@pytest.mark.parametrize("step", [11, 12, 17, 100])
def test_a_ring_in_order(step):
    size, ring, ordered = 7, np.full(7, np.nan), np.full(7, np.nan)
    for state in range(step + 1):
        ring[state % size] = state
    in_order(ring, step, size, ordered)
    assert ordered.tolist() == list(range(step - size + 1, step + 1))


@pytest.mark.parametrize(("period", "longest", "found"), [(1, 5, 1), (300, 300, 300), (300, 299, 0), (7, 300, 7)])
def test_periods_up_to_the_longest(period, longest, found):
    numbers = 1.0 + np.cos(2 * np.pi * (np.arange(1200) % period) / period)
    assert period_in(numbers, 1200, longest, numbers.max()) == found


def test_one_state_has_no_period():
    assert period_in(np.ones(1), 1, 1, 1.0) == 0
