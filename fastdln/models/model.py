"""Models, maps and starts: a model is a map on a few layer values, the matrices themselves, or a simulation, and the starts that it
accepts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Map:
    """One gradient-descent recursion of a single mode, as plain scalar mathematics on tuples.

    `components(depth)` lists, layer by layer from W_1 on, the component of the state that holds the layer's singular
    value; `further(depth)` counts the numbers of the state after those. Each other field takes the depth and returns a function;
    state (w), eta, s and pi = prod_l w_l are those of the mode:

    step: (state, eta, s) -> state
    product: state -> pi
    rests: state, as arrays (component, point) -> whether an orbit near pi = 0 can stay there: only if no layer is smaller
        than all others, since such a layer moves through 0 at the speed of the others' product, and the orbit leaves on the
        other side
    tangent: (state, vector, eta, s) -> vector: what a step makes of a small deviation of the state
    gaps: state -> w_L^2 - w_l^2, for as many l < L as differ
    ratios: (state, eta, s) -> q = eta (pi - s) pi / (w_L w_l) of each gap, which a step multiplies by 1 - q^2
    parting: with momentum, in place of ratios: functions state -> the sum p of w_L and w_l, its velocity, the difference q, its velocity,
        and 0, of each gap p q; and (these, state, eta, s) -> the same after a step
    curvature: (state, s) -> the largest eigenvalue of the mode's Hessian block (docs/theory.md, section B), or None
        where there is no closed form

    No observable can ask for what is left out. diverges: whether a product beyond theory.divergence_bound never returns. source: the sha256 of a registered map's source (sweep/register.py).
    """

    name: str
    components: Callable[[int], tuple[int, ...]]
    step: Callable[[int], Callable[..., Any]]
    product: Callable[[int], Callable[..., Any]]
    rests: Callable[[int], Callable[..., Any]] = lambda depth: lambda state: True
    tangent: Callable[[int], Callable[..., Any]] | None = None
    gaps: Callable[[int], Callable[..., Any]] | None = None
    ratios: Callable[[int], Callable[..., Any]] | None = None
    parting: Callable[[int], tuple[Callable[..., Any], Callable[..., Any]]] | None = None
    curvature: Callable[[int], Callable[..., Any]] | None = None
    diverges: bool = True
    source: str = ""
    further: Callable[[int], int] = lambda depth: 0

    def size(self, depth: int) -> int:
        """How many numbers the state has."""
        return 1 + max(self.components(depth)) + self.further(depth)

    @property
    def identity(self) -> str:
        """A name that tells its kernels from those of other maps."""
        return f"{self.name} {self.source}".strip()

    def layers(self, depth: int) -> list[int]:
        """The first layer (0 is W_1) that each component of the state holds."""
        components = self.components(depth)
        return [components.index(component) for component in range(1 + max(components))]


@dataclass(frozen=True)
class Parameter:
    """A number of a model that an axis of its own sets: its default, None if it must be given, and its bounds."""

    name: str
    summary: str
    default: float | None = None
    lowest: float = -math.inf
    highest: float = math.inf


@dataclass(frozen=True)
class KeyChoice:
    """A key of the sweep that chooses one of a model's ways by name; the first is the default."""

    name: str
    summary: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Limits:
    """What the kernels of a model can bear: weights of a network, and steps of a run."""

    weights: int
    steps: int


@dataclass(frozen=True)
class Failure:
    """What may not converge at a point: the variable that counts it, what is said of it, and what to do."""

    variable: str
    said: str
    advice: str = "do not trust it there"


SHARPNESS_SEARCH = Failure(
    "sharpness_unconverged",
    "the search for the sharpness did not converge",
    "do not trust it there beyond its sharpness_residual",
)


@dataclass(frozen=True)
class Model:
    """A name of the sweep file: what it simulates, from which starts (the first is the default).

    `reduce` picks the smallest map that is exact for the start's layer values, shaped (depth, mode); without it the
    matrices themselves are simulated.

    simulation: the name of a kernel of its own (kernels/edge), which goes through points one at a time, and has observables of its
    own. step_cost(widths): of a step of it, in bare steps of one mode. parameters: numbers that stand in place of layers; no start
    then. initial: of a model of parameters with `reduce`, function of arrays of them, by their names, and of the target's s -> the state's
    numbers at state 0; without it the model has no target either. failure: what may not converge at a point. flow: whether states follow each other by gradient flow over a time eta,
    not by a step of gradient descent; `reduce` then takes the tolerance too.

    data: of a simulation that learns from examples, what comes with their inputs, "labels" or "outputs". prepare: function of both
    (example, feature), (example, output) -> the numbers that its kernel is given for a target. choices: keys that choose how it goes on;
    its kernel knows the value of the first.

    doubt: why what is known of the model does not hold, "" if it does: a function of the data, or else of the numbers of some states 0.
    """

    name: str
    summary: str
    starts: tuple[str, ...]
    reduce: Callable[..., Map] | None = None
    source: str = ""
    simulation: str = ""
    step_cost: Callable[[Sequence[int]], float] | None = None
    parameters: tuple[Parameter, ...] = ()
    limits: Limits | None = None
    failure: Failure = SHARPNESS_SEARCH
    flow: bool = False
    initial: Callable[..., tuple[Any, ...]] | None = None
    data: str = ""
    prepare: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    doubt: Callable[..., str] | None = None
    choices: tuple[KeyChoice, ...] = ()

    @property
    def matrices(self) -> bool:
        """Whether it is of layers that are matrices."""
        return self.reduce is None and not self.parameters

    @property
    def has_layers(self) -> bool:
        """Whether it begins at layers of some depth and scale alpha, and not at numbers of its own."""
        return not self.parameters

    @property
    def has_target(self) -> bool:
        """Whether it learns a target of singular values."""
        return not self.data and (self.has_layers or self.initial is not None)

    @property
    def own_theory(self) -> bool:
        """Whether what is known of gradient descent on layers of modes and of matrices is not of it."""
        return bool(self.source or self.simulation or self.flow or self.parameters or self.data)

    @property
    def takes_momentum(self) -> bool:
        """Whether its steps are those of gradient descent on layers, to which momentum can be added."""
        return not (self.flow or self.simulation or self.parameters)

    def map_for(self, layers: np.ndarray, tolerance: float) -> Map:
        """The smallest map that is exact for layers shaped (depth, mode); tolerance: that of gradient flow."""
        assert self.reduce
        return self.reduce(layers, tolerance) if self.flow else self.reduce(layers)


@dataclass(frozen=True)
class Start:
    """A start in units of alpha.

    layers(depth, modes[, values]): the layers' singular values, an array (depth, mode); None if it has none in the
    target's bases. matrices(widths, target, seed, values): the layers themselves. `random` says that they depend on the
    seed.
    """

    name: str
    summary: str
    layers: Callable[..., np.ndarray] | None
    matrices: Callable[..., list[np.ndarray]]
    takes_values: bool = False
    random: bool = False
