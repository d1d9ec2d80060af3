"""Simulations: models that are computed point by point, each by one function that writes its numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """The kernel of a model of its own.

    simulate(eta, start, target, widths, total, record, every, summary, series, scratch) takes one point from state 0 to state
    `total`, and measures the last `record` states:

    start: the layers at state 0 one after another, W_1 first, row by row; or the model's parameters, in their order. It may be
        overwritten.
    target: the matrix to learn, row by row; empty for a model of parameters. widths: of the input, and after each layer.
    summary: a number for each name in `summaries`, "fate" among them. series (name, sample): a number for each name in `series`
        at every state whose number is a multiple of `every`; no samples if that is 0. Both are NaN before.
    scratch: so many floats as scratch(widths, total) says, with anything in them.

    Names are those of the dataset's variables. failures: the summary that counts what did not converge, "" if there is none.
    """

    name: str
    summaries: tuple[str, ...]
    series: tuple[str, ...] = ()
    failures: str = ""
    scratch: Callable[[Sequence[int], int], int]
    simulate: Callable[..., Any]
