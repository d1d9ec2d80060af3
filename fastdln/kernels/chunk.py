"""One chunk: from its points' eta and alpha, through the compiled stages, to every variable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fastdln.kernels.compiled import kernel
from fastdln.kernels.history import history
from fastdln.kernels.record import LANES, record
from fastdln.kernels.roles import Lengths, Roles, window_of
from fastdln.kernels.survey import edges, trajectories
from fastdln.kernels.transient import ROUND, transient
from fastdln.models import Map
from fastdln.observables import Observable
from fastdln.observables.fate import DIVERGED, OPEN, with_history
from fastdln.theory import divergence_bound


class ChunkKernel:
    """The compiled stages of one map, depth and set of observables; call it with the points of a chunk."""

    def __init__(
        self, map_: Map, depth: int, observables: Sequence[Observable], lanes: int = LANES, alone: bool = False
    ) -> None:
        self.map, self.depth = map_, depth
        self.layers = map_.layers(depth)
        self.roles = roles = Roles(observables, map_, depth)

        def stage(build: Any, some: Iterable[Observable], *arguments: int) -> Any:
            names = tuple(o.name for o in some)
            return kernel(build(map_, depth, roles, *arguments), build.__name__, map_.name, depth, names, *arguments)

        self.transient = stage(transient, roles.whole_run)
        self.record = stage(record, roles.written, lanes, alone)
        self.history = kernel(history(map_, depth), "history", map_.name, depth)
        self.edges = stage(edges, roles.surveyed) if roles.surveyed else None
        self.trajectories = stage(trajectories, roles.trajectories) if roles.trajectories else None

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
        roles, (modes, points), total = self.roles, singular_values.shape, lengths.steps + lengths.record
        kept = total // lengths.trajectory + 1 if lengths.trajectory else 0
        sizes = {"mode": modes, "sample": lengths.samples, "layer": self.depth, "step": kept}
        results: dict[str, np.ndarray] = {}

        def outputs(observables: Iterable[Observable]) -> tuple[np.ndarray, ...]:
            made = {
                v.name: np.empty((points, *(sizes[d] for d in v.dims)), v.dtype)
                for observable in observables
                for v in observable.variables
            }
            results.update(made)
            return tuple(made.values())

        rounds = roles.rounds(lengths)
        fates, periods = np.empty((points, modes), np.uint8), np.empty((points, modes), np.int16)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # diverging points, where the JIT is off
            starts = self.columns(eta, alpha, singular_values, start)
            columns = np.concatenate([starts, np.empty((sum(roles.run_widths), starts.shape[1]))])
            self.transient(columns, rounds)
            self.record(columns, lengths, lengths.steps - rounds * ROUND, fates, periods, outputs(roles.written))
            self.look_back(starts, lengths, fates)
            if self.edges:
                sampled = lengths.sharpness_every
                every = sampled if all(o.sampled for o in roles.surveyed) else 1
                self.edges(starts, (points, modes), every, sampled, total, outputs(roles.surveyed))
            if self.trajectories:
                kept_every = lengths.trajectory
                self.trajectories(starts, (points, modes), kept_every, kept_every, total, outputs(roles.trajectories))
        for verdict in roles.verdicts:
            store(results, verdict, verdict.finish(fates, periods, singular_values.T))
        if roles.ends:
            components = list(self.map.components(self.depth))
            layers = columns[components].reshape(self.depth, modes, points).transpose(2, 0, 1)
            lost = (fates == DIVERGED).any(axis=1)
            for end in roles.ends:
                values = end.finish(np.where(lost[:, None, None], np.nan, layers), singular_values.T)
                store(results, end, values)
        return results

    def columns(self, eta: np.ndarray, alpha: np.ndarray, s: np.ndarray, start: np.ndarray) -> np.ndarray:
        """State 0, eta, s and the divergence bound (rows, see Layout) of every mode and point (columns)."""
        states = start[self.layers][:, :, None] * alpha
        rows = [*states, np.broadcast_to(eta, s.shape), s, divergence_bound(eta, s, self.depth)]
        return np.stack([row.ravel() for row in rows])

    def look_back(self, starts: np.ndarray, lengths: Lengths, fates: np.ndarray) -> None:
        """Settles in place the fates that only the orbit's history can tell."""
        mode, point = np.nonzero(np.isin(fates.T, OPEN))
        escaped = np.zeros(mode.size, np.bool_)
        open_starts = np.take(starts, mode * len(fates) + point, axis=1)
        self.history(open_starts, lengths.steps + lengths.record - window_of(lengths), escaped)
        fates[point, mode] = with_history(fates[point, mode], escaped)

    def compile(self) -> None:
        """Compiles the stages, or loads them from the cache, by running them on no points at all."""
        nothing, none = np.empty(0), np.empty((1, 0))
        self(nothing, nothing, none, np.zeros((self.depth, 1)), Lengths(0, 1, 0, 1, 1, 1))


def store(results: dict[str, np.ndarray], observable: Observable, values: Sequence[np.ndarray]) -> None:
    for variable, value in zip(observable.variables, values, strict=True):
        results[variable.name] = value.astype(variable.dtype, copy=False)
