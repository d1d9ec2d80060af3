"""A chunk of points of a simulation: every variable, from eta and what each point starts from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numba
import numpy as np

from fastdln.kernels.compile import jit_disabled, kernel
from fastdln.kernels.compile_jobs import Job
from fastdln.kernels.lengths import Lengths, window_of
from fastdln.kernels.simulation import Simulation, SimulationOptions
from fastdln.observables import Observable
from fastdln.registry import collect


@cache
def simulations() -> dict[str, Simulation]:
    """The simulations, by name; each file of these folders that binds SIMULATION is one."""
    return collect("fastdln.kernels.edge", "SIMULATION") | collect("fastdln.kernels.simulations", "SIMULATION")


class SimulationKernel:
    """The compiled simulation of points; call it with those of a chunk.

    unconverged: the key under which its results hold, for each point, how much did not converge; it is no variable.
    """

    unconverged = "unconverged"

    def __init__(
        self, name: str, widths: Sequence[int], observables: Sequence[Observable], choice: str = "", wanted: int = 1
    ) -> None:
        self.simulation, self.choice, self.wanted = simulations()[name], choice, wanted
        self.widths, self.observables = np.array(widths, np.int64), observables

    def __call__(
        self, eta: np.ndarray, starts: np.ndarray, targets: np.ndarray, target_of: np.ndarray, lengths: Lengths
    ) -> dict[str, np.ndarray]:
        """Compute the variables of some points; returns arrays (point, ...) by the variable's name.

        eta (point); starts (point, number); targets (target, element), and target_of (point), which of them.
        """
        simulation, total = self.simulation, lengths.steps + lengths.record
        samples = total // lengths.trajectory + 1 if lengths.trajectory else 0
        numbers = len(simulation.summaries)
        summary = np.full((len(eta), numbers + (self.wanted if simulation.along_eigenvalues else 0)), np.nan)
        series = np.full((len(eta), len(simulation.series), samples), np.nan)
        options = self.options(lengths)
        scratch = np.empty(simulation.scratch(self.widths.tolist(), total, options))
        with np.errstate(all="ignore"):  # diverging points, where the JIT is off
            driver(simulation, self.choice)(
                eta,
                starts.copy(),
                targets,
                target_of,
                self.widths,
                total,
                lengths.record,
                lengths.trajectory,
                options,
                summary,
                series,
                scratch,
            )
        results = {}
        for variable in (variable for family in self.observables for variable in family.variables):
            if variable.name == simulation.along_eigenvalues:
                found = summary[:, numbers:]
            elif "step" in variable.dims:
                found = series[:, simulation.series.index(variable.name)]
            else:
                found = summary[:, simulation.summaries.index(variable.name)]
            results[variable.name] = found.astype(variable.dtype)
        failed = simulation.failures
        counts = summary[:, simulation.summaries.index(failed)] if failed else np.zeros(len(eta))
        results[self.unconverged] = counts.astype(np.int64)
        return results

    def options(self, lengths: Lengths) -> SimulationOptions:
        """What may be asked for, beside the variables."""
        recorded = any(family.sampled and not family.whole_run for family in self.observables)
        edge = any(family.sampled and family.whole_run for family in self.observables)
        every = lengths.sharpness_every
        return SimulationOptions(
            every if recorded else 0, every if edge else 0, self.wanted, lengths.period_max, window_of(lengths)
        )

    def jobs(self, modes: int, lengths: Lengths) -> list[Job]:
        """List what has to be compiled."""
        if jit_disabled():
            return []
        numbers, whole = np.empty((1, 1)), np.empty(1, np.int64)
        options = self.options(lengths)
        arguments = (numbers[0], numbers, numbers, whole, whole, 0, 0, 0, options, numbers, numbers[None], numbers[0])
        kinds = tuple(map(numba.typeof, arguments))
        return [
            Job(
                f"simulate {self.simulation.name} {self.choice}".strip(),
                partial(driver(self.simulation, self.choice).compile, kinds),
            )
        ]


def driving(simulate: Callable[..., Any]) -> Any:
    """Function that simulates points one after another."""

    def drive(eta, starts, targets, target_of, widths, total, record, every, options, summary, series, scratch):  # type: ignore[no-untyped-def] # compiled
        for k in range(len(eta)):
            simulate(
                eta[k],
                starts[k],
                targets[target_of[k]],
                widths,
                total,
                record,
                every,
                options,
                summary[k],
                series[k],
                scratch,
            )

    return drive


@cache
def driver(simulation: Simulation, choice: str = "") -> Any:
    """The kernel of a simulation, for a value of its model's choice."""
    named = (simulation.name, choice) if choice else (simulation.name,)
    return kernel(driving(simulation.simulated(choice)), "simulation", *named)
