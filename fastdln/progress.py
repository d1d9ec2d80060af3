"""How far a run is, on stderr: a bar on a terminal or in a notebook, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

Report = Callable[[int, int], None]

# A plain line at every tenth of the work, and at least this often.
SECONDS_BETWEEN_LINES = 30.0

# Each drawing is a message to the browser; more than a few a second are not seen.
SECONDS_BETWEEN_DRAWINGS = 0.2


def wanted(progress: bool | Report | None) -> bool:
    """Whether to draw: as asked, or by default on a terminal and in a notebook."""
    console = Console(stderr=True)
    return bool(progress) if progress is not None else console.is_terminal or console.is_jupyter


@contextmanager
def reporter(progress: bool | Report | None, done: int, total: int) -> Iterator[Report]:
    """A function (points done, points in all) to call as the run goes on; `done` were there before it began."""
    if callable(progress):
        yield progress
    elif not wanted(progress):
        yield lambda done, total: None
    elif Console().is_jupyter:
        yield Cell(done)
    elif Console(stderr=True).is_terminal:
        with bar(done, total) as report:
            yield report
    else:
        yield Lines(done)


def speed(rate: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if rate >= size:
            return f"{rate / size:.3g} {unit} points/s"
    return f"{rate:.3g} points/s"


class Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(speed(task.speed or 0.0), style="progress.data.speed")


@contextmanager
def bar(done: int, total: int) -> Iterator[Report]:
    columns = (TextColumn("points"), BarColumn(), MofNCompleteColumn(), Speed(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("points", total=total, completed=done)
        yield lambda done, total: progress.update(task, completed=done, total=total)


class Pace:
    """Points a second since the start, in words with what is left."""

    def __init__(self, initial: int) -> None:
        self.initial, self.begun = initial, time.monotonic()

    def line(self, done: int, total: int) -> str:
        rate = (done - self.initial) / max(time.monotonic() - self.begun, 1e-9)
        left = f", {timedelta(seconds=round((total - done) / rate))} left" if rate and done < total else ""
        return f"{done:,} of {total:,} points ({done / max(total, 1):.0%}), {speed(rate)}{left}"


class Cell:
    """A bar in a notebook's cell, of plain HTML: rich's own needs ipywidgets, and leaves nothing in a saved notebook."""

    def __init__(self, initial: int) -> None:
        from IPython.display import DisplayHandle

        self.pace, self.shown, self.handle = Pace(initial), 0.0, DisplayHandle()
        self.handle.display({"text/plain": "points"}, raw=True)

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - self.shown < SECONDS_BETWEEN_DRAWINGS:
            return
        self.shown, line = now, self.pace.line(done, total)
        bar = f'<progress value="{done}" max="{max(total, 1)}" style="width: 20em"></progress> {line}'
        self.handle.update({"text/html": bar, "text/plain": line}, raw=True)


class Lines:
    """Plain lines for logs and pipes."""

    def __init__(self, initial: int) -> None:
        self.pace, self.tenth, self.said = Pace(initial), -1, time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        tenth = 10 * done // max(total, 1)
        if tenth == self.tenth and now - self.said < SECONDS_BETWEEN_LINES:
            return
        self.tenth, self.said = tenth, now
        with suppress(OSError):  # nobody listens any more; the work goes on
            print(self.pace.line(done, total), file=sys.stderr, flush=True)
