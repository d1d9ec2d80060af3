"""Figures after a paper: the sweeps that each is of, its panels, and the numbers that it stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from fastdln.plots import PLOTS, arranged


@dataclass(frozen=True)
class Number:
    """A number behind a figure, and what the theory says it is."""

    what: str
    measured: float
    expected: float


@dataclass(frozen=True, eq=False)
class PaperFigure:
    """A figure: the sweep of its name, those that are drawn over it, its panels, and the numbers that it stands on.

    numbers: takes the dataset, and those over it.
    """

    name: str
    caption: str
    panels: Sequence[tuple[str, Mapping[str, Any]]]
    columns: int
    numbers: Callable[..., Iterator[Number]]
    over: tuple[str, ...] = ()

    def draw(self, ds: xr.Dataset, *over: xr.Dataset) -> Figure:
        more = {"over": over} if over else {}
        return arranged(
            ds, [(PLOTS[kind].draw, {**choice, **more}) for kind, choice in self.panels], self.columns, self.caption
        )


@dataclass(frozen=True, eq=False)
class PaperSet:
    """The figures after one paper, or several: where from, and what stands beside the numbers."""

    source: str
    expected: str
    figures: Sequence[PaperFigure]
