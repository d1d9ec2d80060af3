"""What a picture is: what it shows of a dataset, which variables that takes, and how the rest is chosen."""

from __future__ import annotations

import reprlib
import textwrap
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import restore_dimensions, singular_values, sweep_of, target_singular_values, text_of
from fastdln.errors import DatasetError

# Inches of a picture on its own, with its legend beside it.
ALONE = (7.0, 4.4)

# Characters above a panel.
TITLE_WIDTH = 44

# Numbers of modes that a message lists.
MOST_NAMED = 12

# Axes of whole numbers: between two of them there is nothing that a picture could stand for.
WHOLE = ("depth", "seed")

# Values that differ by less, in parts of the larger, are one: 0.3 on an axis of rounded steps.
SAME = 1e-9

# The coordinate's attribute that keeps what was asked for, where the nearest is drawn instead.
ASKED = "asked_for"

# Become the second axis of a picture only where none of the others varies.
LAST_CHOICE = ("depth", "seed", "alpha", "eta")


@dataclass(frozen=True)
class Plot:
    """A kind of picture; `draw` is the public function, which calls `ready` first.

    needs: sets of variables, any of which will do. against: what keeps it from drawing a dataset that has them, "" if
    nothing. across: the dimensions that one picture shows; one value of every other one is chosen. network: it is of all
    modes together.
    """

    draw: Callable[..., Axes]
    needs: tuple[tuple[str, ...], ...]
    across: Callable[[xr.Dataset], Iterable[str]]
    against: Callable[[xr.Dataset, tuple[str, ...]], str] = lambda ds, names: ""
    network: bool = False

    @property
    def name(self) -> str:
        return self.draw.__name__

    @property
    def summary(self) -> str:
        line = (self.draw.__doc__ or "").strip().partition("\n")[0].removesuffix(".")
        return line[:1].lower() + line[1:]

    def used(self, ds: xr.Dataset) -> tuple[str, ...]:
        """The variables it would draw; none if it cannot."""
        return next((names for names in self.needs if has(ds, names) and not self.against(ds, names)), ())

    def lacking(self, ds: xr.Dataset) -> str:
        """Why it cannot be drawn: what stands against the variables that are there, or which are not."""
        reasons = [self.against(ds, names) for names in self.needs if has(ds, names)]
        absent = [[name for name in names if name not in ds] for names in self.needs if not has(ds, names)]
        if absent:
            asked = " or ".join(" and ".join(names) for names in absent)
            how = "(sweeps ask by `observables`, `trajectory`, `sharpness_count`)"
            reasons.append(f"needs {asked}, which this dataset does not have {how}")
        return f"{self.name}: {', and it '.join(reasons)}"

    def further(self, ds: xr.Dataset) -> list[str]:
        """Dimensions of more than one value that a picture does not show."""
        shown, used = set(self.across(ds)), {dim for name in self.used(ds) for dim in ds[name].dims}
        return [
            str(dim)
            for dim in (*ds["fate"].dims, "mode")
            if dim in used and dim not in shown and len(values_along(ds, str(dim))) > 1
        ]

    def chosen(self, ds: xr.Dataset, choice: Mapping[str, Any]) -> xr.Dataset:
        """The whole dataset at the choice; DatasetError, in one line, if this picture cannot be drawn of it."""
        ds = restore_dimensions(ds)
        dims = [*map(str, ds["fate"].dims), *(["mode"] if self.takes_modes(ds) else [])]
        if unknown := set(choice) - set(dims):
            raise DatasetError(
                f"{', '.join(sorted(unknown))}: cannot be chosen for {self.name}; valid: {', '.join(dims)}"
            )
        if not any(has(ds, names) for names in self.needs):
            raise DatasetError(self.lacking(ds))
        for dim in dims:
            if dim in choice:
                ds = picked(ds, dim, choice[dim])
        if not (used := self.used(ds)):
            raise DatasetError(self.lacking(ds))
        if self.network and ds.sizes["mode"] < len(target_singular_values(sweep_of(ds))):
            raise DatasetError(f"{self.name}: is of the whole network, and this dataset has some of its modes only")
        if any("layer" in ds[name].dims for name in used) and ds.sizes["layer"] < ds["depth"].max():
            raise DatasetError(f"{self.name}: is of all layers, and this dataset has some of them only")
        return ds

    def takes_modes(self, ds: xr.Dataset) -> bool:
        """Whether a mode can be chosen."""
        return not self.network and any(
            name in ds and "mode" in ds[name].dims for names in self.needs for name in names
        )

    def ready(self, ds: xr.Dataset, ax: Axes | None, choice: Mapping[str, Any]) -> tuple[xr.Dataset, Axes]:
        """The dataset with one value of every dimension that is not shown, and where to draw it, titled with the choice.

        choice: values of dimensions; a mode by its number, from 0. What is not chosen is the first.
        """
        if ax is not None and not isinstance(ax, Axes):
            raise DatasetError(f"ax: must be a matplotlib Axes (got {type(ax).__name__})")
        ds = self.chosen(ds, choice)
        rest = self.further(ds)
        ds = ds.isel({dim: values_along(ds, dim)[:1] for dim in rest})
        named = [dim for dim in (*map(str, ds["fate"].dims), "mode") if dim in choice or dim in rest]
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=ALONE, layout="constrained")[1]
        if named:
            said = [name_of(ds, 0) if dim == "mode" else one(ds, dim) for dim in named]
            ax.set_title(wrapped(said), fontsize="medium")
        return ds, ax


