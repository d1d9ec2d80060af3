"""Commands that compute, or tell what computing would cost: run, extend, refine, zoom, warm, verify, plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fastdln.cli.console import (
    INCOMPLETE,
    LEAST_TO_COMPUTE,
    exits,
    patient,
    refuse_less_than,
    say,
    show,
)
from fastdln.cli.options import (
    ComputingOptions,
    Load,
    Quiet,
    Sets,
    StorageOptions,
    StorePath,
    SweepFile,
    computes,
    pairs,
)

# What is left of an interrupted command that writes a store.
IN_STORE = "what is finished is safe in the store"


@exits(IN_STORE)
@computes
def run(
    sweep: SweepFile,
    store: Annotated[
        str | None,
        typer.Option("-o", metavar="STORE", help="Where to write, a path or URL; SWEEP.zarr here if left out."),
    ] = None,
    sets: Sets = None,
    load: Load = None,
    part: Annotated[
        str | None, typer.Option("--part", metavar="K/N", help="Only the K-th of N shares; others may run meanwhile.")
    ] = None,
    *,
    how: ComputingOptions,
) -> None:
    """Compute a sweep into a Zarr store, or resume one.

    Finished chunks are not computed again. Each chunk's times, and tracebacks, go to STORE.log.
    """
    from fastdln.sweep.schema import Sweep

    loaded = Sweep.from_file(sweep, sets or ())
    path = f"{sweep.stem}.zarr" if store is None else store
    from fastdln.execution.compute import compute

    with how.working(path, part):
        compute(loaded, path, part=part, **how.keywords())


@exits(IN_STORE)
@computes
def extend(store: StorePath, sets: Sets = None, load: Load = None, *, how: ComputingOptions) -> None:
    """Lengthen axes of a store, and compute only what is new.

    The values that are there must stay the first ones. Without --set it goes on with an extension that was interrupted.
    """
    from fastdln.execution.arguments import RunOptions
    from fastdln.execution.compute import compute_extension

    with how.working(store):
        points = compute_extension(store, sets or (), RunOptions(**how.keywords())).points
    if not points and not (how.quiet or how.log_json):
        say("there was nothing to do: all that is asked for is there; --set axes.eta.num=... asks for a longer axis")


@exits(IN_STORE)
@computes
def refine(
    store: StorePath,
    new: Annotated[str, typer.Option("-o", metavar="NEW", help="The new store, a path or URL.")],
    sets: Sets = None,
    center: Annotated[
        str | None,
        typer.Option("--center", metavar="AXIS=VALUE,...", help="The middle of the window, e.g. eta=1.42,alpha=0.55."),
    ] = None,
    factor: Annotated[
        float | None, typer.Option("--factor", metavar="N", help="With --center: N times narrower; 10 if left out.")
    ] = None,
    boundary: Annotated[
        str | None,
        typer.Option("--boundary", metavar="VARIABLE", help="Halve the whole grid where this changes, e.g. fate."),
    ] = None,
    levels: Annotated[
        int | None,
        typer.Option(
            "--levels",
            metavar="N",
            help="With --boundary: halve it N times, 1 if left out; more than NEW has adds levels.",
        ),
    ] = None,
    load: Load = None,
    *,
    how: ComputingOptions,
) -> None:
    """Sweep a window of a store's grid finer, into a store of its own; or all of it, where a boundary is.

    By --set with its ends, or by --center: as many values about it. By --boundary: NEW/1, NEW/2, ..., each with twice the points
    along an axis, computed where the boundary is. The new store's attributes say where it came from.
    """
    from fastdln.api import refine as refine_store

    if boundary is not None or levels is not None:
        from fastdln.execution.arguments import RunOptions
        from fastdln.execution.refinement import compute_levels, refuse_windows

        refuse_windows(boundary, sets or (), center, factor)
        with how.working(new, opened=f"{new.rstrip('/')}/{levels or 1}"):
            found = compute_levels(store, new, boundary, levels, RunOptions(**how.keywords()))
            if not (how.quiet or how.log_json):
                say(str(found))
        return
    middle: Any = point(center, "--center")
    with how.working(new):
        refine_store(store, new, *sets or (), center=middle, factor=factor, **how.keywords())


def point(words: str | None, option: str) -> dict[str, str] | None:
    """ "eta=1.42,alpha=0.55" as a dict."""
    split = None if words is None else words.replace(",", " ").split() or [""]
    return pairs(split, option, "eta=1.42,alpha=0.55, no spaces around =")


@exits("what is finished is safe in the folder")
@computes
def zoom(
    sweep: SweepFile,
    at: Annotated[
        str, typer.Option("--at", metavar="AXIS=VALUE,...", help="The point, in the middle: eta=1.42,alpha=0.55.")
    ],
    folder: Annotated[
        str | None,
        typer.Option("-o", metavar="FOLDER", help="For stores, pictures and animation; SWEEP-zoom here if left out."),
    ] = None,
    factor: Annotated[
        float, typer.Option("--factor", metavar="N", help="Each window so many times narrower than the one before.")
    ] = 2.0,
    frames: Annotated[int, typer.Option("--frames", metavar="N", help="Windows, with the sweep's own.")] = 20,
    sets: Sets = None,
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="The picture: phase, map, ...")] = "phase",
    variable: Annotated[
        str | None, typer.Option("--variable", metavar="NAME", help="Of the kind map: what it shows, e.g. loss.")
    ] = None,
    title: Annotated[
        str | None, typer.Option("--title", metavar="TEXT", help="Instead of the sweep's; '' for none.")
    ] = None,
    size: Annotated[str | None, typer.Option("--size", metavar="WxH", help="Inches, e.g. 7x4.4.")] = None,
    style: Annotated[
        str | None, typer.Option("--style", metavar="NAME", help="screen, paper (small letters) or talk (large ones).")
    ] = None,
    cmap: Annotated[
        str | None, typer.Option("--cmap", metavar="NAME", help="A colour map of Matplotlib, e.g. viridis.")
    ] = None,
    dpi: Annotated[float, typer.Option("--dpi", metavar="N", help="Pixels an inch.")] = 150.0,
    fps: Annotated[float, typer.Option("--fps", metavar="N", help="Frames a second.")] = 4.0,
    animation: Annotated[
        str | None,
        typer.Option("--animation", metavar="FORMAT", help="gif or mp4; mp4 where ffmpeg is found if left out."),
    ] = None,
    load: Load = None,
    *,
    how: ComputingOptions,
) -> None:
    """Compute ever narrower windows of a sweep about a point, and animate them.

    Frame 0 is the sweep, each further one a window of as many points, in a store and a picture of its own. Run again, it
    goes on where it stopped.
    """
    from fastdln.errors import SweepError

    if how.storage:
        raise SweepError("--storage: a zoom is written into a folder of this machine; leave it out")
    place = f"{sweep.stem}-zoom" if folder is None else folder
    from fastdln.execution.arguments import RunOptions
    from fastdln.reports.zoom import Look, make
    from fastdln.sweep.schema import Sweep
    from fastdln.sweep.zooms import left_whole

    loaded = Sweep.from_file(sweep, sets or ())
    picture = {"variable": variable, "title": title, "size": size, "style": style, "cmap": cmap}
    look = Look(kind, {name: value for name, value in picture.items() if value is not None}, dpi, fps, animation)
    silent, middle = how.quiet or how.log_json, point(at, "--at")
    with how.logged(place), patient("drawing", silent) as step:
        made = make(loaded, middle, place, factor, frames, look, RunOptions(**how.keywords()), step)
    if not silent and (whole := left_whole(loaded, middle or ())):
        say(
            f"--at {at}: {', '.join(whole)} stay{'s' * (len(whole) == 1)} whole in every frame; name all axes that are to be zoomed"
        )
    show(made)


@exits("what is compiled is kept")
def warm(
    sweeps: Annotated[
        list[Path] | None, typer.Argument(metavar="[SWEEP.toml ...]", help="Sweep files; all that ship if left out.")
    ] = None,
    load: Load = None,
    quiet: Quiet = False,
) -> None:
    """Compile what sweeps need, so that their runs begin at once: for images, and for machines of a cluster.

    Kernels are kept in NUMBA_CACHE_DIR, or beside the package.
    """
    refuse_less_than(LEAST_TO_COMPUTE)
    from fastdln.execution.compile_ahead import warm as compile_for
    from fastdln.execution.compile_ahead import were_compiled
    from fastdln.reports.shipped import shipped
    from fastdln.sweep.schema import Sweep

    wanted = [Sweep.from_file(path) for path in sweeps or shipped()]
    with patient("warm", quiet) as step:
        compiled = compile_for(wanted, step)
    say(were_compiled(compiled))


@exits()
def verify(store: StorePath, options: StorageOptions = None, load: Load = None, quiet: Quiet = False) -> None:
    """Read every chunk and coordinate of a store back.

    Damaged chunks are named, and computed again by the next run. Exit code 0 if it is whole, 3 if damaged or incomplete.
    """
    from fastdln.api import verify as read_back

    found = read_back(store, storage_options=pairs(options), progress=False if quiet else None)
    show(found)
    if not found.whole:
        raise typer.Exit(INCOMPLETE)


@exits()
def plan(
    sweep: SweepFile,
    sets: Sets = None,
    load: Load = None,
    no_probe: Annotated[
        bool, typer.Option("--no-probe", help="Compile and time nothing; the time is by rule of thumb then.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Show what a sweep would cost.

    Points, chunks, bytes, files, and the time by a short timed probe.
    """
    from fastdln.sweep.schema import Sweep

    loaded = Sweep.from_file(sweep, sets or ())
    from fastdln.execution.plan import Plan

    if not no_probe:
        refuse_less_than(LEAST_TO_COMPUTE)
    costs = Plan(loaded, probe=not no_probe)
    for line in costs.warnings:
        say(f"warning: {line}")
    with patient("planning", quiet) as costs.say:
        table = str(costs)
    show(table)
