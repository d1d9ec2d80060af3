"""One chunk of matrix networks: from its points' eta, alpha and starts to every variable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from fastdln.kernels.chunk import store
from fastdln.kernels.compiled import kernel
from fastdln.kernels.jobs import Job
from fastdln.kernels.roles import Lengths, window_of
from fastdln.kernels.transient import ROUND
from fastdln.matrices.descent import Points, history, places_of, programs_of, transient
from fastdln.matrices.follow import follow
from fastdln.matrices.measures import measures_of
from fastdln.matrices.network import Network
from fastdln.matrices.rest import rests, strengths
from fastdln.matrices.roles import Roles
from fastdln.matrices.settle import Found
from fastdln.matrices.sharpness import block_of, finder, work_in
from fastdln.matrices.tiles import LANES, aligned
from fastdln.models.targets import Target
from fastdln.observables import Observable
from fastdln.observables.fate import COLLAPSED, DRIFTING, NEAR_ZERO, OPEN, with_history
from fastdln.observables.observable import End, Estimates
from fastdln.theory import divergence_bound

# The widest layer at which lanes of many points beat BLAS on one point at a time: 1.3 times at 24, nothing at 32, where
# the vectors of the search for eigenvalues have left the L2 cache besides.
WIDEST_IN_LANES = 28


def lanes_for(widths: Sequence[int]) -> int:
    return LANES if max(widths) <= WIDEST_IN_LANES else 1


class MatrixKernel:
    """The compiled descent of networks of given widths; call it with the points of a chunk."""

    def __init__(
        self, widths: Sequence[int], observables: Sequence[Observable], diagonal: bool, wanted: int = 1
    ) -> None:
        self.widths, self.diagonal, self.wanted = tuple(widths), diagonal, wanted
        self.lanes = lanes = lanes_for(widths)
        self.roles = roles = Roles(observables)
        self.shapes = [(rows, columns) for columns, rows in pairwise(self.widths)]
        self.transient, self.history = descent_for(lanes)
        self.follow = follow_for(lanes, roles)

    def __call__(
        self,
        eta: np.ndarray,
        singular_values: np.ndarray,
        starts: np.ndarray,
        target: Target,
        targets: np.ndarray,
        target_of: np.ndarray,
        lengths: Lengths,
    ) -> dict[str, np.ndarray]:
        """Variables by name, shaped (point, ...), from eta (point), singular values (mode, point), the layers at state 0
        one after another (point, element), and the matrices to learn (target, element), with that of each point.
        """
        roles, (modes, points), total = self.roles, singular_values.shape, lengths.steps + lengths.record
        depth = len(self.shapes)
        kept_states = total // lengths.trajectory + 1 if lengths.trajectory else 0
        sizes = {
            "mode": modes,
            "sample": lengths.samples,
            "layer": depth,
            "step": kept_states,
            "eigenvalue": self.wanted,
        }
        results: dict[str, np.ndarray] = {}

        def outputs(observables: Iterable[Observable]) -> tuple[np.ndarray, ...]:
            made = {
                v.name: np.empty((points, *(sizes[d] for d in v.dims)), v.dtype)
                for observable in observables
                for v in observable.variables
            }
            results.update(made)
            return tuple(made.values())

        memory, places, programs, measures = self.lay_out(target)
        found = Found(
            np.empty((points, modes), np.uint8),
            np.empty((points, modes), np.int16),
            np.empty((points, self.wanted)),
            np.empty(points),
            np.zeros(points, np.int64),
            np.empty(points),
        )
        block = Points(eta, singular_values, starts.copy(), -targets, target_of)
        bounds = divergence_bound(eta, singular_values, depth)
        bounds = np.concatenate([bounds, 2.0 * bounds.max(axis=0, keepdims=True, initial=0.0)])
        rounds = 0 if roles.from_start else max(0, lengths.steps // ROUND - (1 if roles.tangents else 0))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # diverging points, where the JIT is off
            self.transient(memory, places, programs, block, rounds)
            self.follow(
                memory,
                work_in(memory, measures.finder),
                places,
                programs,
                measures,
                block,
                bounds,
                np.array(self.shapes),
                lengths,
                rounds * ROUND,
                found,
                outputs(roles.written),
                outputs(roles.trajectories),
            )
            at_start = block._replace(states=starts)
            self.look_back(memory, places, programs, at_start, block.states, target, lengths, found.fates)
        for verdict in roles.verdicts:
            store(results, (verdict,), verdict.finish(found.fates, found.periods, singular_values.T))
        estimates = Estimates(found.eigenvalues, found.residual, found.failed)
        for estimate in roles.estimates:
            store(results, (estimate,), estimate.finish(estimates))
        for tangent in roles.tangents:
            store(results, (tangent,), (found.lyapunov,))
        if roles.ends:
            end = End(self.layers(block.states), singular_values.T, target.left, target.right)
            lost = np.asarray((found.periods < 0).any(axis=1))
            for one in roles.ends:
                with np.errstate(all="ignore"):
                    values = one.finish(end)
                store(results, (one,), [lose(value, lost) for value in values])
        results[UNCONVERGED] = found.failed
        return results

    def jobs(self, modes: int, lengths: Lengths) -> list[Job]:
        """All that has to be compiled: one piece, the same for all shapes."""
        return [Job(" ".join(("matrices", str(self.lanes), *self.roles.names)), self.compile)]

    def compile(self) -> None:
        """Compiles the stages, or loads them from the cache, by running them on no points at all."""
        inputs, outputs = self.widths[0], self.widths[-1]
        modes, elements = min(inputs, outputs), sum(rows * columns for rows, columns in self.shapes)
        target = Target(np.eye(outputs), np.eye(inputs), np.zeros(modes), True)
        nothing, lengths = np.empty(0), Lengths(0, 1, 0, 1, 1, 1)
        numbers = np.empty(0, np.int64)
        self(
            nothing,
            np.empty((modes, 0)),
            np.empty((0, elements)),
            target,
            np.empty((0, inputs * outputs)),
            numbers,
            lengths,
        )

    def lay_out(self, target: Target) -> tuple[np.ndarray, Any, Any, Any]:
        """Memory for one block of lanes, with what does not change from point to point."""
        lanes, roles = self.lanes, self.roles
        of_finder = 3 * block_of(self.widths, self.wanted)
        network = Network(self.widths, lanes, of_finder + (1 if roles.tangents else 0))
        search = finder(network, self.wanted)
        measures = measures_of(network, search, of_finder if roles.tangents else -1)
        memory = aligned(network.memory.size)
        memory[network.one : network.one + LANES] = 1.0
        for place, basis in ((network.left, target.left), (network.right, target.right)):
            memory[place.at : place.at + basis.size * lanes] = np.repeat(basis.ravel(), lanes)
        return memory, places_of(network), programs_of(network, self.diagonal), measures

    def layers(self, states: np.ndarray) -> list[np.ndarray]:
        """The layers (point, row, column) of states (point, element)."""
        ends = np.cumsum([rows * columns for rows, columns in self.shapes])
        parts = np.split(states, ends[:-1], axis=1)
        return [part.reshape(-1, *shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def look_back(
        self,
        memory: np.ndarray,
        places: Any,
        programs: Any,
        points: Points,
        states: np.ndarray,
        target: Target,
        lengths: Lengths,
        fates: np.ndarray,
    ) -> None:
        """Settles in place the fates that only the orbit's history can tell, and of what is near 0, whether it can stay.

        points: with the states at the start; states: those at the end.
        """
        near = np.isin(fates, (COLLAPSED, NEAR_ZERO))
        which = np.flatnonzero((near | np.isin(fates, OPEN)).any(axis=1))
        escaped = np.zeros((which.size, fates.shape[1]), np.bool_)
        if which.size:
            until = lengths.steps + lengths.record - window_of(lengths)
            self.history(memory, places, programs, points, which, until, escaped)
        asked, near = fates[which], near[which]
        settled = np.where(np.isin(asked, OPEN), with_history(asked, escaped), asked)
        for mode in np.flatnonzero(near.any(axis=0)).tolist():
            vectors = target.left[:, mode], target.right[:, mode]
            now, first = (strengths(self.layers(some[which]), *vectors) for some in (states, points.states))
            learned = points.singular_values[mode, which] ** (2 / len(self.shapes))
            stays = rests(now, np.maximum(first[-1], np.where(escaped[:, mode], learned, 0.0)))
            settled[near[:, mode] & ~stays, mode] = DRIFTING
        fates[which] = settled


# Not a variable: how many searches for eigenvalues did not converge, by point.
UNCONVERGED = "unconverged searches"


@cache
def descent_for(lanes: int) -> Any:
    return kernel(transient(lanes), "transient", "matrices", lanes), kernel(
        history(lanes), "history", "matrices", lanes
    )


FOLLOWED: dict[Any, Any] = {}


def follow_for(lanes: int, roles: Roles) -> Any:
    """The compiled follow: the same for all shapes, so that a sweep over depths compiles it once."""
    key = (lanes, roles.names)
    if key not in FOLLOWED:
        FOLLOWED[key] = kernel(follow(lanes, roles), "follow", "matrices", *key)
    return FOLLOWED[key]


def lose(values: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """The values with NaN where the point is lost."""
    return np.where(lost.reshape(-1, *(1,) * (values.ndim - 1)), np.nan, values)
