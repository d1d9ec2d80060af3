"""What a dataset says of itself: the sweep it came from, its grid, and the dimensions that a selection took away."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from xarray.indexes import PandasMultiIndex

from fastdln.errors import DatasetError, first_line
from fastdln.models import MODELS, STAND_IN, STARTS
from fastdln.observables import observables_of

# Of a text that others wrote: what a heading has room for.
LONGEST = 300


def sweep_of(ds: xr.Dataset) -> dict[str, Any]:
    """The sweep that a dataset was computed from, every default filled in."""
    if not isinstance(ds, xr.Dataset):
        raise DatasetError(
            f"the dataset must be an xarray.Dataset, as fastdln.run and fastdln.open return it (got {type(ds).__name__})"
        )
    try:
        sweep = json.loads(ds.attrs["sweep"])
        if sweep["model"] not in MODELS and sweep["model"] in json.loads(ds.attrs["registered"]):
            sweep["model"] = STAND_IN
        if sweep["model"] in MODELS and isinstance(sweep["axes"], dict) and is_sound(sweep):
            return dict(sweep)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError):
        pass
    raise DatasetError("the dataset has no attribute `sweep` that says what it is; it does not come from fastdln")


def is_sound(sweep: dict[str, Any]) -> bool:
    """Whether what pictures read of a sweep is of the types that they expect."""
    matrix, start = sweep["target"].get("matrix"), sweep["start"]
    target = np.array(matrix, dtype=float).ndim == 2 if matrix else of_target(sweep).ndim == 1
    return (
        target
        and isinstance(sweep["steps"], int)
        and (start in STARTS if isinstance(start, str) else "spectral" in start or "layers" in start)
    )


def text_of(attributes: Mapping[Any, Any], name: str, default: str = "") -> str:
    """An attribute that is for people, who may have written anything: in one line, without what cannot be shown."""
    words = str(attributes.get(name, default))[: 2 * LONGEST].split()
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(words))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def model_of(ds: xr.Dataset) -> str:
    """The model that a dataset was computed with."""
    return str(sweep_of(ds)["model"])


def whole(ds: xr.Dataset) -> xr.Dataset:
    """The dataset with the dimensions that selecting or squeezing took away, of length 1 where one value was selected.

    Axes rise and are dimensions again, `mode` has the modes' numbers, and fate is a code again where masking made it a
    float. Variables that the sweep does not know are left out.
    """
    sweep = sweep_of(ds)
    grid = list(sweep["axes"])
    ds = upright(ds, grid)
    beyond = {v.name: v.dims for o in observables_of(MODELS[sweep["model"]]).values() for v in o.variables}
    if "mode" not in ds.dims and "singular_value" not in ds.coords and not has_modes(ds, beyond):
        ds = ds.assign_coords(singular_value=("mode", of_target(sweep)))  # went with the last variable along them
    needed = [
        *([] if "fate" in ds else ["fate"]),
        *(name for name in (*grid, "singular_value") if name not in ds.coords),
    ]
    if needed:
        said = f"the dataset lacks {', '.join(needed)}, by which pictures know what is where"
        raise DatasetError(f"{said}; select with ds.sel or ds.isel, without drop=True, and keep the names")
    for name, own in beyond.items():
        if name in ds and (gone := [d for d in (*grid, *own) if d not in ds[name].dims and ds.sizes.get(d, 1) > 1]):
            raise DatasetError(f"{name}: lies no more along {', '.join(gone)}, as the dataset does")
    known = {dim for own in beyond.values() for dim in own}
    arrays = {
        # stack and where give a variable dimensions of others, along which it is constant
        name: spread(ds[name].max([dim for dim in ds[name].dims if dim in known - set(own)]), [*grid, *own])
        for name, own in beyond.items()
        if name in ds
    }
    arrays["fate"] = arrays["fate"].fillna(0).astype(np.uint8)
    back = xr.Dataset({name: array.variable for name, array in arrays.items()}, attrs=ds.attrs)
    along = [*grid, *sorted({"layer", "step"} & set(ds.coords))]
    back = back.assign_coords({name: (name, np.atleast_1d(ds[name].values), ds[name].attrs) for name in along})
    back = back.assign_coords(singular_value=spread(ds["singular_value"], ["mode"]).variable)
    back = back.assign_coords(mode=np.atleast_1d(ds["mode"].values) if "mode" in ds.coords else numbers(back, sweep))
    for name in grid:
        back = rising(back, name)
    return back


def upright(ds: xr.Dataset, grid: list[str]) -> xr.Dataset:
    """The dataset with its axes as coordinates and dimensions again, after stack, swap_dims or reset_coords."""
    ds = ds.set_coords([name for name in (*grid, "singular_value", "mode", "layer", "step") if name in ds.data_vars])
    stacked = [dim for dim, index in ds.xindexes.items() if isinstance(index, PandasMultiIndex) and dim in ds.dims]
    try:
        ds = ds.unstack(stacked)
    except ValueError as error:
        raise DatasetError(f"{', '.join(map(str, stacked))}: cannot be unstacked: {first_line(error)}") from None
    taken: dict[Hashable, str] = {}
    for name in grid:
        along = ds[name].dims if name in ds.coords else ()
        if along not in ((), (name,)):
            if len(along) > 1 or along[0] in grid or along[0] in taken or name in ds.dims:
                raise DatasetError(f"{name}: its values lie along {', '.join(map(str, along))}; undo that first")
            taken[along[0]] = name
    return ds.swap_dims(taken)


def has_modes(ds: xr.Dataset, beyond: Mapping[str, Iterable[str]]) -> bool:
    return any("mode" in own for name, own in beyond.items() if name in ds)


def spread(array: xr.DataArray, dims: list[str]) -> xr.DataArray:
    """The array over the dims, of length 1 where it has them no more."""
    plain = array.drop_vars([name for name in array.coords if name != array.name])
    return plain.expand_dims([dim for dim in dims if dim not in array.dims]).transpose(*dims, ...)


def rising(ds: xr.Dataset, axis: str) -> xr.Dataset:
    values = ds[axis].values
    if not values.size:
        raise DatasetError(f"{axis}: the dataset has none of its values left")
    if np.all(np.diff(values) > 0):
        return ds
    ordered = ds.sortby(axis)
    if not np.all(np.diff(ordered[axis].values) > 0):
        raise DatasetError(f"{axis}: its values repeat, or are lost; of a store `fastdln verify` says more")
    return ordered


def of_target(sweep: dict[str, Any]) -> np.ndarray:
    """Singular values of the sweep's target; NaN where an axis sets one."""
    try:
        target = sweep["target"]
        if target.get("matrix"):
            return np.linalg.svd(np.array(target["matrix"], dtype=float), compute_uv=False)
        values = np.array(target["singular_values"], dtype=float)
        values[[int(name[1:]) - 1 for name in sweep["axes"] if name[0] == "s" and name[1:].isdecimal()]] = np.nan
    except (AttributeError, LookupError, TypeError, ValueError):
        raise DatasetError("the dataset's attribute `sweep` says no target; it is not as fastdln wrote it") from None
    return values


