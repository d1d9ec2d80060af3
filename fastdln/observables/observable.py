"""Kinds of observables: their variables in the dataset, and start, update and finish as scalar mathematics.

A kernel carries each observable's accumulator, a tuple of floats, beside the state: `start` once, `update` at every step that
the observable spans, and `finish` at the end, which gives a value for each variable.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np

from fastdln.models import Map
from fastdln.observables.otherwise import Otherwise

# Steps before the record through which observables that lead in to it are carried along.
LEAD = 192

# Cost of measuring or keeping a state of one mode in the transient, in bare steps: some hundred.
LOOK_COST = 100.0

# Meaning of a code that is there for cells that have not been computed.
NOT_COMPUTED = "not_computed"

# Steps between two calls of `renormalize`; it divides LEAD, so that they fall on the same steps wherever a run is cut.
RENORMALIZE_EVERY = 8


class Step(NamedTuple):
    """What start and update are given of one mode: the state, its number (state 0 is the start), and the state before it.

    A product beyond `bound`, in absolute value, never returns (theory.divergence_bound). At the start `before` is the state.
    """

    number: float
    before: tuple[float, ...]
    state: tuple[float, ...]
    product: float
    eta: float
    singular_value: float
    bound: float


class Sample(NamedTuple):
    """What a PointObservable is given of the whole network: the value of its quantity, the state's number, and the learning rate."""

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

    def flags_for(self, modes: int) -> Mapping[int, str]:
        """What each value means in a network of so many modes; empty where values are numbers."""
        return self.flags

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

    needs: what it takes of a map (fields of models.Map); models whose map lacks one cannot give it. sampled: whether it is measured
    at every `sharpness_every`-th state only. pair_cost(depth): the cost of a look at a pair of modes, in bare steps of one mode; None
    for what looks at no pairs. whole_run: whether it is measured over the transient too. asked_by: the sweep's key that asks for it,
    where that is not `observables`. shared: whether matrices can give it just as modes do. brings: families that come with it.
    source: the sha256 of a registered one's source (sweep/register.py).
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
        """The quantities of the whole network that it is measured from."""
        return ()

    @property
    def stride_key(self) -> str:
        """The sweep's key that says at every how many states it looks; "" if it looks at every one."""
        return "sharpness_every" if self.sampled else ""

    @property
    def from_start(self) -> bool:
        """Whether it looks at states from 0 on, not at the record alone."""
        return self.whole_run

    @property
    def look_cost(self) -> float:
        """Cost of a look at a mode beyond its recorded steps, in bare steps of one mode."""
        return 0.0

    @property
    def carries_tangent(self) -> bool:
        """Whether, of full matrices, a tangent vector is carried along for it."""
        return any(quantity.needs_tangent for quantity in self.looks_at)

    @property
    def searches(self) -> bool:
        """Whether, of full matrices, eigenvalues of the Hessian are searched for at the states that it looks at."""
        return any(quantity.searched for quantity in self.looks_at)

    @property
    def differentiates(self) -> bool:
        """Whether, of full matrices, third derivatives are taken at the states that it looks at."""
        return any(quantity.needs_third_order for quantity in self.looks_at)

    def beside(self, families: Collection[str]) -> Observable:
        """The family as it is measured where these families are measured too."""
        return self


