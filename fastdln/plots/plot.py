"""A kind of picture: what it shows of a dataset, which variables that takes, and how the rest is chosen."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import restore_dimensions, sweep_of, target_singular_values
from fastdln.errors import DatasetError
from fastdln.plots import docstrings
from fastdln.plots.selection import has_all, indices_along, mode_name, select_value, value_text

# Inches of a picture on its own, with its legend beside it.
SINGLE_SIZE = (7.0, 4.4)

# Characters above a panel.
TITLE_WIDTH = 44

# Become the second axis of a picture only where none of the others varies.
LAST_CHOICE = ("depth", "seed", "alpha", "eta")


@dataclass(frozen=True)
class Plot:
    """A kind of picture.

    Parameters
    ----------
    draw : callable
        The public function, which takes a dataset, an ax and a choice, calls `ready` first and returns the ax.
    needs : tuple of tuple of str
        Sets of variables, any of which will do; the first that a dataset has is drawn.
    across : callable
        Gives the dimensions of a dataset that one picture shows; one value of every other one is chosen.
    why_not : callable, optional
        Says what keeps the picture from drawing variables that a dataset has; "" if nothing does, as by default.
    network : bool, default: False
        Whether it is of all modes together, so that none can be chosen.
    """

    draw: Callable[..., Axes]
    needs: tuple[tuple[str, ...], ...]
    across: Callable[[xr.Dataset], Iterable[str]]
    why_not: Callable[[xr.Dataset, tuple[str, ...]], str] = lambda ds, names: ""
    network: bool = False

    @property
    def name(self) -> str:
        """The function's name, by which people ask for the picture."""
        return self.draw.__name__

    @property
    def summary(self) -> str:
        """A line on what it shows."""
        return docstrings.summary(self.draw)

    @property
    def description(self) -> str:
        """A paragraph on its lines, options and sources, to follow the summary."""
        return docstrings.description(self.draw)

    def variables(self, ds: xr.Dataset) -> tuple[str, ...]:
        """List the variables that it would draw of the dataset; none if it cannot."""
        return next((names for names in self.needs if has_all(ds, names) and not self.why_not(ds, names)), ())

    def obstacles(self, ds: xr.Dataset) -> str:
        """Say why it cannot be drawn: what stands against the variables that are there, or which are not."""
        reasons = [self.why_not(ds, names) for names in self.needs if has_all(ds, names)]
        absent = [[name for name in names if name not in ds] for names in self.needs if not has_all(ds, names)]
        if absent:
            asked = " or ".join(" and ".join(names) for names in absent)
            how = "(sweeps ask by `observables`, `trajectory`, `sharpness_count`)"
            reasons.append(f"needs {asked}, which this dataset does not have {how}")
        return f"{self.name}: {', and it '.join(reasons)}"

    def panel_dims(self, ds: xr.Dataset) -> list[str]:
        """List the dimensions of more than one value that a picture does not show."""
        shown = set(self.across(ds))
        drawn = {dim for name in self.variables(ds) for dim in ds[name].dims}
        return [
            str(dim)
            for dim in (*ds["fate"].dims, "mode")
            if dim in drawn and dim not in shown and len(indices_along(ds, str(dim))) > 1
        ]

    def select(self, ds: xr.Dataset, choice: Mapping[str, Any]) -> xr.Dataset:
        """Select the choice from a dataset of fastdln.

        Parameters
        ----------
        ds : xarray.Dataset
            As opened, or selected and squeezed since.
        choice : mapping of str to float
            Values of dimensions; a mode by its number, from 1.

        Returns
        -------
        xarray.Dataset
            With every dimension of the sweep; those of the choice have length 1.

        Raises
        ------
        DatasetError
            If this picture cannot be drawn of it, in one line.
        """
        ds = restore_dimensions(ds)
        dims = [*map(str, ds["fate"].dims), *(["mode"] if self.takes_modes(ds) else [])]
        if unknown := set(choice) - set(dims):
            raise DatasetError(
                f"{', '.join(sorted(unknown))}: cannot be chosen for {self.name}; valid: {', '.join(dims)}"
            )
        if not any(has_all(ds, names) for names in self.needs):
            raise DatasetError(self.obstacles(ds))
        for dim in dims:
            if dim in choice:
                ds = select_value(ds, dim, choice[dim])
        if not (drawn := self.variables(ds)):
            raise DatasetError(self.obstacles(ds))
        if self.network and ds.sizes["mode"] < len(target_singular_values(sweep_of(ds))):
            raise DatasetError(f"{self.name}: is of the whole network, and this dataset has some of its modes only")
        if any("layer" in ds[name].dims for name in drawn) and ds.sizes["layer"] < ds["depth"].max():
            raise DatasetError(f"{self.name}: is of all layers, and this dataset has some of them only")
        return ds

    def takes_modes(self, ds: xr.Dataset) -> bool:
        """Whether a mode can be chosen."""
        return not self.network and any(
            name in ds and "mode" in ds[name].dims for names in self.needs for name in names
        )

    def ready(self, ds: xr.Dataset, ax: Axes | None, choice: Mapping[str, Any]) -> tuple[xr.Dataset, Axes]:
        """Prepare the dataset and the axes for drawing, titled with the choice.

        Parameters
        ----------
        ds : xarray.Dataset
            As given to the picture.
        ax : matplotlib.axes.Axes or None
            Where to draw; None makes a figure of its own.
        choice : mapping of str to float
            Values of dimensions; a mode by its number, from 1. What is not chosen is the first.

        Returns
        -------
        ds : xarray.Dataset
            With one value of every dimension that is not shown.
        ax : matplotlib.axes.Axes
            Where to draw.

        Raises
        ------
        DatasetError
            If ax is no Axes, or this picture cannot be drawn of the dataset.
        """
        if ax is not None and not isinstance(ax, Axes):
            raise DatasetError(f"ax: must be a matplotlib Axes (got {type(ax).__name__})")
        ds = self.select(ds, choice)
        not_chosen = self.panel_dims(ds)
        ds = ds.isel({dim: indices_along(ds, dim)[:1] for dim in not_chosen})
        titled = [dim for dim in (*map(str, ds["fate"].dims), "mode") if dim in choice or dim in not_chosen]
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=SINGLE_SIZE, layout="constrained")[1]
        if titled:
            items = [mode_name(ds, 0) if dim == "mode" else value_text(ds, dim) for dim in titled]
            ax.set_title(wrap_items(items), fontsize="medium")
        return ds, ax


def wrap_items(items: Iterable[str]) -> str:
    """Join items, none of them broken, in lines that fit above a panel."""
    unbroken = ", ".join(item.replace(" ", "\N{NO-BREAK SPACE}") for item in items)
    return textwrap.fill(unbroken, TITLE_WIDTH, break_long_words=False).replace("\N{NO-BREAK SPACE}", " ")


def plane_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Learning rate and, where there is one, the first of alpha and the further axes that has more than one value."""
    others = sorted((str(d) for d in ds["fate"].dims if d != "eta"), key=lambda d: (d != "alpha", d in LAST_CHOICE))
    return ("eta", *[dim for dim in others if ds.sizes[dim] > 1][:1])


def plane_and_mode_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Learning rate, the second axis that varies, and modes."""
    return (*plane_dims(ds), "mode")


def eta_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Learning rate alone."""
    return ("eta",)


def eta_and_mode_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Learning rate and modes."""
    return ("eta", "mode")
