"""Shares of a sweep's chunks, for jobs that know nothing of each other: the K-th of N. Pure arithmetic."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Self

import numpy as np

from fastdln.errors import SweepError

MOST_SHARES = 1_000_000

# Its multiples are spread most evenly over a circle, so that those in any arc of it are spread over all numbers.
GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Share:
    """The `part`-th of `parts` shares, from 1 on.

    Chunks are dealt in an order in which neighbours are far apart, each share an interval of it: shares are spread over the
    grid and cost about the same, and whether two of them overlap, even of different `parts`, is a question of two intervals.
    """

    part: int
    parts: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """ "2/8" is the second of eight."""
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", str(text).strip(), re.ASCII)
        part, parts = map(int, found.groups()) if found else (0, 0)
        if not 1 <= part <= parts <= MOST_SHARES:
            raise SweepError(f"part: must be K/N with 1 <= K <= N <= {MOST_SHARES:,}, such as 2/8 (got {text})")
        return cls(part, parts)

    def interval(self, chunks: int) -> tuple[int, int]:
        """The share's positions in the order of `chunks` chunks: from the first to before the last."""
        return chunks * (self.part - 1) // self.parts, chunks * self.part // self.parts

    def numbers(self, chunks: int) -> np.ndarray:
        """The numbers of the share's chunks, rising."""
        first, beyond = self.interval(chunks)
        return np.sort(order(chunks)[first:beyond])


@dataclass(frozen=True, eq=False)
class Chosen:
    """Chunks that were chosen one by one, by their rising numbers, in place of a share."""

    chosen: np.ndarray

    def numbers(self, chunks: int) -> np.ndarray:
        """Their numbers, whatever the number of all chunks."""
        return self.chosen


def order(chunks: int) -> np.ndarray:
    """The numbers of all chunks by where their multiples of the golden ratio fall on a circle of length 1."""
    return np.argsort(np.arange(chunks) * GOLDEN % 1.0, kind="stable")
