"""The empty store of a sweep: every array with its attributes, the coordinates, and the root's attributes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.storage import MemoryStore

from fastdln.errors import SweepError
from fastdln.models import PARAMETERS
from fastdln.observables import Variable
from fastdln.storage import provenance
from fastdln.storage.location import LARGEST_METADATA, ROOT
from fastdln.sweep import named_axes, units
from fastdln.sweep.axes import swept_mode
from fastdln.sweep.extensions import own_code
from fastdln.sweep.grid import Grid
from fastdln.sweep.layer_axes import layer_of
from fastdln.sweep.schema import Sweep

# zstd's checksum is of what was compressed, and ignores a bit of its own header; CRC-32C is of every bit of the file.
CODECS = (ZstdCodec(level=1, checksum=True), Crc32cCodec())

# Tells xarray that it is no data variable.
COORDINATES = {"coordinates": "singular_value"}
WITH_RATIO = {"coordinates": "singular_value eta_ratio"}
AXIS_ATTRIBUTES: dict[str, dict[str, Any]] = {
    "eta": {"long_name": "learning rate", "units": "1"},
    "alpha": {"long_name": "initialization scale", "units": "1"},
    "depth": {"long_name": "number of layers", "units": "1"},
    "seed": {"long_name": "seed of the random start", "units": "1"},
    "momentum": {"long_name": "momentum", "units": "1"},
    "model": {"long_name": "model"},
    "start": {"long_name": "layers at state 0"},
    "basis": {"long_name": "singular bases of the target"},
    "loss_function": {"long_name": "loss that is descended"},
    "activation": {"long_name": "activation"},
}

# Zarr's type of text of any length: the only one that xarray reads without a warning.
TEXT = "string"


# What a run relies on in the root's attributes; the others are for people, who may change them.
SEALED = ("sweep", "sweep_sha256", "sweep_asked", "grown_from")


def digest(root: Mapping[str, Any], names: Iterable[str]) -> str:
    """sha256 of what the root's metadata say of the arrays of these names, and of the attributes that a run relies on."""
    arrays = root["consolidated_metadata"]["metadata"]
    content = {name: arrays.get(name) for name in names} | {"": {key: root["attributes"].get(key) for key in SEALED}}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def names(grid: Grid) -> list[str]:
    """All arrays of a store, coordinates last."""
    return [variable.name for variable in grid.sweep.variables] + [name for name, *_ in coordinate_arrays(grid)]


def sealed(root: dict[str, Any], grid: Grid) -> bytes:
    """The root's metadata, with their digest."""
    root["attributes"]["metadata_sha256"] = digest(root, names(grid))
    return json.dumps(root, indent=2).encode()


def entries(grid: Grid, about: Mapping[str, Any] | None = None, others: tuple[Variable, ...] = ()) -> dict[str, bytes]:
    """The keys of an empty store and what is under them; `about`: further root attributes, `others`: variables that the sweep does not have."""
    kept: dict[str, Any] = {}
    make(MemoryStore(kept), grid, about or {}, others)
    found = {key: data.to_bytes() for key, data in kept.items()}
    root = json.loads(found[ROOT])
    # as zarr.consolidate_metadata does, which warns that Zarr v3 does not specify it yet, and filters of warnings are the
    # whole process's; xarray reads it, and without it asks for every array
    arrays = {name: json.loads(found[f"{name}/{ROOT}"]) for name in [*names(grid), *(one.name for one in others)]}
    root["consolidated_metadata"] = {"kind": "inline", "must_understand": False, "metadata": arrays}
    data = sealed(root, grid)
    if len(data) > LARGEST_METADATA:
        raise SweepError(
            f"sweep: its metadata have {len(data):,} bytes, more than the {LARGEST_METADATA:,} of a store; give axes as ranges, "
            "and smaller matrices"
        )
    return found | {ROOT: data}


def make(store: MemoryStore, grid: Grid, about: Mapping[str, Any], others: tuple[Variable, ...] = ()) -> None:
    """Makes every array of the sweep, empty, with coordinates and attributes."""
    sweep = grid.sweep
    group = zarr.create_group(store, zarr_format=3)
    for variable in (*sweep.variables, *others):
        beyond = tuple(sweep.sizes[dim] for dim in variable.dims)
        group.create_array(
            variable.name,
            shape=grid.shape + beyond,
            chunks=grid.inner_shape + beyond,
            shards=grid.chunk_shape + beyond if grid.sharded else None,
            dtype=variable.dtype,
            fill_value=variable.fill,
            compressors=CODECS,
            dimension_names=(*grid.dims, *variable.dims),
            attributes=attributes_of(variable, grid),
        )
    for name, values, dim, attributes in coordinate_arrays(grid):
        array = group.create_array(
            name,
            shape=values.shape,
            chunks=values.shape,
            dtype=TEXT if values.dtype.kind == "U" else values.dtype,
            compressors=CODECS,
            dimension_names=(dim,),
            attributes=attributes,
        )
        array[:] = values.astype(object) if values.dtype.kind == "U" else values
    group.update_attributes(root_attributes(sweep) | dict(about))


