"""The command line: words, exit codes, and what is printed where. Everything else is imported when it is needed."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, get_type_hints

import typer

BAD_INPUT, INCOMPLETE = 2, 3

app = typer.Typer(
    name="fastdln",
    help="Phase diagrams of gradient descent on deep linear networks, at and beyond the edge of stability.",
    epilog="Exit codes: 0 done, 2 bad input (nothing written), 3 incomplete (run it again to go on), 1 a fault.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

# readable=False: whether a file can be read is told where it is read, in one line
SweepFile = Annotated[Path, typer.Argument(metavar="SWEEP.toml", help="The sweep file.", readable=False)]
StorePath = Annotated[str, typer.Argument(metavar="STORE", help="A store that `run` made, a path or URL.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the file, e.g. axes.eta.num=100. Repeatable."),
]
StorageOptions = Annotated[
    list[str] | None,
    typer.Option("--storage", metavar="KEY=VALUE", help="An option of the object store, e.g. endpoint=... Repeatable."),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]


class Voice:
    """How lines on stderr are said: plainly, or as JSON once a run was asked for that."""

    as_json = False


def say(line: str) -> None:
    if Voice.as_json:
        import json

        line = json.dumps({"event": "message", "message": line})
    with suppress(OSError):  # nobody listens any more; the work goes on
        print(line, file=sys.stderr, flush=True)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Warnings as one line each, without the place in the code."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_: say(f"warning: {message}")
        yield


def pairs(options: list[str] | None) -> dict[str, str] | None:
    """ "key=value" words as a dict."""
    from fastdln.errors import StoreError

    split = [option.partition("=") for option in options or ()]
    for key, equals, _ in split:
        if not key or not equals:
            raise StoreError(f"--storage {key}: must look like endpoint=https://host")
    return {key: value for key, _, value in split} or None


@dataclass(frozen=True)
class RunOptions:
    """How a run goes about its work, in the command line's words: the options that all commands share that compute."""

    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="ADDRESS", help="A Dask cluster, such as tcp://host:8786.")
    ] = None
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", help="Processes on this machine instead of threads.")
    ] = None
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="With --workers: Dask's dashboard on 127.0.0.1:8787.")
    ] = False
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first chunk that fails.")] = False
    durable: Annotated[bool, typer.Option("--durable", help="Wait until files would survive a loss of power.")] = False
    storage: StorageOptions = None
    log_json: Annotated[bool, typer.Option("--log-json", help="A line of JSON an event on stderr, for machines.")] = (
        False
    )
    quiet: Quiet = False

    def keywords(self) -> dict[str, Any]:
        """Those of api.run."""
        if self.dashboard and not self.workers:
            from fastdln.errors import SweepError

            raise SweepError("--dashboard: is of the cluster that --workers starts")
        return {
            "scheduler": self.scheduler,
            "workers": self.workers,
            "dashboard": self.dashboard,
            "fail_fast": self.fail_fast,
            "durable": self.durable,
            "storage_options": pairs(self.storage),
            "progress": not (self.quiet or self.log_json),
        }

    @contextmanager
    def working(self, store: str, part: str | None = None) -> Iterator[None]:
        """Keeps the log beside the store, that of a URL in the current folder; says the end."""
        from fastdln.journal import kept

        place = PurePosixPath(store).name if "://" in store else store.rstrip("/")
        share = f".part-{part.replace('/', '-of-')}" if part else ""
        Voice.as_json = self.log_json
        with kept(Path(f"{place}{share}.log"), self.log_json):
            yield
        if not (self.quiet or self.log_json):
            done = f"part {part} done" if part else "done"
            say(f"{done}: {store}; load it with fastdln.open({store!r}) or xarray.open_zarr({store!r})")


