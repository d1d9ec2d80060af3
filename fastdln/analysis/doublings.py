"""Where periods double, how fast the doublings close in, and where they end in chaos."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from fastdln.analysis.dataset import model_of, whole
from fastdln.errors import DatasetError
from fastdln.theory.arguments import numbers
from fastdln.theory.arguments import whole as a_whole
from fastdln.theory.cascade import FEIGENBAUM

# Periods beyond 2^12 are not recorded by any reasonable sweep.
MOST_DOUBLINGS = 12

# Periods are kept in 16 bits.
MOST_COUNTED = 14


def flips(ds: xr.Dataset, mode: int = 0, count: int = MOST_DOUBLINGS) -> xr.Dataset:
    """Where the period doubles along eta: from 1 to 2, from 2 to 4, and so on.

    ds: with `period`; mode: which one, from 0. Returns `flip` and `uncertainty`, both in units of eta and shaped like
    the grid without eta, then (doubling,), whose coordinate is the period before; NaN where the sweep does not show it.
    With `lyapunov` of the balanced model the multiplier -exp(p lyapunov) of the cycle is continued in a straight line
    to -1, from the last two points of period p; else the flip is put halfway between the last point of period p and the
    first of 2p. DatasetError without `period`. docs/theory.md, section C.
    """
    ds = whole(ds)
    if "period" not in ds:
        raise DatasetError("flips: need period, which this dataset does not have (sweeps ask by `observables`)")
    mode, count = number("mode", mode, 0, ds.sizes["mode"] - 1), number("count", count, 1, MOST_COUNTED)
    period = ds["period"].isel(mode=mode).load()
    slopes = (
        ds["lyapunov"].isel(mode=mode).load()
        if "lyapunov" in ds and model_of(ds) == "balanced"
        else xr.full_like(period, np.nan, float)
    )

    def along(p: np.ndarray, exponent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        flip, half = np.array([locate(ds["eta"].values, p, exponent, 2**k) for k in range(count)]).T
        return flip, half

    found, uncertainty = xr.apply_ufunc(
        along,
        period,
        slopes,
        input_core_dims=[["eta"], ["eta"]],
        output_core_dims=[["doubling"], ["doubling"]],
        vectorize=True,
    )
    about = {"units": "1", "long_name": "learning rate at which the period doubles"}
    return xr.Dataset(
        {
            "flip": found.assign_attrs(about),
            "uncertainty": uncertainty.assign_attrs(
                units="1", long_name="half the distance of the points on either side"
            ),
        },
        coords={"doubling": 2 ** np.arange(count)},
    )


def locate(eta: np.ndarray, period: np.ndarray, exponent: np.ndarray, p: int) -> tuple[float, float]:
    """(eta of the flip from period p to 2p, half the distance of the points around it), NaN if it is not seen."""
    doubled = np.flatnonzero(period == 2 * p)
    before = np.flatnonzero(period[: doubled[0]] == p) if doubled.size else doubled
    if not before.size:
        return np.nan, np.nan
    last, first = before[-1], doubled[0]
    low, high = eta[last], eta[first]
    begins = last - np.argmax(np.append(period[last::-1] != p, True)) + 1
    if first > last + 1 and high - low > low - eta[begins]:
        return (
            np.nan,
            np.nan,
        )  # two windows in chaos: a cycle that doubles lasts longer than what is unsettled at its end
    middle, half = (low + high) / 2, (high - low) / 2
    if before.size > 1 and before[-2] == last - 1:
        size = np.exp(p * exponent[last - 1 : last + 1])
        if size[0] < size[1] < 1:  # NaN compares as false
            straight = low + (1 - size[1]) * (low - eta[last - 1]) / (size[1] - size[0])
            if low <= straight <= high:
                return float(straight), float(half)
    return float(middle), float(half)


def feigenbaum(flips: xr.Dataset | xr.DataArray | np.ndarray) -> np.ndarray:
    """Ratios (eta_k - eta_(k-1)) / (eta_(k+1) - eta_k) of the distances of flips, which tend to 4.6692.

    flips: what `flips` returns, or an array (..., n). Shaped (..., n - 2); NaN where a flip is. Feigenbaum 1978.
    """
    gaps = np.diff(values_of(flips), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(gaps[..., :-1] / gaps[..., 1:])


def onset(flips: xr.Dataset | xr.DataArray | np.ndarray) -> np.ndarray:
    """eta at which the doublings accumulate, continued from the last two neighbouring flips by Feigenbaum's constant.

    flips: what `flips` returns, or an array (..., n). Shaped (...); NaN where there are none.
    """
    values = values_of(flips)
    out = np.full(values.shape[:-1], np.nan)
    for place in np.ndindex(out.shape):
        known = np.isfinite(values[place])
        pairs = np.flatnonzero(known[1:] & known[:-1])  # neighbours: a flip that is not seen leaves a gap
        if pairs.size:
            before, after = values[place][pairs[-1] : pairs[-1] + 2]
            out[place] = (FEIGENBAUM * after - before) / (FEIGENBAUM - 1)
    return out


def values_of(flips: xr.Dataset | xr.DataArray | np.ndarray) -> np.ndarray:
    """Learning rates along the last axis."""
    if isinstance(flips, xr.Dataset) and ("flip" not in flips or "doubling" not in flips["flip"].dims):
        raise DatasetError("flips: must be what `analysis.flips` returns, or an array (this dataset has no flip)")
    given = flips["flip"].transpose(..., "doubling") if isinstance(flips, xr.Dataset) else flips
    try:
        values: np.ndarray = numbers("flips", given)
    except ValueError as error:
        raise DatasetError(str(error)) from None
    if values.ndim == 0:
        raise DatasetError(f"flips: must be an array (..., n) (got the number {values})")
    return values


def number(name: str, value: Any, low: int, high: int) -> int:
    try:
        return int(a_whole(name, value, low, high))
    except ValueError as error:
        raise DatasetError(str(error)) from None
