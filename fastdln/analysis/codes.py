"""Names of codes: the fates, and others that CF's flags name, as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fastdln.errors import DatasetError
from fastdln.observables import OBSERVABLES
from fastdln.observables.observable import NOT_COMPUTED as NOT_COMPUTED


def fate_names(ds: xr.Dataset) -> xr.DataArray:
    """Fates as text, such as `converged`, instead of their codes.

    Parameters
    ----------
    ds : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return it, or a selection from it.

    Returns
    -------
    xarray.DataArray
        The names, shaped as `fate` and with its coordinates; of a dataset opened lazily, read when they are needed.

    Raises
    ------
    DatasetError
        If the dataset has no `fate`, or a code has no name.

    Notes
    -----
    Names are those of the attributes `flag_values` and `flag_meanings` of `fate`; where these were lost, as in arithmetic,
    they are the package's. A fate that masking made NaN is `not_computed`.
    """
    if not isinstance(ds, xr.Dataset) or "fate" not in ds:
        raise DatasetError("fate_names: needs a dataset with fate, as fastdln.run and fastdln.open return it")
    fate = ds["fate"]
    flags = flags_of(fate.attrs) if "flag_values" in fate.attrs else fate_flags()
    width = max(map(len, flags.values()))
    names: xr.DataArray = xr.apply_ufunc(
        lambda codes: named("fate", codes, flags),
        fate.fillna(0) if fate.dtype.kind == "f" else fate,
        dask="parallelized",
        output_dtypes=[np.dtype(f"U{width}")],
    )
    names.attrs = {"long_name": "fate of the trajectory, by name"}
    return names.rename("fate_name")


def fate_flags() -> dict[int, str]:
    """Fates by their codes, as this version of the package numbers them."""
    (variable,) = OBSERVABLES["fate"].variables
    return dict(variable.flags)


def flags_of(attributes: Mapping[Any, Any]) -> dict[int, str]:
    """CF's flags of a variable: names by codes; DatasetError where the attributes are none."""
    try:
        values = [int(value) for value in np.atleast_1d(attributes["flag_values"])]
        return dict(zip(values, str(attributes["flag_meanings"]).split(), strict=True))
    except (KeyError, TypeError, ValueError):
        raise DatasetError("flag_values, flag_meanings: must be as many numbers as names") from None


def named(variable: str, codes: NDArray[Any], flags: Mapping[int, str]) -> NDArray[np.str_]:
    """The names of codes, as an array of text; DatasetError where a code has none."""
    values, indices = np.unique(codes, return_inverse=True)
    if unknown := [value for value in values.tolist() if value not in flags]:
        raise DatasetError(f"{variable}: {unknown[0]} has no name; valid: {', '.join(map(str, flags))}")
    width = max(map(len, flags.values()))
    names = np.array([flags[value] for value in values.tolist()], dtype=f"U{width}")
    return names[indices].reshape(np.shape(codes))
