"""The last states of a descent: one number of each is kept in a ring, to look for its period."""

from __future__ import annotations

from fastdln.observables.period import TOLERANCE, period_of, repetition


def in_order(ring, step, size, ordered):
    """Copies the numbers of the last `size` states up to a step, oldest first; that of a state is at its number modulo `size`."""
    for t in range(size):
        ordered[t] = ring[(step + 1 + t) % size]


def period_in(ordered, size, longest, scale):
    """The smallest period of the numbers, up to the longest, to a tolerance relative to the scale; 0 if there is none."""
    return period_of(ordered, 0, size, repetition(ordered, 0, size, longest, TOLERANCE * scale)) if size > 1 else 0
