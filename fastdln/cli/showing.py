"""Commands that show what is there: status, plot, report, export, paper, list."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from fastdln.cli.console import (
    LEAST_TO_COMPUTE,
    busy,
    exits,
    reading,
    refuse_less_than,
    say,
    show,
)
from fastdln.cli.options import (
    Load,
    PictureOptions,
    Quiet,
    Sets,
    StorageOptions,
    StorePath,
    is_there,
    logs,
    named_after,
    pairs,
    takes,
)


@exits()
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


def tell_kinds(store: str, kind: str | None, storage: dict[str, str] | None) -> None:
    """Lists the pictures that a store can draw; a DatasetError that has them where a kind was given, which is none."""
    from fastdln.api import open as open_store
    from fastdln.errors import DatasetError, StoreError
    from fastdln.plots import PLOTS, drawable, kind_of
    from fastdln.text import suggestion

    if store in PLOTS and kind is not None:
        raise DatasetError(f"the store comes before the kind of picture: fastdln plot {kind} {store}")
    try:
        with reading(store):
            possible = drawable(open_store(store, storage_options=storage))
    except StoreError:
        if kind is not None:
            kind_of(kind)  # refuses it, and lists all
        raise
    if not possible:
        raise DatasetError(
            f"{store}: has nothing that could be drawn; sweeps ask for it by `observables` and `trajectory`"
        )
    if kind is not None:
        can = f"{store} can be drawn as {', '.join(possible)}"
        raise DatasetError(f"unknown picture {kind!r}{suggestion(kind, PLOTS)}; {can}")
    summaries = {name: PLOTS[name].summary for name in possible} | {"map VARIABLE": PLOTS["map"].summary}
    width = max(map(len, summaries))
    for name, summary in sorted(summaries.items()):
        show(f"{name:<{width}}  {summary}")


@exits()
@takes(PictureOptions)
def plot(
    store: StorePath,
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="[KIND]", help="phase, bifurcation, ...; without one the kinds that the store has are listed."
        ),
    ] = None,
    variable: Annotated[
        str | None, typer.Argument(metavar="[VARIABLE]", help="Of the kind map: what it shows, e.g. loss.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", metavar="FILE", help="A .png, .pdf or .svg file; STORE-KIND.png here if left out."),
    ] = None,
    dpi: Annotated[float, typer.Option("--dpi", metavar="N", min=10, max=2000, help="Pixels an inch of a PNG.")] = 200,
    options: StorageOptions = None,
    load: Load = None,
    quiet: Quiet = False,
    *,
    how: PictureOptions,
) -> None:
    """Draw a picture of a store.

    Also of one that is not complete, or larger than memory. A panel for each value of what a picture cannot show.
    """
    from fastdln import files
    from fastdln.api import open as open_store
    from fastdln.errors import DatasetError
    from fastdln.plots import FORMATS, PLOTS, encode, figure

    if kind not in PLOTS:
        tell_kinds(store, kind, pairs(options))
        return
    asked: dict[str, Any] = {**how.chosen(), **how.look()}
    words = [kind] + ([] if variable is None else [variable])
    if variable is not None:
        asked["variable"] = variable
        if "=" in variable:
            raise DatasetError(f"{variable}: to choose one: --at {variable}")
    path = files.checked(out or Path("-".join([named_after(store), *words]) + ".png"), FORMATS)
    with busy(f"drawing {kind}", quiet), reading(store):
        if how.over:
            asked["over"] = [open_store(at, storage_options=pairs(options) if "://" in at else None) for at in how.over]
        picture = figure(open_store(store, storage_options=pairs(options)), kind, **asked)
        command = shlex.join(["fastdln", "plot", store, *words, *how.words()])
        files.write(path, encode(picture, path.suffix[1:].lower(), dpi, command=command))
    show(path)


@exits()
def explore(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[SWEEP.toml | STORE]",
            help="A sweep file, or a store, which is read as far as it goes. Three layers if left out.",
        ),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="On 127.0.0.1; a free one if left out.")
    ] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
    sets: Sets = None,
    load: Load = None,
) -> None:
    """Serve a page on which the diagram is computed as you zoom and pan.

    On this machine alone. Ctrl-C ends it.
    """
    from fastdln.explorer.explore import what_is

    subject, stored = what_is(what, sets or ())
    from fastdln.explorer.server import serve

    serve(subject, stored, port, browser, show)


@exits()
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

    What was found, what the sweep was, how it ran, the pictures, how it agrees with the theory, and how to load it.
    """
    from fastdln import files

    path = files.checked(out or Path(f"{named_after(store)}.html"), ["html"])
    storage = pairs(options)
    if is_there(store) and not quiet and not sys.stderr.isatty():
        say(f"writing {path} ...")
    with busy(f"writing {path}", quiet or not is_there(store)) as step, reading(store):
        # what takes most of a second to import, after the first sign of life
        from fastdln.api import open as open_store
        from fastdln.api import status as read_status
        from fastdln.reports.report import page

        state = read_status(store, storage_options=storage)
        found = page(open_store(store, storage_options=storage), store, state, logs(store), step, path)
        files.write(path, found.encode())
    show(path)


