"""A timed probe of a sweep: seconds and compression, from a few of its points."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from fastdln.execution.compile_ahead import compile_all
from fastdln.execution.task import Task
from fastdln.kernels.lengths import Lengths
from fastdln.kernels.spans import LANES
from fastdln.storage.template import compressed
from fastdln.sweep.cost import STEPS_A_SECOND, bytes_of, point_cost
from fastdln.sweep.grid import Grid
from fastdln.sweep.schema import Sweep

# Points and steps of a whole probe: some 0.1 s of work, on points spread over the whole grid.
PROBE_POINTS, PROBE_STEPS = 512, 2e8
# Steps of its first piece; each next one has ten times as many, until one takes ENOUGH_SECONDS.
FIRST_STEPS = 2e4
ENOUGH_SECONDS = 0.05
# The fastest of so many is what the work takes; what is slower waited for other processes.
REPEATS = 3
# The wall clock's bound of all of it, without compiling: nobody waits longer for an estimate.
PROBE_SECONDS = 20.0
# How much slower than by rule of thumb the first piece may be.
SLACK = 2.0
# The results of the probe stay well below what a chunk's may take.
PROBE_BYTES = 16 * 2**20
# Below so many bytes what a compressor adds to any chunk distorts the ratio.
FEWEST_BYTES = 4096


class Probe(NamedTuple):
    """Seconds of one thread for the whole grid, and bytes on disk of a byte of results, None where it computed too few."""

    seconds: float
    compression: float | None


def lanes_for(sweep: Sweep, depth: int) -> int:
    """Points that a kernel computes side by side: fewer take as long."""
    if sweep.definition.simulation:
        return 1
    if not sweep.definition.matrices:
        return LANES
    from fastdln.kernels.matrices.chunk import lanes_for as lanes_of_matrices  # which sweeps of modes do not wait for

    return lanes_of_matrices(sweep.widths_at(depth))


def rule_of_thumb(sweep: Sweep, depth: int, points: int) -> float:
    """Seconds of one thread for points of one chunk, without any measurement."""
    lanes = lanes_for(sweep, depth)
    return -(-points // lanes) * lanes * sum(point_cost(sweep, depth)) / STEPS_A_SECOND


def probe(sweep: Sweep, grid: Grid, say: Callable[[str], object] = lambda step: None) -> Probe:
    """Computes a few points of each of three depths at most, of every part of a sweep; `say` is told what it does."""
    tasks = [Task(part, grid.part(part) if grid.names else grid) for part in grid.parts]
    all_depths = grid.coordinates["depth"]
    tried = all_depths[np.unique(np.linspace(0, len(all_depths) - 1, 3).round().astype(int))].tolist()
    compile_all([(task, tried) for task in tasks], say)
    say("timing a probe")
    bound = PROBE_SECONDS / len(tried) / len(tasks)
    found = [probe_depth(task, depth, bound) for task in tasks for depth in tried]
    ratios = [ratio for _, ratio in found if ratio is not None]
    seconds = float(np.mean([seconds for seconds, _ in found]))
    return Probe(seconds * grid.points, float(np.mean(ratios)) if ratios else None)


def probe_depth(task: Task, depth: int, most_seconds: float) -> tuple[float, float | None]:
    """Seconds a point, and the compression of its results, from ever longer pieces."""
    sweep, grid = task.sweep, task.grid
    most = int(np.prod(grid.chunk_shape))
    found: tuple[float, Mapping[str, np.ndarray] | None] = rule_of_thumb(sweep, depth, most) / most, None
    deadline, expected = time.perf_counter() + most_seconds, 0.0
    for short, points in pieces(sweep, depth, most):
        cost = points * sum(point_cost(short, depth))
        if time.perf_counter() + (expected * cost or SLACK * rule_of_thumb(short, depth, points)) > deadline:
            break
        taken, results = timed(task, depth, short, points, deadline)
        expected, scale = taken / cost, sum(point_cost(sweep, depth)) / sum(point_cost(short, depth))
        found = taken / points * scale, results
        if taken > ENOUGH_SECONDS:
            break
    seconds, computed = found
    return seconds, compression(sweep, computed) if computed else None


def pieces(sweep: Sweep, depth: int, most: int) -> Iterator[tuple[Sweep, int]]:
    """Ever longer pieces of the work: the sweep with fewer steps, and how many points."""
    budget, before = FIRST_STEPS, None
    while budget <= PROBE_STEPS:
        piece = short, points = piece_of(sweep, depth, most, budget)
        if before != (short.steps, short.record, points):
            yield piece
        before, budget = (short.steps, short.record, points), 10 * budget


def piece_of(sweep: Sweep, depth: int, most: int, budget: float) -> tuple[Sweep, int]:
    """As many points as fill the lanes, or more, and as many steps of each as cost the budget."""
    least = sweep.model_copy(update={"steps": 0, "record": min(sweep.record, max(1, 2 * sweep.longest_period))})
    fewest = min(most, lanes_for(sweep, depth))
    points = min(PROBE_POINTS, most, max(fewest, int(budget / sum(point_cost(least, depth)))))
    share = min(1.0, budget / points / sum(point_cost(sweep, depth)))
    # in proportion; but the search for periods has its own cost, and looks at so many states
    floor = least.record if points * sum(point_cost(least, depth)) <= budget else 1
    record = min(sweep.record, max(floor, int(share * sweep.record)))
    short = sweep.model_copy(update={"steps": int(share * sweep.steps), "record": record})
    return short, min(points, max(1, int(PROBE_BYTES / bytes_of(short))))


def timed(task: Task, depth: int, short: Sweep, points: int, deadline: float) -> tuple[float, Mapping[str, np.ndarray]]:
    """The fewest seconds of the processor that a piece takes, and its results."""
    lengths = Lengths(
        short.steps,
        short.record,
        min(short.longest_period, short.record // 2),
        short.sizes["sample"],
        short.sharpness_every,
        short.trajectory or 0,
    )
    picks = spread(task.grid, points) | {"depth": np.full(points, depth)}
    seconds = []
    with task.running():
        for _ in range(REPEATS):
            begun = time.thread_time()
            results = task.compute_points(picks, (points,), lengths).results
            seconds.append(time.thread_time() - begun)
            if time.perf_counter() + seconds[-1] > deadline:
                break
    return max(min(seconds), 1e-9), results


def compression(sweep: Sweep, results: Mapping[str, np.ndarray]) -> float | None:
    """Bytes on disk of a byte of these results, by the store's own compressors; None of too few to tell."""
    arrays = [results[variable.name] for variable in sweep.variables]
    if sum(array.nbytes for array in arrays) < FEWEST_BYTES:
        return None
    return sum(map(compressed, arrays)) / sum(array.nbytes for array in arrays)


def spread(grid: Grid, points: int) -> dict[str, np.ndarray]:
    """Points scattered evenly over the grid (an additive recurrence, so that no axis is sampled along a line)."""
    generator = 2 ** (1 / (len(grid.dims) + 1))
    picks = {}
    for k, name in enumerate(grid.dims, 1):
        values = grid.coordinates[name]
        fractions = (0.5 + np.arange(points) * generator**-k) % 1
        picks[name] = values[(fractions * len(values)).astype(int)]
    return picks
