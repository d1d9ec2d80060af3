"""One chunk: from its points' eta and alpha, through the compiled stages, to every variable."""

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
from fastdln.kernels.layout import parts
from fastdln.kernels.lengths import Lengths, samples_of, window_of
from fastdln.kernels.link import zeros
from fastdln.kernels.modes.escape import history
from fastdln.kernels.modes.record import Lengths as Recorded
from fastdln.kernels.modes.record import record
from fastdln.kernels.modes.sampled import sampled
from fastdln.kernels.modes.schedule import Kernels, for_record, for_samples, for_transient
from fastdln.kernels.modes.transient import begin, transient
from fastdln.kernels.schedule import Plan, quantities_of
from fastdln.kernels.spans import LANES, ROUND, STATE, STRIDE
from fastdln.kernels.stages import Roles
from fastdln.kernels.subnormals import subnormals_are_zero
from fastdln.kernels.variables import store, variables_of
from fastdln.models import Map
from fastdln.observables import Observable
from fastdln.observables.fate import COLLAPSED, DIVERGED, DRIFTING, NEAR_ZERO, OPEN, with_history
from fastdln.observables.observable import LEAD
from fastdln.theory import divergence_bound


class ChunkKernel:
    """The compiled stages of one map, depth and set of observables; call it with the points of a chunk."""

    def __init__(self, map_: Map, depth: int, observables: Sequence[Observable]) -> None:
        self.map, self.depth = map_, depth
        self.layers = map_.layers(depth)
        self.roles = Roles(observables)
        self.kernels = Kernels(map_, depth, self.roles)
        self._run: Callable[..., None] = run

    def __call__(
        self,
        eta: np.ndarray,
        alpha: np.ndarray,
        singular_values: np.ndarray,
        start: np.ndarray,
        lengths: Lengths,
    ) -> dict[str, np.ndarray]:
        """Variables by name, shaped (point, ...), from eta and alpha (point) and singular values (mode, point).

        `start` holds the layers' singular values in units of alpha, shaped (layer, mode).
        """
        roles, (modes, points) = self.roles, singular_values.shape
        total = lengths.steps + lengths.record
        results: dict[str, np.ndarray] = {}
        with np.errstate(all="ignore"):  # diverging points, where the JIT is off
            starts = self.columns(eta, alpha, singular_values, start)
            columns, found, orbit = self.record(starts, (points, modes), lengths)
            of_modes, others, fates, periods = parts(found, modes, len(variables_of(roles.modes)))
            fates, periods = fates.astype(np.uint8), periods.astype(np.int16)
            self.look_back(starts, columns, lengths, fates)
            lost = fates == DIVERGED
            any_lost = lost.any(axis=1)
            store(results, roles.modes, of_modes, lost)
            of_network, of_pairs = np.split(others, [len(variables_of(roles.network))])
            store(results, roles.network, of_network, any_lost)
            store(results, roles.pairs, of_pairs, any_lost | (modes == 1))
            for window in roles.windows:
                store(results, (window,), [orbit], lost[:, :, None])
            for every, thinned in ((lengths.sharpness_every, True), (1, False)):
                if surveyed := [o for o in roles.surveyed if o.sampled == thinned]:
                    plan = for_samples(self.kernels, modes, points, surveyed, quantities_of(surveyed))
                    values, _ = self.sample(plan, starts, every, total, len(variables_of(surveyed)), 0)
                    store(results, surveyed, values, any_lost)
            for trajectory in roles.trajectories:
                plan = for_samples(self.kernels, modes, points, (), trajectory.quantities)
                _, kept = self.sample(plan, starts, lengths.trajectory, total, 0, len(trajectory.quantities))
                store(results, (trajectory,), [*kept[:2], *kept[2]])
        learned = singular_values.T
        for shared in (fates, periods, learned):  # by all that look at them
            shared.flags.writeable = False
        for verdict in roles.verdicts:
            store(results, (verdict,), verdict.finish(fates, periods, learned))
        if roles.ends:
            components = [STATE + k for k in self.map.components(self.depth)]
            layers = columns[components].reshape(self.depth, modes, points).transpose(2, 0, 1)
            for end in roles.ends:
                values = end.finish(np.where(any_lost[:, None, None], np.nan, layers), learned)
                store(results, (end,), values)
        return results

    def columns(self, eta: np.ndarray, alpha: np.ndarray, s: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The columns (row, mode and point) at state 0; see spans.py."""
        states = start[self.layers][:, :, None] * alpha
        rows = [np.broadcast_to(eta, s.shape), s, divergence_bound(eta, s, self.depth), np.zeros(s.shape), *states]
        return np.stack([row.ravel() for row in rows])

    def record(self, starts: np.ndarray, shape: tuple[int, int], lengths: Lengths) -> tuple[np.ndarray, ...]:
        """The columns at the last state, the values (value, point) that were recorded, and the orbit."""
        roles, kernels, (points, modes) = self.roles, self.kernels, shape
        rounds, size = roles.rounds(lengths), window_of(lengths)
        accumulators = sum(kernels.widths[o.name] for o in roles.whole_run)
        columns = np.concatenate([starts, np.zeros((accumulators, starts.shape[1]))])
        plan = for_transient(kernels)
        program, memory, sections = plan.program, plan.memory, plan.sections
        self._run(begin, program, sections["begin"] if roles.whole_run else NOTHING, memory, columns)
        settles = all(observable.settles for observable in roles.whole_run)
        earlier, scratch = zeros(kernels.components, STRIDE), np.zeros((3, LANES), np.int64)
        observed = sections["observed"] if roles.whole_run else NOTHING
        bare = sections["bare"]

        def run_transient(some: np.ndarray) -> None:
            self._run(transient, program, bare, observed, memory, earlier, scratch, some, rounds, settles)

        if roles.whole_run:
            run_transient(columns)
        else:
            falling(columns, run_transient)
        plan = for_record(kernels, modes, points, size)
        left = lengths.steps - rounds * ROUND
        recorded = Recorded(
            left,
            min(left, LEAD) if roles.pairs and modes > 1 else 0,
            lengths.steps,
            lengths.record,
            size,
            lengths.period_max,
            lengths.sharpness_every,
            samples_of(lengths),
        )
        values = np.full((plan.layout.values_rows, points), np.nan)
        orbit = np.empty((points, modes, lengths.samples if roles.windows else 0))
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
        self, plan: Plan, starts: np.ndarray, every: int, total: int, variables: int, quantities: int
    ) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """What observables of the network come to that look from state 0 on, or a trajectory, if one of any quantities."""
        modes = plan.layout.modes
        points = starts.shape[1] // modes
        visits = total // every + 1 if quantities else 0
        values = np.empty((variables, points))
        kept = (
            np.empty((points if quantities else 0, self.depth, modes, visits)),
            np.empty((points, modes, visits)),
            np.empty((quantities, points, visits)),
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
            kept,
        )
        return values, kept

    def look_back(self, starts: np.ndarray, columns: np.ndarray, lengths: Lengths, fates: np.ndarray) -> None:
        """Settles in place the fates that the window cannot tell: whether what is near 0 can stay, and has ever left it."""
        components = len(self.layers)
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
            self._run(history, plan.program, trace, plan.memory, products, earlier, away, open_starts, until, escaped)
            fates[point, mode] = with_history(fates[point, mode], escaped)

    def jobs(self, modes: int, lengths: Lengths) -> list[Job]:
        """All that has to be compiled for a run of so many modes, but for what looks back, which few runs need."""
        found: dict[str, Job] = {}
        if jit_disabled():
            return []

        def note(stage: Any, program: Program, *arguments: Any) -> None:
            kinds = tuple(numba.typeof(argument) for argument in (np.empty((0, FIELDS), np.int64), *arguments))
            found.setdefault(stage.__name__, Job(stage.__name__, partial(driver(stage).compile, kinds)))
            for part in program.kernels:
                found.setdefault(part.identity, Job(part.identity, part.make, part.kept))

        listing, nothing = copy(self), np.empty(0)
        listing._run = note
        listing(nothing, nothing, np.empty((modes, 0)), np.zeros((self.depth, modes)), lengths)
        return list(found.values())


def run(stage: Any, program: Program, *arguments: Any) -> None:
    """Runs a stage; what a kernel raises is told with the kernel's name."""
    code = program.code
    try:
        driver(stage)(code, *arguments)
    except MemoryError:
        raise
    except Exception as error:
        name = program.lines[code[0, AT_WORK]][KERNEL].name
        raise RuntimeError(f"kernel {name}: {type(error).__name__}: {error}{where(error)}") from error


# Starts further from 0 than this never have a subnormal number to grow from; nearer ones may, at L = 2.
FAR = 1e-200


def falling(columns: np.ndarray, run_bare: Callable[[np.ndarray], None]) -> None:
    """Takes columns through bare steps in which an orbit that has fallen to a subnormal number falls to 0: as it does anyhow, but for
    those that begin so near 0, which are done apart."""
    states = np.abs(columns[STATE:])
    near = np.min(states, axis=0, where=states > 0.0, initial=np.inf) < FAR
    if not near.any():
        with subnormals_are_zero():
            run_bare(columns)
        return
    for some, context in ((near, nullcontext()), (~near, subnormals_are_zero())):
        part = columns[:, some]
        with context:
            run_bare(part)
        columns[:, some] = part


# A section without lines.
NOTHING = (0, 0)


@cache
def driver(stage: Any) -> Any:
    """A stage, compiled once for every map, depth and set of observables."""
    return kernel(stage, stage.__name__)
