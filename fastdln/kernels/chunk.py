"""One chunk: from its points' eta and alpha, through the compiled stages, to every variable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastdln.kernels.cache import kernel
from fastdln.kernels.history import history
from fastdln.kernels.record import LANES, record
from fastdln.kernels.roles import Lengths, Roles, window_of
from fastdln.kernels.transient import ROUND, transient
from fastdln.models import Map
from fastdln.observables import Observable
from fastdln.observables.fate import OPEN, with_history
from fastdln.theory import divergence_bound


class ChunkKernel:
    """The compiled stages of one map, depth and set of observables; call it with the points of a chunk."""

    def __init__(self, map_: Map, depth: int, observables: Sequence[Observable], lanes: int = LANES) -> None:
        self.map, self.depth = map_, depth
        self.layers = list(map_.layers(depth))
        self.roles = roles = Roles(observables, len(self.layers))
        run, written = (tuple(o.name for o in some) for some in (roles.whole_run, roles.written))
        self.transient = kernel(transient(map_, depth, roles), "transient", map_.name, depth, run)
        self.record = kernel(record(map_, depth, roles, lanes), "record", map_.name, depth, written, lanes)
        self.history = kernel(history(map_, depth), "history", map_.name, depth)

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
        modes, points = singular_values.shape
        sizes = {"mode": modes, "sample": lengths.samples}
        results = {
            v.name: np.empty((points, *(sizes[d] for d in v.dims)), v.dtype)
            for observable in self.roles.written
            for v in observable.variables
        }
        fates, periods = np.empty((points, modes), np.uint8), np.empty((points, modes), np.int16)
        with np.errstate(over="ignore", invalid="ignore"):  # diverging points, where the JIT is off
            starts = self.columns(eta, alpha, singular_values, start)
            columns = np.concatenate([starts, np.empty((sum(self.roles.run_widths), starts.shape[1]))])
            self.transient(columns, lengths.steps // ROUND)
            self.record(columns, lengths, fates, periods, tuple(results.values()))
            self.look_back(starts, lengths, fates)
        for observable in self.roles.verdicts:
            values = observable.finish(fates, periods, singular_values.T)
            for v, value in zip(observable.variables, values, strict=True):
                results[v.name] = value.astype(v.dtype, copy=False)
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
        self(nothing, nothing, none, np.zeros((self.depth, 1)), Lengths(0, 1, 0, 1))
