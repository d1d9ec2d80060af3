"""The command line: what each command takes and prints. Everything else is imported when it is needed."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from fastdln.cli.console import (
    INCOMPLETE,
    LEAST_TO_COMPUTE,
    Commands,
    busy,
    exits,
    patient,
    reading,
    refuse_less_than,
    say,
    show,
)
from fastdln.cli.options import (
    Load,
    Quiet,
    RunOptions,
    Sets,
    StorageOptions,
    StorePath,
    SweepFile,
    computes,
    logs,
    named_after,
    pairs,
)

app = typer.Typer(
    name="fastdln",
    cls=Commands,
    help="Phase diagrams of gradient descent on deep linear networks, at and beyond the edge of stability.",
    epilog="Exit codes: 0 done, 2 bad input (nothing written), 3 incomplete (run it again to go on), 1 a fault.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
@exits
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
    how: RunOptions,
) -> None:
    """Compute a sweep into a Zarr store, or resume one.

    Finished chunks are not computed again. Each chunk's times, and tracebacks, go to STORE.log.
    """
    from fastdln.sweep.schema import Sweep

    loaded = Sweep.from_file(sweep, sets or ())
    path = f"{sweep.stem}.zarr" if store is None else store
    from fastdln.api import compute

    with how.working(path, part):
        compute(loaded, path, part=part, **how.keywords())


@app.command()
@exits
@computes
def extend(store: StorePath, sets: Sets = None, load: Load = None, *, how: RunOptions) -> None:
    """Lengthen axes of a store, and compute only what is new.

    The values that are there must stay the first ones. Without --set it goes on with an extension that was interrupted.
    """
    from fastdln.api import lengthen

    with how.working(store):
        points = lengthen(store, *sets or (), **how.keywords())
    if not points and not (how.quiet or how.log_json):
        say("there was nothing to do: all that is asked for is there; --set axes.eta.num=... asks for a longer axis")


@app.command()
@exits
@computes
def refine(
    store: StorePath,
    new: Annotated[str, typer.Option("-o", metavar="NEW", help="The new store, a path or URL.")],
    sets: Sets = None,
    load: Load = None,
    *,
    how: RunOptions,
) -> None:
    """Sweep a window of a store's grid finer, into a store of its own.

    The new store's attributes say where it came from.
    """
    from fastdln.api import refine as refine_store

    with how.working(new):
        refine_store(store, new, *sets or (), **how.keywords())


@app.command()
@exits
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


@app.command()
@exits
def verify(store: StorePath, options: StorageOptions = None, load: Load = None, quiet: Quiet = False) -> None:
    """Read every chunk and coordinate of a store back.

    Damaged chunks are named, and computed again by the next run. Exit code 0 if it is whole, 3 if damaged or incomplete.
    """
    from fastdln.api import verify as read_back

    found = read_back(store, storage_options=pairs(options), progress=None if not quiet else False)
    show(found)
    if not found.whole:
        raise typer.Exit(INCOMPLETE)


@app.command()
@exits
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


@app.command()
@exits
def status(
    store: StorePath,
    parts: Annotated[
        int | None, typer.Option("--parts", metavar="N", min=1, help="How far each of N shares is, too.")
    ] = None,
    options: StorageOptions = None,
    load: Load = None,
) -> None:
    """Show what of a store is computed, and what is left.

    It may be asked while runs go on.
    """
    from fastdln.api import status as read_status

    found = read_status(store, storage_options=pairs(options))
    show(found)
    for part in range(1, (parts or 0) + 1):
        show(f"part {part}/{parts}: {found.share(part, parts or 1)}")


@app.command()
@exits
def plot(
    store: StorePath,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="phase, bifurcation, ...: `fastdln list` has them all.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            metavar="FILE",
            help="A .png, .pdf or .svg file; STORE-KIND.png here if left out.",
        ),
    ] = None,
    choices: Annotated[
        list[str] | None,
        typer.Option("--at", metavar="DIM=VALUE", help="Only there, e.g. depth=3, or mode=0. Repeatable."),
    ] = None,
    dpi: Annotated[float, typer.Option("--dpi", metavar="N", min=10, max=2000, help="Pixels an inch of a PNG.")] = 200,
    options: StorageOptions = None,
    load: Load = None,
    quiet: Quiet = False,
) -> None:
    """Draw a picture of a store.

    Also of one that is not complete, or larger than memory. A panel for each value of what a picture cannot show.
    """
    from fastdln import files
    from fastdln.api import open as open_store
    from fastdln.plots import FORMATS, encode, figure, kind_of

    kind_of(kind)
    path = files.checked(out or Path(f"{named_after(store)}-{kind}.png"), FORMATS)
    chosen: dict[str, Any] = pairs(choices, "--at", "depth=3") or {}
    with busy(f"drawing {kind}", quiet), reading(store):
        picture = figure(open_store(store, storage_options=pairs(options)), kind, **chosen)
        files.write(path, encode(picture, path.suffix[1:].lower(), dpi))
    show(path)


@app.command()
@exits
def report(
    store: StorePath,
    out: Annotated[
        Path | None,
        typer.Option("-o", metavar="FILE.html", help="STORE.html here if left out."),
    ] = None,
    options: StorageOptions = None,
    load: Load = None,
    quiet: Quiet = False,
) -> None:
    """Write one page about a store, with its pictures, that opens offline.

    What the sweep was, how it ran, the pictures, how it agrees with the theory, and how to load it.
    """
    from fastdln import files
    from fastdln.api import open as open_store
    from fastdln.api import status as read_status
    from fastdln.reports.report import page

    path = files.checked(out or Path(f"{named_after(store)}.html"), ["html"])
    storage = pairs(options)
    with busy("writing the page", quiet) as step, reading(store):
        state = read_status(store, storage_options=storage)
        found = page(open_store(store, storage_options=storage), store, state, logs(store), step)
        files.write(path, found.encode())
    show(path)


@app.command()
@exits
def paper(
    out: Annotated[
        str, typer.Option("-o", metavar="FOLDER", help="Where to put stores, pictures and numbers.")
    ] = "paper",
    quiet: Quiet = False,
) -> None:
    """Compute and draw the figures of arXiv 2502.20531, with the theory.

    Seven sweeps, their pictures, and index.md with the numbers behind them. Run again, it goes on where it stopped.
    """
    from fastdln import files
    from fastdln.errors import DatasetError
    from fastdln.reports.paper import FIGURES, make

    if not out:
        raise DatasetError("-o: is empty; give a folder")
    refuse_less_than(LEAST_TO_COMPUTE)
    folder = files.make(Path(out))
    done: list[str] = []

    def tell(name: str) -> None:
        done.append(name)
        if not quiet:
            say(f"{len(done)} of {len(FIGURES)}: {folder / name}.png")

    with busy("computing and drawing", quiet):
        page = make(folder, tell)
    show(page)


@app.command("list")
@exits
def list_(
    schema: Annotated[bool, typer.Option("--schema", help="Print the sweep file's JSON Schema instead.")] = False,
    load: Load = None,
) -> None:
    """List models, starts, observables and pictures.

    Or print the JSON Schema of sweep files, for editors that complete them.
    """
    if schema:
        import json

        from fastdln.sweep.schema import Sweep

        print(json.dumps(Sweep.model_json_schema(), indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    from fastdln.models import MODELS, STARTS
    from fastdln.observables import DEFAULT, MATRIX_OBSERVABLES, OBSERVABLES
    from fastdln.plots import PLOTS

    of_matrices = [o for o in MATRIX_OBSERVABLES.values() if not o.shared]

    def described(observables: Iterable[Any]) -> list[tuple[str, str]]:
        marks = dict.fromkeys(DEFAULT, " (default)") | {"fate": " (always)"}
        by_name = [(o.name, o.summary + marks.get(o.name, "")) for o in observables if not o.asked_by]
        return by_name + [(f"{o.asked_by} = k", o.summary) for o in observables if o.asked_by]

    table = Table(box=None, pad_edge=False, show_header=False)
    sections: dict[str, list[tuple[str, str]]] = {
        "models": [(m.name, f"{m.summary} (starts: {', '.join(m.starts)})") for m in MODELS.values()],
        "starts": [(s.name, s.summary) for s in STARTS.values()],
        "observables": described(OBSERVABLES.values()),
        "of the model matrix": described(of_matrices),
        "pictures": [(p.name, p.summary) for p in PLOTS.values()],
    }
    for section, rows in sections.items():
        table.add_row(f"[bold]{section}[/bold]")
        for name, summary in rows:
            table.add_row(f"  {name}", summary)
    Console(soft_wrap=not sys.stdout.isatty()).print(table)


def main() -> None:
    """Runs the command line."""
    # of what imports make nothing is garbage: looking for it takes a tenth of a short command, and as long again at its end
    gc.set_threshold(100_000)
    try:
        app()
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
