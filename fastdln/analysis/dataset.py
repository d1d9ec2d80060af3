"""Sweep, model and singular values of a dataset, and its full set of dimensions restored after a selection."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.indexes import PandasMultiIndex

from fastdln.analysis.inherited import COMPUTED, is_level
from fastdln.errors import DatasetError, first_line
from fastdln.models import MODELS, STAND_IN, STARTS
from fastdln.observables import observables_of
from fastdln.sweep.axes import NAMED, swept_mode
from fastdln.theory.arguments import FloatArray

# Characters of a text that others wrote: what a heading has room for.
LONGEST = 300

# The coordinate beside learning rates that were given in units of 2/S_1.
RATIO = "eta_ratio"

# Starts that are a table of numbers, by the key that it has.
TABLES = frozenset({"spectral", "layers", "compressed"})

# Numbers of modes that a message lists.
MOST_LISTED = 12


def sweep_of(ds: xr.Dataset) -> dict[str, Any]:
    """Sweep that a dataset was computed from, every default filled in.

    Parameters
    ----------
    ds : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return it, or a selection from it.

    Returns
    -------
    dict
        The keys and values of the sweep file, from the attribute `sweep`. A registered model whose code is not loaded is
        replaced by `modes`, which has the same arrays. A key that is an axis (`model`, `start`, `target.basis`) has the value
        that the dataset has left along it, or the first.

    Raises
    ------
    DatasetError
        If it is no dataset, or does not come from fastdln.
    """
    if not isinstance(ds, xr.Dataset):
        raise DatasetError(
            f"the dataset must be an xarray.Dataset, as fastdln.run and fastdln.open return it (got {type(ds).__name__})"
        )
    try:
        sweep = json.loads(ds.attrs["sweep"])
        fill_names(sweep, ds)
        if sweep["model"] not in MODELS and sweep["model"] in json.loads(ds.attrs["registered"]):
            sweep["model"] = STAND_IN
        if sweep["model"] in MODELS and isinstance(sweep["axes"], dict) and is_valid(sweep):
            return dict(sweep)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError):
        pass
    raise DatasetError("the dataset has no attribute `sweep` that says what it is; it does not come from fastdln")


def names_along(sweep: dict[str, Any], ds: xr.Dataset, axis: str) -> list[str]:
    """Names that a dataset has left along an axis of names."""
    return [str(name) for name in np.atleast_1d(ds[axis].values)] if axis in ds.coords else list(sweep["axes"][axis])


def fill_names(sweep: dict[str, Any], ds: xr.Dataset) -> None:
    """Gives a sweep the keys that are axes of it."""
    for axis in (axis for axis in NAMED if axis in sweep["axes"]):
        first = names_along(sweep, ds, axis)[0]
        sweep.update({"target": {**sweep["target"], axis: first}} if axis == "basis" else {NAMED[axis]: first})


def is_valid(sweep: dict[str, Any]) -> bool:
    """Whether the entries of a sweep that pictures read are of the types that they expect."""
    matrix, start = sweep["target"].get("matrix"), sweep["start"]
    target_is_valid = np.array(matrix, dtype=float).ndim == 2 if matrix else target_singular_values(sweep).ndim == 1
    return (
        target_is_valid
        and isinstance(sweep["steps"], int)
        and (start in STARTS if isinstance(start, str) else bool(TABLES & set(start)))
    )


def text_of(attributes: Mapping[Any, Any], name: str, default: str = "") -> str:
    """Attribute meant for people, who may have written anything: in one line, without unprintable characters.

    Parameters
    ----------
    attributes : mapping
        Attributes of a dataset or a variable.
    name : str
        Name of the attribute.
    default : str, optional
        Text where there is no such attribute.

    Returns
    -------
    str
        The text, cut where it is longer than 300 characters.
    """
    words = str(attributes.get(name, default))[: 2 * LONGEST].split()
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(words))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def model_of(ds: xr.Dataset) -> str:
    """Name of the model that a dataset was computed with.

    Parameters
    ----------
    ds : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return it, or a selection from it.

    Returns
    -------
    str
        The name, such as `modes`.

    Raises
    ------
    DatasetError
        If it is no dataset, or does not come from fastdln, or is of several models.
    """
    if len(models := models_of(ds)) > 1:
        raise DatasetError(f"model: the dataset is of {', '.join(models)}; select one, ds.sel(model={models[0]!r})")
    return models[0]


def models_of(ds: xr.Dataset) -> list[str]:
    """Names of the models that a dataset has left along the axis `model`, or of the one that it was computed with."""
    sweep = sweep_of(ds)
    return names_along(sweep, ds, "model") if "model" in sweep["axes"] else [str(sweep["model"])]


def absent_axes(ds: xr.Dataset) -> frozenset[str]:
    """Dimensions of the grid that stand for nothing: of models of numbers, which have neither layers nor their scale."""
    of_numbers = all(name in MODELS and MODELS[name].parameters for name in models_of(ds))
    return frozenset({"depth", "seed", "alpha"} if of_numbers else ())


def has_matrices(ds: xr.Dataset) -> bool:
    """Whether a model of full matrices is among them."""
    return any(name in MODELS and MODELS[name].matrices for name in models_of(ds))


def restore_dimensions(ds: xr.Dataset) -> xr.Dataset:
    """Dataset with the dimensions that selecting or squeezing removed, of length 1 where one value was selected.

    Parameters
    ----------
    ds : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return it, or a selection from it.

    Returns
    -------
    xarray.Dataset
        The same values along every dimension of the sweep's grid. Axes rise, `mode` has the modes' numbers, from 1, and fate is
        a code again where masking made it a float. Variables that the sweep does not know are left out.

    Raises
    ------
    DatasetError
        If the dataset does not come from fastdln, or lacks what tells where its values lie.
    """
    sweep = sweep_of(ds)
    grid = list(sweep["axes"])
    ds = restore_axes(ds, grid)
    # dimensions of each variable beyond the grid
    own_dims = {v.name: v.dims for o in observables_of(MODELS[sweep["model"]]).values() for v in o.variables}
    if is_level(ds):
        own_dims[COMPUTED] = ()
    if "mode" not in ds.dims and "singular_value" not in ds.coords and not has_modes(ds, own_dims):
        # the coordinate was dropped with the last variable along the modes
        ds = ds.assign_coords(singular_value=("mode", target_singular_values(sweep)))
    missing = [
        *([] if "fate" in ds else ["fate"]),
        *(name for name in (*grid, "singular_value") if name not in ds.coords),
    ]
    if missing:
        lacks = f"the dataset lacks {', '.join(missing)}, by which pictures know what is where"
        raise DatasetError(f"{lacks}; select with ds.sel or ds.isel, without drop=True, and keep the names")
    for name, own in own_dims.items():
        if name in ds and (
            missing_dims := [d for d in (*grid, *own) if d not in ds[name].dims and ds.sizes.get(d, 1) > 1]
        ):
            raise DatasetError(f"{name}: lies no more along {', '.join(missing_dims)}, as the dataset does")
    known = {dim for own in own_dims.values() for dim in own}
    arrays = {
        # stack and where give a variable dimensions of others, along which it is constant
        name: expand_dims(
            ds[name].max([dim for dim in ds[name].dims if dim in known - set(own)], keep_attrs=True), [*grid, *own]
        )
        for name, own in own_dims.items()
        if name in ds
    }
    arrays["fate"] = arrays["fate"].fillna(0).astype(np.uint8)
    restored = xr.Dataset({name: array.variable for name, array in arrays.items()}, attrs=ds.attrs)
    indexes = [*grid, *sorted({"eigenvalue", "layer", "sample", "step"} & set(ds.coords))]
    restored = restored.assign_coords({name: (name, index_values(ds[name].values), ds[name].attrs) for name in indexes})
    restored = restored.assign_coords(singular_value=expand_dims(ds["singular_value"], ["mode"]).variable)
    about = ds["mode"].attrs if "mode" in ds.coords else {}
    restored = restored.assign_coords(mode=("mode", mode_numbers(ds, restored, sweep), about))
    if RATIO in ds.coords and ds[RATIO].dims == ds["eta"].dims:
        restored = restored.assign_coords({RATIO: ("eta", np.atleast_1d(ds[RATIO].values), ds[RATIO].attrs)})
    for name in grid:
        restored = sort_along(restored, name)
    return restored


def restore_axes(ds: xr.Dataset, grid: list[str]) -> xr.Dataset:
    """Dataset with its axes as coordinates and dimensions again, after stack, swap_dims or reset_coords."""
    ds = ds.set_coords([name for name in (*grid, "singular_value", "mode", "layer", "step") if name in ds.data_vars])
    stacked = [dim for dim, index in ds.xindexes.items() if isinstance(index, PandasMultiIndex) and dim in ds.dims]
    try:
        ds = ds.unstack(stacked)
    except ValueError as error:
        raise DatasetError(f"{', '.join(map(str, stacked))}: cannot be unstacked: {first_line(error)}") from None
    axis_of: dict[Hashable, str] = {}
    for name in grid:
        dims = ds[name].dims if name in ds.coords else ()
        if dims not in ((), (name,)):
            if len(dims) > 1 or dims[0] in grid or dims[0] in axis_of or name in ds.dims:
                raise DatasetError(f"{name}: its values lie along {', '.join(map(str, dims))}; undo that first")
            axis_of[dims[0]] = name
    return ds.swap_dims(axis_of)


def has_modes(ds: xr.Dataset, own_dims: Mapping[str, Iterable[str]]) -> bool:
    """Whether any variable of the dataset lies along `mode`."""
    return any("mode" in own for name, own in own_dims.items() if name in ds)


def expand_dims(array: xr.DataArray, dims: list[str]) -> xr.DataArray:
    """Array along all the dims, of length 1 along those that it lacks."""
    plain = array.drop_vars([name for name in array.coords if name != array.name])
    return plain.expand_dims([dim for dim in dims if dim not in array.dims]).transpose(*dims, ...)


def index_values(values: NDArray[Any]) -> NDArray[Any]:
    """Values of a coordinate along its dimension; names as objects, whichever of NumPy's types of text they have."""
    values = np.atleast_1d(values)
    return values if values.dtype.kind in "iuf" else np.array([str(name) for name in values], dtype=object)


