"""Predictions of the theory of balanced modes for each variable (docs/theory.md, C)."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np
import xarray as xr

from fastdln import theory
from fastdln.analysis.dataset import model_of, models_of, singular_values, sweep_of
from fastdln.errors import DatasetError
from fastdln.models import MODELS
from fastdln.observables.growth import FLOOR


def predicted(ds: xr.Dataset, eta: xr.DataArray | None = None) -> dict[str, xr.DataArray]:
    """Predictions for a dataset with all its dimensions, at its learning rates or at others."""
    eta = ds["eta"].load() if eta is None else eta
    momentum = ds["momentum"] if "momentum" in ds.coords else None
    nesterov = bool(sweep_of(ds).get("nesterov", False))
    found = prediction(eta, ds["depth"].load(), singular_values(ds), model_of(ds), momentum, nesterov)
    return found if is_of_layers(ds) else {name: xr.full_like(value, np.nan, float) for name, value in found.items()}


def is_of_layers(ds: xr.Dataset) -> bool:
    """Whether the dataset is of networks of layers, which the theory is about, and not of a model of other numbers."""
    return not any(MODELS[name].parameters or MODELS[name].data for name in models_of(ds))


def edge_factor(ds: xr.Dataset) -> xr.DataArray | None:
    """What multiplies 2 / S at the learning rate where a minimum turns unstable, along `momentum`; None without momentum."""
    if "momentum" not in ds.coords:
        return None
    return factor_of(ds["momentum"], bool(sweep_of(ds).get("nesterov", False)))


def factor_of(momentum: xr.DataArray, nesterov: bool) -> xr.DataArray:
    """What momentum multiplies 2 / S with, at which a minimum turns unstable: its edge at S = 2, which is 1 without."""
    one: xr.DataArray = xr.apply_ufunc(lambda mu: theory.critical_learning_rate(1.0, 2, mu, nesterov), momentum)
    return one


def prediction(
    eta: xr.DataArray,
    depth: xr.DataArray,
    s: xr.DataArray,
    model: str,
    momentum: xr.DataArray | None = None,
    nesterov: bool = False,
) -> dict[str, xr.DataArray]:
    """Predictions of the theory of balanced modes, by the name of the variable.

    Parameters
    ----------
    eta : xarray.DataArray
        Learning rates.
    depth : xarray.DataArray
        Numbers of layers L, along `depth`.
    s : xarray.DataArray
        Singular values of the target along `mode`, and along the axes that set them; in the target's units.
    model : str
        Name of the model.
    momentum : xarray.DataArray, optional
        Momentum mu, along `momentum`: from 0 on and below 1. With it exponents are not predicted, nor orbits beyond the two-cycle.
    nesterov : bool, default False
        Whether it is Nesterov's, of which minima alone are predicted, and not the heavy ball.

    Returns
    -------
    dict of str to xarray.DataArray
        The expected `period`, `oscillation_range`, `oscillating_modes`, `lyapunov`, `balancing_exponent`, `loss` and
        `sharpness`, along the dimensions of the arguments that each depends on, in the variables' units. NaN where the
        theory says nothing: beyond the two-cycle's flip, or for periods beyond the fifth flip.

    Raises
    ------
    DatasetError
        If an argument is no array of numbers or lies along other dimensions, or there is no such model.

    Notes
    -----
    Below eta = 2 / S, with S = L s^(2 - 2/L), a mode is at its balanced minimum; from there to its first doubling it is on
    the two-cycle of `theory.two_cycle`. Periods double at the flips of `theory.period_doubling`, scaled by
    s^-(2 - 2/L). A mode with s = 0 has no period, since it only goes towards 0.

    The two-cycles of the heavy ball are those of plain descent at eta / (1 + mu), stable while the slopes of that map at its two
    states have a product above -((1 - mu) / (1 + mu))^2.

    References
    ----------
    docs/theory.md, sections C and F.
    """
    for name, array, dim in (("eta", eta, None), ("depth", depth, "depth"), ("s", s, "mode")):
        if not isinstance(array, xr.DataArray) or array.dtype.kind not in "iuf":
            raise DatasetError(f"{name}: must be an xarray.DataArray of numbers (got {type(array).__name__})")
        if dim and (dim not in array.dims or (dim == "depth" and array.ndim > 1)):
            raise DatasetError(f"{name}: must lie along {dim} (got {', '.join(map(str, array.dims)) or 'one number'})")
    if not isinstance(model, str) or model not in MODELS:
        raise DatasetError(f"model: must be one of {', '.join(MODELS)} (got {reprlib.repr(model)})")

    if momentum is not None:
        if not isinstance(momentum, xr.DataArray) or momentum.dtype.kind not in "iuf":
            raise DatasetError(f"momentum: must be an xarray.DataArray of numbers (got {type(momentum).__name__})")
        if not bool(((momentum >= 0) & (momentum < 1)).all()):
            raise DatasetError("momentum: must be from 0 on and below 1")
        eta = eta / factor_of(
            momentum, nesterov
        )  # that of plain descent with the same two-cycle, of Nesterov the same edge

    def broadcast(function: Any, *arguments: Any, outputs: int = 1) -> Any:
        return xr.apply_ufunc(function, *arguments, output_core_dims=[[]] * outputs)

    limit = broadcast(theory.stability_limit, s, depth)
    # eta / eta of the first flip, which is the same at every s
    kappa = eta * limit / depth
    doublings = xr.DataArray(
        theory.period_doubling(depth.values, 5), dims=("depth", "doubling"), coords={"depth": depth}
    )
    first, second = (doublings.isel(doubling=k) for k in (0, 1))
    below, cycling = kappa < first, (kappa > first) & (kappa < second)
    low, high = broadcast(theory.two_cycle, eta, s, depth, outputs=2)
    n = depth - 1
    slopes = [1 - eta * ((2 * n + 1) * r ** (2 * n) - n * s * r ** (n - 1)) for r in (low, high)]
    known = kappa < doublings.isel(doubling=-1)
    if momentum is not None:
        cycling &= (slopes[0] * slopes[1] > -(((1 - momentum) / (1 + momentum)) ** 2)) & (not nesterov)
        known = below | cycling
    known &= s > 0
    # a mode with s = 0 only goes towards 0 for ever, and has no period before it is there
    period = (2.0 ** (kappa > doublings).sum("doubling")).where(known)
    at_rest = below | (s == 0)

    def minimum_or_cycle(at_minimum: Any, on_cycle: xr.DataArray) -> Any:
        return xr.where(at_rest, at_minimum, on_cycle.where(cycling))

    def log_rate(factor: Any) -> Any:
        return broadcast(lambda x: np.log(np.abs(x), out=np.full_like(x, -np.inf), where=x != 0), factor)

    along = sum(map(log_rate, slopes)) / 2
    across = sum(log_rate(1 - (eta * (r**depth - s) * r ** (n - 1)) ** 2) for r in (low, high)) / 2
    minimum_rate = log_rate(1 - eta * limit) if model == "balanced" else 0.0
    top = np.maximum(along, across) if model != "balanced" else along
    loss = minimum_or_cycle(0.0, ((low**depth - s) ** 2 + (high**depth - s) ** 2) / 4).sum("mode", skipna=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {
            "period": period,
            "oscillation_range": minimum_or_cycle(0.0, high**depth - low**depth),
            "oscillating_modes": (period > 1).sum("mode").where((known | (s == 0)).all("mode")),
            "lyapunov": minimum_or_cycle(minimum_rate, top).clip(min=FLOOR).where(s > 0),
            "balancing_exponent": minimum_or_cycle(0.0, across).clip(min=FLOOR).where(s > 0),
            "loss": loss,
            "sharpness": limit.max("mode").where(at_rest.all("mode")),
        }
    if momentum is not None:  # its deviations follow other recursions
        found |= {name: xr.full_like(found[name], np.nan) for name in ("lyapunov", "balancing_exponent")}
    return found
