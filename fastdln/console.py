"""What is said on stderr, and how a command ends: signals, errors and exit codes."""

from __future__ import annotations

import io
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from traceback import walk_tb
from typing import Any

import typer

BAD_INPUT, INCOMPLETE = 2, 3

# What is over sooner needs no line of its own.
SECONDS_BEFORE_A_LINE = 1.0


class Voice:
    """How lines on stderr are said: plainly, or as JSON once a run was asked for that."""

    as_json = False


def say(line: str) -> None:
    from fastdln.errors import shown

    line = shown(line)
    if Voice.as_json:
        import json

        line = json.dumps({"event": "message", "message": line})
    with suppress(OSError):  # nobody listens any more; the work goes on
        print(line, file=sys.stderr, flush=True)


def show(text: object) -> None:
    """Prints the lines of a command's answer, which may hold words of a stranger's."""
    from fastdln.errors import shown

    for line in str(text).split("\n"):
        print(shown(line))


def replace_unshowable() -> None:
    """What the output's encoding lacks, a Greek letter in ASCII say, is replaced instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


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
        from fastdln.errors import ClusterError, DatasetError, IncompleteError, StoreError, SweepError

        Voice.as_json = False
        try:
            with interruptible(), plain_warnings():
                command(*args, **kwargs)
        except (SweepError, StoreError, ClusterError, DatasetError) as error:
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
