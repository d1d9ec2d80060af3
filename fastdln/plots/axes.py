"""The axes of learning rates and of steps, and the edges of stability across them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from fastdln import theory
from fastdln.analysis.dataset import singular_values, sweep_of, target_singular_values
from fastdln.analysis.expected import edge_factor, is_of_layers
from fastdln.errors import DatasetError
from fastdln.plots.appearance import Appearance
from fastdln.plots.colours import CRITICAL, CRITICAL_DASHES, HATCHED
from fastdln.plots.labels import absent_name, absent_swatch, axis_label
from fastdln.plots.rasterize import cell_borders, is_log
from fastdln.plots.selection import array_along, mode_indices, symbol_of

# Learning rates have many digits: more of them would touch each other below 3 inches.
MOST_TICKS = 6

# Room beside the first and the last value, in parts of the axis.
MARGIN = 0.03

# With fewer rows a curve runs through cells that it says nothing of.
FEWEST_ROWS = 6


def eta_axis(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Make the learning rates, or eta S, the x axis: all of them, hatched where nothing is computed."""
    of_sharpness = f"learning rate times sharpness\nof the minimum, ${eta_s(ds)}$"
    ax.set_xlabel(of_sharpness if look.x == "eta S" else plane_label(ds, "eta"))
    eta = look.scale * ds["eta"].values
    log = is_log(eta)
    borders = cell_borders(eta, log)
    ax.set_xscale("log" if log else "linear")
    if not log:
        ax.xaxis.set_major_locator(MaxNLocator(MOST_TICKS))
    room = MARGIN * (np.log(eta[-1] / eta[0]) if log else eta[-1] - eta[0])
    if len(eta) == 1:
        ax.set_xlim(*borders)
    elif log:
        ax.set_xlim(eta[0] / np.exp(room), eta[-1] * np.exp(room))
    else:
        ax.set_xlim(eta[0] - room, eta[-1] + room)
    absent = array_along((ds["fate"] == 0).all([dim for dim in ds["fate"].dims if dim != "eta"]), "eta")
    spans(ax, eta, absent, absent_name(ds), **HATCHED)


def spans(ax: Axes, eta: np.ndarray, where: np.ndarray, name: str, **style: Any) -> None:
    """Fill the picture's background about the learning rates where something holds, with one entry in the legend."""
    borders = cell_borders(eta, is_log(eta))
    change = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]])))
    for k, (first, last) in enumerate(change.reshape(-1, 2)):
        ax.axvspan(borders[first], borders[last], zorder=-1, label=name if k == 0 else None, **style)


def plane_axis(ax: Axes, ds: xr.Dataset, look: Appearance, x: str) -> None:
    """Make one of the grid's axes the x axis of a plane."""
    if x == "eta":
        eta_axis(ax, ds, look)
        return
    values = ds[x].values
    ax.set_xlabel(plane_label(ds, x))
    ax.set_xscale("log" if is_log(values) else "linear")
    if len(values) <= MOST_TICKS:
        ax.set_xticks(values, [f"{value:.6g}" for value in values], minor=False)
        ax.minorticks_off()


def plane_label(ds: xr.Dataset, dim: str) -> str:
    """Write the label of one of the grid's axes, with its symbol."""
    return axis_label(ds[dim], symbol_of(dim))


def step_axis(ax: Axes, ds: xr.Dataset) -> None:
    """Make the steps of the run the x axis, all of them."""
    ax.set_xlabel(axis_label(ds["step"]))
    first, last = ds["step"].values[[0, -1]]
    ax.set_xlim(first - MARGIN * max(last - first, 1), last + MARGIN * max(last - first, 1))
    hatch_if_empty(ax, ds)


def hatch_if_empty(ax: Axes, ds: xr.Dataset) -> None:
    """Hatch the whole picture where none of the runs is computed."""
    if not (ds["fate"] != 0).any():
        ax.patch.set(**HATCHED)
        ax.add_patch(absent_swatch(ds))


def critical_eta(ds: xr.Dataset, mode: int) -> xr.DataArray:
    """Compute the learning rate at which a mode's minimum turns unstable, along the depth, the axes that set s_i, and momentum."""
    s, factor = singular_values(ds).isel(mode=mode), edge_factor(ds)
    eta: xr.DataArray = xr.apply_ufunc(theory.critical_learning_rate, s, ds["depth"])
    return eta if factor is None else eta * factor


def eta_s(ds: xr.Dataset) -> str:
    """Write eta S, S of the largest mode; of a mode that was chosen from several its own."""
    chosen = ds.sizes["mode"] == 1 < len(target_singular_values(sweep_of(ds)))
    return f"\\eta S_{{{int(ds['mode'].values[0])}}}" if chosen else "\\eta S"


