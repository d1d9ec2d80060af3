"""Comparison of a dataset with the theory, point by point and in all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from fastdln.analysis.blockwise import blocks
from fastdln.analysis.dataset import model_of, restore_dimensions, singular_values, text_of
from fastdln.analysis.expected import prediction

# Largest difference that a long transient and a small alpha leave, relative to the larger of 1 and the expected value.
CLOSE = 1e-6


def compare(ds: xr.Dataset) -> xr.Dataset:
    """Measured minus predicted, for every variable of the dataset that the theory of balanced modes predicts.

    Parameters
    ----------
    ds : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return it, or a selection from it.

    Returns
    -------
    xarray.Dataset
        The differences, shaped like the variables and in their units. NaN where the theory predicts nothing, where a
        point is not computed yet, and where it diverged.

    Raises
    ------
    DatasetError
        If the dataset does not come from fastdln, or a selection dropped what it needs.

    Notes
    -----
    Each mode by itself is at its minimum below 2 / S_i, with S_i the mode's `theory.stability_limit`, and on the
    two-cycle of `theory.two_cycle` from there to its first doubling. Periods of modes with s > 0 are predicted up to the
    fourth doubling, sharpness below the edge of every mode. A finite alpha, a transient too short and modes that mix
    show as differences.

    References
    ----------
    docs/theory.md, section C.
    """
    ds = restore_dimensions(ds)
    eta, depth, s = ds["eta"].load(), ds["depth"].load(), singular_values(ds)
    expected = prediction(eta, depth, s, model_of(ds))
    differences = {
        name: (ds[name] - value).where((ds["fate"] != 0) & (ds[name] >= 0 if ds[name].dtype.kind == "i" else True))
        for name, value in expected.items()
        if name in ds and set(value.dims) <= set(ds[name].dims)
    }
    for name, difference in differences.items():
        units = {key: ds[name].attrs[key] for key in ("units",) if key in ds[name].attrs}
        differences[name] = difference.transpose(*ds[name].dims).assign_attrs(
            units | {"long_name": f"{text_of(ds[name].attrs, 'long_name', name)}: measured minus theory"}
        )
    attributes = {key: ds.attrs[key] for key in ("title", "sweep", "sweep_sha256") if key in ds.attrs}
    return xr.Dataset(differences, attrs=attributes)


@dataclass
class Agreement:
    """Agreement of a variable with the theory: how many values it predicts, how many are close, the largest difference.

    Parameters
    ----------
    variable : str
        Name of the variable.
    long_name : str
        Its name for people.
    compared : int
        Number of values that the theory predicts.
    close : int
        Number of those that are within 1e-6 of the prediction, relative to the larger of 1 and the prediction.
    furthest : float
        Largest difference in absolute value, in the variable's units.
    where : str
        Coordinates of the point with that difference, as text.
    """

    variable: str
    long_name: str
    compared: int = 0
    close: int = 0
    furthest: float = 0.0
    where: str = ""

    def add(self, difference: xr.DataArray, measured: xr.DataArray) -> None:
        """Count the values of a block.

        Parameters
        ----------
        difference : xarray.DataArray
            Measured minus predicted; NaN where there is no prediction.
        measured : xarray.DataArray
            The variable's values at the same points.
        """
        known = difference.notnull()
        count = int(known.sum())
        if not count:
            return
        size = abs(difference)
        self.compared += count
        self.close += int((size <= CLOSE * np.maximum(1.0, abs(measured - difference))).sum())
        if not self.where or float(size.max()) > self.furthest:
            index = size.argmax(...)
            self.furthest = float(size.max())
            point = size.isel(index)
            names = [name for name in point.coords if name in size.dims and size.sizes[name] > 1]
            self.where = ", ".join(coordinate_text(str(name), point[name].item()) for name in names)


def coordinate_text(name: str, value: float) -> str:
    """A coordinate for people, such as `eta = 0.8`; modes are numbered from 1."""
    return f"mode {value}" if name == "mode" else f"{name} = {value:.6g}"


def agreement(ds: xr.Dataset) -> list[Agreement]:
    """Agreement of a dataset with the theory, variable by variable.

    Parameters
    ----------
    ds : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return it, or a selection from it. It is read in blocks, so that it may be
        larger than memory.

    Returns
    -------
    list of Agreement
        What `compare` finds in all: one entry for each variable that the theory predicts somewhere.

    Raises
    ------
    DatasetError
        If the dataset does not come from fastdln, or a selection dropped what it needs.

    References
    ----------
    docs/theory.md, section C.
    """
    ds = restore_dimensions(ds)
    one_point = compare(ds.isel({dim: slice(0, 1) for dim in ds["fate"].dims}))
    rows = {str(n): Agreement(str(n), text_of(ds[n].attrs, "long_name", str(n))) for n in one_point.data_vars}
    if not rows:
        return []
    for _, block in blocks(ds[[*rows, "fate"]], [str(dim) for dim in ds["fate"].dims]):
        for name, difference in compare(block).data_vars.items():
            rows[str(name)].add(difference, block[name])
    return [row for row in rows.values() if row.compared]
