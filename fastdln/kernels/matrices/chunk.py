"""A chunk of points of networks of full matrices: every variable, from eta, alpha and starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import cache, partial
from itertools import pairwise
from operator import attrgetter
from typing import Any

import numba
import numpy as np

from fastdln.errors import where
from fastdln.kernels.compile import jit_disabled, kernel
from fastdln.kernels.compile_jobs import Job
from fastdln.kernels.layout import split_values
from fastdln.kernels.lengths import Lengths, window_of
from fastdln.kernels.link import Linked
from fastdln.kernels.matrices.collapse import rests, strengths
from fastdln.kernels.matrices.eigenvalue_search import EigenvalueSearch
from fastdln.kernels.matrices.escape import find_escapes
from fastdln.kernels.matrices.flow import FlowLayout, fill, flow_kernel, lay_out, no_flow
from fastdln.kernels.matrices.layer_singular_values import spectrum
from fastdln.kernels.matrices.momentum import states_of
from fastdln.kernels.matrices.network import Network
from fastdln.kernels.matrices.program import Code, interpreter
from fastdln.kernels.matrices.record import Follower, Measured, Runner
from fastdln.kernels.matrices.schedule import for_networks
from fastdln.kernels.matrices.stages import MatrixObservablesByStage
from fastdln.kernels.matrices.tangent import first_tangent, tangent_of
from fastdln.kernels.matrices.third_order import third_order
from fastdln.kernels.matrices.tiles import LANES as NETWORKS
from fastdln.kernels.matrices.tiles import aligned
from fastdln.kernels.matrices.trace import Sampling, Setup, Tables
from fastdln.kernels.matrices.transient import Points, descent_of, transient
from fastdln.kernels.matrices.views import LENGTH, of_matrices, offsets_of
from fastdln.kernels.spans import LANES, ROUND
from fastdln.kernels.variables import add_variables, variables_of
from fastdln.models.targets import TargetMatrix
from fastdln.observables import Observable
from fastdln.observables.fate import COLLAPSED, DIVERGED, DRIFTING, NEAR_ZERO, OPEN, resolve_open
from fastdln.observables.observable import LEAD, End, Estimates
from fastdln.theory import divergence_bound

# The widest layer at which LANES points side by side beat BLAS on one point at a time: by 1.3 times at 24, not at all at 32,
# where the vectors of the search for eigenvalues do not fit the L2 cache either.
WIDEST_IN_LANES = 28

# Bytes of networks that are followed together: the L2 cache of a core.
BLOCK_BYTES = 2**20


def lanes_for(widths: Sequence[int]) -> int:
    """Networks side by side in a vector: LANES, or 1 where BLAS is faster."""
    return NETWORKS if max(widths) <= WIDEST_IN_LANES else 1


class MatrixKernel:
    """The compiled descent of networks of given widths; call it with the points of a chunk.

    momentum: "heavy-ball" or "nesterov", or "" for none. tolerance: of gradient flow, which is followed in place of gradient descent where it is above 0. unconverged: the key under which its
    results hold, for each point, how many searches for eigenvalues did not converge, and at how many states the flow did not; it is no
    variable.
    """

    unconverged = "unconverged"

    def __init__(
        self,
        widths: Sequence[int],
        observables: Sequence[Observable],
        diagonal: bool,
        wanted: int = 1,
        tolerance: float = 0.0,
        momentum: str = "",
    ) -> None:
        self.widths, self.diagonal, self.wanted, self.tolerance = tuple(widths), diagonal, wanted, tolerance
        self.lanes, self.momentum = lanes_for(widths), momentum
        self.by_stage = MatrixObservablesByStage(observables)
        self.shapes = [(rows, columns) for columns, rows in pairwise(self.widths)]
        own = [quantity.name for quantity in self.by_stage.quantities if quantity.source]
        self._stage: Runner = partial(run_stage, self.lanes, own)
        self._address: Callable[[Linked], Any] = attrgetter("address")

    def __call__(
        self,
        eta: np.ndarray,
        singular_values: np.ndarray,
        starts: np.ndarray,
        target: TargetMatrix,
        targets: np.ndarray,
        target_of: np.ndarray,
        lengths: Lengths,
        momentum: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """Compute the variables of some points; returns arrays (point, ...) by the variable's name.

        eta (point); singular_values (mode, point) of the target; starts (point, element): the layers at state 0 one after another;
        target: for its singular bases; momentum (point): mu, where there is one; targets (target, element): the matrices to learn; target_of (point): which of them.
        """
        by_stage, modes = self.by_stage, len(singular_values)
        unresolved = np.zeros(len(eta))
        starts = starts if momentum is None else self.states(starts, momentum)
        points = Points(eta, singular_values, starts.copy(), -targets, target_of, unresolved)
        bounds = divergence_bound(eta, singular_values, len(self.shapes))
        # The bound is that of plain descent; along the flow the loss falls: nothing diverges before it overflows.
        if self.tolerance or self.momentum:
            bounds = np.full_like(bounds, np.inf)
        bounds = np.concatenate([bounds, 2.0 * bounds.max(axis=0, keepdims=True, initial=0.0)])
        with np.errstate(all="ignore"):  # diverging points, where the JIT is off
            follower, measured = self.descend(points, bounds, target, lengths)
            of_modes, of_network, fates, periods = split_values(
                measured.values, modes, len(variables_of(by_stage.modes))
            )
            fates, periods = fates.astype(np.uint8), periods.astype(np.int16)
            diverged = measured.diverged | (fates == DIVERGED).any(axis=1)
            fates[diverged], periods[diverged] = DIVERGED, -1
            at_start = points._replace(states=starts)
            self.resolve_fates(follower, at_start, points.states, target, lengths, fates)
        results: dict[str, np.ndarray] = {}
        add_variables(results, by_stage.modes, of_modes, diverged[:, None])
        add_variables(results, (*by_stage.network, *by_stage.network_whole_run), of_network, diverged)
        for window in by_stage.windows:
            add_variables(results, (window,), [np.moveaxis(measured.orbit, -1, 0)], diverged[:, None, None])
        for trajectory in by_stage.trajectories:
            rows = np.moveaxis(measured.trajectory, -1, 1)
            layers, products, quantities = np.split(rows, [len(self.shapes) * modes, (len(self.shapes) + 1) * modes])
            layers = layers.reshape(len(self.shapes), modes, *layers.shape[1:])
            add_variables(results, (trajectory,), [np.moveaxis(layers, 2, 0), np.moveaxis(products, 1, 0), *quantities])
        learned = singular_values.T
        for shared in (fates, periods, learned):  # by several observables
            shared.flags.writeable = False
        for verdict in by_stage.verdicts:
            add_variables(results, (verdict,), verdict.finish(fates, periods, learned))
        estimates = Estimates(measured.eigenvalues, measured.residual, measured.failed)
        for estimate in by_stage.estimates:
            add_variables(
                results, (estimate,), [nan_where_diverged(value, diverged) for value in estimate.finish(estimates)]
            )
        if by_stage.last_layers:
            both = self.layers(points.states), self.layers(starts)
            end = End(*both, singular_values.T, target.left, target.right)
            for one in by_stage.last_layers:
                with np.errstate(all="ignore"):
                    values = one.finish(end)
                add_variables(results, (one,), [nan_where_diverged(value, diverged) for value in values])
        for count in by_stage.of_flow:
            add_variables(results, (count,), [unresolved.astype(np.int64)])
        results[self.unconverged] = measured.failed + unresolved.astype(np.int64)
        return results

    def descend(
        self, points: Points, bounds: np.ndarray, target: TargetMatrix, lengths: Lengths
    ) -> tuple[Follower, Measured]:
        """Take points.states to the last state; returns what is measured on the way."""
        follower = self.follower(target, lengths, len(points.eta))
        measured = self.empty_results(follower, len(points.eta), lengths)
        descent = follower.tables.code, follower.setup.descent
        self._stage(transient, follower.networks[0], *descent, points, follower.first // ROUND)
        follower(points, bounds, measured)
        return follower, measured

    def follower(self, target: TargetMatrix, lengths: Lengths, points: int) -> Follower:
        """Lay out memory, programs and tables for so many points and these lengths."""
        lanes, by_stage, modes = self.lanes, self.by_stage, min(self.widths[0], self.widths[-1])
        plan, rows, trajectory_rows = for_networks(by_stage, modes, len(self.shapes), window_of(lengths))
        search, tangents = (
            EigenvalueSearch(self.widths, self.wanted if by_stage.searched_at else 0),
            by_stage.carries_tangent,
        )
        carried = 2 * tangents if self.momentum else tangents  # of layers, and of velocities
        network = Network(
            self.widths, lanes, search.directions + carried, search.images + tangents, bool(self.momentum)
        )
        code = Code()
        runner, by_tiles = (self._address(interpreter(count)) for count in (lanes, NETWORKS))
        search_layout = search.lay_out(network, code, runner, by_tiles)
        flow = no_flow()
        if self.tolerance:
            kernel = self._address(flow_kernel(lanes))
            flow = lay_out(network, code, runner, by_tiles, kernel, self.tolerance)
        offsets = offsets_of(network, self.wanted, search.vector(search_layout))
        tangent = tangent_of(network, code, tangents, offsets, self.momentum)
        descent = descent_of(network, code, runner, self.diagonal, flow, self.momentum)
        no_kernel = None if jit_disabled() else 0
        sampling = Sampling(
            steps=lengths.steps,
            total=lengths.steps + lengths.record,
            window=window_of(lengths),
            period_max=lengths.period_max,
            every=lengths.sharpness_every,
            trajectory=lengths.trajectory if by_stage.trajectories else 0,
            searched_at=by_stage.searched_at,
            third_order_at=by_stage.third_order_at,
            search_kernel=self._address(search.kernel(lanes)) if search.wanted else no_kernel,
            third_order=self._address(third_order(lanes)) if by_stage.third_order_at else no_kernel,
            spectrum=self._address(spectrum(lanes)) if by_stage.trajectories else no_kernel,
            tangents=tangents,
        )
        quantities = [self._address(of_matrices(quantity, lanes)) for quantity in by_stage.quantities]
        tables = Tables(
            lines=plan.program.code_by(self._address),
            code=code.array,
            offsets=offsets,
            quantities=np.array(quantities, object if jit_disabled() else np.int64),
            wanted_at=np.array(by_stage.wanted_at),
            noise=search.noise(network),
            trajectory_rows=trajectory_rows,
        )
        leads = tangents or bool(by_stage.leading)
        rounds = 0 if by_stage.from_start else max(0, lengths.steps // ROUND - (1 if leads else 0))
        return Follower(
            lanes=lanes,
            setup=Setup(plan.sections, plan.layout, rows, descent, search_layout, tangent, sampling),
            tables=tables,
            networks=self.networks(network, descent.flow, target, points, int(offsets[LENGTH])),
            memory=plan.memory,
            first=rounds * ROUND,
            lead=max(0, lengths.steps - LEAD) if leads else lengths.steps,
            every_state=by_stage.from_start,
            leads=leads,
            rates=plan.rates,
            tangent=first_tangent(network, self.momentum) if tangents else np.empty(0),
            saved=(network.saved[0].at, network.size) if self.momentum else (0, 0),
            stage=self._stage,
        )

    def networks(self, network: Network, flow: FlowLayout, target: TargetMatrix, points: int, size: int) -> np.ndarray:
        """Make the memory (group, float) of the networks that are followed together, with what is the same for all points."""
        lanes = self.lanes
        groups = min(LANES // lanes, max(1, -(-points // lanes)), max(1, BLOCK_BYTES // (8 * size)))
        memory = aligned(groups * size).reshape(groups, size)
        memory[:, network.one : network.one + NETWORKS] = 1.0
        for matrix, basis in ((network.left, target.left), (network.right, target.right)):
            memory[:, matrix.at : matrix.at + basis.size * lanes] = np.repeat(basis.ravel(), lanes)
        if self.tolerance:
            fill(memory, flow)
        return memory

    def empty_results(self, follower: Follower, points: int, lengths: Lengths) -> Measured:
        """Make the arrays for what is measured of so many points."""
        layout, rows = follower.setup.layout, len(follower.tables.trajectory_rows)
        samples = (lengths.steps + lengths.record) // lengths.trajectory + 1 if rows else 0
        return Measured(
            values=np.full((layout.values_rows, points), np.nan),
            orbit=np.empty((layout.modes, lengths.samples if self.by_stage.windows else 0, points)),
            trajectory=np.empty((rows, samples, points)),
            diverged=np.zeros(points, np.bool_),
            eigenvalues=np.empty((points, self.wanted)),
            residual=np.empty(points),
            failed=np.zeros(points, np.int64),
        )

    def jobs(self, modes: int, lengths: Lengths) -> list[Job]:
        """List all that has to be compiled, the same for all shapes, but for escape.py, which few runs need.

        A copy of this kernel goes through one point, and notes the stages that it would call.
        """
        jobs: dict[str, Job] = {}
        if jit_disabled():
            return []
        lanes, dry_run, several = self.lanes, copy(self), " several" if self.wanted > 1 else ""

        def note(stage: Any, *arguments: Any) -> int:
            kinds, name = tuple(map(numba.typeof, arguments)), f"{stage.__name__} {lanes}{several}"
            jobs.setdefault(name, Job(name, partial(compiled(stage, lanes).compile, kinds)))
            return 0

        def note_kernel(one: Linked) -> int:
            jobs.setdefault(one.identity, Job(one.identity, one.make, one.kept))
            return 0

        dry_run._stage, dry_run._address = note, note_kernel
        inputs, outputs = self.widths[0], self.widths[-1]
        target = TargetMatrix(np.eye(outputs), np.eye(inputs), np.zeros(modes), True)
        elements = sum(rows * columns for rows, columns in self.shapes)
        states, learned = np.zeros((1, elements)), np.zeros((1, inputs * outputs))
        states = self.states(states, np.zeros(1)) if self.momentum else states
        points = Points(np.zeros(1), np.zeros((modes, 1)), states, learned, np.zeros(1, np.int64), np.zeros(1))
        dry_run.descend(points, np.zeros((modes + 1, 1)), target, lengths)
        return list(jobs.values())

    def states(self, starts: np.ndarray, momentum: np.ndarray) -> np.ndarray:
        """Make the states (point, element) of layers at rest, with the momentum of each point."""
        network = Network(self.widths, self.lanes, momentum=True)
        return states_of(starts, momentum, network.length // self.lanes)

    def layers(self, states: np.ndarray) -> list[np.ndarray]:
        """Split states (point, element) into layers (point, row, column)."""
        ends = np.cumsum([rows * columns for rows, columns in self.shapes])
        split_values = np.split(states[:, : ends[-1]], ends[:-1], axis=1)
        return [part.reshape(-1, *shape) for part, shape in zip(split_values, self.shapes, strict=True)]

    def resolve_fates(
        self,
        follower: Follower,
        points: Points,
        states: np.ndarray,
        target: TargetMatrix,
        lengths: Lengths,
        fates: np.ndarray,
    ) -> None:
        """Resolve, in place, the fates that the window leaves open.

        What is near 0 collapses only if it can stay there (collapse.py) and has left the saddle before; what is irregular is
        aperiodic only if it has left the saddle. points: with the states at the start. states: those at the end.
        """
        near = np.isin(fates, (COLLAPSED, NEAR_ZERO))
        which = np.flatnonzero((near | np.isin(fates, OPEN)).any(axis=1))
        escaped = np.zeros((which.size, fates.shape[1]), np.bool_)
        if which.size:
            until = lengths.steps + lengths.record - window_of(lengths)
            descent = follower.tables.code, follower.setup.descent
            self._stage(find_escapes, follower.networks[0], *descent, points, which, until, escaped)
        found, near = fates[which], near[which]
        resolved = np.where(np.isin(found, OPEN), resolve_open(found, escaped), found)
        for mode in np.flatnonzero(near.any(axis=0)).tolist():
            vectors = target.left[:, mode], target.right[:, mode]
            now, first = (strengths(self.layers(at[which]), *vectors) for at in (states, points.states))
            learned = points.singular_values[mode, which] ** (2 / len(self.shapes))
            stays = rests(now, np.maximum(first[-1], np.where(escaped[:, mode], learned, 0.0)))
            resolved[near[:, mode] & ~stays, mode] = DRIFTING
        fates[which] = resolved


def run_stage(lanes: int, own: Sequence[str], stage: Any, *arguments: Any) -> Any:
    """Run a stage; an error is raised with its name, and those of the user's own quantities, which may be at fault."""
    try:
        return compiled(stage, lanes)(*arguments)
    except MemoryError:
        raise
    except Exception as error:
        name = f"kernel {stage.__name__} of matrices" + (f" with {', '.join(own)}" if own else "")
        raise RuntimeError(f"{name}: {type(error).__name__}: {error}{where(error)}") from error


@cache
def compiled(stage: Any, lanes: int) -> Any:
    """Compile a stage for networks of so many lanes: the same for all shapes, so that a sweep over depths compiles it once."""
    return kernel(stage(lanes), stage.__name__, "matrices", lanes)


def nan_where_diverged(values: np.ndarray, diverged: np.ndarray) -> np.ndarray:
    """The values, with NaN where the point has diverged."""
    if values.dtype.kind != "f":
        return values
    return np.where(diverged.reshape(-1, *(1,) * (values.ndim - 1)), np.nan, values)
