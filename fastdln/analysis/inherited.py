"""Points of a level that were not computed there but inherited: they have the codes that were followed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

import xarray as xr

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
