"""Progress of a run on stderr: a bar on a terminal or in a notebook, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from html import escape
from typing import Protocol, runtime_checkable

from fastdln.execution.pace import Pace, line

Report = Callable[[int, int], None]

# A plain line at every tenth of the work, and at least this often.
SECONDS_BETWEEN_LINES = 30.0

# Each drawing is a message to the browser; more than a few a second are not seen.
SECONDS_BETWEEN_DRAWINGS = 0.2

# What is over sooner needs no line of its own; what is waited for longer has one as often as this.
SECONDS_BEFORE_A_LINE = 1.0
SECONDS_BETWEEN_WAITS = 3.0


@runtime_checkable
class Reporter(Protocol):
    """Called as (points done, points in all) while a run goes on."""

    def __call__(self, done: int, total: int) -> None: ...

    def wait(self, line: str) -> None:
        """Says what is waited for before there is anything to count, each line in the place of the last."""

    def end(self, line: str) -> None:
        """Says what has come of it, once the run has ended."""


class Callback:
    """Passes it on to a function of the user's, or to nobody."""

    def __init__(self, tell: Report = lambda done, total: None) -> None:
        self.tell = tell

    def __call__(self, done: int, total: int) -> None:
        self.tell(done, total)

    def wait(self, line: str) -> None: ...

    def end(self, line: str) -> None: ...


@contextmanager
def reporter(progress: bool | Report | None, done: int, total: int, pace: Pace | None = None) -> Iterator[Reporter]:
    """The reporter to call as the run goes on; `done` points were there before it began. pace: one that starts now if left out."""
    if pace is None:
        pace = Pace(done)
        pace.start()
    if callable(progress):
        yield progress if isinstance(progress, Reporter) else Callback(progress)
        return
    if progress is False:
        yield Callback()
        return
    from rich.console import Console  # a tenth of a second, which a quiet run need not wait

    console = Console(stderr=True)
    if progress is None and not (console.is_terminal or console.is_jupyter):
        yield Callback()
    elif Console().is_jupyter:
        yield NotebookBar(pace)
    elif console.is_terminal:
        from fastdln.execution.bar import Bar

        with Bar(pace, done, total) as bar:
            yield bar
    else:
        with PlainLines(pace) as lines:
            yield lines


class NotebookBar:
    """A bar in a notebook's cell, of plain HTML: rich's own needs ipywidgets, and leaves nothing in a saved notebook."""

    def __init__(self, pace: Pace) -> None:
        from IPython.display import DisplayHandle

        self.pace, self.shown, self.handle, self.last, self.words = pace, 0.0, DisplayHandle(), (0, 0), ""
        self.handle.display({"text/plain": "points"}, raw=True)

    def __call__(self, done: int, total: int) -> None:
        now, self.last = time.monotonic(), (done, total)
        if done < total and now - self.shown < SECONDS_BETWEEN_DRAWINGS:
            return
        self.shown = now
        self.words = line(self.pace, done, total)
        self.draw(self.words)

    def wait(self, line: str) -> None:
        self.draw(f"{line} ...")

    def end(self, line: str) -> None:
        self.draw(f"{self.words}\n{line}")

    def draw(self, words: str) -> None:
        done, total = self.last
        lines = escape(words).replace("\n", "<br>")
        bar = f'<progress value="{done}" max="{max(total, 1)}" style="width: 20em"></progress> {lines}'
        self.handle.update({"text/html": bar, "text/plain": words}, raw=True)


class PlainLines:
    """Plain lines for logs and pipes; a wait has one once it is more than a moment."""

    def __init__(self, pace: Pace) -> None:
        self.pace, self.tenth, self.said, self.waited = pace, -1, time.monotonic(), ""
        self.timer = threading.Timer(SECONDS_BEFORE_A_LINE, self.say_what_is_waited_for)
        self.timer.daemon = True

    def __enter__(self) -> PlainLines:
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

    def end(self, line: str) -> None:
        self.say(line)

    def say(self, words: str) -> None:
        with suppress(OSError):  # nobody listens any more; the work goes on
            print(words, file=sys.stderr, flush=True)