@exits()
def export(
    store: StorePath,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="FORMAT", help="csv, netcdf or parquet; told by FILE's ending if left out."),
    ] = None,
    variables: Annotated[
        list[str] | None,
        typer.Option("--variables", metavar="NAMES", help="Only these, e.g. fate,loss. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", metavar="FILE", help="A .csv, .nc or .parquet file; named after STORE, here, if left out."),
    ] = None,
    options: StorageOptions = None,
    load: Load = None,
    quiet: Quiet = False,
) -> None:
    """Write a store as CSV, netCDF or Parquet, for other programs.

    Also of one that is not complete, or larger than memory. A CSV or Parquet file has a row a grid point; variables along
    modes or other dimensions have rows of their own, in a file of their own.
    """
    from fastdln.errors import DatasetError
    from fastdln.reports.export import export as write
    from fastdln.reports.export import format_of

    if to is None and out is None:
        raise DatasetError("--to: say csv, netcdf or parquet, or give a file with -o")
    path = out or Path(f"{named_after(store)}.{format_of(to, store).suffix}")
    names = [name for words in variables for name in words.split(",")] if variables else None
    try:
        with reading(store):
            written = write(
                store,
                path,
                to=to,
                variables=names,
                storage_options=pairs(options),
                progress=False if quiet else None,
            )
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted: no half file is left; the same command begins anew") from None
    for file in written:
        show(file)


@exits("what is finished is safe in its folder")
def paper(
    which: Annotated[str, typer.Argument(metavar="[SET]", help="modes or edge.")] = "modes",
    out: Annotated[
        str | None,
        typer.Option(
            "-o", metavar="FOLDER", help="Where to put stores, pictures and numbers; paper, or paper-edge, if left out."
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Compute and draw the figures of a paper, with the theory.

    Of arXiv 2502.20531 on modes at the edge of stability, or, for the set `edge`, of arXiv 2209.15594 and 2410.24206 on what
    gradient descent follows there. Their sweeps, pictures, and index.md with the numbers behind them. Run again, it goes on where
    it stopped.
    """
    from fastdln import files
    from fastdln.errors import DatasetError
    from fastdln.reports.paper import DEFAULT, SETS, make
    from fastdln.text import suggestion

    if which not in SETS:
        raise DatasetError(
            f"{which}: is no set of figures{suggestion(which, SETS)}; valid: {', '.join(SETS)}; -o names the folder"
        )
    if out is None:
        out = "paper" if which == DEFAULT else f"paper-{which}"
    if not out:
        raise DatasetError("-o: is empty; give a folder")
    refuse_less_than(LEAST_TO_COMPUTE)
    folder = files.make(Path(out))
    done: list[str] = []

    def tell(name: str) -> None:
        done.append(name)
        if not quiet:
            say(f"{len(done)} of {len(SETS[which].figures)}: {folder / name}.png")

    with busy("computing and drawing", quiet):
        page = make(folder, tell, which)
    show(page)


@exits()
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
    from fastdln.observables import (
        DEFAULT,
        FLOW_OBSERVABLES,
        MATRIX_OBSERVABLES,
        OBSERVABLES,
        default_of,
        observables_of,
    )
    from fastdln.plots import PLOTS

    of_matrices = [o for o in MATRIX_OBSERVABLES.values() if not o.shared]

    def described(observables: Iterable[Any], default: Iterable[str] = DEFAULT) -> list[tuple[str, str]]:
        marks = dict.fromkeys(default, " (default)") | {"fate": " (always)"}
        by_name = [(o.name, o.summary + marks.get(o.name, "")) for o in observables if not o.asked_by]
        return by_name + [(f"{o.asked_by} = k", o.summary) for o in observables if o.asked_by]

    table = Table(box=None, pad_edge=False, show_header=False)
    sections: dict[str, list[tuple[str, str]]] = {
        "models": [(m.name, f"{m.summary} (starts: {', '.join(m.starts)})") for m in MODELS.values()],
        "starts": [(s.name, s.summary) for s in STARTS.values()],
        "observables": described(OBSERVABLES.values()),
        "of the model matrix": described(of_matrices),
        "of the model flow (always)": described(FLOW_OBSERVABLES.values()),
        **{
            f"of the model {m.name}": described(observables_of(m).values(), default_of(m))
            for m in MODELS.values()
            if m.simulation
        },
        "pictures": [(p.name, p.summary) for p in PLOTS.values()],
    }
    for section, rows in sections.items():
        table.add_row(f"[bold]{section}[/bold]")
        for name, summary in rows:
            table.add_row(f"  {name}", summary)
    Console(soft_wrap=not sys.stdout.isatty()).print(table)
