"""What an observable is: its variables in the dataset, and start, update and finish as scalar mathematics.

A kernel carries each observable's accumulator, a tuple of floats, beside the state. It calls `start` once, `update` at
every step that the observable spans, and `finish` at the end, which gives a value for each variable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np


class Step(NamedTuple):
    """What start and update see of one mode: the state reached, its number (state 0 is the start), and where from.

    Beyond `bound`, in absolute value, no product returns (theory.divergence_bound). At the start `before` is the state.
    """

    number: float
    before: tuple[float, ...]
    state: tuple[float, ...]
    product: float
    eta: float
    singular_value: float
    bound: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Variable:
    """One variable of the dataset; `dims` are those beyond the grid's."""

    name: str
    dtype: str
    long_name: str
    dims: tuple[str, ...] = ()
    units: str = "1"
    comment: str = ""
    flags: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def undefined(self) -> float | int:
        """The value of a cell that has none: NaN for floats, 0 for codes and counts."""
        return np.nan if np.dtype(self.dtype).kind == "f" else 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Observable:
    """A family of variables that are measured together and asked for by its name, or by any of theirs."""

    name: str
    summary: str
    variables: tuple[Variable, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class ModeObservable(Observable):
    """Measured mode by mode: start(Step), update(accumulator, Step), finish(accumulator, record).

    With `whole_run` it follows every step from state 0, else only the recorded ones. `settles` says that nothing
    changes any more once the state repeats itself bit by bit, so that such a point may be finished at once.
    """

    start: Callable[..., Any]
    update: Callable[..., Any]
    finish: Callable[..., Any]
    whole_run: bool = False
    settles: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class PointObservable(Observable):
    """Measured on the whole network: `term(Step)` of each mode, joined from `identity` on, then update and finish."""

    term: Callable[..., Any]
    join: Callable[..., Any]
    identity: float = 0.0
    start: Callable[..., Any]
    update: Callable[..., Any]
    finish: Callable[..., Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class VerdictObservable(Observable):
    """Read off what each mode ended in: finish(fates, periods, singular_values), NumPy arrays (point, mode)."""

    finish: Callable[..., Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowObservable(Observable):
    """The last recorded end-to-end singular values themselves, as many as the dimension `sample` is long."""
