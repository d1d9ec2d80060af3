"""The public functions: run, extend, refine, verify, open, plan and status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fastdln.execution.arguments import (
    RunOptions,
    StorePath,
    SweepPath,
    as_store_name,
    as_sweep,
    check_options,
    check_progress,
)
from fastdln.execution.compute import compute_extension, compute_in_memory, compute_in_store, compute_window
from fastdln.execution.events import ChunkEvent
from fastdln.execution.plan import Plan
from fastdln.execution.progress import Report
from fastdln.execution.refinement import compute_levels, refuse_windows
from fastdln.execution.verify import Verification
from fastdln.execution.verify import verify as read_back
from fastdln.storage import metadata
from fastdln.storage.dataset import in_memory, open_snapshot
from fastdln.storage.levels import finest
from fastdln.storage.location import Location, locate
from fastdln.storage.status import Status, read_status
from fastdln.sweep.schema import Sweep

if TYPE_CHECKING:
    import distributed
    import xarray as xr


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
    storage_options: Mapping[str, Any] | None = None,
    progress: bool | Report | None = None,
    on_event: Callable[[ChunkEvent], object] | None = None,
) -> xr.Dataset:
    """Compute a sweep.

    Parameters
    ----------
    sweep : Sweep or path
        What to compute, or the path of its TOML file.
    store : path or URL, optional
        Where the results go; chunks that are there already are not computed again. Without it they stay in memory.
    scheduler : str or distributed.Client, optional
        The address of a Dask cluster, or its client. By default the threads of this process, of which Dask's setting
        ``num_workers`` is the number.
    workers : int, optional
        Computes in so many processes of this machine instead.
    dashboard : bool, default False
        Starts Dask's dashboard for these processes.
    part : str, optional
        "K/N": computes the K-th of N shares of the chunks only; the others may run at the same time.
    fail_fast : bool, default False
        Stops at the first chunk that fails.
    durable : bool, default False
        Makes files survive a loss of power, which takes longer.
    storage_options : mapping, optional
        Options of an object store, as obstore or s3fs spell them.
    progress : bool or callable, optional
        A bar or none, or a function of (points done, points in all); by default a bar on a terminal and in a notebook.
    on_event : callable, optional
        Called with the ChunkDone or ChunkFailed of each chunk, one at a time.

    Returns
    -------
    xarray.Dataset
        The results: opened lazily from the store, or in memory. docs/dataset.md names every variable.

    Raises
    ------
    SweepError
        If the sweep or an argument cannot be used; nothing is written.
    StoreError
        If the location holds something else, or another run is using it; nothing is written.
    ClusterError
        If the cluster cannot be used; nothing is written.
    IncompleteError
        If chunks failed, or the disk is full, or the lock or the scheduler was lost; what is finished is safe, and the same
        call goes on from there.

    Examples
    --------
    >>> import fastdln
    >>> axes = {"eta": [0.5, 1.2], "alpha": 0.1, "depth": 2}
    >>> sweep = fastdln.Sweep(model="balanced", axes=axes, steps=1000, record=64)
    >>> fastdln.run(sweep).period.values.ravel().tolist()
    [1, 2]
    """
    options = RunOptions(scheduler, workers, dashboard, part, fail_fast, durable, storage_options, progress, on_event)
    wanted = as_sweep(sweep)
    if store is None:
        return in_memory(compute_in_memory(wanted, options))
    return open_snapshot(compute_in_store(wanted, store, options).snapshot)


def extend(
    store: StorePath,
    *overrides: str,
    scheduler: str | distributed.Client | None = None,
    workers: int | None = None,
    dashboard: bool = False,
    part: str | None = None,
    fail_fast: bool = False,
    durable: bool = False,
    storage_options: Mapping[str, Any] | None = None,
    progress: bool | Report | None = None,
    on_event: Callable[[ChunkEvent], object] | None = None,
) -> xr.Dataset:
    """Lengthen axes of a store, and compute only what is new.

    Parameters
    ----------
    store : path or URL
        The store that grows.
    *overrides : str
        Changes of the store's sweep, such as "axes.depth=[2, 3, 4]" or "axes.eta.num=3000"; the values that are there must
        stay the first ones. Without any it goes on with an extension that was interrupted.
    scheduler, workers, dashboard, part, fail_fast, durable, storage_options, progress, on_event : optional
        As for `run`.

    Returns
    -------
    xarray.Dataset
        The longer results, opened lazily.

    Raises
    ------
    SweepError
        If something else than axes would change, or values that are there.
    StoreError, ClusterError, IncompleteError
        As for `run`.
    """
    options = RunOptions(scheduler, workers, dashboard, part, fail_fast, durable, storage_options, progress, on_event)
    return open_snapshot(compute_extension(store, overrides, options).snapshot)


def refine(
    store: StorePath,
    new: StorePath,
    *overrides: str,
    center: Mapping[str, float] | None = None,
    factor: float | None = None,
    boundary: str | None = None,
    levels: int | None = None,
    scheduler: str | distributed.Client | None = None,
    workers: int | None = None,
    dashboard: bool = False,
    part: str | None = None,
    fail_fast: bool = False,
    durable: bool = False,
    storage_options: Mapping[str, Any] | None = None,
    progress: bool | Report | None = None,
    on_event: Callable[[ChunkEvent], object] | None = None,
) -> xr.Dataset:
    """Sweep a window of a store's grid again, finer, into a store of its own; or halve the whole grid where a boundary is.

    Parameters
    ----------
    store : path or URL
        The store whose grid has the window; with `boundary` it must be complete.
    new : path or URL
        The store of the window, or the group of the levels; its attributes say where it came from.
    *overrides : str
        The axes of the window, such as "axes.eta.start=0.8"; they must lie within the old ones.
    center : mapping of str to float, optional
        The middle of the window along some axes, such as ``{"eta": 1.42, "alpha": 0.55}``, in the axis's unit: it has as many
        values there, on a `factor`-th of the width, in the log for axes of log spacing. At the border of the grid it is shifted to stay
        within it, with a warning. What `overrides` say goes before.
    factor : float, optional
        How many times narrower the window is; 10 if left out.
    boundary : str, optional
        The variable whose boundary is followed, such as "fate": the grid is halved in the chunks that it crosses, or comes near
        to. The others inherit the codes of the level before, and their other variables are fill values.
    levels : int, optional
        How many times the grid is halved, along every axis that is a range; 1 if left out. Level k is the store ``new/k``. A group
        that has fewer levels gets those that it lacks; fewer than it has are refused.
    scheduler, workers, dashboard, part, fail_fast, durable, storage_options, progress, on_event : optional
        As for `run`; `storage_options` are of those of the two stores that are URLs. A refinement along a boundary takes no
        `part`.

    Returns
    -------
    xarray.Dataset
        The window, or the finest level, opened lazily.

    Raises
    ------
    SweepError
        If something else than axes would change, or the window reaches beyond the grid; if no axis can be halved.
    StoreError, ClusterError, IncompleteError
        As for `run`; StoreError also if the store has no such boundary, or is not complete.

    Notes
    -----
    A point of a level that is computed, where the level's variable `computed` is 1, has the bits of a run of the whole finer
    grid. A chunk is inherited if all points of the level before in it, and within an eighth of its length around it, have one code. A
    random sample of these chunks is computed as well: the level's attributes points_sampled and points_differing say how many
    points were compared, and how many of them differ from what they would have inherited. What the sample finds is followed too.
    """
    options = RunOptions(scheduler, workers, dashboard, part, fail_fast, durable, storage_options, progress, on_event)
    if boundary is not None or levels is not None:
        refuse_windows(boundary, overrides, center, factor)
        return open_snapshot(compute_levels(store, new, boundary, levels, options).snapshot)
    return open_snapshot(compute_window(store, new, overrides, options, center, factor).snapshot)


def verify(
    store: StorePath,
    *,
    storage_options: Mapping[str, Any] | None = None,
    progress: bool | Report | None = None,
) -> Verification:
    """Read every chunk and coordinate of a store back.

    Damaged chunks lose their done flag, so that the next run computes them again; while a run goes on, nothing is changed.

    Parameters
    ----------
    store : path or URL
        The store.
    storage_options : mapping, optional
        Options of an object store.
    progress : bool or callable, optional
        As for `run`.

    Returns
    -------
    Verification
        What is damaged; printed, it says what to do next.

    Raises
    ------
    StoreError
        If fastdln did not make what is there.
    """
    check_progress(progress)
    return read_back(location_of(store, storage_options), progress)


def open(store: StorePath, *, storage_options: Mapping[str, Any] | None = None, **options: Any) -> xr.Dataset:
    """Open a store lazily as a dataset; warns where it is incomplete. Of a group of levels the finest is opened.

    The metadata are checked first: nothing is read of a store that is not what its sweep implies.

    Parameters
    ----------
    store : path or URL
        The store.
    storage_options : mapping, optional
        Options of an object store.
    **options
        Go to ``xarray.open_zarr``.

    Returns
    -------
    xarray.Dataset
        The results, and arrays of others in the store that can be read without harm.

    Raises
    ------
    StoreError
        If fastdln did not make what is there, or its metadata are damaged.
    """
    return open_snapshot(metadata.read(finest(location_of(store, storage_options)), code=False), **options)


def plan(sweep: Sweep | SweepPath, *, probe: bool = True) -> Plan:
    """Tell what a sweep would cost.

    Parameters
    ----------
    sweep : Sweep or path
        The sweep, or the path of its TOML file.
    probe : bool, default True
        Whether its time and its bytes on disk come from a timed probe, made when they are first asked for. Without one
        nothing is compiled, and the time is by rule of thumb.

    Returns
    -------
    Plan
        Has points, chunks, bytes, files and seconds; printed, it is a table.

    Raises
    ------
    SweepError
        If the sweep cannot be used.
    """
    return Plan(as_sweep(sweep), probe=probe)


def status(store: StorePath, *, storage_options: Mapping[str, Any] | None = None) -> Status:
    """Tell how far a store is; it may be asked while a run goes on.

    Parameters
    ----------
    store : path or URL
        The store.
    storage_options : mapping, optional
        Options of an object store.

    Returns
    -------
    Status
        Points and chunks, in all and left, and the sweep; printed, it is a table.

    Raises
    ------
    StoreError
        If fastdln did not make what is there.
    """
    return read_status(location_of(store, storage_options))


def location_of(store: StorePath, storage_options: Mapping[str, Any] | None) -> Location:
    """Find where a store lies, its options checked."""
    check_options(storage_options)
    return locate(as_store_name(store), storage_options)
