"""Period doublings in a dataset: where they are, their Feigenbaum ratios, and the onset of chaos."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from fastdln.analysis.dataset import MOST_LISTED, models_of, restore_dimensions
from fastdln.errors import DatasetError
from fastdln.theory.arguments import FloatArray, as_floats, integer_between
from fastdln.theory.cascade import FEIGENBAUM

# Periods beyond 2^12 are not recorded by any reasonable sweep.
MOST_DOUBLINGS = 12

# Periods are kept in 16 bits.
MOST_COUNTED = 14


def flips(ds: xr.Dataset, mode: int | None = None, count: int = MOST_DOUBLINGS) -> xr.Dataset:
    """Flips along eta, where the period doubles: from 1 to 2, from 2 to 4, and so on.

    Parameters
    ----------
    ds : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return it, with `period`; `lyapunov` of the balanced model makes it more
        exact.
    mode : int, optional
        Number of the mode, from 1, as the coordinate `mode` has it. The first that the dataset has if left out.
    count : int, default 12
        Number of flips, from 1 to 14.

    Returns
    -------
    xarray.Dataset
        The variables `flip` and `uncertainty`, both in units of eta and shaped like the grid without eta, then
        (doubling,), whose coordinate is the period before the flip. NaN where the sweep does not show it.

    Raises
    ------
    DatasetError
        If the dataset has no `period` or does not come from fastdln, or `mode` or `count` is out of range.

    Notes
    -----
    A flip is put halfway between the last point of period p and the first of period 2p, and half their distance is the
    uncertainty. With `lyapunov` of the balanced model the multiplier -exp(p lyapunov) of the cycle is continued in a
    straight line to -1, from the last two points of period p.

    References
    ----------
    docs/theory.md, section C.
    """
    ds = restore_dimensions(ds)
    if "period" not in ds:
        raise DatasetError("flips: need period, which this dataset does not have (sweeps ask by `observables`)")
    index = 0 if mode is None else mode_index(ds, mode)
    count = checked_integer("count", count, 1, MOST_COUNTED)
    period = ds["period"].isel(mode=index).load()
    exponents = (
        ds["lyapunov"].isel(mode=index).load()
        if "lyapunov" in ds and models_of(ds) == ["balanced"]
        else xr.full_like(period, np.nan, float)
    )

    def flips_along_eta(periods: NDArray[Any], exponents: FloatArray) -> tuple[FloatArray, FloatArray]:
        flip, half = np.array([locate(ds["eta"].values, periods, exponents, 2**k) for k in range(count)]).T
        return flip, half

    flip, uncertainty = xr.apply_ufunc(
        flips_along_eta,
        period,
        exponents,
        input_core_dims=[["eta"], ["eta"]],
        output_core_dims=[["doubling"], ["doubling"]],
        vectorize=True,
    )
    attributes = {"units": "1", "long_name": "learning rate at which the period doubles"}
    return xr.Dataset(
        {
            "flip": flip.assign_attrs(attributes),
            "uncertainty": uncertainty.assign_attrs(
                units="1", long_name="half the distance of the points on either side"
            ),
        },
        coords={"doubling": 2 ** np.arange(count)},
    )


def locate(eta: FloatArray, period: NDArray[Any], exponent: FloatArray, p: int) -> tuple[float, float]:
    """The eta of the flip from period p to 2p and half the distance of the points around it; NaN if it is not seen."""
    doubled = np.flatnonzero(period == 2 * p)
    before = np.flatnonzero(period[: doubled[0]] == p) if doubled.size else doubled
    if not before.size:
        return np.nan, np.nan
    last, first = before[-1], doubled[0]
    low, high = eta[last], eta[first]
    first_of_p = last - np.argmax(np.append(period[last::-1] != p, True)) + 1
    if first > last + 1 and high - low > low - eta[first_of_p]:
        # two windows in chaos: a cycle that doubles lasts longer than what is unsettled at its end
        return np.nan, np.nan
    middle, half = (low + high) / 2, (high - low) / 2
    if before.size > 1 and before[-2] == last - 1:
        multiplier = np.exp(p * exponent[last - 1 : last + 1])  # in absolute value
        if multiplier[0] < multiplier[1] < 1:  # NaN compares as false
            extrapolated = low + (1 - multiplier[1]) * (low - eta[last - 1]) / (multiplier[1] - multiplier[0])
            if low <= extrapolated <= high:
                return float(extrapolated), float(half)
    return float(middle), float(half)


def feigenbaum(flips: xr.Dataset | xr.DataArray | ArrayLike) -> FloatArray:
    """Feigenbaum's ratios (eta_k - eta_(k-1)) / (eta_(k+1) - eta_k) of the distances of flips.

    Parameters
    ----------
    flips : xarray.Dataset, xarray.DataArray or array_like
        The return value of `flips`, or the eta of the flips in an array shaped (..., n), along its last axis.

    Returns
    -------
    numpy.ndarray
        The ratios, shaped (..., n - 2). They tend to 4.6692. NaN where a flip is.

    Raises
    ------
    DatasetError
        If the argument is none of these.

    References
    ----------
    Feigenbaum 1978; docs/theory.md, section C.

    Examples
    --------
    >>> feigenbaum([0.0, 4.0, 5.0]).tolist()
    [4.0]
    """
    gaps = np.diff(flip_values(flips), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(gaps[..., :-1] / gaps[..., 1:])


def onset(flips: xr.Dataset | xr.DataArray | ArrayLike) -> FloatArray:
    """Onset of chaos: the eta at which the doublings accumulate.

    Parameters
    ----------
    flips : xarray.Dataset, xarray.DataArray or array_like
        The return value of `flips`, or the eta of the flips in an array shaped (..., n), along its last axis.

    Returns
    -------
    numpy.ndarray
        The eta of the onset, shaped (...). NaN where no two neighbouring flips are known.

    Raises
    ------
    DatasetError
        If the argument is none of these.

    Notes
    -----
    Continued from the last two neighbouring flips by Feigenbaum's constant delta:
    (delta eta_(k+1) - eta_k) / (delta - 1).

    References
    ----------
    docs/theory.md, section C.

    Examples
    --------
    >>> from fastdln import theory
    >>> round(float(onset(theory.period_doubling(2, 9))), 8)
    1.30228346
    """
    values = flip_values(flips)
    onsets = np.full(values.shape[:-1], np.nan)
    for index in np.ndindex(onsets.shape):
        known = np.isfinite(values[index])
        pairs = np.flatnonzero(known[1:] & known[:-1])  # neighbours: a flip that is not seen leaves a gap
        if pairs.size:
            before, after = values[index][pairs[-1] : pairs[-1] + 2]
            onsets[index] = (FEIGENBAUM * after - before) / (FEIGENBAUM - 1)
    return onsets


def flip_values(flips: xr.Dataset | xr.DataArray | ArrayLike) -> FloatArray:
    """Learning rates of the flips along the last axis."""
    if isinstance(flips, xr.Dataset) and ("flip" not in flips or "doubling" not in flips["flip"].dims):
        raise DatasetError("flips: must be what `analysis.flips` returns, or an array (this dataset has no flip)")
    array = flips["flip"].transpose(..., "doubling") if isinstance(flips, xr.Dataset) else flips
    try:
        values = as_floats("flips", array)
    except ValueError as error:
        raise DatasetError(str(error)) from None
    if values.ndim == 0:
        raise DatasetError(f"flips: must be an array (..., n) (got the number {values})")
    return values


def mode_index(ds: xr.Dataset, mode: object) -> int:
    """The index of the mode of a number; DatasetError if the dataset has none of it."""
    numbers = ds["mode"].values.tolist()
    number = checked_integer("mode", mode, min(numbers), max(numbers))
    if number not in numbers:
        raise DatasetError(f"mode: must be one of {', '.join(map(str, numbers[:MOST_LISTED]))} (got {number})")
    return int(numbers.index(number))


def checked_integer(name: str, value: object, low: int, high: int) -> int:
    """A single integer from `low` to `high`; DatasetError otherwise."""
    try:
        return integer_between(name, value, low, high)
    except ValueError as error:
        raise DatasetError(str(error)) from None
