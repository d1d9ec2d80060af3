"""The variables of a chunk of a sweep, computed by the kernels."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from threadpoolctl import threadpool_limits

from fastdln.analysis.asked import asked_of
from fastdln.analysis.fate_counter import FateCounter, Tally
from fastdln.execution.process_state import ProcessChange, Undo
from fastdln.kernels.compile_jobs import Job
from fastdln.kernels.lengths import Lengths
from fastdln.kernels.modes.chunk import ChunkKernel
from fastdln.models import STARTS
from fastdln.models.momentum import at_rest
from fastdln.models.targets import TargetMatrix
from fastdln.sweep.axes import swept_mode
from fastdln.sweep.choices import chosen
from fastdln.sweep.grid import Grid
from fastdln.sweep.layer_axes import has_closed_form, named_rows
from fastdln.sweep.schema import Sweep

if TYPE_CHECKING:  # sweeps of modes do not wait for the imports
    from fastdln.kernels.matrices.chunk import MatrixKernel
    from fastdln.kernels.simulations.chunk import SimulationKernel

    Kernel = ChunkKernel | MatrixKernel | SimulationKernel


def limit_blas() -> Undo:
    limits = threadpool_limits(1, user_api="blas")
    return lambda: limits.restore_original_limits()


one_blas_thread = ProcessChange(limit_blas)


class Task:
    """Computes chunks of a sweep."""

    def __init__(self, sweep: Sweep, grid: Grid) -> None:
        self.sweep, self.grid = sweep, grid
        self.depths = [int(depth) for depth in grid.coordinates["depth"]]
        self.lengths = Lengths(
            sweep.steps,
            sweep.record,
            sweep.longest_period,
            sweep.sizes["sample"],
            sweep.sharpness_every,
            sweep.trajectory or 0,
        )

    @cached_property
    def kernels(self) -> dict[int, Kernel]:
        """By depth; they are compiled, or loaded, when they first compute, if not by their jobs before."""
        return {depth: self._made(depth) for depth in self.depths}

    def jobs(self, depths: Iterable[int] | None = None) -> list[Job]:
        """Kernels to be compiled for some of the depths, or for all."""
        return [
            job
            for depth in (self.depths if depths is None else depths)
            for job in self.kernels[depth].jobs(self.sweep.sizes["mode"], self.lengths)
        ]

    def _made(self, depth: int) -> Kernel:
        sweep = self.sweep
        if sweep.definition.simulation:
            from fastdln.kernels.simulations.chunk import SimulationKernel

            wanted = sweep.sizes["eigenvalue"]
            return SimulationKernel(
                sweep.definition.simulation, sweep.simulated_widths(depth), sweep.families, chosen(sweep), wanted
            )
        if sweep.definition.matrices:
            from fastdln.kernels.matrices.chunk import MatrixKernel

            target = self.target(depth)
            widths = sweep.widths_at(depth)
            return MatrixKernel(
                widths,
                sweep.families,
                target.diagonal,
                sweep.sizes["eigenvalue"],
                sweep.flow_tolerance,
                sweep.momentum_kind,
            )
        return ChunkKernel(sweep.map, depth, sweep.families)

    def target(self, depth: int) -> TargetMatrix:
        widths = self.sweep.widths_at(depth)
        return self.sweep.target.build(widths[-1], widths[0])

    @contextmanager
    def running(self) -> Iterator[None]:
        """While chunks are computed: one thread for BLAS, since the chunks themselves run side by side."""
        deepest = int(self.grid.coordinates["depth"].max())
        if getattr(self.kernels[deepest], "lanes", None) == 1:
            with one_blas_thread():
                yield
        else:
            yield

    @cached_property
    def counter(self) -> FateCounter:
        return fate_counter(self.grid)

    def compute(self, slices: tuple[slice, ...]) -> ChunkResults:
        """The variables of a block of points of one depth, shaped like the block."""
        values = self.grid.values(slices)
        shape = tuple(part.stop - part.start for part in slices)
        return self.compute_points(values, shape)

    def compute_where(self, slices: tuple[slice, ...], wanted: np.ndarray) -> ChunkResults:
        """The variables of the wanted points of a block, one after the other; `wanted` is shaped like the block."""
        chosen = wanted.ravel()
        values = {name: points[chosen] for name, points in self.grid.values(slices).items()}
        return self.compute_points(values, (int(chosen.sum()),))

    def compute_points(
        self, values: Mapping[str, np.ndarray], shape: tuple[int, ...], lengths: Lengths | None = None
    ) -> ChunkResults:
        depth, lengths = int(values["depth"][0]), lengths or self.lengths
        target = np.array(self.sweep.target.singular_values)
        singular_values = np.repeat(target[:, None], len(values["eta"]), axis=1)
        for name in values:
            if (mode := swept_mode(name)) is not None:
                singular_values[mode] = values[name]
        kernel, unconverged = self.kernels[depth], 0
        begun = time.perf_counter()
        if isinstance(kernel, ChunkKernel):
            results = kernel(values["eta"], singular_values, self.states(depth, values, singular_values), lengths)
        elif self.sweep.definition.parameters:
            results, unconverged = self.simulate(cast("SimulationKernel", kernel), values, lengths)
        else:
            results, unconverged = self.descend(kernel, depth, values, singular_values, lengths)
        seconds = time.perf_counter() - begun
        layers = self.sweep.sizes["layer"]
        for variable in self.sweep.variables:
            if "layer" in variable.dims:
                results[variable.name] = padded(results[variable.name], 1 + variable.dims.index("layer"), layers)
        shaped = {name: array.reshape(*shape, *array.shape[1:]) for name, array in results.items()}
        return ChunkResults(shaped, seconds, unconverged)

    def states(self, depth: int, values: Mapping[str, np.ndarray], singular_values: np.ndarray) -> np.ndarray:
        """State 0 of each mode at some points, an array (component, mode, point)."""
        sweep, (modes, points) = self.sweep, singular_values.shape
        if initial := sweep.definition.initial:
            own = {one.name: values[one.name] for one in sweep.definition.parameters}
            return np.stack([np.broadcast_to(part, (modes, points)) for part in initial(own, singular_values)])
        layers = sweep.map.layers(depth)
        states = sweep.layers(depth)[layers][:, :, None] * sweep.layer_factors(values, depth)[layers][:, None]
        return at_rest(states, values["momentum"]) if sweep.momentum_kind else states

    @cached_property
    def examples(self) -> np.ndarray:
        """What the model's kernel is given of the examples that it learns from; empty without."""
        if self.sweep.data is None:
            return np.empty(0)
        assert self.sweep.definition.prepare
        return self.sweep.definition.prepare(*self.sweep.data.arrays())

    def simulate(
        self, kernel: SimulationKernel, values: Mapping[str, np.ndarray], lengths: Lengths
    ) -> tuple[dict[str, np.ndarray], int]:
        """Points of a model of parameters; returns with the variables at how many something did not converge."""
        starts = np.stack([values[one.name] for one in self.sweep.definition.parameters], axis=1)
        results = kernel(values["eta"], starts, self.examples[None], np.zeros(len(starts), np.int64), lengths)
        return results, int(np.count_nonzero(results.pop(kernel.unconverged)))

    def descend(
        self,
        kernel: MatrixKernel | SimulationKernel,
        depth: int,
        values: Mapping[str, np.ndarray],
        singular_values: np.ndarray,
        lengths: Lengths,
    ) -> tuple[dict[str, np.ndarray], int]:
        """Networks of matrices: a start a seed, and a target for each set of singular values.

        Returns with the variables at how many points something did not converge.
        """
        sweep, target, widths = self.sweep, self.target(depth), self.sweep.widths_at(depth)
        matrices, rows = STARTS[sweep.start_name].matrices, sweep.start_values
        if rows and named_rows(sweep.start):
            rows = tuple(sweep.layers(depth).tolist())
        seeds, seed_of = np.unique(values.get("seed", np.zeros(len(values["eta"]))), return_inverse=True)
        starts = np.array(
            [np.concatenate([w.ravel() for w in matrices(widths, target, int(seed), rows)]) for seed in seeds]
        )
        targets, target_of = np.unique(singular_values.T, axis=0, return_inverse=True)
        learned = np.ascontiguousarray(target.matrices(targets)).reshape(len(targets), -1)
        if sweep.data is not None:
            learned = self.examples[None]
        sizes = [rows * columns for columns, rows in pairwise(widths)]
        states = starts[seed_of.ravel()] * np.repeat(sweep.layer_factors(values, depth), sizes, axis=0).T
        if sweep.definition.simulation:
            results = cast("SimulationKernel", kernel)(values["eta"], states, learned, target_of.ravel(), lengths)
        else:
            network = cast("MatrixKernel", kernel)
            given = values["eta"], singular_values, states, target, learned, target_of.ravel(), lengths
            results = network(*given, values["momentum"] if sweep.momentum_kind else None)
        return results, int(np.count_nonzero(results.pop(kernel.unconverged)))


