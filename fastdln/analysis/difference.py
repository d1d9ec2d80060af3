"""Differences between two aligned datasets, variable by variable."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from fastdln.analysis.alignment import differing_keys, labels
from fastdln.analysis.dataset import text_of

# The second dataset's variables, beside the first's of the same names.
SECOND = "{} of the second"

# Codes of fate_agrees.
UNKNOWN, DIFFERS, AGREES = -1, 0, 1

# The grid's dimensions that come first and last; further axes lie between.
FIRST, LAST = ("depth", "seed"), ("alpha", "eta")


def merged(a: xr.Dataset, b: xr.Dataset) -> xr.Dataset:
    """Both of two aligned datasets in one, with the variables that they have along the same dimensions of their own."""
    grid = in_order([*a["fate"].dims, *b["fate"].dims])
    shared = [n for n in a.data_vars if n in b and own_dims(a[n], grid) == own_dims(b[n], grid)]
    return a[shared].assign({SECOND.format(name): b[name] for name in shared})


def in_order(dims: list[Any]) -> list[Any]:
    """Dimensions of a grid, each once, in the order that datasets have them."""
    found = dict.fromkeys(dims)
    between = [dim for dim in found if dim not in (*FIRST, *LAST)]
    return [dim for dim in (*FIRST, *between, *LAST) if dim in found]


def own_dims(array: xr.DataArray, grid: list[Any]) -> list[Any]:
    """Dimensions of a variable beyond the grid's."""
    return [dim for dim in array.dims if dim not in grid]


def grid_of(both: xr.Dataset) -> list[Any]:
    """Dimensions of the points of two datasets in one."""
    return in_order([*both["fate"].dims, *both[SECOND.format("fate")].dims])


def is_code(array: xr.DataArray) -> bool:
    """Whether the values of a variable are codes, whose differences mean nothing."""
    return array.name == "fate" or "flag_values" in array.attrs


def pairs(both: xr.Dataset) -> list[str]:
    """Names of the variables that are there twice."""
    return [str(name) for name in both.data_vars if SECOND.format(name) in both]


def difference(both: xr.Dataset, name: str) -> xr.DataArray:
    """First minus second of a variable, as a float: NaN where either is not computed, or stands for none.

    Of codes 0 where they agree and 1 where they do not.
    """
    one, other = both[name], both[SECOND.format(name)]
    known = (both["fate"] != 0) & (both[SECOND.format("fate")] != 0)
    if is_code(one):
        found = (one != other).astype(float)
    else:
        # infinities that agree have no difference
        found = (one.astype(float) - other.astype(float)).where(one != other, 0.0)
        if one.dtype.kind == "i":
            known = known & (one >= 0) & (other >= 0)
    grid = grid_of(both)
    return found.where(known).transpose(*grid, *own_dims(one, grid))


def differences(both: xr.Dataset, names: tuple[str, str] = ("first", "second")) -> xr.Dataset:
    """Differences of all variables of two datasets in one; of codes whether they agree, and both.

    names: of the two, for people.
    """
    found: dict[str, xr.DataArray] = {}
    for name in pairs(both):
        array, value = both[name], difference(both, name)
        long_name = text_of(array.attrs, "long_name", name)
        if is_code(array):
            codes = xr.where(value.isnull(), UNKNOWN, xr.where(value == 0, AGREES, DIFFERS)).astype(np.int8)
            codes.attrs = {
                "long_name": f"{long_name}: whether {names[0]} and {names[1]} agree",
                "units": "1",
                "flag_values": [UNKNOWN, DIFFERS, AGREES],
                "flag_meanings": "not_computed differs agrees",
            }
            found[f"{name}_agrees"] = codes
            for letter, own in (("a", array), ("b", both[SECOND.format(name)])):
                found[f"{name}_{letter}"] = own
        else:
            units = {key: array.attrs[key] for key in ("units",) if key in array.attrs}
            value.attrs = units | {"long_name": f"{long_name}: {names[0]} minus {names[1]}"}
            found[name] = value
    return xr.Dataset(found)


def about(a: xr.Dataset, b: xr.Dataset) -> dict[str, str]:
    """Attributes of the differences of two datasets."""
    kept = {
        f"{key}_{letter}": ds.attrs[key]
        for letter, ds in (("a", a), ("b", b))
        for key in ("title", "sweep", "sweep_sha256")
        if key in ds.attrs
    }
    return {"title": " minus ".join(labels(a, b)), **kept, "differing_keys": ", ".join(differing_keys(a, b))}