def numbers(ds: xr.Dataset, sweep: dict[str, Any]) -> np.ndarray:
    """Numbers of the modes, from 0; where some were selected they are told by their singular values."""
    found, every = ds["singular_value"].values, of_target(sweep)
    if len(found) == len(every):
        return np.arange(len(found))
    if np.isnan(found).any() and np.isnan(every).sum() > np.isnan(found).sum():
        raise DatasetError(
            "mode: which of the swept ones was selected cannot be told; keep all, and choose in the picture"
        )
    free, out = list(range(len(every))), []
    for s in found:
        same = [k for k in free if np.isclose(every[k], s, rtol=1e-9, atol=0, equal_nan=True)]
        out.append(same[0] if same else len(every))
        free = [k for k in free if k != out[-1]]
    return np.array(out)


def singular_values(ds: xr.Dataset) -> xr.DataArray:
    """Singular values along `mode`, with those that axes set filled in along them."""
    s: xr.DataArray = ds["singular_value"].astype(float).load()
    for place, number in enumerate(ds["mode"].values):  # without a coordinate they are numbered from 0
        if (name := f"s{number + 1}") in ds.dims:
            here = xr.DataArray(np.arange(ds.sizes["mode"]) == place, dims="mode")
            s = s.where(~here, ds[name])
    return s
