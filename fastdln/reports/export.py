"""Results for other programs: a store or a dataset as CSV, netCDF or Parquet."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastdln import files
from fastdln.errors import DatasetError
from fastdln.execution.arguments import StorePath, check_progress
from fastdln.execution.progress import Report, reporter
from fastdln.text import suggestion

if TYPE_CHECKING:
    import xarray as xr

    from fastdln.reports.formats import Format


def export(
    source: xr.Dataset | StorePath,
    path: str | os.PathLike[str],
    *,
    to: str | None = None,
    variables: str | Iterable[str] | None = None,
    storage_options: Mapping[str, Any] | None = None,
    progress: bool | Report | None = None,
) -> list[Path]:
    """Write results as CSV, netCDF or Parquet, for other programs; they may be larger than memory.

    Parameters
    ----------
    source : xarray.Dataset, path or URL
        A dataset of fastdln, or a selection from one; or a store.
    path : path
        The file, which is replaced if it is there. It ends in .csv, .nc or .parquet.
    to : str, optional
        "csv", "netcdf" or "parquet"; told by the file's ending if left out.
    variables : str or iterable of str, optional
        Names of the variables to write, a list or "a,b"; all of them if left out. Their coordinates come with them.
    storage_options : mapping, optional
        Options of an object store.
    progress : bool or callable, optional
        As for `run`.

    Returns
    -------
    list of pathlib.Path
        The files that were written.

    Raises
    ------
    DatasetError
        If an argument cannot be used, a package is missing, or the file cannot be written; no file is there then.
    StoreError
        If fastdln did not make what is there, or its metadata are damaged.

    Notes
    -----
    netCDF holds the dataset as it is. A CSV or Parquet file is a table: a row is a grid point and, of variables with further
    dimensions, one index along each of these; coordinates come first, and `fate_name` follows `fate`, which is in every
    table. Variables of different further dimensions need different rows, and so each a file: out.csv has the grid points,
    out-mode.csv the grid points and modes.

    A file is written under another name and renamed, so that it is whole or not there.

    Examples
    --------
    >>> fastdln.export("out.zarr", "out.csv", variables=["fate", "loss"])  # doctest: +SKIP
    [PosixPath('out.csv')]
    """
    import xarray as xr

    from fastdln.reports.formats import WRITE_TABLE
    from fastdln.reports.tables import flat

    check_progress(progress)
    form = format_of(to, path)
    target = files.checked(Path(os.fspath(path)), [form.suffix])
    form.require()
    ds = source if isinstance(source, xr.Dataset) else opened(source, storage_options)
    names, ds = chosen(ds, variables), flat(ds)
    if empty := [str(dim) for dim, size in ds.sizes.items() if not size]:
        raise DatasetError(f"{empty[0]}: the dataset has none of its values left")
    write = write_tables if form.name in WRITE_TABLE else write_whole
    return write(ds, names, target, form, progress)


def format_of(to: Any, path: Any) -> Format:
    """The format of a name, or of a file's ending."""
    from fastdln.reports.formats import FORMATS

    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise DatasetError(f"path: must be the path of a file (got {path!r})")
    if to is None:
        ending = Path(os.fspath(path)).suffix.lower()
        if (found := next((form for form in FORMATS.values() if f".{form.suffix}" == ending), None)) is None:
            endings = ", ".join(f".{form.suffix}" for form in FORMATS.values())
            raise DatasetError(
                f"{path}: must end in one of {endings}, or to must say what it is ({', '.join(FORMATS)})"
            )
        return found
    if not isinstance(to, str) or to not in FORMATS:
        raise DatasetError(f"to: must be one of {', '.join(FORMATS)} (got {to!r}){suggestion(to, FORMATS)}")
    return FORMATS[to]


def opened(store: StorePath, storage_options: Mapping[str, Any] | None) -> xr.Dataset:
    """A store's dataset, of which nothing is read yet, and no graph made for its chunks."""
    from fastdln.api import open as open_store

    return open_store(store, storage_options=storage_options, chunks=None)


def chosen(ds: xr.Dataset, variables: Any) -> list[str]:
    """Names of the variables to write; DatasetError, with the valid ones, for others."""
    valid = [str(name) for name in ds.data_vars]
    if variables is None:
        return valid
    words = variables.split(",") if isinstance(variables, str) else variables
    try:
        names = list(dict.fromkeys(words))
    except TypeError:
        raise DatasetError(f"variables: must be names of variables (got {variables!r})") from None
    if not names or names == [""]:
        raise DatasetError(f"variables: are none; valid: {', '.join(valid)}")
    for name in names:
        if name in valid:
            continue
        if name in ds.coords:
            raise DatasetError(f"variables: {name} is a coordinate, which is written with what lies along it")
        raise DatasetError(f"variables: unknown {name!r}{suggestion(name, valid)}; valid: {', '.join(valid)}")
    return names


def write_whole(
    ds: xr.Dataset, names: list[str], path: Path, form: Format, progress: bool | Report | None
) -> list[Path]:
    """The variables in one file, as they are."""
    from fastdln.reports.formats import write_netcdf
    from fastdln.reports.tables import grid_dims

    points = math.prod(ds.sizes[dim] for dim in grid_dims(ds))
    with reporter(progress, 0, points) as report, files.drafted(path) as draft:
        write_netcdf(draft, ds[names], lambda share: report(int(share * points), points))
    return [path]


def write_tables(
    ds: xr.Dataset, names: list[str], path: Path, form: Format, progress: bool | Report | None
) -> list[Path]:
    """The variables in tables, a file each."""
    from fastdln.reports.formats import WRITE_TABLE, counted
    from fastdln.reports.tables import grid_dims, numbered, pieces, tables

    ds = numbered(ds)
    found = tables(ds, names)
    several = len(found) > 1
    paths = [
        files.checked(path.with_stem("-".join([path.stem, *table.own])) if several else path, [form.suffix])
        for table in found
    ]
    points = math.prod(ds.sizes[dim] for dim in grid_dims(ds))
    with reporter(progress, 0, points * len(found)) as report:
        for number, (table, file) in enumerate(zip(found, paths, strict=True)):

            def told(share: float, before: int = number) -> None:
                report(int((before + share) * points), points * len(found))

            rows = math.prod(ds.sizes[dim] for dim in table.dims)
            with files.drafted(file) as draft:
                WRITE_TABLE[form.name](draft, table, ds, counted(pieces(ds, table), rows, told))
    return paths