def fate_counter(grid: Grid) -> FateCounter:
    """What counts the fates of a sweep's points."""
    sweep, asked_by = grid.sweep, ("trajectory", "sharpness_every", "sharpness_count")
    return FateCounter(
        steps=sweep.steps,
        record=sweep.record,
        longest_period=sweep.longest_period,
        singular_values=np.array(sweep.target.singular_values, dtype=float),
        layers={part.start_name: part.layers if has_closed_form(part) else None for part in grid.parts},
        own=[part.model for part in grid.parts if part.definition.own_theory or part.momentum_kind],
        coordinates=grid.coordinates,
        failure=sweep.definition.failure,
        asked=asked_of(sweep.definition, sweep.observables, {key: getattr(sweep, key) for key in asked_by}),
    )


def counted(counter: FateCounter, grid: Grid, slices: tuple[slice, ...], results: Mapping[str, np.ndarray]) -> Tally:
    """Counts the fates of a chunk, shaped like it."""
    here = {name: grid.coordinates[name][part] for name, part in zip(grid.dims, slices, strict=True)}
    return counter.count(results["fate"], here, results.get("escape_step"))


class ChunkResults(NamedTuple):
    """A chunk's variables, the seconds in kernels, and at how many points something did not converge."""

    results: dict[str, np.ndarray]
    seconds: float
    unconverged: int


def padded(array: np.ndarray, axis: int, size: int) -> np.ndarray:
    """The array with NaN added at the end of an axis: layers beyond the depth."""
    widths = [(0, size - length if k == axis else 0) for k, length in enumerate(array.shape)]
    return np.pad(array, widths, constant_values=np.nan)
