"""What a sweep would cost, before it runs."""

from __future__ import annotations

import math
import time
from functools import cached_property

import numpy as np

from fastdln.axes import coordinates, depths
from fastdln.grid import Grid, work
from fastdln.lines import block
from fastdln.models import STARTS
from fastdln.sweep import MOST_STEPS, Sweep
from fastdln.tables import table
from fastdln.theory import balanced_plateau_steps, plateau_steps

# Points and steps of the probe: some 0.1 s of work, on points spread over the whole grid.
PROBE_POINTS, PROBE_STEPS = 512, 2e8
FEWEST_PROBED = 16
# Trajectories of the probe stay well below what a chunk's may take.
PROBE_BYTES = 16 * 2**20


class Plan:
    """Points, chunks, bytes, files and seconds of a sweep; printed, it is a table.

    `bytes` counts results before compression, `seconds` extrapolates a timed probe of some 0.1 s, made when first asked
    for, in proportion to the steps: an upper bound for long transients of points that settle. `warnings` says, a line each, what the sweep would not measure.
    """

    def __init__(self, sweep: Sweep, grid: Grid | None = None) -> None:
        self.sweep, self.grid = sweep, grid or Grid(sweep)
        self.points = self.grid.points
        self.chunks = self.grid.chunks
        self.chunk_shape = dict(zip(self.grid.dims, self.grid.chunk_shape, strict=True))
        self.bytes = self.points * self.grid.bytes_per_point
        further = {dim for v in sweep.variables for dim in v.dims} & {"layer", "step"}
        arrays, coordinates = len(sweep.variables), len(self.grid.dims) + 1 + len(further)
        self.files = arrays * (self.chunks + 1) + 2 * coordinates + 1

    @cached_property
    def seconds(self) -> float:
        """Computing time with a thread a core; compiling, the first time, comes on top."""
        from fastdln.engine import threads

        return probe(self.sweep, self.grid) / min(threads(), self.chunks)

    @property
    def warnings(self) -> list[str]:
        line = plateau_warning(self.sweep)
        return [line] if line else []

    def rows(self) -> list[tuple[str, str]]:
        shape = " x ".join(f"{size:,} {name}" for name, size in self.chunk_shape.items() if size > 1) or "1 point"
        rows = [
            ("points", f"{self.points:,}"),
            ("chunks", f"{self.chunks:,} of {shape}"),
            ("bytes", f"{in_units(self.bytes)} before compression"),
            ("files", f"{self.files:,} at most"),
            ("time", f"{duration(self.seconds)} estimated"),
        ]
        line = pairs_line(self.sweep)
        return rows + ([("searches" if self.sweep.definition.matrices else "pairs", line)] if line else [])

    def __str__(self) -> str:
        width = max(8, *(len(name) + 2 for name, _ in self.rows()))
        lines = [f"{name:<{width}}{value}" for name, value in self.rows()]
        return block("\n".join([self.sweep.title, *lines] if self.sweep.title else lines))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return table(self.sweep.title or "Sweep", self.rows())


def pairs_line(sweep: Sweep) -> str:
    """How much of the work looks at pairs of modes, or searches for the sharpness of matrices, and what sampling would save;
    empty if none does."""
    depth, modes = int(depths(sweep.axes["depth"]).max()), sweep.sizes["mode"]
    single, paired = work(sweep, depth)
    if not paired:
        return ""
    every = sweep.sharpness_every
    thinner = (
        11 * every if sweep.record >= 100 * every else every
    )  # some ten samples should be left, of odd and of even steps
    pairs = f"{modes * (modes - 1) // 2} of {2 * depth} x {2 * depth} a sample"
    what = "for the sharpness" if sweep.definition.matrices else pairs
    of_each = f"{what}, about {paired / (single + paired):.0%} of the time"
    cheaper = work(sweep.model_copy(update={"sharpness_every": thinner}), depth)
    saved = 1 - sum(cheaper) / (single + paired)
    return of_each + (f"; sharpness_every = {thinner} would save {saved:.0%} of it all" if saved > 0.2 else "")


