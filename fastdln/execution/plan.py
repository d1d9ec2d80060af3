"""The plan of a sweep: points, chunks, bytes, files and time, before it runs."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from fastdln.errors import SweepError
from fastdln.sweep.axes import whole_numbers
from fastdln.sweep.cost import point_cost
from fastdln.sweep.doubts import model_warnings
from fastdln.sweep.grid import Grid
from fastdln.sweep.html import table
from fastdln.sweep.plateaus import plateau_warnings
from fastdln.sweep.schema import Sweep
from fastdln.sweep.units import ratio_of
from fastdln.text import block

if TYPE_CHECKING:
    from fastdln.execution.probe import Probe

# Who starts a longer run wants to know; by rule of thumb, which is right within a factor of a few.
LONG_RUN = 3600.0
# A chunk that takes longer is warned of: nothing is seen of it, and Ctrl-C waits for it.
LONG_CHUNK = 600.0


class Plan:
    """Points, chunks, bytes, files and seconds of a sweep; printed, it is a table.

    `bytes` counts results before compression, `bytes_on_disk` estimates the store. `seconds` extrapolates a timed probe,
    made when first asked for, in proportion to the steps: an upper bound for long transients of points that settle. With
    probe=False nothing is compiled or computed: `seconds` is by rule of thumb, and `bytes_on_disk` None. `warnings` says, a
    line each, what the sweep would not measure, and where it takes long.
    """

    def __init__(self, sweep: Sweep, grid: Grid | None = None, *, probe: bool = True) -> None:
        self.sweep, self.grid, self.probed = sweep, grid or Grid(sweep), probe
        self.points = self.grid.points
        self.chunks = self.grid.chunks
        self.chunk_shape = dict(zip(self.grid.dims, self.grid.chunk_shape, strict=True))
        self.bytes = self.points * self.grid.bytes_per_point
        further = {dim for v in sweep.variables for dim in v.dims} & {"layer", "step", "eigenvalue"}
        arrays, coordinates = len(sweep.variables), len(self.grid.dims) + len(("mode", "singular_value")) + len(further)
        coordinates += ratio_of(sweep.axes["eta"]) is not None
        self.files = arrays * (self.chunks + 1) + 2 * coordinates + 1
        # told of what a probe is doing
        self.say: Callable[[str], object] = lambda step: None

    @cached_property
    def _probe(self) -> Probe | None:
        if not self.probed:
            return None
        from fastdln.execution.probe import probe

        return probe(self.sweep, self.grid, self.say)

    @cached_property
    def seconds(self) -> float:
        """Computing time with a thread a core that has nothing else to do; compiling, the first time, comes on top."""
        from fastdln.execution.threads import threads

        alone = self._probe.seconds if self._probe else by_rule_of_thumb(self.grid, self.chunks)
        return alone / min(threads(), self.chunks)

    @cached_property
    def bytes_on_disk(self) -> float | None:
        """Size of the store: compressed results, and the coordinates and metadata that it has from the beginning."""
        ratio = self._probe.compression if self._probe else None
        if ratio is None:
            return None
        from fastdln.storage.template import entries

        return ratio * self.bytes + sum(map(len, entries(self.grid).values()))

    @property
    def warnings(self) -> list[str]:
        from fastdln.execution.threads import threads

        lines = [
            *plateau_warnings(self.sweep),
            *model_warnings(self.sweep),
            *long_warnings(self.grid, self.chunks, threads()),
        ]
        return lines + even_strides(self.grid)

    def rows(self) -> list[tuple[str, str]]:
        shape = " x ".join(f"{size:,} {name}" for name, size in self.chunk_shape.items() if size > 1) or "1 point"
        on_disk = self.bytes_on_disk
        stored = "" if on_disk is None else f", about {in_units(on_disk)} on disk with coordinates and metadata"
        rows = [
            ("points", f"{self.points:,}"),
            ("chunks", f"{self.chunks:,}, of {shape} each"),
            ("bytes", f"{in_units(self.bytes)} before compression{stored}"),
            ("files", f"{self.files:,} at most"),
            ("time", f"{duration(self.seconds)} {'estimated' if self.probed else 'by rule of thumb, not timed'}"),
        ]
        lines = {"searches" if part.definition.matrices else "pairs": pairs_line(part) for part in self.grid.parts}
        return rows + [(name, line) for name, line in lines.items() if line]

    def __str__(self) -> str:
        width = max(8, *(len(name) + 2 for name, _ in self.rows()))
        lines = [f"{name:<{width}}{value}" for name, value in self.rows()]
        return block("\n".join([self.sweep.title, *lines] if self.sweep.title else lines))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return table(self.sweep.title or "Sweep", self.rows())


def by_rule_of_thumb(grid: Grid, chunks: int) -> float:
    """Seconds of one thread for so many chunks of the grid, without any measurement: points that settle take less."""
    from fastdln.execution.probe import rule_of_thumb

    points = math.prod(grid.chunk_shape)
    all_depths = grid.coordinates["depth"]
    total = sum(rule_of_thumb(part, int(depth), points) for part in grid.parts for depth in all_depths)
    return chunks * total / len(all_depths) / len(grid.parts)


def long_warnings(grid: Grid, chunks: int, threads: int) -> list[str]:
    """Lines that say how long so many chunks take, and one of them, where that is long."""
    from fastdln.execution.probe import rule_of_thumb

    found, points = [], math.prod(grid.chunk_shape)
    seconds = by_rule_of_thumb(grid, chunks) / max(1, min(threads, chunks))
    if seconds > LONG_RUN:
        found.append(f"it takes about {duration(seconds)} by rule of thumb, less where points settle")
    longest = max(rule_of_thumb(part, int(grid.coordinates["depth"].max()), points) for part in grid.parts)
    if longest > LONG_CHUNK:
        what, remedy = ("a chunk", "smaller chunks show more") if points > 1 else ("a point", "fewer steps take less")
        found.append(
            f"{what} alone takes about {duration(longest)} by rule of thumb; until it ends nothing is seen of it, and an "
            f"interrupt waits; {remedy}"
        )
    return found


def even_strides(grid: Grid) -> list[str]:
    """Lines on strides that hide two-cycles, where the grid reaches beyond 2/S, where there are some."""
    from fastdln.execution.task import fate_counter

    counter = fate_counter(grid)
    return counter.asked.even_strides() if grid.coordinates["eta"].max() > counter.edge() else []


def refuse_in_memory(sweep: Sweep) -> None:
    """SweepError if the results, before compression, are more than the machine has memory."""
    grid = Grid(sweep)
    wanted = grid.points * grid.bytes_per_point
    try:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not a POSIX system
        return
    if wanted > there:
        raise SweepError(
            f"store: is needed for {in_units(wanted)} of results, more than this machine's {in_units(there)} of memory; give a "
            "path, or fewer points"
        )


def pairs_line(sweep: Sweep) -> str:
    """A line about the share of time for pairs of modes, or for searches of the sharpness, and what sampling would save;
    empty if none does."""
    depth, modes = int(whole_numbers(sweep.axes["depth"]).max()), sweep.sizes["mode"]
    single, paired = point_cost(sweep, depth)
    if not paired:
        return ""
    every = sweep.sharpness_every
    thinner = (
        11 * every if sweep.record >= 100 * every else every
    )  # some ten samples should be left, of odd and of even steps
    pairs = modes * (modes - 1) // 2
    looks = f"looking at {'the pair' if pairs == 1 else f'{pairs:,} pairs'} of modes takes"
    what = "those for the sharpness take" if sweep.definition.matrices else looks
    of_each = f"{what} about {paired / (single + paired):.0%} of the time"
    cheaper = point_cost(sweep.model_copy(update={"sharpness_every": thinner}), depth)
    saved = 1 - sum(cheaper) / (single + paired)
    return of_each + (f"; sharpness_every = {thinner} would save {saved:.0%} of it all" if saved > 0.2 else "")


def in_units(count: float) -> str:
    """Bytes to three digits, in units of 1000, as disks are sold (dask.utils.format_bytes has units of 1024)."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def duration(seconds: float) -> str:
    """An estimate in one unit, where dask.utils.format_time is as exact as a measurement, and without bound."""
    if seconds < 60:
        return f"{max(seconds, 0.1):.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:,.0f} days" if seconds < 1000 * 365 * 86400 else "more than a thousand years"