def wrapped(items: Iterable[str]) -> str:
    """Items one after the other, none of them broken, in lines that fit above a panel."""
    whole_items = ", ".join(item.replace(" ", "\N{NO-BREAK SPACE}") for item in items)
    return textwrap.fill(whole_items, TITLE_WIDTH, break_long_words=False).replace("\N{NO-BREAK SPACE}", " ")


def has(ds: xr.Dataset, names: Iterable[str]) -> bool:
    return all(name in ds for name in names)


def plain(text: str) -> str:
    """Text as Matplotlib takes it, without formulas."""
    return text.replace("$", r"\$")


def one(ds: xr.Dataset, dim: str) -> str:
    """The dimension's value, and what was asked for if that is another."""
    asked, value = ds[dim].attrs.get(ASKED), ds[dim].values.ravel()[0]
    said = f"{value:.6g}" if ds[dim].dtype.kind in "iuf" else plain(text_of({"": value}, ""))
    return f"{plain(dim)} = {said}" + (f" (nearest to {asked:.6g})" if isinstance(asked, float) else "")


def values_along(ds: xr.Dataset, dim: str) -> np.ndarray:
    """Places along a dimension that are worth a picture of their own: of modes those with s > 0, if there are any."""
    if dim != "mode":
        return np.arange(ds.sizes[dim])
    s = singular_values(ds)
    positive = np.flatnonzero((s > 0).any([dim for dim in s.dims if dim != "mode"]))
    return positive if positive.size else np.arange(ds.sizes["mode"])


def picked(ds: xr.Dataset, dim: str, value: Any) -> xr.Dataset:
    """The dataset at the value; the dimension stays, with a length of 1.

    Where a real axis does not have the value the nearest is taken, with a warning; whole numbers are taken as they are.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise DatasetError(f"{dim}: must be a number (got {reprlib.repr(value)})") from None
    if not np.isfinite(number):
        raise DatasetError(f"{dim}: must be a finite number (got {value})")
    values = ds[dim].values
    if values.dtype.kind not in "iuf":
        raise DatasetError(f"{dim}: its values are no numbers; select one with ds.sel or ds.isel")
    if dim == "mode" or dim in WHOLE:
        if number not in values:
            valid = ", ".join(f"{one:.6g}" for one in values[:MOST_NAMED]) + (", ..." * (len(values) > MOST_NAMED))
            counted = ", counted from 0" if dim == "mode" else ""
            raise DatasetError(f"{dim}: must be one of {valid}{counted} (got {value})")
        return ds.isel({dim: [int(np.flatnonzero(values == number)[0])]})
    if ds[dim].attrs.get(ASKED) == number:  # found before, and said
        return ds
    nearest = int(abs(values - number).argmin())
    found = ds.isel({dim: [nearest]})
    if np.isclose(values[nearest], number, rtol=SAME, atol=0):
        return found
    if not values.min() < number < values.max():
        within = f"lie between {values.min():.6g} and {values.max():.6g}" if len(values) > 1 else f"be {values[0]:.6g}"
        raise DatasetError(f"{dim}: must {within} (got {value})")
    warnings.warn(f"{dim} = {number:.6g} is not there; drawn at the nearest, {values[nearest]:.6g}", stacklevel=2)
    return found.assign_coords({dim: found[dim].assign_attrs({ASKED: number})})


def name_of(ds: xr.Dataset, place: int) -> str:
    """A mode by its number, from 1, and its singular value where that is one."""
    s = np.unique(singular_values(ds).isel(mode=place).values)
    number = int(ds["mode"].values[place]) + 1
    return f"mode {number}" + (f", $s$ = {s[0]:.6g}" if len(s) == 1 else "")


def of_plane(ds: xr.Dataset) -> tuple[str, ...]:
    """eta and, where there is one, the first of alpha and the further axes that has more than one value."""
    others = sorted((str(d) for d in ds["fate"].dims if d != "eta"), key=lambda d: (d != "alpha", d in LAST_CHOICE))
    return ("eta", *[dim for dim in others if ds.sizes[dim] > 1][:1])


def of_plane_and_modes(ds: xr.Dataset) -> tuple[str, ...]:
    return (*of_plane(ds), "mode")


def of_eta(ds: xr.Dataset) -> tuple[str, ...]:
    return ("eta",)


def of_eta_and_modes(ds: xr.Dataset) -> tuple[str, ...]:
    return ("eta", "mode")
