"""What a model is: a map on a few layer values, and the starts it accepts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Map:
    """One gradient-descent recursion of a single mode, as plain scalar mathematics.

    `layers(depth)` lists the layers (0 is W_1) whose singular values are the state. `step(depth)` returns
    the function (state, eta, s) -> state, `product(depth)` the function state -> pi; states are tuples. `rests(depth)`
    is the function state -> whether an orbit near pi = 0 can stay there: only if the smallest layer is not alone, since
    a lone one moves through 0 at the speed of the others' product, and the orbit leaves on the other side.
    """

    name: str
    layers: Callable[[int], tuple[int, ...]]
    step: Callable[[int], Callable[..., Any]]
    product: Callable[[int], Callable[..., Any]]
    rests: Callable[[int], Callable[..., Any]]


@dataclass(frozen=True)
class Model:
    """A name of the sweep file: what it simulates, from which starts (the first is the default).

    `reduce` picks the smallest map that is exact for the start's layer values, shaped (depth, mode).
    """

    name: str
    summary: str
    starts: tuple[str, ...]
    reduce: Callable[[np.ndarray], Map]


@dataclass(frozen=True)
class Start:
    """A start: the layers' singular values in units of alpha, as an array (depth, mode)."""

    name: str
    summary: str
    layers: Callable[..., np.ndarray]
    takes_values: bool = False