def in_units(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{max(seconds, 0.1):.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def probe(sweep: Sweep, grid: Grid) -> float:
    """Seconds that one thread would take for the whole grid, from a few points of each of three depths at most."""
    from fastdln.kernels.roles import Lengths
    from fastdln.task import Task

    task = Task(sweep, grid)
    deepest, shortest = int(grid.coordinates["depth"].max()), min(sweep.record, max(1, 2 * sweep.longest_period))
    shortened = sweep.model_copy(update={"steps": 0, "record": shortest})
    of_pairs = work(shortened, deepest)[1]
    points = min(PROBE_POINTS, max(1, grid.points // len(grid.coordinates["depth"])))
    points = min(points, max(FEWEST_PROBED, int(PROBE_STEPS / max(1.0, of_pairs))))
    steps_a_point = PROBE_STEPS / points / sweep.sizes["mode"]
    steps = min(sweep.steps, int(steps_a_point))
    record = min(sweep.record, max(shortest, int(steps_a_point / (1 + of_pairs / shortest))))
    if of_pairs and sweep.trajectory:
        steps = min(steps, int(shortest * PROBE_STEPS / max(1.0, of_pairs * points)))
    short = sweep.model_copy(update={"steps": steps, "record": record})
    points = min(points, max(1, int(PROBE_BYTES / max(1, short.trajectory_bytes / sweep.points))))
    samples = min(record, sweep.sizes["sample"])
    lengths = Lengths(steps, record, sweep.longest_period, samples, sweep.sharpness_every, sweep.trajectory or 0)
    depths = grid.coordinates["depth"]
    tried = depths[np.unique(np.linspace(0, len(depths) - 1, 3).round().astype(int))]
    seconds = []
    for depth in tried:
        picks = spread(grid, points) | {"depth": np.full(points, depth)}
        with task.running():
            task.compute_points(picks, (points,), lengths)
            begun = time.perf_counter()
            task.compute_points(picks, (points,), lengths)
            taken = time.perf_counter() - begun
        scale = sum(work(sweep, int(depth))) / sum(work(short, int(depth)))
        seconds.append(taken / points * scale)
    return float(np.mean(seconds)) * grid.points


def spread(grid: Grid, points: int) -> dict[str, np.ndarray]:
    """Points scattered evenly over the grid (an additive recurrence, so that no axis is sampled along a line)."""
    generator = 2 ** (1 / (len(grid.dims) + 1))
    picks = {}
    for k, name in enumerate(grid.dims, 1):
        values = grid.coordinates[name]
        fractions = (0.5 + np.arange(points) * generator**-k) % 1
        picks[name] = values[(fractions * len(values)).astype(int)]
    return picks


def plateau_warning(sweep: Sweep) -> str | None:
    """A line that says how many steps would do, where the transient is shorter than the plateau (docs/theory.md, A)."""
    values = {name: coordinates(axis) for name, axis in sweep.axes.items()}
    alphas, etas = (values[name][values[name] > 0] for name in ("alpha", "eta"))
    if not alphas.size or not etas.size:
        return None
    if STARTS[sweep.start_name].layers is None:  # no closed form
        return None
    alpha, eta, worst = alphas.min(), etas.min(), (0.0, "")
    for mode, s in enumerate(sweep.target.singular_values):
        swept = values.get(f"s{mode + 1}", np.array([s]))
        smallest = swept[swept > 0].min(initial=math.inf)
        for depth in depths(sweep.axes["depth"]).tolist() if smallest < math.inf else ():
            steps = plateau_of(sweep.layers(depth)[:, mode], alpha, eta, smallest)
            worst = max(worst, (steps, f"alpha = {alpha:g}, eta = {eta:g}, s = {smallest:g}, depth = {depth:g}"))
    plateau, place = worst
    if plateau <= sweep.steps:
        return None
    about, enough = f"{plateau:,.0f}" if plateau < MOST_STEPS else f"{plateau:.3g}", 1.1 * plateau
    would_do = f"steps = {math.ceil(enough):,} would do" if enough < MOST_STEPS else "no number of steps would do"
    return (
        f"steps = {sweep.steps:,} is shorter than the plateau of about {about} steps at {place}; "
        f"there the fate is drifting. {would_do}"
    )


def plateau_of(start: np.ndarray, alpha: float, eta: float, s: float) -> float:
    """Steps on the plateau from a mode's layers in units of alpha; 0 for starts that have no closed form."""
    first, last, depth = abs(start[0]), abs(start[-1]), len(start)
    if first == 0 or not np.all(start[:-1] == start[0]):
        return 0.0
    if last == 0:
        # layer L alone brings the product to s/2 in log(2) / (eta alpha^(2L-2)) steps, which is less for large alpha
        with np.errstate(divide="ignore", over="ignore"):
            alone = math.log(2) / np.float64(eta * (alpha * first) ** (2 * depth - 2))
        return float(min(plateau_steps(alpha * first, eta, s, depth), alone))
    return float(balanced_plateau_steps(alpha * first, eta, s, depth)) if last == first else 0.0
