"""The command line: its commands, in the order in which `--help` lists them. What they need is imported when they run."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from fastdln.cli.computing import extend, plan, refine, run, verify, warm, zoom
from fastdln.cli.console import Commands
from fastdln.cli.showing import explore, export, list_, paper, plot, report, status

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


def tell_version(asked: bool) -> None:
    """Prints the version, where it is asked for, and ends."""
    if asked:
        from fastdln import __version__

        print(f"fastdln {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=tell_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options that stand before a command."""


for command in (run, extend, refine, zoom, warm, verify, plan, status, plot, explore, report, export, paper):
    app.command()(command)
app.command("list")(list_)


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
