"""The command line: words, exit codes, and what is printed where. Everything else is imported when it is needed."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

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
StorePath = Annotated[Path, typer.Argument(metavar="STORE", help="A store that `run` made.", readable=False)]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the file, e.g. axes.eta.num=100. Repeatable."),
]


def say(line: str) -> None:
    with suppress(OSError):  # nobody listens any more; the work goes on
        print(line, file=sys.stderr, flush=True)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Warnings as one line each, without the place in the code."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_: say(f"warning: {message}")
        yield


def exits(command: Callable[..., None]) -> Callable[..., None]:
    """Turns what users can cause into one line and its exit code."""

    @wraps(command)
    def run_command(*args: Any, **kwargs: Any) -> None:
        from fastdln.errors import IncompleteError, StoreError, SweepError

        try:
            with plain_warnings():
                command(*args, **kwargs)
        except (SweepError, StoreError) as error:
            say(f"error: {error}")
            raise typer.Exit(BAD_INPUT) from None
        except IncompleteError as error:
            say(f"incomplete: {error}")
            raise typer.Exit(INCOMPLETE) from None
        except KeyboardInterrupt:
            say("interrupted: what is finished is safe in the store; the same command goes on from there")
            raise typer.Exit(INCOMPLETE) from None

    return run_command


@app.command()
@exits
def run(
    sweep: SweepFile,
    store: Annotated[
        Path | None,
        typer.Option("-o", metavar="STORE", help="Where to write; SWEEP.zarr here if left out.", readable=False),
    ] = None,
    sets: Sets = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Compute a sweep into a Zarr store, or resume one.

    Finished chunks are not computed again.
    """
    from fastdln.sweep import Sweep

    loaded = Sweep.from_file(sweep, sets or ())
    path = store or Path(f"{sweep.stem}.zarr")
    from fastdln.api import compute

    compute(loaded, path, progress=not quiet)
    if not quiet:
        say(f"done: {path}; load it with fastdln.open({str(path)!r}) or xarray.open_zarr({str(path)!r})")


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
def status(store: StorePath) -> None:
    """Show what of a store is computed, and what is left."""
    from fastdln.api import status as read_status

    print(read_status(store))


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
