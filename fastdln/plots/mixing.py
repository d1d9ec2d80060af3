"""Whether a network with full matrices would leave the diagonal orbit."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln import theory
from fastdln.analysis.dataset import singular_values
from fastdln.plots.marks import THEORY, beside, eta_axis, inside, label, marker, modes, values
from fastdln.plots.plane import diverging
from fastdln.plots.plot import Plot, of_plane


def mixing(ds: xr.Dataset, ax: Axes | None = None, **choice: Any) -> Axes:
    """Mixing exponent over eta and a further axis, or against eta.

    Above 0, in yellow, full matrices leave the orbit of the modes. Thin line: eta lambda_12 = 2, the edge of the pair of the two
    largest modes at the balanced minimum, exact for depth 2, where it is eta (s_1 + s_2) = 2 (docs/theory.md, C). choice:
    values of other dimensions.
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    if len(shown := of_plane(ds)) > 1:
        diverging(ax, ds, "mixing_exponent", about=0.0, edges=False)
        edge = pair_edge(ds)
        onset = edge.isel({dim: 0 for dim in edge.dims if dim != shown[1]})
        limits, x = ax.get_ylim(), ax.get_xlim()
        up = ds[shown[1]].values
        ax.plot(np.broadcast_to(onset.values, up.shape), up, **THEORY, linestyle="--", label=pair_label(ds))
        ax.set(xlim=x, ylim=limits)
        old = ax.get_legend()
        inside(ax, [h for h in old.legend_handles if h] if old else [])
        return ax
    eta = ds["eta"].values
    ax.plot(
        eta, values(ds, "mixing_exponent", "eta"), color="black", linewidth=1.0, label="measured", **marker(len(eta), 0)
    )
    ax.axhline(0, color="black", linewidth=0.6)
    if eta[0] <= (at := float(pair_edge(ds).values.ravel()[0])) <= eta[-1]:
        ax.axvline(at, **THEORY, linestyle="--", label=pair_label(ds))
    eta_axis(ax, ds)
    ax.set_ylabel(label(ds["mixing_exponent"]) + " per step")
    beside(ax)
    return ax


def pair_edge(ds: xr.Dataset) -> xr.DataArray:
    """2 / lambda_12 of the two largest modes, along the depth and the axes that set singular values; NaN for one mode."""
    s = singular_values(ds)
    if len(modes(ds)) < 2:
        return xr.full_like(s.max("mode"), np.nan)
    found: xr.DataArray = xr.apply_ufunc(edge_of_pair, s, ds["depth"], input_core_dims=[["mode"], []])
    return found


def edge_of_pair(s: np.ndarray, depth: np.ndarray) -> np.ndarray:
    two = np.sort(s, axis=-1)[..., -2:]
    return np.asarray(2 / theory.hessian_eigenvalues(two, depth)[..., 0, 1])


def pair_label(ds: xr.Dataset) -> str:
    return "$\\eta\\,(s_1 + s_2) = 2$" if (ds["depth"] == 2).all() else "$\\eta\\,\\lambda_{12} = 2$ at the minimum"


PLOT = Plot(mixing, needs=(("mixing_exponent",),), across=of_plane, network=True)
