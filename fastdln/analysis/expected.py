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
    found = prediction(eta, ds["depth"].load(), singular_values(ds), model_of(ds), edge_factor(ds))
    return found if is_of_layers(ds) else {name: xr.full_like(value, np.nan, float) for name, value in found.items()}


def is_of_layers(ds: xr.Dataset) -> bool:
    """Whether the dataset is of networks of layers, which the theory is about, and not of a model of other numbers."""
    return not any(MODELS[name].parameters or MODELS[name].data for name in models_of(ds))


def edge_factor(ds: xr.Dataset) -> xr.DataArray | None:
    """What multiplies 2 / S at the learning rate where a minimum turns unstable, along `momentum`; None without momentum."""
    if "momentum" not in ds.coords:
        return None
    nesterov = bool(sweep_of(ds).get("nesterov", False))
    one: xr.DataArray = xr.apply_ufunc(lambda mu: theory.critical_learning_rate(1.0, 2, mu, nesterov), ds["momentum"])
    return one


def prediction(
    eta: xr.DataArray, depth: xr.DataArray, s: xr.DataArray, model: str, edge: xr.DataArray | None = None
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
    edge : xarray.DataArray, optional
        With momentum: what multiplies 2 / S where a minimum turns unstable. Only minima are predicted then.

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

    References
    ----------
    docs/theory.md, section C.
    """
    for name, array, dim in (("eta", eta, None), ("depth", depth, "depth"), ("s", s, "mode")):
        if not isinstance(array, xr.DataArray) or array.dtype.kind not in "iuf":
            raise DatasetError(f"{name}: must be an xarray.DataArray of numbers (got {type(array).__name__})")
        if dim and (dim not in array.dims or (dim == "depth" and array.ndim > 1)):
            raise DatasetError(f"{name}: must lie along {dim} (got {', '.join(map(str, array.dims)) or 'one number'})")
    if not isinstance(model, str) or model not in MODELS:
        raise DatasetError(f"model: must be one of {', '.join(MODELS)} (got {reprlib.repr(model)})")

    def broadcast(function: Any, *arguments: Any, outputs: int = 1) -> Any:
        return xr.apply_ufunc(function, *arguments, output_core_dims=[[]] * outputs)

    limit = broadcast(theory.stability_limit, s, depth)
    # eta / eta of the first flip, which is the same at every s
    kappa = eta * limit / depth
    doublings = xr.DataArray(
        theory.period_doubling(depth.values, 5), dims=("depth", "doubling"), coords={"depth": depth}
    )
    known = (s > 0) & (kappa < doublings.isel(doubling=-1))
    # a mode with s = 0 only goes towards 0 for ever, and has no period before it is there
    period = (2.0 ** (kappa > doublings).sum("doubling")).where(known)
    first, second = (doublings.isel(doubling=k) for k in (0, 1))
    below, cycling = kappa < first, (kappa > first) & (kappa < second)
    low, high = broadcast(theory.two_cycle, eta, s, depth, outputs=2)
    at_rest = below | (s == 0)

    def minimum_or_cycle(at_minimum: Any, on_cycle: xr.DataArray) -> Any:
        return xr.where(at_rest, at_minimum, on_cycle.where(cycling))

    def log_rate(factor: Any) -> Any:
        return broadcast(lambda x: np.log(np.abs(x), out=np.full_like(x, -np.inf), where=x != 0), factor)

    n = depth - 1
    along = sum(log_rate(1 - eta * ((2 * n + 1) * r ** (2 * n) - n * s * r ** (n - 1))) for r in (low, high)) / 2
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
    return found if edge is None else at_minima(found, limit, eta * limit < 2 * edge, s)


def at_minima(
    found: dict[str, xr.DataArray], limit: xr.DataArray, stable: xr.DataArray, s: xr.DataArray
) -> dict[str, xr.DataArray]:
    """Of predictions what holds at minima that are stable with momentum: rates of convergence and orbits are others."""
    everywhere = (stable | (s == 0)).all("mode")
    return {
        "period": xr.ones_like(found["period"]).where(stable & (s > 0)),
        "oscillation_range": xr.zeros_like(found["oscillation_range"]).where(stable),
        "oscillating_modes": xr.zeros_like(found["oscillating_modes"]).where(everywhere),
        "loss": xr.zeros_like(found["loss"]).where(everywhere),
        "sharpness": limit.max("mode").where(everywhere),
        "lyapunov": xr.full_like(found["lyapunov"], np.nan),
        "balancing_exponent": xr.full_like(found["balancing_exponent"], np.nan),
    }