def computes(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of `RunOptions`, which it gets as `how`."""
    hints = get_type_hints(command, include_extras=True)
    own = [p.replace(annotation=hints[p.name]) for p in signature(command).parameters.values() if p.name != "how"]
    kinds = get_type_hints(RunOptions, include_extras=True)
    shared = [
        Parameter(f.name, Parameter.KEYWORD_ONLY, default=f.default, annotation=kinds[f.name])
        for f in fields(RunOptions)
    ]

    def with_options(**words: Any) -> None:
        how = RunOptions(**{option.name: words.pop(option.name) for option in shared})
        command(**words, how=how)

    with_options.__name__, with_options.__doc__ = command.__name__, command.__doc__
    with_options.__signature__ = Signature(own + shared)  # type: ignore[attr-defined]  # what typer reads
    with_options.__annotations__ = {p.name: p.annotation for p in own + shared}
    return with_options


@contextmanager
def interruptible() -> Iterator[None]:
    """The first SIGINT or SIGTERM lets the running chunks end, the second does not wait."""
    asked = False

    def stop(number: int, frame: Any) -> None:
        nonlocal asked
        if asked:
            say("interrupted again: leaving at once; what is finished is safe in the store")
            os._exit(INCOMPLETE)
        asked = True
        say("interrupted: ending what runs; again to leave at once")
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exits(command: Callable[..., None]) -> Callable[..., None]:
    """Turns what users can cause into one line and its exit code."""

    @wraps(command)
    def run_command(*args: Any, **kwargs: Any) -> None:
        from fastdln.errors import ClusterError, IncompleteError, StoreError, SweepError

        Voice.as_json = False
        try:
            with interruptible(), plain_warnings():
                command(*args, **kwargs)
        except (SweepError, StoreError, ClusterError) as error:
            say(f"error: {error}")
            raise typer.Exit(BAD_INPUT) from None
        except IncompleteError as error:
            say(f"incomplete: {error}")
            raise typer.Exit(INCOMPLETE) from None
        except KeyboardInterrupt as interrupt:
            say(
                str(interrupt)
                or "interrupted: what is finished is safe in the store; the same command goes on from there"
            )
            raise typer.Exit(INCOMPLETE) from None

    return run_command


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
    part: Annotated[
        str | None, typer.Option("--part", metavar="K/N", help="Only the K-th of N shares; others may run meanwhile.")
    ] = None,
    *,
    how: RunOptions,
) -> None:
    """Compute a sweep into a Zarr store, or resume one.

    Finished chunks are not computed again. Each chunk's times, and tracebacks, go to STORE.log.
    """
    from fastdln.sweep import Sweep

    loaded = Sweep.from_file(sweep, sets or ())
    path = store or f"{sweep.stem}.zarr"
    from fastdln.api import compute

    with how.working(path, part):
        compute(loaded, path, part=part, **how.keywords())


@app.command()
@exits
@computes
def extend(store: StorePath, sets: Sets = None, *, how: RunOptions) -> None:
    """Lengthen axes of a store, and compute only what is new.

    The values that are there must stay the first ones. Without --set it goes on with an extension that was interrupted.
    """
    from fastdln.api import extend as extend_store

    with how.working(store):
        extend_store(store, *sets or (), **how.keywords())


@app.command()
@exits
@computes
def refine(
    store: StorePath,
    new: Annotated[str, typer.Option("-o", metavar="NEW", help="The new store, a path or URL.")],
    sets: Sets = None,
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
def verify(store: StorePath, options: StorageOptions = None, quiet: Quiet = False) -> None:
    """Read every chunk and coordinate of a store back.

    Damaged chunks are named, and computed again by the next run. Exit code 0 if it is whole, 3 if damaged or incomplete.
    """
    from fastdln.api import verify as read_back

    found = read_back(store, storage_options=pairs(options), progress=None if not quiet else False)
    print(found)
    if not found.whole:
        raise typer.Exit(INCOMPLETE)


@app.command()
@exits
def plan(sweep: SweepFile, sets: Sets = None) -> None:
    """Show what a sweep would cost.

    Points, chunks, bytes, files, and the time by a short timed probe.
    """
    from fastdln.sweep import Sweep

    loaded = Sweep.from_file(sweep, sets or ())
    from fastdln.planning import Plan

    costs = Plan(loaded)
    for line in costs.warnings:
        say(f"warning: {line}")
    print(costs)


@app.command()
@exits
def status(
    store: StorePath,
    parts: Annotated[
        int | None, typer.Option("--parts", metavar="N", min=1, help="How far each of N shares is, too.")
    ] = None,
    options: StorageOptions = None,
) -> None:
    """Show what of a store is computed, and what is left.

    It may be asked while runs go on.
    """
    from fastdln.api import status as read_status

    found = read_status(store, storage_options=pairs(options))
    print(found)
    for part in range(1, (parts or 0) + 1):
        print(f"part {part}/{parts}: {found.share(part, parts or 1)}")


@app.command("list")
@exits
def list_(
    schema: Annotated[bool, typer.Option("--schema", help="Print the sweep file's JSON Schema instead.")] = False,
) -> None:
    """List models, starts and observables.

    Or print the JSON Schema of sweep files, for editors that complete them.
    """
    if schema:
        import json

        from fastdln.sweep import Sweep

        print(json.dumps(Sweep.model_json_schema(), indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    from fastdln.models import MODELS, STARTS
    from fastdln.observables import DEFAULT, MATRIX_OBSERVABLES, OBSERVABLES

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
    }
    for section, rows in sections.items():
        table.add_row(f"[bold]{section}[/bold]")
        for name, summary in rows:
            table.add_row(f"  {name}", summary)
    Console(soft_wrap=not sys.stdout.isatty()).print(table)


def main() -> None:
    """Runs the command line."""
    app()


if __name__ == "__main__":
    main()