def compressed(values: np.ndarray) -> int:
    """Bytes that values take on disk as one chunk of a store."""
    kept: dict[str, Any] = {}
    zarr.create_array(MemoryStore(kept), data=values, chunks=values.shape, compressors=CODECS)
    return sum(len(data.to_bytes()) for key, data in kept.items() if key != ROOT)


def axis_attributes(name: str) -> dict[str, Any]:
    """What a store says of an axis."""
    if name in AXIS_ATTRIBUTES:
        return AXIS_ATTRIBUTES[name]
    if name in PARAMETERS:
        return {"long_name": PARAMETERS[name].summary, "units": "1"}
    if (layer := layer_of(name)) is not None:
        return {"long_name": f"starting value of layer {layer}", "units": "1"}
    if (mode := swept_mode(name)) is not None:
        return {"long_name": f"singular value {mode + 1} of the target", "units": "1"}
    return {}


def coordinate_arrays(grid: Grid) -> Iterator[tuple[str, np.ndarray, str, dict[str, Any]]]:
    for name, values in grid.coordinates.items():
        yield name, values, name, axis_attributes(name)
    if (ratios := units.ratios(grid.sweep)) is not None:
        yield "eta_ratio", ratios, "eta", {"long_name": "learning rate in units of 2/S_1", "units": "1"}
    dims = {dim for variable in grid.sweep.variables for dim in variable.dims}
    sizes, every = grid.sweep.sizes, grid.sweep.trajectory or 1
    if "layer" in dims:
        yield (
            "layer",
            np.arange(1, sizes["layer"] + 1),
            "layer",
            {"long_name": "layer, 1 next to the input", "units": "1"},
        )
    if "eigenvalue" in dims:
        about_them = {"long_name": "eigenvalue, 1 the largest", "units": "1"}
        yield "eigenvalue", np.arange(1, sizes["eigenvalue"] + 1), "eigenvalue", about_them
    if "step" in dims:
        yield "step", every * np.arange(sizes["step"]), "step", {"long_name": "number of the state", "units": "steps"}
    if not grid.unnumbered:
        about_modes = {"long_name": "mode, 1 the first singular value of the target", "units": "1"}
        yield "mode", np.arange(1, sizes["mode"] + 1), "mode", about_modes
    singular_values = np.array(grid.sweep.target.singular_values)
    swept = [mode for name in grid.dims if (mode := swept_mode(name)) is not None]
    singular_values[swept] = np.nan
    about = {"long_name": "singular value of the target", "units": "1"}
    if swept:
        about["comment"] = "NaN where an axis sets it."
    yield "singular_value", singular_values, "mode", about


def named_coordinates(sweep: Sweep) -> dict[str, str]:
    """The root attribute that tells xarray which arrays are coordinates without being dimensions."""
    return COORDINATES if units.ratio_of(sweep.axes["eta"]) is None else WITH_RATIO


def texts_of(grid: Grid) -> dict[str, tuple[str, np.ndarray, dict[str, Any]]]:
    """Coordinates that are names, as datasets have them: objects, which xarray writes to any format without a warning."""
    return {
        name: (dim, values.astype(object), dict(attributes))
        for name, values, dim, attributes in coordinate_arrays(grid)
        if values.dtype.kind == "U"
    }


def attributes_of(variable: Variable, grid: Grid) -> dict[str, Any]:
    """The attributes of a variable: CF's, and `sharpness_every` on those that it thins out."""
    sweep = grid.sweep
    # stores of earlier versions name no numbers that depend on the modes
    flags = variable.flags if grid.unnumbered else variable.flags_for(sweep.sizes["mode"])
    attributes: dict[str, Any] = {"long_name": variable.long_name, "units": variable.units}
    if comment := comment_of(variable, sweep):
        attributes["comment"] = comment
    if flags:
        attributes["flag_values"] = list(flags)
        attributes["flag_meanings"] = " ".join(flags.values())
    if any(family.sampled and variable in family.variables for family in sweep.families):
        attributes["sharpness_every"] = sweep.sharpness_every
    return attributes


def comment_of(variable: Variable, sweep: Sweep) -> str:
    """What is said of a variable; by each model of a sweep of several that says something else."""
    if not named_axes.named(sweep):
        return variable.comment
    said: dict[str, list[str]] = {}
    for part in named_axes.parts(sweep):
        for own in (own for family in part.families for own in family.variables if own.name == variable.name):
            said.setdefault(own.comment, []).append(part.model)
    if len(said) < 2:
        return variable.comment
    return " ".join(f"Of {' and '.join(dict.fromkeys(models))}: {comment}" for comment, models in said.items())


def root_attributes(sweep: Sweep) -> dict[str, Any]:
    return {
        "title": sweep.title,
        "Conventions": "CF-1.11",
        **provenance.created(),
        **named_coordinates(sweep),
        "complete": 0,  # netCDF has no booleans
        "sweep": sweep.canonical(),
        "sweep_sha256": sweep.sha256(),
        **own_code.recorded(sweep),
    }
