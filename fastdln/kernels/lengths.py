"""Lengths of a run: the transient, the record, and every how many states something is sampled."""

from __future__ import annotations

from typing import NamedTuple


class Lengths(NamedTuple):
    """Lengths of a run, in states.

    steps, record: steps of the transient and of the record. period_max: the longest period looked for. samples: how many states
    `orbit` keeps. sharpness_every: the stride at which the sharpness is sampled. trajectory: the stride of a trajectory, 0 if
    there is none.
    """

    steps: int
    record: int
    period_max: int
    samples: int
    sharpness_every: int = 1
    trajectory: int = 0


def window_of(lengths: Lengths) -> int:
    """States that period and fate look at: a bounded number, so that memory does not grow with the record."""
    return max(1, min(lengths.record, 4 * lengths.period_max))


def samples_of(lengths: Lengths) -> int:
    """Recorded states at which the sharpness is sampled."""
    return -(-lengths.record // lengths.sharpness_every)
