"""Values, indices and names along the dimensions of a dataset, for pictures that show some of the dimensions only."""

from __future__ import annotations

import re
import reprlib
import warnings
from collections.abc import Iterable
from typing import Any, SupportsFloat, TypedDict

import numpy as np
import xarray as xr

from fastdln.analysis.alignment import TOLERANCE
from fastdln.analysis.dataset import MOST_LISTED, RATIO, singular_values, text_of
from fastdln.errors import DatasetError
from fastdln.sweep.axes import NAMED
from fastdln.text import suggestion

# Axes of whole numbers: between two of them there is nothing that a picture could stand for.
INTEGER_AXES = ("depth", "seed", "layer", "eigenvalue", "sample")

# Formulas of axes.
SYMBOLS = {"alpha": "$\\alpha$", "eta": "$\\eta$", "depth": "$L$", "momentum": "$\\mu$"}

# The coordinate's attribute that keeps what was asked for, where the nearest is drawn instead.
ASKED_FOR = "asked_for"


class Choice(TypedDict, total=False):
    """Values of dimensions at which a picture is drawn; a mode by its number, from 1.

    Editors complete these. Axes beyond them are taken too; type checkers want those in a dict: `**{"s5": 0.3}`.
    """

    depth: SupportsFloat
    seed: SupportsFloat
    alpha: SupportsFloat
    eta: SupportsFloat
    mode: SupportsFloat | str
    s1: SupportsFloat
    s2: SupportsFloat
    s3: SupportsFloat
    s4: SupportsFloat
    model: str
    start: str
    basis: str


def select_value(ds: xr.Dataset, dim: str, value: Any, words: Iterable[str] = ()) -> xr.Dataset:
    """Select one value of a dimension, which stays, with a length of 1; words: what else could have been chosen.

    Where a real axis does not have the value the nearest is taken, with a warning; whole numbers are taken as they are.
    """
    if dim in NAMED:
        if value not in (names := ds[dim].values.tolist()):
            raise DatasetError(f"{dim}: must be one of {', '.join(names)} (got {reprlib.repr(value)})")
        return ds.isel({dim: [names.index(value)]})
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        valid = ", or ".join(["must be a number", *words])
        raise DatasetError(f"{dim}: {valid} (got {reprlib.repr(value)})") from None
    if not np.isfinite(number):
        raise DatasetError(f"{dim}: must be a finite number (got {value})")
    values = ds[dim].values
    if values.dtype.kind not in "iuf":
        raise DatasetError(f"{dim}: its values are no numbers; select one with ds.sel or ds.isel")
    if dim == "mode" or dim in INTEGER_AXES:
        if number not in values:
            valid = ", ".join(f"{one:.6g}" for one in values[:MOST_LISTED]) + (", ..." * (len(values) > MOST_LISTED))
            counted = ", counted from 1" if dim == "mode" else ""
            raise DatasetError(f"{dim}: must be one of {valid}{counted} (got {value})")
        numbered = ds.assign_coords({dim: ds[dim]})  # samples have no coordinate, which keeps the number
        return numbered.isel({dim: [int(np.flatnonzero(values == number)[0])]})
    if ds[dim].attrs.get(ASKED_FOR) == number:  # selected before, with a warning
        return ds
    nearest = int(abs(values - number).argmin())
    selected = ds.isel({dim: [nearest]})
    if np.isclose(values[nearest], number, rtol=TOLERANCE, atol=0):
        return selected
    if not values.min() < number < values.max():
        within = f"lie between {values.min():.6g} and {values.max():.6g}" if len(values) > 1 else f"be {values[0]:.6g}"
        raise DatasetError(f"{dim}: must {within} (got {value})")
    warnings.warn(f"{dim} = {number:.6g} is not there; drawn at the nearest, {values[nearest]:.6g}", stacklevel=2)
    return selected.assign_coords({dim: selected[dim].assign_attrs({ASKED_FOR: number})})


def has_all(ds: xr.Dataset, names: Iterable[str]) -> bool:
    """Whether the dataset has all of these variables."""
    return all(name in ds for name in names)


