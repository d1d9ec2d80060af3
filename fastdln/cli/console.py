"""Messages on stderr, and the end of a command: signals, errors and exit codes."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from traceback import walk_tb
from typing import Any

import typer
from typer.core import TyperGroup

from fastdln.cli.hints import hint, no_such_command
from fastdln.text import block, one_line

BAD_INPUT, INCOMPLETE = 2, 3
# Bytes; with fewer the libraries cannot be loaded, and OpenBLAS tries for ever. Threads and the compiler need more, or one of
# the C libraries ends the process without a word of ours.
LEAST_MEMORY = 512 << 20
LEAST_TO_COMPUTE = 1 << 30

# What is over sooner needs no line of its own.
SECONDS_BEFORE_A_LINE = 1.0


class Messages:
    """The form of lines on stderr: plain, or JSON once a run was asked for that."""

    as_json = False


def say(line: str) -> None:
    line = one_line(line)
    if Messages.as_json:
        import json

        line = json.dumps({"event": "message", "message": line})
    with suppress(OSError):  # nobody listens any more; the work goes on
        print(line, file=sys.stderr, flush=True)


def show(text: object) -> None:
    """A command's result, on stdout."""
    print(block(str(text)))


class Commands(TyperGroup):
    """The commands. What typer itself complains of is told as our own lines are, and any stream takes any character."""

    def main(self, *args: Any, **options: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if reconfigure := getattr(stream, "reconfigure", None):
                reconfigure(errors="backslashreplace")
        return super().main(*args, **options)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            ctx.fail(no_such_command(args[0], self.commands))
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **options: Any) -> Any:
        with bounded_complaints():
            return super().make_context(*args, **options)

    def invoke(self, *args: Any, **options: Any) -> Any:
        with bounded_complaints():
            return super().invoke(*args, **options)


@contextmanager
def bounded_complaints() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # typer's complaints, of which newer versions have classes of their own; one is no complaint, but all the help
        asks_for_help = type(error).__name__ == "NoArgsIsHelpError"
        if (complaint := getattr(error, "format_message", None)) and not asks_for_help:
            command = getattr(getattr(error, "ctx", None), "command_path", "")
            plain = re.sub(r" \(Possible options: [^)]*\)$| Did you mean [^?]*\?$", "", complaint().removesuffix("."))
            meant = hint(error, error.ctx.command) if command else ""  # type: ignore[attr-defined]  # not of every exception
            said = one_line(f"{plain}{meant}" + (f"; `{command} --help` says what there is" if command else ""))
            error.format_message = lambda: said  # type: ignore[attr-defined]  # typer's classes differ by version
            error.show = lambda file=None: say(f"error: {said}")  # type: ignore[attr-defined]  # typer's own has usage before it
        raise


@contextmanager
def reading(store: str) -> Iterator[None]:
    """Turns what Zarr raises for damaged chunks, wherever they are read, into one line."""
    from fastdln.errors import ClusterError, DatasetError, StoreError, SweepError, first_line

    try:
        yield
    except (ClusterError, DatasetError, StoreError, SweepError):
        raise
    except Exception as error:
        rooms = {frame.f_globals.get("__name__", "").partition(".")[0] for frame, _ in walk_tb(error.__traceback__)}
        if not rooms & {"zarr", "numcodecs", "obstore"}:
            raise
        said = f"{store}: cannot be read: {first_line(error)}; `fastdln verify {store}` names what is damaged"
        raise StoreError(said) from None


@contextmanager
def busy(what: str, quiet: bool) -> Iterator[Callable[[str], object]]:
    """A sign of life on a terminal while something takes its time; gives a function that says what is done next."""
    if quiet or not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} ...") as status:
        yield lambda step: status.update(f"{what}: {step} ...")


@contextmanager
def patient(what: str, quiet: bool) -> Iterator[Callable[[str], object]]:
    """Like `busy`; elsewhere than on a terminal, a line a step that takes longer than a moment."""
    if quiet or sys.stderr.isatty():
        with busy(what, quiet) as step:
            yield step
        return
    import threading

    later: list[threading.Timer] = []

    def step_later(step: str) -> None:
        for timer in later:
            timer.cancel()
        later[:] = [threading.Timer(SECONDS_BEFORE_A_LINE, say, [f"{what}: {step} ..."])]
        later[0].daemon = True
        later[0].start()

    try:
        yield step_later
    finally:
        for timer in later:
            timer.cancel()


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Warnings as one line each, without the place in the code."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_: say(f"warning: {message}")
        yield


@contextmanager
def interruptible(kept: str) -> Iterator[None]:
    """The first SIGINT or SIGTERM lets the running chunks end, the second does not wait, also while the process ends."""
    asked = False

    def stop(number: int, frame: Any) -> None:
        nonlocal asked
        if asked:
            say("; ".join(filter(None, ["interrupted again: leaving at once", kept])))
            os._exit(INCOMPLETE)
        asked = True
        say("interrupted: ending what runs; again to leave at once")
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, stop if asked else handler)


@contextmanager
def memory_told() -> Iterator[None]:
    """A want of memory, whatever it led to, as an IncompleteError."""
    from fastdln.errors import SHORT_OF_MEMORY, IncompleteError, SweepError, short_of_memory

    refuse_less_than(LEAST_MEMORY)
    try:
        yield
    except (IncompleteError, SweepError):
        raise
    except Exception as error:
        if not short_of_memory(error):
            raise
        logging.getLogger("asyncio").disabled = True  # tells of what others still waited for, while the process ends
        said = f"{SHORT_OF_MEMORY}; what is finished is safe, and the same command goes on from there"
        raise IncompleteError(said) from None


def refuse_less_than(least: int) -> None:
    """IncompleteError if the process may not ask for so many bytes."""
    from fastdln.errors import IncompleteError

    if (limit := address_space()) < least:
        raise IncompleteError(
            f"memory is short; `ulimit -v` leaves {limit >> 20} MB, and this does not begin with less than {least >> 20}"
        )


def address_space() -> int:
    """Bytes of memory that the process may ask for."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    except (ImportError, AttributeError):  # no such limits on this platform
        return sys.maxsize
    return sys.maxsize if limit == resource.RLIM_INFINITY else int(limit)


def exits(kept: str = "") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a command run the files of --load first, and turns what users can cause into one line and its exit code.

    kept: what is left when it is interrupted, from which the same command goes on; "" if it begins anew.
    """
    return lambda command: exiting(command, kept)


def exiting(command: Callable[..., None], kept: str) -> Callable[..., None]:
    @wraps(command)
    def run_command(*args: Any, **kwargs: Any) -> None:
        from fastdln.errors import ClusterError, DatasetError, IncompleteError, StoreError, SweepError

        Messages.as_json = False
        try:
            with interruptible(kept), plain_warnings(), memory_told():
                if paths := kwargs.pop("load", None):
                    from fastdln.sweep.extensions.own_code import load

                    for path in paths:
                        load(path)
                command(*args, **kwargs)
        except (SweepError, StoreError, ClusterError, DatasetError) as error:
            say(f"error: {error}")
            raise typer.Exit(BAD_INPUT) from None
        except IncompleteError as error:
            say(f"incomplete: {error}")
            raise typer.Exit(INCOMPLETE) from None
        except KeyboardInterrupt as interrupt:
            again = f"{kept}; the same command goes on from there" if kept else "the same command begins anew"
            say(str(interrupt) or f"interrupted: {again}")
            raise typer.Exit(INCOMPLETE) from None

    return run_command
