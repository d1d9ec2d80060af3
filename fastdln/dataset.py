"""What a dataset says of itself: the sweep it came from, its grid, and the dimensions that a selection took away."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from fastdln.errors import DatasetError
from fastdln.models import MODELS
from fastdln.observables import observables_of


def sweep_of(ds: xr.Dataset) -> dict[str, Any]:
    """The sweep that a dataset was computed from, every default filled in."""
    try:
        sweep = json.loads(ds.attrs["sweep"])
        if isinstance(sweep, dict) and sweep["model"] in MODELS and isinstance(sweep["axes"], dict):
            return sweep
    except (KeyError, TypeError, ValueError):
        pass
    raise DatasetError("the dataset has no attribute `sweep` that says what it is; it does not come from fastdln")


def model_of(ds: xr.Dataset) -> str:
    """The model that a dataset was computed with."""
    return str(sweep_of(ds)["model"])


def whole(ds: xr.Dataset) -> xr.Dataset:
    """The dataset with the dimensions that selecting or squeezing took away, of length 1 where one value was selected."""
    sweep = sweep_of(ds)
    grid = list(sweep["axes"])
    beyond = {v.name: v.dims for o in observables_of(MODELS[sweep["model"]]).values() for v in o.variables}
    beyond |= {"singular_value": ("mode",)}
    arrays = {}
    for name in [*ds.data_vars, *(["singular_value"] if "singular_value" in ds.coords else [])]:
        own = beyond.get(str(name))
        if own is None:
            continue
        dims = [*grid, *own] if name != "singular_value" else list(own)
        lost = [dim for dim in dims if dim not in ds[name].dims]
        arrays[name] = ds[name].drop_vars("singular_value", errors="ignore").expand_dims(lost).transpose(*dims, ...)
    if "fate" not in arrays or any(dim not in ds.coords for dim in grid):
        raise DatasetError(
            "the dataset lacks `fate` or the values of an axis; select with ds.sel or ds.isel, without drop=True"
        )
    back = xr.Dataset({k: v.variable for k, v in arrays.items() if k != "singular_value"}, attrs=ds.attrs)
    coordinates = {
        name: (name, np.atleast_1d(ds[name].values), ds[name].attrs)
        for name in (*grid, *{"layer", "step"} & set(ds.coords))
    }
    back = back.assign_coords(coordinates | {"singular_value": arrays["singular_value"].variable})
    return back.assign_coords(mode=numbers(ds if "mode" in ds.dims else back, sweep))


def numbers(ds: xr.Dataset, sweep: dict[str, Any]) -> np.ndarray:
    """Numbers of the modes, from 0, also where some were selected."""
    found, of_target = ds["singular_value"].values, np.array(sweep["target"].get("singular_values") or [], dtype=float)
    if "mode" in ds.coords:
        return np.asarray(ds["mode"].values)
    if len(found) >= len(of_target):
        return np.arange(len(found))
    swept = sorted(int(name[1:]) - 1 for name in sweep["axes"] if name[1:].isdecimal() and name[0] == "s")
    of_target[swept] = np.nan
    same = [np.flatnonzero((of_target == s) | (np.isnan(of_target) & np.isnan(s))) for s in found]
    return np.array([places[0] if places.size else k for k, places in enumerate(same)])


def singular_values(ds: xr.Dataset) -> xr.DataArray:
    """Singular values along `mode`, with those that axes set filled in along them."""
    s: xr.DataArray = ds["singular_value"].astype(float).load()
    for place, number in enumerate(ds["mode"].values):  # without a coordinate they are numbered from 0
        if (name := f"s{number + 1}") in ds.dims:
            here = xr.DataArray(np.arange(ds.sizes["mode"]) == place, dims="mode")
            s = s.where(~here, ds[name])
    return s
