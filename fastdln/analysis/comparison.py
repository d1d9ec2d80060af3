"""Comparison of a dataset with the theory, or with another dataset, point by point and in all."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from fastdln.analysis.alignment import align, labels
from fastdln.analysis.blockwise import blocks
from fastdln.analysis.dataset import models_of, restore_dimensions, text_of
from fastdln.analysis.difference import about, difference, differences, grid_of, merged, pairs
from fastdln.analysis.expected import predicted

# Largest difference that a long transient and a small alpha leave, relative to the larger of 1 and the expected value.
CLOSE = 1e-6


def compare(a: xr.Dataset, b: xr.Dataset | None = None) -> xr.Dataset:
    """Differences from the theory of balanced modes, or between two datasets at the points that both have.

    Parameters
    ----------
    a : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return it, or a selection from it.
    b : xarray.Dataset, optional
        Another one of the same target: of another model, start, machine or version.

    Returns
    -------
    xarray.Dataset
        Without `b` measured minus predicted, for every variable that the theory predicts. With it `a` minus `b`, for every
        variable that both have along the same dimensions of their own, and `fate_agrees`, with the two fates beside it. The
        differences are shaped like the variables, and in their units. NaN where a point is not computed yet, where it
        diverged, and where the theory predicts nothing.

    Raises
    ------
    DatasetError
        If a dataset does not come from fastdln, or a selection dropped what it needs; if the two have other targets, or no
        point in common, and along which axis.

    See Also
    --------
    agreement : The same in a row for each variable, also for datasets larger than memory.

    Notes
    -----
    Theory: each mode by itself is at its minimum below 2 / S_i, with S_i the mode's `theory.stability_limit`, and on the
    two-cycle of `theory.two_cycle` from there to its first doubling. Periods of modes with s > 0 are predicted up to the
    fourth doubling, sharpness below the edge of every mode. A finite alpha, a transient too short and modes that mix
    show as differences.

    Two datasets: the points are those whose values along every axis are in both, but for rounding. One without `seed` is
    compared with every seed of the other; where one sweeps a singular value that the other fixes, only that value is left.
    Model, start and basis, each selected from one dataset or not, may differ, for that is what is compared.
    Differences of integers are floats, NaN where either is -1. Of `orbit` the last samples that both have are compared,
    of trajectories the states that both keep. The sweeps need not agree otherwise; the attribute `differing_keys` names
    their keys that do not.

    References
    ----------
    docs/theory.md, section C.

    Examples
    --------
    >>> import fastdln
    >>> axes = {"eta": [0.5, 0.7], "alpha": 0.1, "depth": 3}
    >>> one, other = (fastdln.run(fastdln.Sweep(model=name, axes=axes, steps=2000)) for name in ("modes", "matrix"))
    >>> found = fastdln.analysis.compare(one, other)
    >>> abs(found.oscillation_range).max().item() < 1e-12, found.fate_agrees.values.ravel().tolist()
    (True, [1, 1])
    """
    if b is not None:
        return differences(merged(*align(a, b)), labels(a, b)).assign_attrs(about(a, b))
    ds = restore_dimensions(a)
    if len(models_of(ds)) > 1:
        return xr.concat([compare(ds.isel(model=[k])) for k in range(ds.sizes["model"])], "model")
    expected = predicted(ds)
    found = {
        name: (ds[name] - value).where((ds["fate"] != 0) & (ds[name] >= 0 if ds[name].dtype.kind == "i" else True))
        for name, value in expected.items()
        if name in ds and set(value.dims) <= set(ds[name].dims)
    }
    for name, array in found.items():
        units = {key: ds[name].attrs[key] for key in ("units",) if key in ds[name].attrs}
        found[name] = array.transpose(*ds[name].dims).assign_attrs(
            units | {"long_name": f"{text_of(ds[name].attrs, 'long_name', name)}: measured minus theory"}
        )
    attributes = {key: ds.attrs[key] for key in ("title", "sweep", "sweep_sha256") if key in ds.attrs}
    return xr.Dataset(found, attrs=attributes)


@dataclass
class Agreement:
    """Agreement of a variable with the theory, or another dataset: values compared, those close, the largest difference.

    Parameters
    ----------
    variable : str
        Name of the variable.
    long_name : str
        Its name for people.
    compared : int
        Number of values that the theory predicts, or that both datasets have.
    close : int
        Number of those that are within 1e-6 of the other value, relative to the larger of 1 and that; of fates, that are the
        same.
    furthest : float
        Largest difference in absolute value, in the variable's units; of fates 1, where there is any.
    where : str
        Coordinates of the point with that difference, as text.
    """

    variable: str
    long_name: str
    compared: int = 0
    close: int = 0
    furthest: float = 0.0
    where: str = ""

    @property
    def share(self) -> float:
        """Share of the values that are close; NaN where none is compared.

        Returns
        -------
        float
            `close` over `compared`.
        """
        return self.close / self.compared if self.compared else float("nan")

    def add(self, difference: xr.DataArray, measured: xr.DataArray, named: Collection[Hashable] | None = None) -> None:
        """Count the values of a block.

        Parameters
        ----------
        difference : xarray.DataArray
            Measured minus the other value; NaN where there is none.
        measured : xarray.DataArray
            The variable's values at the same points.
        named : collection of str, optional
            Dimensions that say where a value is; those along which the block has several, if left out.
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
            named = [dim for dim, length in size.sizes.items() if length > 1] if named is None else named
            names = [name for name in point.coords if name in size.dims and name in named]
            self.where = ", ".join(coordinate_text(str(name), point[name].item()) for name in names)


