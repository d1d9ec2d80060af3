"""Sweeps from sweeps: an axis grows in the same store, or a window of the grid is swept finer in a store of its own.

A store grows at one moment: the root's metadata are replaced, and readers see the new shape, with the new points not
computed. What is needed after it is written before it, beside what was needed before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from fastdln.errors import StoreError, SweepError
from fastdln.storage import provenance, template
from fastdln.storage.completeness import MOST_GROWTHS, grown_from
from fastdln.storage.levels import is_level
from fastdln.storage.location import ROOT, WHOLE, Location, plain_errors
from fastdln.storage.metadata import Snapshot, coordinate_key, read, stored_sweep
from fastdln.storage.repair import repair
from fastdln.sweep import units
from fastdln.sweep.axes import UNIT, coordinates, is_named, length
from fastdln.sweep.extensions import own_code
from fastdln.sweep.grid import Grid
from fastdln.sweep.named_axes import KEYS
from fastdln.sweep.schema import Sweep

# Ranges of other lengths round their values differently; those that mean the same differ by no more than this.
ROUNDING = 1e-12


def sweep_as_asked(snapshot: Snapshot) -> Sweep:
    """The sweep of a store as it was asked for, where rounding made a list of a range."""
    attributes = snapshot.attributes
    return stored_sweep(snapshot.location, attributes.get("sweep_asked", attributes["sweep"]))


def grown(old: Sweep, wanted: Sweep) -> Sweep:
    """The wanted sweep, its axes beginning with the old one's values to the last bit; SweepError if they do not."""
    refuse_other_keys(old, wanted, "extend")
    if (units.ratio_of(old.axes["eta"]) is None) != (units.ratio_of(wanted.axes["eta"]) is None):
        held = "plain values" if units.ratio_of(old.axes["eta"]) is None else f'units, unit = "{UNIT}"'
        raise SweepError(f"axes.eta: must stay in {held}, as the store has it")
    axes: dict[str, Any] = {}
    for name, axis in wanted.axes.items():
        before, after = coordinates(old.axes[name]), coordinates(axis)
        kept = after[: len(before)]
        if is_named(axis):
            refuse_other_names(name, before.tolist(), after.tolist())
            axes[name] = axis
            continue
        if len(after) < len(before):
            raise SweepError(
                f"axes.{name}: has {len(before):,} values in the store, and {len(after):,} are fewer; extend only adds"
            )
        if not np.allclose(kept, before, rtol=ROUNDING, atol=0):
            k = int(np.flatnonzero(~np.isclose(kept, before, rtol=ROUNDING, atol=0))[0])
            raise SweepError(
                f"axes.{name}: its first {len(before):,} values must stay, with new ones after them (value {k + 1} is "
                f"{before[k]:.15g} and would be {kept[k]:.15g}); keep start and the step between values, or give a list"
            )
        axes[name] = units.dumped(axis) if np.array_equal(kept, before) else continued(old.axes[name], axis)
    found = Sweep(**json.loads(wanted.canonical()) | {"axes": axes})
    if gone := [variable.name for variable in old.variables if variable.name not in {v.name for v in found.variables}]:
        raise SweepError(
            f"axes.model: the new models have no {', '.join(gone)}, which the store has; sweep them into a new store"
        )
    dims = {dim for variable in old.variables for dim in variable.dims}
    if changed := [dim for dim in dims if found.sizes[dim] != old.sizes[dim]]:
        raise SweepError(
            f"axes.depth: the store's {changed[0]} dimension cannot grow; deeper ones need a store of their own"
        )
    return found


def continued(old: Any, new: Any) -> Any:
    """The old axis's values and those that a new one adds, as a list in a sweep file's data."""
    before, after = (coordinates(axis if (ratio := units.ratio_of(axis)) is None else ratio) for axis in (old, new))
    values = [*before.tolist(), *after[len(before) :].tolist()]
    return {"values": values, "unit": UNIT, "factor": old.factor} if isinstance(old, units.Scaled) else values


def refuse_other_names(name: str, before: list[str], after: list[str]) -> None:
    """SweepError unless the names of an axis begin with those that are there."""
    if after[: len(before)] != before:
        raise SweepError(
            f"axes.{KEYS[name]}: must begin with {', '.join(before)}, which the store has, with new names after them (got "
            f"{', '.join(after)})"
        )


def refuse_other_keys(old: Sweep, wanted: Sweep, verb: str) -> None:
    keys = differing(json.loads(old.canonical()), json.loads(wanted.canonical()))
    others = [key for key in keys if not key.startswith("axes.")]
    if others or list(old.axes) != list(wanted.axes):
        names = ", ".join(others) or ", ".join(set(old.axes) ^ set(wanted.axes))
        raise SweepError(f"{names}: cannot be changed by {verb}; axes.{', axes.'.join(old.axes)} can")


def grow(before: Snapshot, wanted: Sweep, durable: bool = False) -> Sweep:
    """Gives a store the shape of a larger sweep; the new points are not computed. Returns the sweep to run."""
    location = before.location
    with plain_errors(location.name, "cannot be written"):
        lock = location.lock(WHOLE)
        try:
            location.clear_leftovers(others_run=False)
            snapshot = read(location, known=before)
            old = snapshot.grid.sweep
            new = grown(old, wanted)
            if new.sha256() != old.sha256():
                replace_metadata(snapshot, larger_grid(snapshot, new), wanted, durable)
            return new
        finally:
            lock.release()


