"""Points of a level that were not computed there but inherited: they have the codes that were followed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import xarray as xr

from fastdln.analysis.codes import NOT_COMPUTED, flags_of

# As storage/levels.py names them: what tells inherited points apart, and the attributes of a level.
COMPUTED, LEVEL, BOUNDARY = "computed", "level", "boundary"


def is_level(ds: xr.Dataset) -> bool:
    """Whether a dataset is a level of a refinement, in which points may be inherited."""
    return LEVEL in ds.attrs and COMPUTED in ds and "fate" in ds and set(ds[COMPUTED].dims) == set(ds["fate"].dims)


def inherited_names(ds: xr.Dataset) -> list[str]:
    """The variables that inherited points of a level have."""
    return list(dict.fromkeys(["fate", str(ds.attrs.get(BOUNDARY, "fate"))]))


def as_known(ds: xr.Dataset, names: Iterable[str]) -> xr.Dataset:
    """The dataset in which points that have not inherited all of these variables are not computed; others as they are."""
    if not is_level(ds) or set(names) <= {COMPUTED, *inherited_names(ds)}:
        return ds
    return ds.assign(fate=ds["fate"].where(ds[COMPUTED] == 1, 0))


def unknown_by(ds: xr.Dataset, of: str) -> dict[str, str]:
    """The variables by which points have no value of a variable, each with what is wrong with them then.

    A user's own dataset without `fate`, or whose fates have no code for it, has none.
    """
    found = {}
    if "fate" in ds and uncomputed_fate(ds) is not None:
        found["fate"] = "are not computed; run the sweep again first"
    if is_level(ds) and of not in (COMPUTED, *inherited_names(ds)):
        known = " and ".join(inherited_names(ds))
        found[COMPUTED] = f"inherited their {known} alone; measure fate, or a run of the level's whole sweep"
    return found


def uncomputed_fate(ds: xr.Dataset) -> int | None:
    """The fate of points that are not computed: by its flags, or the package's where these were lost; None if it has no such code."""
    if "flag_values" in ds["fate"].attrs:
        return next((code for code, name in flags_of(ds["fate"].attrs).items() if name == NOT_COMPUTED), None)
    return 0 if "sweep" in ds.attrs else None


def known_by(ds: xr.Dataset, of: str) -> Iterator[tuple[xr.DataArray, str]]:
    """Whether the points of a variable are known, by each of the variables that tell, and what is wrong with the others.

    Of a dimension that the variable does not have, all are to be known.
    """
    for name, why in unknown_by(ds, of).items():
        code = uncomputed_fate(ds) if name == "fate" else 0
        known = (ds[name] != code) & ds[name].notnull()  # masking makes NaN of it
        yield known.all([dim for dim in known.dims if dim not in ds[of].dims]), why


def beside(values: xr.DataArray, known: xr.DataArray) -> np.ndarray:
    """Whether each value is known, shaped as the values."""
    found: np.ndarray = known.broadcast_like(values).transpose(*values.dims).values
    return found
