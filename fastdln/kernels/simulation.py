"""Simulations: models that are computed point by point, each by one function that writes its numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple


class SimulationOptions(NamedTuple):
    """What is asked of a simulation, alike for all points.

    sharpness_every: at every how many states of the record the sharpness is sampled; edge_every: at every how many of the whole run it is
    looked whether it is at the edge; each 0 for not at all. wanted: how many eigenvalues. period_max: the longest period looked for, in the
    last `window` states.
    """

    sharpness_every: int = 0
    edge_every: int = 0
    wanted: int = 1
    period_max: int = 0
    window: int = 1


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """The kernel of a model of its own.

    simulate(eta, start, target, widths, total, record, every, options, summary, series, scratch) takes one point from state 0 to state
    `total`, and measures the last `record` states:

    start: the layers at state 0 one after another, W_1 first, row by row; or the model's parameters, in their order. It may be
        overwritten.
    target: the matrix to learn, row by row; empty for a model of parameters. widths: of the input, and after each layer.
    summary: a number for each name in `summaries`, "fate" among them. series (name, sample): a number for each name in `series`
        at every state whose number is a multiple of `every`; no samples if that is 0. Both are NaN before.
    scratch: so many floats as scratch(widths, total, options) says, with anything in them.

    along_eigenvalues: the name of a variable with a number for each of the wanted eigenvalues, in the summary after the others.

    by_choice: of a model with a choice, function of its value -> simulate, in place of that. Of a model that learns from examples `target` holds
    what its `prepare` has made of them, and widths are the number of examples, and of features and of outputs of each, where there are no layers.

    Names are those of the dataset's variables. failures: the summary that counts what did not converge, "" if there is none.
    """

    name: str
    summaries: tuple[str, ...]
    series: tuple[str, ...] = ()
    failures: str = ""
    along_eigenvalues: str = ""
    scratch: Callable[..., int]
    simulate: Callable[..., Any] | None = None
    by_choice: Callable[[str], Callable[..., Any]] | None = None

    def simulated(self, choice: str) -> Any:
        """What simulates, for a value of the choice."""
        return self.by_choice(choice) if self.by_choice else self.simulate