@dataclass(frozen=True, kw_only=True, eq=False)
class ModeObservable(Observable):
    """Otherwise mode by mode: start(Step), update(accumulator, Step), finish(accumulator, record).

    With `needs` these three, renormalize and at_record are factories: they take the functions needed, and return the function. With
    `whole_run` it follows every step from state 0 on, else only the recorded ones, and with `leads` also the last LEAD or so before
    them. at_record(accumulator) is called where the record begins; renormalize(accumulator) every RENORMALIZE_EVERY steps, and
    before at_record and finish. settles: whether the accumulator stays the same once the state repeats itself bit by bit, so that
    such a point may retire. otherwise: how it is measured of maps that lack one of the needs.
    """

    start: Callable[..., Any]
    update: Callable[..., Any]
    finish: Callable[..., Any]
    renormalize: Callable[..., Any] | None = None
    at_record: Callable[..., Any] | None = None
    leads: bool = False
    settles: bool = True
    otherwise: Otherwise | None = None

    def way(self, map_: Map) -> ModeObservable | Otherwise | None:
        """How it is measured of a map: as it is, otherwise, or, None, not at all."""
        ways = (self, self.otherwise)
        return next((way for way in ways if way and all(getattr(map_, n, None) is not None for n in way.needs)), None)

    def on(self, map_: Map, depth: int) -> Self:
        """Fill in the functions that it needs of the map."""
        if not self.needs:
            return self
        way = self.way(map_) or self
        functions = [getattr(map_, name)(depth) for name in way.needs]
        parts = {part: getattr(way, part) for part in ("start", "update", "finish", "renormalize", "at_record")}
        made = {part: factory(*functions) for part, factory in parts.items() if factory}
        return replace(self, needs=(), **made)


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantity:
    """One number of the whole network at a state.

    Of modes: terms of each mode and of each pair of modes, joined one after another, from `identity` on. term(map, depth) returns the
    function (state, pi, s) -> a mode's term, or None where there is no closed form; then mode(network, i, values) joins the term to
    the values of all lanes. pair(network, i, j, values) joins the term of a pair. network is a diagonal.DiagonalNetwork. The state is
    given only if `of_state`; without it the function is the same for every map and depth.

    Of full matrices: measure(network, values) adds the number to the zeros in `values`, one a lane, from a diagonal.matrices.Matrices.
    needs_eigenvalues: whether the largest eigenvalues of the Hessian are to be found before; needs_third_order: whether third
    derivatives along the first's eigenvector are; needs_tangent: whether a tangent vector is carried along.
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
    needs_third_order: bool = False
    source: str = ""

    @property
    def searched(self) -> bool:
        """Whether eigenvalues of the Hessian are searched for before it is measured of matrices."""
        return self.needs_eigenvalues or self.needs_third_order

    @property
    def of_modes(self) -> bool:
        """Whether it can be measured of modes."""
        return self.mode is not None or self.term is not Quantity.term


@dataclass(frozen=True, kw_only=True, eq=False)
class PointObservable(Observable):
    """Otherwise on the whole network: start(Sample), update(accumulator, Sample), finish(accumulator, number of
    samples, last Sample).

    Its rates are taken over whole periods only for full matrices. With `whole_run` it samples states from 0 on, else the recorded
    ones, the last one included. The Sample that start is given has no value yet.
    """

    quantity: Quantity
    start: Callable[..., Any]
    update: Callable[..., Any]
    finish: Callable[..., Any]

    @property
    def looks_at(self) -> tuple[Quantity, ...]:
        return (self.quantity,)

    @property
    def look_cost(self) -> float:
        return LOOK_COST if self.whole_run else 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class PairObservable(Observable):
    """Otherwise on every pair of modes, on rows of a block: arrays (row, lane), rows(layers) of them a pair.

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


class End(NamedTuple):
    """The last states of matrix networks: layers (point, row, column) from W_1 on, those at the start, the target's
    singular values (point, mode), and its left and right singular vectors, a column a mode."""

    layers: list[np.ndarray]
    starts: list[np.ndarray]
    singular_values: np.ndarray
    left: np.ndarray
    right: np.ndarray

    @property
    def product(self) -> np.ndarray:
        """W_L ... W_1 (point, row, column)."""
        product = self.layers[0]
        for layer in self.layers[1:]:
            product = layer @ product
        return product


class Estimates(NamedTuple):
    """Of the search for eigenvalues: the largest (point, eigenvalue) at the last state, the relative residual (point) of the
    first, and how many searches (point) of the whole run failed to converge."""

    eigenvalues: np.ndarray
    residual: np.ndarray
    failed: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class MatrixObservable(Observable):
    """Read off the last state of matrix networks: finish(End) -> a NumPy array (point, ...) for each variable."""

    finish: Callable[[End], tuple[np.ndarray, ...]]


@dataclass(frozen=True, kw_only=True, eq=False)
class FlowObservable(Observable):
    """The count of states at which gradient flow of matrices did not come to their time, as it is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EstimateObservable(Observable):
    """Read off the search for eigenvalues, which it asks for over the record: finish(Estimates)."""

    finish: Callable[[Estimates], tuple[np.ndarray, ...]]

    @property
    def searches(self) -> bool:
        return True


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedObservable(Observable):
    """Written by the kernel of a simulation itself, under the variables' names."""

    @property
    def stride_key(self) -> str:
        return self.asked_by

    @property
    def from_start(self) -> bool:
        return True
