"""A chunk of points of diagonal networks: every variable, from eta and alpha, by compiled stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from copy import copy
from functools import cache, partial
from typing import Any

import numba
import numpy as np

from fastdln.errors import where
from fastdln.kernels.compile import jit_disabled, kernel
from fastdln.kernels.compile_jobs import Job
from fastdln.kernels.driver import AT_WORK, FIELDS, KERNEL, Program
from fastdln.kernels.layout import split_values
from fastdln.kernels.lengths import Lengths, samples_of, window_of
from fastdln.kernels.link import zeros
from fastdln.kernels.modes.escape import find_escapes
from fastdln.kernels.modes.record import RecordLengths, record
from fastdln.kernels.modes.sampled import sampled
from fastdln.kernels.modes.schedule import MapKernels, for_record, for_samples, for_transient
from fastdln.kernels.modes.transient import begin, transient
from fastdln.kernels.schedule import BlockPlan, quantities_of
from fastdln.kernels.spans import LANES, ROUND, STATE, STRIDE
from fastdln.kernels.stages import ObservablesByStage
from fastdln.kernels.subnormals import subnormals_are_zero
from fastdln.kernels.variables import add_variables, variables_of
from fastdln.models import Map
from fastdln.observables import Observable
from fastdln.observables.fate import COLLAPSED, DIVERGED, DRIFTING, NEAR_ZERO, OPEN, resolve_open
from fastdln.observables.observable import LEAD
from fastdln.theory import divergence_bound


class ChunkKernel:
    """The compiled stages of one map, depth and set of observables; call it with the points of a chunk."""

    def __init__(self, map_: Map, depth: int, observables: Sequence[Observable]) -> None:
        self.map, self.depth = map_, depth
        self.by_stage = ObservablesByStage(observables)
        self.kernels = MapKernels(map_, depth, self.by_stage)
        self._run: Callable[..., None] = run_stage

    def __call__(
        self,
        eta: np.ndarray,
        singular_values: np.ndarray,
        states: np.ndarray,
        lengths: Lengths,
    ) -> dict[str, np.ndarray]:
        """Compute the variables of some points; returns arrays (point, ...) by the variable's name.

        eta (point); singular_values (mode, point) of the target; states (component, mode, point): state 0 of each mode.
        """
        by_stage, (modes, points) = self.by_stage, singular_values.shape
        total = lengths.steps + lengths.record
        results: dict[str, np.ndarray] = {}
        with np.errstate(all="ignore"):  # diverging points, where the JIT is off
            starts = self.columns(eta, singular_values, states)
            columns, values, orbit = self.record(starts, (points, modes), lengths)
            of_modes, others, fates, periods = split_values(values, modes, len(variables_of(by_stage.modes)))
            fates, periods = fates.astype(np.uint8), periods.astype(np.int16)
            self.resolve_fates(starts, columns, lengths, fates)
            diverged = fates == DIVERGED
            any_diverged = diverged.any(axis=1)
            add_variables(results, by_stage.modes, of_modes, diverged)
            of_network, of_pairs = np.split(others, [len(variables_of(by_stage.network))])
            add_variables(results, by_stage.network, of_network, any_diverged)
            add_variables(results, by_stage.pairs, of_pairs, any_diverged | (modes == 1))
            for window in by_stage.windows:
                add_variables(results, (window,), [orbit], diverged[:, :, None])
            for every, is_sampled in ((lengths.sharpness_every, True), (1, False)):
                if observables := [o for o in by_stage.network_whole_run if o.sampled == is_sampled]:
                    plan = for_samples(self.kernels, modes, points, observables, quantities_of(observables))
                    values, _ = self.sample(plan, starts, every, total, len(variables_of(observables)), 0)
                    add_variables(results, observables, values, any_diverged)
            for trajectory in by_stage.trajectories:
                plan = for_samples(self.kernels, modes, points, (), trajectory.quantities)
                _, kept = self.sample(plan, starts, lengths.trajectory, total, 0, len(trajectory.quantities))
                layers, products, quantities = kept
                add_variables(results, (trajectory,), [layers, products, *quantities])
        learned = singular_values.T
        for shared in (fates, periods, learned):  # by several observables
            shared.flags.writeable = False
        for verdict in by_stage.verdicts:
            add_variables(results, (verdict,), verdict.finish(fates, periods, learned))
        if by_stage.ends:
            components = [STATE + k for k in self.map.components(self.depth)]
            layers = columns[components].reshape(self.depth, modes, points).transpose(2, 0, 1)
            for end in by_stage.ends:
                values = end.finish(np.where(any_diverged[:, None, None], np.nan, layers), learned)
                add_variables(results, (end,), values)
        return results

    def columns(self, eta: np.ndarray, s: np.ndarray, states: np.ndarray) -> np.ndarray:
        """Lay out the columns (row, mode and point) at state 0; spans.py has the rows."""
        bounds = divergence_bound(eta, s, self.depth) if self.map.diverges else np.full(s.shape, np.inf)
        rows = [np.broadcast_to(eta, s.shape), s, bounds, np.zeros(s.shape), *states]
        return np.stack([row.ravel() for row in rows])

    def record(self, starts: np.ndarray, shape: tuple[int, int], lengths: Lengths) -> tuple[np.ndarray, ...]:
        """Run the transient and the record; returns the columns at the last state, values (value, point) and the orbit."""
        by_stage, kernels, (points, modes) = self.by_stage, self.kernels, shape
        rounds, size = by_stage.rounds(lengths), window_of(lengths)
        accumulators = sum(kernels.widths[o.name] for o in by_stage.whole_run)
        columns = np.concatenate([starts, np.zeros((accumulators, starts.shape[1]))])
        plan = for_transient(kernels)
        program, memory, sections = plan.program, plan.memory, plan.sections
        self._run(begin, program, sections["begin"] if by_stage.whole_run else EMPTY, memory, columns)
        settles = all(observable.settles for observable in by_stage.whole_run)
        earlier, scratch = zeros(kernels.components, STRIDE), np.zeros((3, LANES), np.int64)
        observed = sections["observed"] if by_stage.whole_run else EMPTY
        bare = sections["bare"]

        def run_transient(some_columns: np.ndarray) -> None:
            self._run(transient, program, bare, observed, memory, earlier, scratch, some_columns, rounds, settles)

        if by_stage.whole_run:
            run_transient(columns)
        else:
            run_flushing_subnormals(columns, run_transient)
        plan = for_record(kernels, modes, points, size)
        remaining = lengths.steps - rounds * ROUND
        recorded = RecordLengths(
            remaining,
            min(remaining, LEAD) if by_stage.pairs and modes > 1 else 0,
            lengths.steps,
            lengths.record,
            size,
            lengths.period_max,
            lengths.sharpness_every,
            samples_of(lengths),
        )
        values = np.full((plan.layout.values_rows, points), np.nan)
        orbit = np.empty((points, modes, lengths.samples if by_stage.windows else 0))
        self._run(
            record,
            plan.program,
            plan.sections,
            plan.cycles,
            plan.memory,
            plan.layout,
            columns,
            recorded,
            plan.rates,
            values,
            orbit,
        )
        return columns, values, orbit

    def sample(
        self, plan: BlockPlan, starts: np.ndarray, every: int, total: int, variables: int, quantities: int
    ) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """Run from state 0 on, sampling every so many states; returns the values of observables, and a trajectory.

        variables: how many the observables have. quantities: how many the trajectory has, 0 for no trajectory.
        """
        modes = plan.layout.modes
        points = starts.shape[1] // modes
        samples = total // every + 1 if quantities else 0
        values = np.empty((variables, points))
        trajectory = (
            np.empty((points if quantities else 0, self.depth, modes, samples)),
            np.empty((points, modes, samples)),
            np.empty((quantities, points, samples)),
        )
        components = np.array(self.map.components(self.depth), np.int64)
        self._run(
            sampled,
            plan.program,
            plan.sections,
            plan.memory,
            plan.layout,
            plan.numbers,
            components,
            starts,
            every,
            total,
            values,
            trajectory,
        )
        return values, trajectory

    def resolve_fates(self, starts: np.ndarray, columns: np.ndarray, lengths: Lengths, fates: np.ndarray) -> None:
        """Resolve, in place, the fates that the window leaves open.

        What is near 0 collapses only if it can stay there (Map.rests) and has left the saddle before; what is irregular is
        aperiodic only if it has left the saddle.
        """
        components = self.kernels.components
        mode, point = np.nonzero(np.isin(fates.T, (COLLAPSED, NEAR_ZERO)))
        ends = np.take(columns[STATE : STATE + components], mode * len(fates) + point, axis=1)
        leaving = ~np.broadcast_to(self.map.rests(self.depth)(ends), mode.shape)
        fates[point[leaving], mode[leaving]] = DRIFTING
        mode, point = np.nonzero(np.isin(fates.T, OPEN))
        if mode.size:
            escaped = np.zeros(mode.size, np.bool_)
            open_starts = np.take(starts, mode * len(fates) + point, axis=1)
            until = lengths.steps + lengths.record - window_of(lengths)
            plan, earlier, away = for_transient(self.kernels), zeros(components, STRIDE), np.zeros(LANES, np.int64)
            trace, products = plan.sections["trace"], plan.layout.products
            self._run(
                find_escapes, plan.program, trace, plan.memory, products, earlier, away, open_starts, until, escaped
            )
            fates[point, mode] = resolve_open(fates[point, mode], escaped)

    def jobs(self, modes: int, lengths: Lengths) -> list[Job]:
        """List all that has to be compiled for a run of so many modes, but for escape.py, which few runs need.

        A copy of this kernel goes through a chunk without points, and notes the stages that it would call.
        """
        jobs: dict[str, Job] = {}
        if jit_disabled():
            return []

        def note(stage: Any, program: Program, *arguments: Any) -> None:
            kinds = tuple(numba.typeof(argument) for argument in (np.empty((0, FIELDS), np.int64), *arguments))
            jobs.setdefault(stage.__name__, Job(stage.__name__, partial(compiled(stage).compile, kinds)))
            for part in program.kernels:
                jobs.setdefault(part.identity, Job(part.identity, part.make, part.kept))

        dry_run, nothing = copy(self), np.empty(0)
        dry_run._run = note
        dry_run(nothing, np.empty((modes, 0)), np.empty((self.kernels.components, modes, 0)), lengths)
        return list(jobs.values())


def run_stage(stage: Any, program: Program, *arguments: Any) -> None:
    """Run a stage; an error in a kernel is raised with the kernel's name."""
    code = program.code
    try:
        compiled(stage)(code, *arguments)
    except MemoryError:
        raise
    except Exception as error:
        name = program.lines[code[0, AT_WORK]][KERNEL].name
        raise RuntimeError(f"kernel {name}: {type(error).__name__}: {error}{where(error)}") from error


# Starts further from 0 than this never grow from a subnormal number; nearer ones may, at L = 2.
FAR = 1e-200


def run_flushing_subnormals(columns: np.ndarray, run_bare: Callable[[np.ndarray], None]) -> None:
    """Take columns through bare steps in which subnormal numbers are 0.

    That changes no fate: an orbit that has fallen so far falls to 0 anyhow. Only columns that start nearer to 0 than FAR could
    grow from there, and take their steps with subnormal numbers.
    """
    states = np.abs(columns[STATE:])
    near = np.min(states, axis=0, where=states > 0.0, initial=np.inf) < FAR
    if not near.any():
        with subnormals_are_zero():
            run_bare(columns)
        return
    for which, context in ((near, nullcontext()), (~near, subnormals_are_zero())):
        part = columns[:, which]
        with context:
            run_bare(part)
        columns[:, which] = part


# A section without lines.
EMPTY = (0, 0)


@cache
def compiled(stage: Any) -> Any:
    """Compile a stage, once for every map, depth and set of observables."""
    return kernel(stage, stage.__name__)