def sort_along(ds: xr.Dataset, axis: str) -> xr.Dataset:
    """Dataset whose values of the axis rise; DatasetError where there are none, or they repeat."""
    values = ds[axis].values
    if not values.size:
        raise DatasetError(f"{axis}: the dataset has none of its values left")
    if axis in NAMED:  # names have the order of the sweep
        once = len({*values.tolist()}) == len(values)
    else:
        ds = ds if np.all(np.diff(values) > 0) else ds.sortby(axis)
        once = bool(np.all(np.diff(ds[axis].values) > 0))
    if not once:
        raise DatasetError(f"{axis}: its values repeat, or are lost; of a store `fastdln verify` says more")
    return ds


def target_singular_values(sweep: dict[str, Any]) -> FloatArray:
    """Singular values of a sweep's target.

    Parameters
    ----------
    sweep : dict
        What `sweep_of` returns.

    Returns
    -------
    numpy.ndarray
        One for each mode, in the target's units. NaN where an axis of the sweep sets it.

    Raises
    ------
    DatasetError
        If the sweep has no valid target.
    """
    try:
        target = sweep["target"]
        if target.get("matrix"):
            return np.linalg.svd(np.array(target["matrix"], dtype=float), compute_uv=False)
        values = np.array(target["singular_values"], dtype=float)
        values[[mode for name in sweep["axes"] if (mode := swept_mode(name)) is not None]] = np.nan
    except (AttributeError, LookupError, TypeError, ValueError):
        raise DatasetError("the dataset's attribute `sweep` says no target; it is not as fastdln wrote it") from None
    return values


