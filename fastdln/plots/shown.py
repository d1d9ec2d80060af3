"""Dimensions that pictures show."""

from __future__ import annotations

import xarray as xr

from fastdln.analysis.dataset import absent_axes
from fastdln.sweep.axes import NAMED

# Become the second axis of a picture only where none of the others varies.
LAST_CHOICE = ("depth", "seed", "alpha", "eta")


def plane_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Learning rate and, where there is one, the first of alpha and the further axes that has more than one value."""
    others = sorted(
        (str(d) for d in ds["fate"].dims if d not in ("eta", *NAMED)), key=lambda d: (d != "alpha", d in LAST_CHOICE)
    )
    return ("eta", *[dim for dim in others if ds.sizes[dim] > 1][:1])


def plane_or_strip_dims(ds: xr.Dataset) -> tuple[str, str]:
    """Learning rate and the second axis, also where only the learning rate varies: alpha, of models without it their first axis."""
    x, *varying = plane_dims(ds)
    there = [str(dim) for dim in ds["fate"].dims if dim not in ("eta", *NAMED, *absent_axes(ds))]
    second = "alpha" if "alpha" in there or not there else there[0]
    return x, (*varying, second)[0]


def is_plane(ds: xr.Dataset) -> bool:
    """Whether a second axis beside the learning rate varies."""
    return len(plane_dims(ds)) > 1


def varying_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """The first two axes of numbers with more than one value: learning rate, alpha, further axes, then depth and seed."""
    order = ("eta", "alpha")
    dims = sorted(
        (str(d) for d in ds["fate"].dims if d not in NAMED and ds.sizes[d] > 1),
        key=lambda d: (d in ("depth", "seed"), order.index(d) if d in order else len(order)),
    )
    return tuple(dims[:2])


def plane_and_mode_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Learning rate, the second axis that varies, and modes."""
    return (*plane_dims(ds), "mode")


def eta_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Learning rate alone."""
    return ("eta",)


def eta_and_mode_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Learning rate and modes."""
    return ("eta", "mode")


def eta_and_step_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Learning rate and steps."""
    return ("eta", "step")


def step_and_mode_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """One run: steps, modes and layers."""
    return ("step", "mode", "layer")


def step_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Steps alone, of one learning rate."""
    return ("step",)
