"""How far a run is, on stderr: a bar on a terminal or in a notebook, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from fastdln.pace import Pace

Report = Callable[[int, int], None]

# A plain line at every tenth of the work, and at least this often.
SECONDS_BETWEEN_LINES = 30.0

# Each drawing is a message to the browser; more than a few a second are not seen.
SECONDS_BETWEEN_DRAWINGS = 0.2

# What is over sooner needs no line of its own; what is waited for longer has one as often as this.
SECONDS_BEFORE_A_LINE = 1.0
SECONDS_BETWEEN_WAITS = 3.0


class Reporter:
    """Called as (points done, points in all) while a run goes on; this one tells nobody."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace

    def __call__(self, done: int, total: int) -> None: ...

    def wait(self, line: str) -> None:
        """Says what is waited for before there is anything to count, each line in the place of the last."""


class Told(Reporter):
    """Passes it on to a function of the user's."""

    def __init__(self, pace: Pace, tell: Report) -> None:
        super().__init__(pace)
        self.tell = tell

    def __call__(self, done: int, total: int) -> None:
        self.tell(done, total)


def wanted(progress: bool | Report | None) -> bool:
    """Whether to draw: as asked, or by default on a terminal and in a notebook."""
    console = Console(stderr=True)
    return bool(progress) if progress is not None else console.is_terminal or console.is_jupyter


@contextmanager
def reporter(progress: bool | Report | None, done: int, total: int, pace: Pace | None = None) -> Iterator[Reporter]:
    """What to call as the run goes on; `done` points were there before it began. pace: one that starts now if left out."""
    if pace is None:
        pace = Pace(done)
        pace.start()
    if callable(progress):
        yield Told(pace, progress)
    elif not wanted(progress):
        yield Reporter(pace)
    elif Console().is_jupyter:
        yield Cell(pace)
    elif Console(stderr=True).is_terminal:
        with Bar(pace, done, total) as bar:
            yield bar
    else:
        with Lines(pace) as lines:
            yield lines


def speed(rate: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if rate >= size:
            return f"{rate / size:.3g} {unit} points/s"
    return f"{rate:.3g} points/s"


def pace_in_words(pace: Pace, done: int, total: int) -> str:
    """The speed and the time left, as far as they are known."""
    rate, left = pace.rate(), pace.left(total)
    if rate is None or left is None:
        return ""
    return speed(rate) + (f", {timedelta(seconds=round(left))} left" if done < total else "")


def line(pace: Pace, done: int, total: int) -> str:
    words = pace_in_words(pace, done, total)
    return f"{done:,} of {total:,} points ({done / max(total, 1):.0%})" + (f", {words}" if words else "")


class PaceColumn(ProgressColumn):
    """The pace."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self.pace = pace

    def render(self, task: Task) -> Text:
        words = pace_in_words(self.pace, int(task.completed), int(task.total or 0))
        return Text(words, style="progress.data.speed")


class Bar(Reporter):
    """A bar on a terminal."""

    def __init__(self, pace: Pace, done: int, total: int) -> None:
        super().__init__(pace)
        self.column = PaceColumn(pace)
        columns = (TextColumn("points"), BarColumn(), MofNCompleteColumn(), self.column)
        console = Console(stderr=True)
        self.drawn, self.waited = Progress(*columns, console=console), console.status("")
        self.task = self.drawn.add_task("points", total=total, completed=done)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *exception: object) -> None:
        self.waited.stop()
        self.drawn.stop()

    def wait(self, line: str) -> None:
        self.waited.update(f"{line} ...")
        self.waited.start()

    def __call__(self, done: int, total: int) -> None:
        self.waited.stop()
        self.drawn.start()
        self.drawn.update(self.task, completed=done, total=total)


class Cell(Reporter):
    """A bar in a notebook's cell, of plain HTML: rich's own needs ipywidgets, and leaves nothing in a saved notebook."""

    def __init__(self, pace: Pace) -> None:
        from IPython.display import DisplayHandle

        super().__init__(pace)
        self.shown, self.handle, self.last = 0.0, DisplayHandle(), (0, 0)
        self.handle.display({"text/plain": "points"}, raw=True)

    def __call__(self, done: int, total: int) -> None:
        now, self.last = time.monotonic(), (done, total)
        if done < total and now - self.shown < SECONDS_BETWEEN_DRAWINGS:
            return
        self.shown = now
        self.draw(line(self.pace, done, total))

    def wait(self, line: str) -> None:
        self.draw(f"{line} ...")

    def draw(self, words: str) -> None:
        done, total = self.last
        bar = f'<progress value="{done}" max="{max(total, 1)}" style="width: 20em"></progress> {words}'
        self.handle.update({"text/html": bar, "text/plain": words}, raw=True)


class Lines(Reporter):
    """Plain lines for logs and pipes; a wait has one once it is more than a moment."""

    def __init__(self, pace: Pace) -> None:
        super().__init__(pace)
        self.tenth, self.said, self.waited = -1, time.monotonic(), ""
        self.timer = threading.Timer(SECONDS_BEFORE_A_LINE, self.say_what_is_waited_for)
        self.timer.daemon = True

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *exception: object) -> None:
        self.timer.cancel()

    def wait(self, line: str) -> None:
        if not self.waited:
            self.timer.start()
        self.waited = f"{line} ..."
        if time.monotonic() - self.said > SECONDS_BETWEEN_WAITS:
            self.say_what_is_waited_for()

    def say_what_is_waited_for(self) -> None:
        self.said = time.monotonic()
        self.say(self.waited)

    def __call__(self, done: int, total: int) -> None:
        self.timer.cancel()
        now = time.monotonic()
        tenth = 10 * done // max(total, 1)
        if tenth == self.tenth and now - self.said < SECONDS_BETWEEN_LINES:
            return
        self.tenth, self.said = tenth, now
        self.say(line(self.pace, done, total))

    def say(self, words: str) -> None:
        with suppress(OSError):  # nobody listens any more; the work goes on
            print(words, file=sys.stderr, flush=True)
