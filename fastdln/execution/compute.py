"""Compute the rest of a sweep, a longer axis, or a finer window: for the public functions and the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

from fastdln.errors import StoreError, SweepError
from fastdln.execution.arguments import RunOptions, StorePath, as_store_name
from fastdln.execution.compile_ahead import refuse_what_does_not_compile
from fastdln.execution.plan import refuse_in_memory
from fastdln.execution.run import Run, RunConfig
from fastdln.execution.threads import threads
from fastdln.storage import extend, metadata
from fastdln.storage.in_memory import InMemory
from fastdln.storage.location import Location, locate, plain_errors
from fastdln.storage.metadata import Snapshot
from fastdln.storage.store import Store
from fastdln.sweep.axes import NAMES, swept_mode
from fastdln.sweep.messages import checked_overrides
from fastdln.sweep.schema import Sweep
from fastdln.sweep.shares import Share
from fastdln.sweep.windows import around, checked_centre


class Outcome(NamedTuple):
    """The number of points computed, and the store's metadata after that."""

    points: int
    snapshot: Snapshot


def compute_in_store(
    sweep: Sweep | Callable[[], Sweep], store: StorePath, options: RunOptions, about: Mapping[str, Any] | None = None
) -> Outcome:
    """Computes what the store lacks of a sweep.

    sweep: may be what makes it, called once all else is known to be right. about: further root attributes of a new store.
    """
    options.check()
    share = Share.parse(options.part) if options.part is not None else None
    location = locate(as_store_name(store), options.storage_options)
    with cluster_of(options) as client:
        wanted = sweep() if callable(sweep) else sweep
        refuse_what_does_not_compile(wanted)
        with Store.at(location, wanted, share=share, durable=options.durable, about=about) as target:
            points = Run(target, config_of(options, client, share))()
            return Outcome(points, target.snapshot)


def compute_in_memory(sweep: Sweep, options: RunOptions) -> InMemory:
    """Computes a sweep into arrays."""
    options.check()
    if options.part is not None or options.storage_options or options.durable:
        raise SweepError("part, durable, storage_options: are of a store; give one")
    refuse_in_memory(sweep)
    with cluster_of(options) as client, InMemory(sweep) as target:
        Run(target, config_of(options, client))()
    return target


def compute(
    sweep: Sweep | Callable[[], Sweep], store: StorePath, about: Mapping[str, Any] | None = None, **options: Any
) -> int:
    """Computes what the store lacks of a sweep, and returns how many points that were; options: those of `fastdln.run`."""
    return compute_in_store(sweep, store, RunOptions(**options), about).points


def config_of(options: RunOptions, client: Any, share: Share | None = None) -> RunConfig:
    return RunConfig(client, share, options.fail_fast, options.durable, options.progress, options.on_event)


@contextmanager
def cluster_of(options: RunOptions) -> Iterator[Any]:
    """The client of the cluster that is asked for; None for the threads of this process."""
    scheduler, workers = options.scheduler, options.workers
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

    with processes.started(workers, options.dashboard) if workers else cluster.connected(scheduler) as client:
        cluster.require_same_versions(client, versions)
        yield client


def compute_extension(store: StorePath, overrides: Iterable[str], options: RunOptions) -> Outcome:
    """Lengthens axes of a store and computes what is new."""
    options.check()
    changes = of_axes(overrides, "extend")
    location = locate(as_store_name(store), options.storage_options)
    with plain_errors(location.name, "cannot be read"):
        before = metadata.read(location)
    wanted = extend.sweep_as_asked(before).changed(changes)
    extend.larger_grid(before, extend.grown(before.grid.sweep, wanted))  # refuses before anything is begun
    return compute_in_store(lambda: extend.grow(before, wanted, options.durable), store, options)


def compute_window(
    store: StorePath,
    new: StorePath,
    overrides: Iterable[str],
    options: RunOptions,
    center: Mapping[str, float] | None = None,
    factor: float | None = None,
) -> Outcome:
    """Sweeps a window of a store's grid again, finer, into a store of its own."""
    options.check()
    middle, narrower = checked_centre(center, factor)
    changes = of_axes(overrides, "refine")
    location, _ = two_locations(store, new, options.storage_options)
    with plain_errors(location.name, "cannot be read"):
        parent = metadata.read(location)
    asked = extend.sweep_as_asked(parent)
    wanted = asked.changed([*around(asked, middle, narrower), *changes])
    to_new = options.storage_options if "://" in as_store_name(new) else None
    return compute_within(parent, wanted, new, replace(options, storage_options=to_new))


def two_locations(
    store: StorePath, new: StorePath, storage_options: Mapping[str, Any] | None
) -> tuple[Location, Location]:
    """Where a store lies and where a new one is to be made of it; the options are of those of the two that are URLs."""
    if as_store_name(store) == as_store_name(new, "new"):
        raise StoreError(f"{as_store_name(store)}: is no window of itself; give another path with -o")
    of_urls = [
        storage_options if "://" in as_store_name(path, name) else None
        for name, path in {"store": store, "new": new}.items()
    ]
    if storage_options and not any(of_urls):
        locate(store, storage_options)  # says what they are for
    location, target = (locate(path, given) for path, given in zip((store, new), of_urls, strict=True))
    return location, target


def compute_within(parent: Snapshot, wanted: Sweep, new: StorePath, options: RunOptions) -> Outcome:
    """Computes the sweep of a window of a store's grid into a store that says where it came from."""
    about = extend.window(parent, wanted)
    extend.refuse_other_parents(locate(new, options.storage_options), about)
    return compute_in_store(wanted, new, options, about)


def of_axes(overrides: Iterable[str], verb: str) -> list[str]:
    """The overrides; SweepError for changes of other keys, also of those that would not count as another sweep."""
    changes = checked_overrides(overrides)
    for override in changes:
        key = override.partition("=")[0].strip()
        if "=" in override and key.partition(".")[0] != "axes":
            first = key.partition(".")[0]
            meant = f" (did you mean axes.{key}?)" if first in NAMES or swept_mode(first) is not None else ""
            raise SweepError(f"{key}: cannot be changed by {verb}, which changes axes only{meant}")
    return changes