def indices_along(ds: xr.Dataset, dim: str) -> np.ndarray:
    """Find the indices along a dimension that are worth a picture of their own: of modes those with s > 0, if any."""
    if dim != "mode":
        return np.arange(ds.sizes[dim])
    s = singular_values(ds)
    positive = np.flatnonzero((s > 0).any([dim for dim in s.dims if dim != "mode"]))
    return positive if positive.size else np.arange(ds.sizes["mode"])


def mode_indices(ds: xr.Dataset) -> list[int]:
    """Find the indices of the modes with s > 0, or of all of them."""
    return [int(mode) for mode in indices_along(ds, "mode")]


def array_along(array: xr.DataArray, *dims: str) -> np.ndarray:
    """Load the array over the dims, at the first of everything else."""
    return np.asarray(array.isel({dim: 0 for dim in array.dims if dim not in dims}).transpose(*dims).values)


def values(ds: xr.Dataset, name: str, *dims: str) -> np.ndarray:
    """Load a variable over the dims; the others are down to one value. NaN where it is not computed."""
    array = ds[name].isel({dim: 0 for dim in ds[name].dims if dim not in dims})
    if array.dtype.kind == "f":
        array = array.where(ds["fate"].isel({dim: 0 for dim in ds["fate"].dims if dim not in dims}) != 0)
    return array_along(array, *dims)


def mode_name(ds: xr.Dataset, index: int) -> str:
    """Name a mode by its number, from 1, and its singular value where that is one."""
    s = np.unique(singular_values(ds).isel(mode=index).values)
    number = int(ds["mode"].values[index])
    return f"mode {number}" + (f", $s$ = {s[0]:.6g}" if len(s) == 1 else "")


def value_text(ds: xr.Dataset, dim: str) -> str:
    """Write a dimension's value in a title, and what was asked for if that is another."""
    asked, value = ds[dim].attrs.get(ASKED_FOR), ds[dim].values.ravel()[0]
    if dim == "eta" and asked is None:
        return eta_text(ds, 0)
    shown = f"{value:.6g}" if ds[dim].dtype.kind in "iuf" else without_formulas(text_of({"": value}, ""))
    nearest = f" (nearest to {asked:.6g})" if isinstance(asked, float) else ""
    return f"{symbol_of(dim) or without_formulas(dim)} = {shown}{nearest}"


def eta_text(ds: xr.Dataset, index: int) -> str:
    """Write a learning rate as the sweep has it: in units of 2/S_1 where these were asked for."""
    if RATIO in ds.coords:
        return f"$\\eta$ = {ds[RATIO].values.ravel()[index]:.6g} $\\cdot$ 2/$S_{{1}}$"
    return f"$\\eta$ = {ds['eta'].values.ravel()[index]:.6g}"


def chosen_name(ds: xr.Dataset, dim: str, value: Any, groups: Iterable[str]) -> str:
    """Name in a title the value of a dimension that is drawn, or the group of modes that is chosen."""
    if dim != "mode":
        return value_text(ds, dim)
    return f"{value} modes" if isinstance(value, str) and value in groups else mode_name(ds, 0)


def x_names(x: str) -> list[str]:
    """Names of what can be on an x axis."""
    return ["eta", "eta S"] if x == "eta" else [x]


def symbol_of(dim: str) -> str:
    """Write the formula of an axis: alpha, eta, L for the depth, and s_1 for s1; "" for others."""
    if dim in SYMBOLS:
        return SYMBOLS[dim]
    numbered = re.fullmatch(r"([a-z])(\d+)", dim)
    return f"${numbered[1]}_{{{numbered[2]}}}$" if numbered else ""


def without_formulas(text: str) -> str:
    """Escape dollar signs, which Matplotlib takes for formulas."""
    return text.replace("$", r"\$")


def refuse_unknown(names: Iterable[str], picture: str, dims: list[str], words: list[str]) -> None:
    """DatasetError if there are names: those that are neither dimensions of which a value can be chosen nor options."""
    if unknown := sorted(names):
        meant = suggestion(unknown[0], [*dims, *words])
        valid = f"valid: {', '.join(dims)}; options: {', '.join(words)}"
        raise DatasetError(f"{', '.join(unknown)}: cannot be chosen for {picture}{meant}; {valid}")
