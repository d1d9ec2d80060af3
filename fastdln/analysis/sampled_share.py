"""The share of points that differ, estimated from chunks drawn at random, with its confidence interval."""

from __future__ import annotations

from dataclasses import dataclass

# Two-sided.
CONFIDENCE = 0.95

# Of fewer chunks the interval reaches beyond a sixth of all points even where none differs.
FEWEST = 20


@dataclass(frozen=True)
class SampledShare:
    """How many points differ of those of some chunks, `chunks` of which were drawn at random from `population`.

    Notes
    -----
    Points of one chunk are not independent of each other: an island covers many of them. So the interval is that of Clopper
    and Pearson for as many draws as there are chunks, of which the share that differs counts as one draw's part; it holds
    even if whole chunks differ.
    """

    points: int
    differing: int
    chunks: int
    population: int

    @property
    def share(self) -> float:
        """The estimate; 0 where there was nothing to draw."""
        return self.differing / self.points if self.points else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The ends of the confidence interval; the share itself where all chunks were drawn."""
        if self.chunks == self.population:
            return self.share, self.share
        from scipy.special import betaincinv  # takes long to import, which commands that only look need not wait for

        count, tail = self.share * self.chunks, (1 - CONFIDENCE) / 2
        whole = int(count)  # a part of a draw is no evidence of a share above 0
        low = float(betaincinv(whole, self.chunks - whole + 1, tail)) if whole else 0.0
        high = float(betaincinv(count + 1, self.chunks - count, 1 - tail)) if count < self.chunks else 1.0
        return low, high

    def __str__(self) -> str:
        if not self.population:
            return "nothing was inherited"
        compared, differ = f"({self.points:,} points)", f"{100 * self.share:.2g}% of the points differ"
        if self.chunks == self.population:
            return f"all {self.chunks:,} chunks that would be inherited {compared} were computed as well: {differ}"
        if self.chunks < FEWEST:
            sure = f"; fewer than {FEWEST} chunks are too few to tell of the others"
        else:
            low, high = (f"{100 * end:.2g}" for end in self.interval)
            sure = f" ({CONFIDENCE:.0%} confidence, from chunk to chunk: {low} to {high}%)"
        return f"of {self.chunks:,} inherited chunks {compared}, drawn at random and computed as well, {differ}{sure}"
