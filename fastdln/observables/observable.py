"""What an observable is: its variables in the dataset, and start, update and finish as scalar mathematics.

A kernel carries each observable's accumulator, a tuple of floats, beside the state. It calls `start` once, `update` at
every step that the observable spans, and `finish` at the end, which gives a value for each variable.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np

from fastdln.models import Map

# Steps before the record in which observables that lead in to it are carried along already.
LEAD = 192

# Meaning of a code that is there for cells that have not been computed.
NOT_COMPUTED = "not_computed"

# Steps between two calls of `renormalize`; it divides LEAD, so that they fall on the same steps wherever a run is cut.
RENORMALIZE_EVERY = 8


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


class Sample(NamedTuple):
    """What a PointObservable sees of the whole network: the value of its quantity, and at which state."""

    number: float
    value: float
    eta: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Variable:
    """One variable of the dataset; `dims` are those beyond the grid's.

    After divergence floats are NaN; integers are `lost`, or keep what was measured if that is None. A `rate`, the mean of
    something a step, is taken over whole periods where the orbit is periodic.
    """

    name: str
    dtype: str
    long_name: str
    dims: tuple[str, ...] = ()
    units: str = "1"
    comment: str = ""
    flags: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    lost: int | None = None
    rate: bool = False

    @property
    def fill(self) -> float | int:
        """What a cell holds that has not been computed: NaN, the code that says so, or the type's number furthest from results."""
        dtype = np.dtype(self.dtype)
        if dtype.kind == "f":
            return math.nan
        limits = np.iinfo(dtype)
        said = [code for code, meaning in self.flags.items() if meaning == NOT_COMPUTED]
        return said[0] if said else int(limits.min or limits.max)

    @property
    def fills(self) -> tuple[float | int, ...]:
        """The fill values that stores may have, this version's first; integers of earlier stores have 0."""
        return (self.fill,) if isinstance(self.fill, float) or self.fill == 0 else (self.fill, 0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Observable:
    """A family of variables that are measured together and asked for by its name, or by any of theirs.

    `needs` names what it takes of a map (fields of models.Map); models whose map lacks one cannot give it. `sampled` says
    that it is measured at every `sharpness_every`-th state only, `whole_run` that it looks at the transient too, `asked_by` names
    the sweep's key that brings it, if it is not asked for among the observables, `shared` that matrices can give it just as
    modes do, `brings` names families that come with it. `source` is the sha256 of one's own, see registering.py. pair_cost(depth) is what a look at a pair of
    modes costs, in bare steps of one mode; None for what does not look at pairs.
    """

    name: str
    summary: str
    variables: tuple[Variable, ...]
    needs: tuple[str, ...] = ()
    sampled: bool = False
    pair_cost: Callable[[int], float] | None = None
    whole_run: bool = False
    asked_by: str = ""
    shared: bool = False
    brings: tuple[str, ...] = ()
    source: str = ""

    @property
    def looks_at(self) -> tuple[Quantity, ...]:
        """The quantities of the whole network that it is made of."""
        return ()

    @property
    def searches(self) -> bool:
        """Whether eigenvalues of a Hessian of matrices are searched for where it looks."""
        return any(quantity.needs_eigenvalues for quantity in self.looks_at)


@dataclass(frozen=True, kw_only=True, eq=False)
class ModeObservable(Observable):
    """Measured mode by mode: start(Step), update(accumulator, Step), finish(accumulator, record).

    With `needs` these three, renormalize and at_record are factories: they take the functions needed, and return the function. With
    `whole_run` it follows every step from state 0, else only the recorded ones, and with `leads` the last LEAD or so before
    them; at_record(accumulator) is called where the record begins.
    renormalize(accumulator) is called every RENORMALIZE_EVERY steps, and before at_record and finish. `settles` says that nothing changes any more once the state repeats itself bit by bit, so that such a
    point may be finished at once.
    """

    start: Callable[..., Any]
    update: Callable[..., Any]
    finish: Callable[..., Any]
    renormalize: Callable[..., Any] | None = None
    at_record: Callable[..., Any] | None = None
    leads: bool = False
    settles: bool = True

    def on(self, map_: Map, depth: int) -> Self:
        """With the functions that it needs of the map filled in."""
        if not self.needs:
            return self
        functions = [getattr(map_, name)(depth) for name in self.needs]
        parts = {part: getattr(self, part) for part in ("start", "update", "finish", "renormalize", "at_record")}
        made = {part: factory(*functions) for part, factory in parts.items() if factory}
        return replace(self, needs=(), **made)


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantity:
    """One number of the whole network at a state.

    Of modes: what each mode gives, and each pair of modes, joined from `identity` on. term(map, depth) returns the function
    (state, pi, s) -> what a mode gives, or None where there is no closed form; then
    mode(network, i, values) joins it to the values of all lanes. pair(network, i, j, values) joins what a pair gives. The
    state is given only if `of_state`; without it the function is the same for every map and depth.

    Of full matrices: measure(network, values) adds it to the zeros in `values`, a number a lane, from a network.matrices.Matrices.
    `needs_eigenvalues` has the largest eigenvalues of the Hessian searched for before, `needs_tangent` a tangent vector carried along.
    """

    name: str
    join: Callable[[float, float], float] = max
    identity: float = 0.0
    term: Callable[[Map, int], Callable[..., Any] | None] = lambda map_, depth: None
    of_state: bool = False
    mode: Callable[..., None] | None = None
    pair: Callable[..., None] | None = None
    measure: Callable[..., None] | None = None
    needs_eigenvalues: bool = False
    needs_tangent: bool = False
    source: str = ""

    @property
    def of_modes(self) -> bool:
        """Whether it can be measured of modes."""
        return self.mode is not None or self.term is not Quantity.term


@dataclass(frozen=True, kw_only=True, eq=False)
class PointObservable(Observable):
    """Measured on the whole network: start(Sample), update(accumulator, Sample), finish(accumulator, number of
    samples, last Sample).

    Variables that are a `rate` are taken over whole periods of full matrices only. With `whole_run` it samples from state 0 on, else the recorded states, the last one included. start sees no value yet.
    """

    quantity: Quantity
    start: Callable[..., Any]
    update: Callable[..., Any]
    finish: Callable[..., Any]

    @property
    def looks_at(self) -> tuple[Quantity, ...]:
        return (self.quantity,)


@dataclass(frozen=True, kw_only=True, eq=False)
class PairObservable(Observable):
    """Measured on every pair of modes, on rows of a block: arrays (row, lane), rows(layers) of them a pair.

    start(network, i, j, rows) LEAD steps before the record, or at state 0; advance(network, i, j, rows) with the network before
    each step; mark(rows) where the record begins; finish(rows of all pairs, lane, record) -> a value for each variable.
    """

    rows: Callable[[int], int]
    start: Callable[..., None]
    advance: Callable[..., None]
    mark: Callable[..., None]
    finish: Callable[..., Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class VerdictObservable(Observable):
    """Read off what each mode ended in: finish(fates, periods, singular_values), NumPy arrays (point, mode)."""

    finish: Callable[..., Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class EndObservable(Observable):
    """Read off the last state: finish(layers, singular_values), NumPy arrays (point, layer, mode) and (point, mode)."""

    finish: Callable[..., Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowObservable(Observable):
    """The last recorded end-to-end singular values themselves, as many as the dimension `sample` is long."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrajectoryObservable(Observable):
    """Every k-th state itself, along the dimension `step`: layers, products, and quantities of the whole network."""

    quantities: tuple[Quantity, ...]

    @property
    def looks_at(self) -> tuple[Quantity, ...]:
        return self.quantities


class End(NamedTuple):
    """The last states of matrix networks: layers (point, row, column) from W_1 on, the target's singular values (point,
    mode), and its left and right singular vectors, a column a mode."""

    layers: list[np.ndarray]
    singular_values: np.ndarray
    left: np.ndarray
    right: np.ndarray

    @property
    def product(self) -> np.ndarray:
        """W_L ... W_1 (point, row, column)."""
        whole = self.layers[0]
        for layer in self.layers[1:]:
            whole = layer @ whole
        return whole


class Estimates(NamedTuple):
    """What the search for eigenvalues found at the last state: the largest (point, eigenvalue), the relative residual of
    the first (point), and how many searches of the whole run did not converge (point)."""

    eigenvalues: np.ndarray
    residual: np.ndarray
    failed: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class MatrixObservable(Observable):
    """Read off the last state of matrix networks: finish(End) -> a NumPy array (point, ...) for each variable."""

    finish: Callable[[End], tuple[np.ndarray, ...]]


@dataclass(frozen=True, kw_only=True, eq=False)
class EstimateObservable(Observable):
    """Read off the search for eigenvalues, which it has made over the record: finish(Estimates)."""

    finish: Callable[[Estimates], tuple[np.ndarray, ...]]

    @property
    def searches(self) -> bool:
        return True