def minimum_sharpness(ds: xr.Dataset) -> float:
    """Compute S of the largest of a dataset's modes at the balanced minimum; DatasetError where it is not one number."""
    several = [dim for dim in ("depth", *singular_values(ds).dims) if dim != "mode" and ds.sizes[dim] > 1]
    if not is_of_layers(ds):
        raise DatasetError("x: eta S is of networks of layers, whose minima have one S; leave it out")
    if several:
        raise DatasetError(
            f"x: eta S needs one S, and it changes along {', '.join(map(str, several))}; choose one value"
        )
    sharpness = float(theory.stability_limit(float(singular_values(ds).max()), float(ds["depth"].values[0])))
    if not sharpness > 0:
        raise DatasetError("x: eta S needs a mode with s > 0, whose minimum has a sharpness")
    return sharpness


def rescaled_eta(ds: xr.Dataset, mode: int, at_one: Any) -> np.ndarray:
    """Compute learning rates of a mode from those at s = 1: eta(s) = eta(1) / s^(2 - 2/L)."""
    depth, s = ds["depth"].values[0], singular_values(ds).isel(mode=mode).values.ravel()[0]
    return np.asarray(np.asarray(at_one, dtype=float) / s ** (2 - 2 / depth))


def critical_lines(ax: Axes, ds: xr.Dataset, look: Appearance, y: str | None = None) -> None:
    """Draw 2/S_i of every mode with s > 0: upright, or as a curve where the axis y moves it."""
    low, high = ax.get_xlim()
    limits = ax.get_ylim()
    for mode, style in critical_styles(ds, look):
        critical = look.scale * critical_eta(ds, mode)
        if y is not None and y in critical.dims and critical.sizes[y] > 1:
            curve, rows = critical.isel({dim: 0 for dim in critical.dims if dim != y}).values, critical[y].values
            if np.any((curve >= low) & (curve <= high)):
                ax.plot(*(upright(curve, rows) if y == "depth" or len(rows) < FEWEST_ROWS else (curve, rows)), **style)
        elif low <= (eta := float(critical.values.ravel()[0])) <= high:
            ax.axvline(eta, **style)
    ax.set(xlim=(low, high), ylim=limits)


def level_lines(ax: Axes, ds: xr.Dataset, look: Appearance, x: str) -> None:
    """Draw 2/S_i of every mode with s > 0 where the learning rate is the y axis: level, or a curve over what moves it."""
    left, right = ax.get_xlim()
    low, high = ax.get_ylim()
    for mode, style in critical_styles(ds, look):
        critical = critical_eta(ds, mode)
        if x in critical.dims and critical.sizes[x] > 1:
            curve = critical.isel({dim: 0 for dim in critical.dims if dim != x})
            ax.plot(curve[x].values, curve.values, **style)
        elif low <= (eta := float(critical.values.ravel()[0])) <= high:
            ax.axhline(eta, **style)
    ax.set(xlim=(left, right), ylim=(low, high))


def critical_styles(ds: xr.Dataset, look: Appearance) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give the modes with s > 0 and the style of their 2/S_i: a kind of dashes each, one for all where they are many."""
    indices = mode_indices(ds) if is_of_layers(ds) else []
    many = len(indices) > len(CRITICAL_DASHES)
    for k, mode in enumerate(indices):
        name = many_name(ds, look) if many else critical_name(ds, mode, len(indices), look)
        yield mode, CRITICAL | {"linestyle": ":" if many else CRITICAL_DASHES[k], "label": name}


def two(ds: xr.Dataset) -> str:
    """Write what eta S is where a minimum turns unstable: 2, or more or less with momentum."""
    if "momentum" not in ds.coords:
        return "2"
    return "2(1+$\\mu$)/(1+2$\\mu$)" if sweep_of(ds).get("nesterov") else "2(1+$\\mu$)"


def many_name(ds: xr.Dataset, look: Appearance) -> str:
    """Name the lines of many modes."""
    return f"$\\eta S_i$ = {two(ds)}" if look.x == "eta S" else f"{two(ds)}/$S_i$"


def upright(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Make a piece through the row of each y, where there is nothing between them."""
    borders, gap = cell_borders(y, log=False), np.full(len(y), np.nan)
    return np.column_stack([x, x, gap]).ravel(), np.column_stack([borders[:-1], borders[1:], gap]).ravel()


def critical_name(ds: xr.Dataset, mode: int, count: int, look: Appearance) -> str:
    """Name the line of a mode: 2/S_i where the axis is eta, 2 where it is eta S; with momentum as that has it."""
    number = int(ds["mode"].values[mode])
    if look.x == "eta S":
        first = singular_values(ds).isel(mode=mode) == singular_values(ds).max()
        return f"${eta_s(ds)}$ = {two(ds)}" if bool(first.all()) else f"$\\eta S_{{{number}}}$ = {two(ds)}"
    return f"{two(ds)}/$S_{{{number}}}$" if count > 1 else f"{two(ds)}/$S$"