def coordinate_text(name: str, value: float | str) -> str:
    """A coordinate for people, such as `eta = 0.8`; modes are numbered from 1."""
    if isinstance(value, str):
        return f"{name} = {value}"
    return f"mode {value}" if name == "mode" else f"{name} = {value:.6g}"


def agreement(a: xr.Dataset, b: xr.Dataset | None = None) -> list[Agreement]:
    """Agreement of a dataset with the theory, or of two datasets, variable by variable.

    Parameters
    ----------
    a : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return it, or a selection from it. It is read in blocks, so that it may be
        larger than memory.
    b : xarray.Dataset, optional
        Another one, as for `compare`; read in blocks too.

    Returns
    -------
    list of Agreement
        What `compare` finds in all: one entry for each variable with a value to compare.

    Raises
    ------
    DatasetError
        As `compare` does.

    References
    ----------
    docs/theory.md, section C.
    """
    if b is not None:
        return agreement_of(merged(*align(a, b)))
    ds = restore_dimensions(a)
    one_point = compare(ds.isel({dim: slice(0, 1) for dim in ds["fate"].dims}))
    rows = {str(n): Agreement(str(n), text_of(ds[n].attrs, "long_name", str(n))) for n in one_point.data_vars}
    if not rows:
        return []
    for _, block in blocks(ds[[*rows, "fate"]], [str(dim) for dim in ds["fate"].dims]):
        for name, found in compare(block).data_vars.items():
            rows[str(name)].add(found, block[name], several(ds))
    return [row for row in rows.values() if row.compared]


def agreement_of(both: xr.Dataset) -> list[Agreement]:
    """Agreement of two aligned datasets in one."""
    rows = {name: Agreement(name, text_of(both[name].attrs, "long_name", name)) for name in pairs(both)}
    for _, block in blocks(both, grid_of(both)):
        for name, row in rows.items():
            row.add(difference(block, name), block[name], several(both))
    return [row for row in rows.values() if row.compared]


def several(ds: xr.Dataset) -> list[Hashable]:
    """Dimensions along which a dataset has several values, whichever block of it is looked at."""
    return [dim for dim, length in ds.sizes.items() if length > 1]
