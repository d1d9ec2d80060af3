"""The public verbs: run a sweep, open what it left, ask how it is, let it grow."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdln.errors import SweepError
from fastdln.execution.arguments import as_store_name, as_sweep, check_manner, check_options, check_progress
from fastdln.execution.compile_ahead import refuse_what_does_not_compile
from fastdln.execution.plan import Plan, refuse_in_memory
from fastdln.execution.progress import Report
from fastdln.execution.run import Manner, Run
from fastdln.execution.threads import Event, threads
from fastdln.execution.verify import Verification
from fastdln.execution.verify import verify as read_back
from fastdln.storage import extend as growth
from fastdln.storage import metadata
from fastdln.storage.location import Location, locate, plain_errors, storage_error
from fastdln.storage.location.memory import Memory
from fastdln.storage.metadata import Contents
from fastdln.storage.store import Store
from fastdln.sweep.grid import Grid
from fastdln.sweep.messages import checked_overrides
from fastdln.sweep.schema import Sweep
from fastdln.sweep.shares import Share
from fastdln.text import block

if TYPE_CHECKING:
    import distributed
    import xarray as xr

StorePath = str | os.PathLike[str]
SweepPath = str | os.PathLike[str]
Options = Mapping[str, Any]


def run(
    sweep: Sweep | SweepPath,
    store: StorePath | None = None,
    *,
    scheduler: str | distributed.Client | None = None,
    workers: int | None = None,
    dashboard: bool = False,
    part: str | None = None,
    fail_fast: bool = False,
    durable: bool = False,
    storage_options: Options | None = None,
    progress: bool | Report | None = None,
    on_event: Callable[[Event], object] | None = None,
) -> xr.Dataset:
    """Computes a sweep and returns it as an xarray Dataset.

    sweep: what to compute, or the path of its TOML file. store: a path or a URL (s3://...); chunks that are there already are not computed again, and the
    result is opened lazily. Without it the result is in memory. storage_options: of a URL, as obstore or s3fs spell them.

    scheduler: None, the threads of this process, of which Dask's setting `num_workers` is the number; or the address of a
    Dask cluster, or a distributed.Client. workers: that many processes on this machine instead, with Dask's dashboard if
    asked for. part: "K/N", the K-th of N shares of the chunks only; the others may run at the same time. fail_fast: stop at
    the first chunk that fails. durable: files survive a loss of power. progress: True, False, or a function of (points done, points in all); by default a bar on
    a terminal and in a notebook. on_event: called with each engine.ChunkDone or ChunkFailed.

    Raises StoreError if the location holds something else or is in use, ClusterError if the cluster cannot be used,
    IncompleteError if chunks failed (run again to resume).
    """
    sweep = as_sweep(sweep)
    if store is None:
        check_manner(
            scheduler=scheduler,
            dashboard=dashboard,
            part=part,
            fail_fast=fail_fast,
            durable=durable,
            storage_options=storage_options,
            progress=progress,
            on_event=on_event,
        )
        if part is not None or storage_options or durable:
            raise SweepError("part, durable, storage_options: are of a store; give one")
        refuse_in_memory(Grid(sweep))
        location = Memory()
        with cluster_of(scheduler, workers, dashboard) as client, Store.at(location, sweep) as target:
            Run(target, Manner(client, fail_fast=fail_fast, progress=progress, on_event=on_event))()
        return load(metadata.read(location), chunks=None).load()
    compute(
        sweep,
        store,
        scheduler=scheduler,
        workers=workers,
        dashboard=dashboard,
        part=part,
        storage_options=storage_options,
        fail_fast=fail_fast,
        durable=durable,
        progress=progress,
        on_event=on_event,
    )
    return open(store, storage_options=storage_options)


def compute(
    sweep: Sweep | Callable[[], Sweep],
    store: StorePath,
    *,
    scheduler: str | distributed.Client | None = None,
    workers: int | None = None,
    dashboard: bool = False,
    part: str | None = None,
    storage_options: Options | None = None,
    about: Mapping[str, Any] | None = None,
    **manner: Any,
) -> int:
    """Computes what the store lacks of a sweep, and returns how many points that were; like `run`, but opens nothing.

    sweep: may be what makes it, called once all else is known to be right. about: further root attributes of a new store.
    manner: the rest of the keywords of `run`.
    """
    check_manner(scheduler=scheduler, dashboard=dashboard, part=part, storage_options=storage_options, **manner)
    how = Manner(share=Share.parse(part) if part is not None else None, **manner)
    location = locate(as_store_name(store), storage_options)
    with cluster_of(scheduler, workers, dashboard) as client:
        wanted = sweep() if callable(sweep) else sweep
        refuse_what_does_not_compile(wanted)
        with Store.at(location, wanted, share=how.share, durable=how.durable, about=about) as target:
            return Run(target, replace(how, client=client))()


@contextmanager
def cluster_of(scheduler: str | distributed.Client | None, workers: int | None, dashboard: bool) -> Iterator[Any]:
    """The client of the cluster that is asked for; None for the threads of this process."""
    if scheduler is None and workers is None:
        threads()  # refuses a number of them that makes no sense before anything is written
        yield None
        return
    if scheduler is not None and workers is not None:
        raise SweepError("workers: starts a cluster of its own; leave scheduler out")
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise SweepError(f"workers: must be a whole number from 1 on (got {workers!r})")
    from fastdln.execution import cluster, processes
    from fastdln.execution.worker import versions

    with processes.started(workers, dashboard) if workers else cluster.connected(scheduler) as client:
        cluster.refuse_others(client, versions)
        yield client


def extend(store: StorePath, *overrides: str, storage_options: Options | None = None, **how: Any) -> xr.Dataset:
    """Lengthens axes of a store and computes only what is new.

    overrides: changes of the store's sweep, such as "axes.depth=[2, 3, 4]" or "axes.eta.num=3000"; the values that are there
    must stay the first ones. Without any it goes on with an extension that was interrupted. how: as for `run`. Raises
    SweepError for other changes.
    """
    lengthen(store, *overrides, storage_options=storage_options, **how)
    return open(store, storage_options=storage_options)


def lengthen(store: StorePath, *overrides: str, storage_options: Options | None = None, **how: Any) -> int:
    """Like `extend`, but opens nothing, and returns how many points it computed."""
    check_manner(storage_options=storage_options, **how)
    changes = of_axes(overrides, "extend")
    location = locate(as_store_name(store), storage_options)
    with plain_errors(location.name, "cannot be read"):
        there = metadata.read(location)
    wanted = growth.asked(there).changed(changes)
    growth.larger_grid(there, growth.grown(there.grid.sweep, wanted))  # refuses before anything is begun

    def larger() -> Sweep:
        return growth.grow(location, wanted, how.get("durable", False))

    return compute(larger, store, storage_options=storage_options, **how)


def refine(
    store: StorePath, new: StorePath, *overrides: str, storage_options: Options | None = None, **how: Any
) -> xr.Dataset:
    """Sweeps a window of a store's grid again, finer, into a store of its own, whose attributes say where it came from.

    overrides: the axes of the window, such as "axes.eta.start=0.8"; they must lie within the old ones. storage_options: of
    those of the two that are URLs. how: as for `run`.
    """
    check_manner(storage_options=storage_options, **how)
    changes = of_axes(overrides, "refine")
    of_urls = [
        storage_options if "://" in as_store_name(path, name) else None
        for name, path in {"store": store, "new": new}.items()
    ]
    if storage_options and not any(of_urls):
        locate(store, storage_options)  # says what they are for
    location, target = (locate(path, options) for path, options in zip((store, new), of_urls, strict=True))
    with plain_errors(location.name, "cannot be read"):
        there = metadata.read(location)
    wanted = growth.asked(there).changed(changes)
    about = growth.window(there, wanted)
    growth.refuse_other_parents(target, about)
    compute(wanted, new, storage_options=of_urls[1], about=about, **how)
    return open(new, storage_options=of_urls[1])


def of_axes(overrides: Iterable[str], verb: str) -> list[str]:
    """Refuses changes of other keys, also of those that would not count as another sweep."""
    changes = checked_overrides(overrides)
    for override in changes:
        key = override.partition("=")[0].strip()
        if "=" in override and key.partition(".")[0] != "axes":
            raise SweepError(f"{key}: cannot be changed by {verb}, which changes axes only")
    return changes


def verify(
    store: StorePath, *, storage_options: Options | None = None, progress: bool | Report | None = None
) -> Verification:
    """Reads every chunk and coordinate back; damaged chunks lose their mark, so that the next run computes them again."""
    check_progress(progress)
    return read_back(location_of(store, storage_options), progress)


def location_of(store: StorePath, storage_options: Options | None) -> Location:
    check_options(storage_options)
    return locate(as_store_name(store), storage_options)


# Nothing of a store is a date, whatever its `units` say.
AS_IT_IS = {"decode_times": False, "decode_timedelta": False}


def load(there: Contents, **options: Any) -> xr.Dataset:
    """The dataset of what is in a store, with the arrays of others that can be read without harm."""
    import xarray as xr

    def opened(others: Iterable[str]) -> xr.Dataset:
        how: dict[str, Any] = {"zarr_format": 3, "consolidated": True, **AS_IT_IS, **options}
        dataset: xr.Dataset = xr.open_zarr(there.zarr(others), **how)
        older = {key: int(value) for key, value in dataset.attrs.items() if isinstance(value, bool)}
        return dataset.assign_attrs(older)  # older stores have booleans, which netCDF does not

    others = there.readable_others()
    if others:
        try:
            return opened(others)
        except Exception as error:  # whatever xarray makes of attributes that are anything
            if storage_error(error):
                raise
            others = []
    left_out = sorted(set(there.others) - set(others))
    if left_out:
        warnings.warn(
            f"{there.location.name}: {', '.join(left_out)}: not of the sweep, and cannot be read safely; left out",
            stacklevel=3,
        )
    return opened(())


def open(store: StorePath, *, storage_options: Options | None = None, **options: Any) -> xr.Dataset:
    """The dataset of a store, opened lazily; warns where it is incomplete. Other options go to xarray.open_zarr.

    The metadata are checked first: nothing is read of a store that is not what its sweep implies.
    """
    location = location_of(store, storage_options)
    with plain_errors(location.name, "cannot be read"):
        there = metadata.read(location, code=False)
        points_left = 0 if there.attributes.get("complete") else int(metadata.left(there).sum())
        if points_left:
            warnings.warn(
                f"{location.name}: {points_left:,} of {there.grid.points:,} points are not computed yet (fate = 0)",
                stacklevel=2,
            )
        return load(there, **options)


def plan(sweep: Sweep | SweepPath, *, probe: bool = True) -> Plan:
    """What the sweep, or that of a TOML file's path, would cost: an object with points, chunks, bytes, files and seconds; printed, it is a table.

    probe: whether its time and its bytes on disk come from a short timed probe, made when they are first asked for; without
    one nothing is compiled.
    """
    return Plan(as_sweep(sweep), probe=probe)


@dataclass(frozen=True, eq=False)
class Status:
    """How far a store is, and the sweep that it was made from; `left` has the points that each chunk lacks.

    Two are equal if they say the same.
    """

    sweep: Sweep
    points: int
    points_left: int
    chunks: int
    chunks_left: int
    running: bool
    left: np.ndarray

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Status):
            return NotImplemented
        one, two = self._numbers(), other._numbers()
        return one == two and self.sweep == other.sweep and np.array_equal(self.left, other.left)

    def __hash__(self) -> int:
        return hash(self._numbers())

    def _numbers(self) -> tuple[int, ...]:
        return self.points, self.points_left, self.chunks, self.chunks_left, self.running

    def share(self, part: int, parts: int) -> str:
        """How far the `part`-th of `parts` shares is."""
        chunks = np.count_nonzero(self.left[Share(part, parts).numbers(self.chunks)])
        return f"{chunks:,} chunks left" if chunks else "complete"

    def __str__(self) -> str:
        done = self.points - self.points_left
        state = metadata.GO_ON if self.chunks_left else "complete"
        lines = [
            ("points", f"{done:,} of {self.points:,} computed ({done / self.points:.1%})"),
            ("chunks", f"{self.chunks - self.chunks_left:,} of {self.chunks:,}"),
            ("state", "a run is going on" if self.running else state),
            ("sweep", self.sweep.canonical()),
        ]
        if self.chunks_left:
            lines.insert(2, ("missing", f"chunk numbers {ranges(np.flatnonzero(self.left))}"))
        return block("\n".join(f"{name:<8}{value}" for name, value in lines))


# Ranges of missing chunks that a line has room for.
RANGES = 8


def ranges(numbers: np.ndarray) -> str:
    """Rising numbers as "0-4, 7, 9-12", cut off after some."""
    cuts = np.flatnonzero(np.diff(numbers) > 1) + 1
    pieces = np.split(numbers, cuts[:RANGES])
    shown = [f"{piece[0]}-{piece[-1]}" if len(piece) > 1 else f"{piece[0]}" for piece in pieces[:RANGES]]
    return ", ".join(shown) + (", ..." if len(pieces) > RANGES else "")


def status(store: StorePath, *, storage_options: Options | None = None) -> Status:
    """How far a store is; it may be asked while a run goes on. StoreError if fastdln did not make it."""
    location = location_of(store, storage_options)
    with plain_errors(location.name, "cannot be read"):
        there = metadata.read(location, code=False)
        grid, left = there.grid, metadata.left(there)
        running = location.in_use()
    return Status(there.sweep, grid.points, int(left.sum()), grid.chunks, int(np.count_nonzero(left)), running, left)
