"""Files that other programs read: CSV, Parquet and netCDF, written in pieces."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fastdln.analysis.blockwise import block_shape
from fastdln.analysis.dataset import text_of
from fastdln.errors import DatasetError
from fastdln.reports.tables import Piece, Table, grid_dims

# Told how much of a file is written, as a share of 1.
Told = Callable[[float], None]


@dataclass(frozen=True)
class Format:
    """A kind of file: its ending, and the packages that it needs, which the extra of its name brings."""

    name: str
    suffix: str
    packages: tuple[str, ...] = ()

    def require(self) -> None:
        """DatasetError, with what to install, where a package is missing."""
        from importlib.util import find_spec

        for package in self.packages:
            if find_spec(package) is None:
                raise DatasetError(f"to: {self.name} needs {package}: pip install 'fastdln[{self.name}]'")


FORMATS = {
    form.name: form
    for form in (
        Format("csv", "csv"),
        Format("netcdf", "nc", ("h5netcdf", "h5py")),
        Format("parquet", "parquet", ("pyarrow",)),
    )
}


def write_csv(draft: Path, table: Table, ds: xr.Dataset, pieces: Iterable[Piece]) -> None:
    """A line of names, then a line a row; floats with every digit they need, and NaN, Inf, -Inf as most programs read them."""
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, piece in enumerate(pieces):
            if not number:
                writer.writerow(piece)
            writer.writerows(zip(*map(cells, piece.values()), strict=True))


def cells(column: NDArray[Any]) -> list[Any]:
    """A column's values as they stand in a CSV file."""
    found = column.tolist()
    if column.dtype.kind == "f":
        for row in np.flatnonzero(~np.isfinite(column)):
            found[row] = "NaN" if np.isnan(column[row]) else "Inf" if column[row] > 0 else "-Inf"
    return list(found)


def write_parquet(draft: Path, table: Table, ds: xr.Dataset, pieces: Iterable[Piece]) -> None:
    """A row group a piece; long names and units are the fields' metadata, the dataset's attributes the file's."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    writer = None
    try:
        for piece in pieces:
            arrays = {name: pa.array(column) for name, column in piece.items()}
            if writer is None:
                fields = [pa.field(name, array.type, metadata=about(ds, name)) for name, array in arrays.items()]
                schema = pa.schema(fields, metadata={str(key): str(value) for key, value in ds.attrs.items()})
                writer = ParquetWriter(draft, schema)
            writer.write_table(pa.Table.from_arrays(list(arrays.values()), schema=schema))
    finally:
        if writer is not None:
            writer.close()


def about(ds: xr.Dataset, name: str) -> dict[str, str]:
    """What a column's attributes say for people."""
    attributes: Mapping[Any, Any] = ds[name].attrs if name in ds.variables else {}
    return {key: text_of(attributes, key) for key in ("long_name", "units") if key in attributes}


WRITE_TABLE = {"csv": write_csv, "parquet": write_parquet}


def write_netcdf(draft: Path, ds: xr.Dataset, told: Told) -> None:
    """A netCDF-4 file, by xarray's own writer, a block of a variable at a time."""
    import dask
    from dask.callbacks import Callback

    def tell(key: Any, result: Any, graph: Any, state: Mapping[str, Any], worker: Any) -> None:
        ended = len(state["finished"])
        told(ended / max(1, ended + sum(len(state[kind]) for kind in ("ready", "waiting", "running"))))

    blocks = block_shape(ds, grid_dims(ds))
    lazy = ds.drop_encoding().chunk({str(dim): blocks.get(str(dim), -1) for dim in ds.dims})
    # one block at a time is in memory, and HDF5 lets one thread write at a time anyway
    with dask.config.set(scheduler="synchronous"), Callback(posttask=tell):
        lazy.to_netcdf(draft, engine="h5netcdf", format="NETCDF4")


def counted(pieces: Iterable[Piece], rows: int, told: Told) -> Iterator[Piece]:
    """The pieces, told of as they are written."""
    done = 0
    for piece in pieces:
        yield piece
        done += len(next(iter(piece.values())))
        told(done / max(1, rows))