def mode_numbers(ds: xr.Dataset, restored: xr.Dataset, sweep: dict[str, Any]) -> NDArray[np.int64]:
    """Numbers of the modes, from 1: the coordinate `mode`, or, in datasets without, told by their singular values."""
    selected, every = restored["singular_value"].values, target_singular_values(sweep)
    if "mode" in ds.coords:
        given = np.atleast_1d(ds["mode"].values)
        if not np.isin(given, np.arange(1, len(every) + 1)).all():
            raise DatasetError(
                f"mode: must be numbers of modes, from 1 to {len(every)} (got {text_of({'': given[:MOST_LISTED].tolist()}, '')})"
            )
        return given.astype(np.int64)
    if len(selected) == len(every):
        return np.arange(1, len(selected) + 1)
    if np.isnan(selected).any() and np.isnan(every).sum() > np.isnan(selected).sum():
        raise DatasetError(
            "mode: which of the swept ones was selected cannot be told; keep all, and choose in the picture"
        )
    remaining, numbers = list(range(len(every))), []
    for s in selected:
        same = [k for k in remaining if np.isclose(every[k], s, rtol=1e-9, atol=0, equal_nan=True)]
        numbers.append(same[0] + 1 if same else len(every) + 1)
        remaining = [k for k in remaining if k != same[0]] if same else remaining
    return np.array(numbers)


def singular_values(ds: xr.Dataset) -> xr.DataArray:
    """Singular values of the target along `mode`, and along the axes that set some of them.

    Parameters
    ----------
    ds : xarray.Dataset
        With all its dimensions, as `restore_dimensions` returns it.

    Returns
    -------
    xarray.DataArray
        The singular values, in the target's units; those that axes set are filled in.
    """
    s: xr.DataArray = ds["singular_value"].astype(float).load()
    for index, number in enumerate(ds["mode"].values):
        if (name := f"s{number}") in ds.dims:
            is_mode = xr.DataArray(np.arange(ds.sizes["mode"]) == index, dims="mode")
            s = s.where(~is_mode, ds[name])
    return s