def larger_grid(snapshot: Snapshot, sweep: Sweep) -> Grid:
    """The grid of a larger sweep in the store's chunks; StoreError if something in the store cannot grow along."""
    old = snapshot.grid
    if is_level(snapshot):
        raise StoreError(
            f"{snapshot.location.name}: is a level of a refinement, which does not grow; extend the store that it was made from, and refine that"
        )
    stuck = sorted(set(snapshot.others) - set(snapshot.readable_others()))
    if stuck:
        raise StoreError(
            f"{snapshot.location.name}: holds {', '.join(stuck)}, not of the sweep, which extend does not know how to grow; "
            "remove it, or copy it elsewhere"
        )
    if len(grown_from(snapshot)) >= MOST_GROWTHS:
        raise StoreError(
            f"{snapshot.location.name}: has grown {MOST_GROWTHS:,} times; sweep the larger grid into a new store"
        )
    return Grid(sweep, old.chunk_shape, old.inner_shape, unnumbered=old.unnumbered)


def replace_metadata(snapshot: Snapshot, new: Grid, wanted: Sweep, durable: bool) -> None:
    """Replaces the root's metadata by those of the larger grid."""
    location, old, sweep = snapshot.location, snapshot.grid, new.sweep
    root, fresh = json.loads(json.dumps(snapshot.root)), template.entries(new)
    metadata = root["consolidated_metadata"]["metadata"]
    lengths = dict(zip(new.dims, new.shape, strict=True))
    coordinate_names = {name for name, *_ in template.coordinate_arrays(new)}
    for name in metadata.keys() - coordinate_names:  # arrays of others grow along, with their fill value
        dims = metadata[name].get("dimension_names") or []
        metadata[name]["shape"] = [lengths.get(d, n) for d, n in zip(dims, metadata[name]["shape"], strict=True)]
    replaced = []
    for name, _, dim, _ in template.coordinate_arrays(new):
        if dim in new.dims and length(sweep.axes[dim]) > length(old.sweep.axes[dim]):
            replaced.append(coordinate_key(name, metadata[name]))
            # under the other of Zarr's two kinds of key, so that the old values stay readable up to the moment
            separator = "." if replaced[-1].endswith("/0") else "/"
            data = fresh[f"{name}/c/0"]
            metadata[name] = json.loads(fresh[f"{name}/{ROOT}"])
            metadata[name]["chunk_key_encoding"]["configuration"]["separator"] = separator
            location.write(coordinate_key(name, metadata[name]), data, durable=durable)
    attributes = root["attributes"]
    attributes |= {
        "history": provenance.extended(attributes.get("history")),
        "complete": 0,
        "sweep": sweep.canonical(),
        "sweep_sha256": sweep.sha256(),
        "grown_from": json.dumps([*grown_from(snapshot), list(old.shape)]),  # netCDF has no lists of lists
    }
    attributes |= own_code.recorded(sweep)  # new names along an axis may be models of one's own
    attributes.pop("sweep_asked", None)
    if wanted.sha256() != sweep.sha256():
        attributes["sweep_asked"] = wanted.canonical()
    location.write(ROOT, template.sealed(root, new), durable=durable)
    repair(read(location), durable)
    for key in replaced:
        location.delete(key)


def window(snapshot: Snapshot, wanted: Sweep) -> dict[str, Any]:
    """Root attributes for a store that sweeps a part of this one's grid anew; SweepError if it reaches beyond."""
    old = snapshot.grid.sweep
    refuse_other_keys(old, wanted, "refine")
    for name, axis in wanted.axes.items():
        outer, inner = coordinates(old.axes[name]), coordinates(axis)
        held, asked = units.ratio_of(old.axes[name]), units.ratio_of(axis)
        if in_units := held is not None and asked is not None:
            outer, inner = coordinates(held), coordinates(asked)
        if is_named(axis):
            if others := [one for one in inner.tolist() if one not in outer.tolist()]:
                raise SweepError(
                    f"axes.{KEYS[name]}: {', '.join(others)} is not in the store, which has {', '.join(outer.tolist())}"
                )
            continue
        if inner[0] < outer[0] or inner[-1] > outer[-1]:
            raise SweepError(
                f"axes.{name}: must stay within the store's {outer[0]:g} to {outer[-1]:g} (got {inner[0]:g} to {inner[-1]:g})"
                + units.said(in_units)
            )
    return parentage(snapshot)


def parentage(snapshot: Snapshot) -> dict[str, Any]:
    """Root attributes of what is made from a store: its title, and where it came from."""
    sweep = snapshot.grid.sweep
    parent = {
        "parent_store": snapshot.location.name,
        "parent_sweep": sweep.canonical(),
        "parent_sweep_sha256": sweep.sha256(),
    }
    return {"title": snapshot.attributes.get("title", ""), **parent}


def refuse_other_parents(target: Location, about: dict[str, Any]) -> None:
    """StoreError if there is a store already that did not come from this window's."""
    with plain_errors(target.name, "cannot be read"):
        if not target.occupied():
            return
        if read(target).attributes.get("parent_sweep_sha256") != about["parent_sweep_sha256"]:
            raise StoreError(f"{target.name}: is no window of {about['parent_store']}; give another path with -o")


def differing(old: Any, new: Any, key: str = "") -> Iterator[str]:
    """Keys, dotted, in which two canonical sweeps differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            yield from differing(old.get(name), new.get(name), f"{key}.{name}".lstrip("."))
        if old == new and list(old) != list(new):
            yield f"{key} (in another order)"
    elif old != new:
        yield key
