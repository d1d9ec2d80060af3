"""Lengths of a run: the transient, the record, and every how many states something is sampled."""

from __future__ import annotations

from typing import NamedTuple


class Lengths(NamedTuple):
    """How long a run is: steps of the transient and the record, the longest period looked for, how many states `orbit`
    keeps, every how many states sharpness is sampled, and every how many a trajectory keeps one (0: none)."""

    steps: int
    record: int
    period_max: int
    samples: int
    sharpness_every: int = 1
    trajectory: int = 0


def window_of(lengths: Lengths) -> int:
    """States that period and fate look at: bounded, so that memory does not grow with the record."""
    return max(1, min(lengths.record, 4 * lengths.period_max))


def tail_of(lengths: Lengths) -> int:
    """States that are kept, for the window and for `orbit`."""
    return max(window_of(lengths), lengths.samples)


def samples_of(lengths: Lengths) -> int:
    """Recorded states that sharpness looks at, and recorded steps that mixing follows."""
    return -(-lengths.record // lengths.sharpness_every)
