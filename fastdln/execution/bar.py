"""A progress bar on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from fastdln.execution.pace import Pace, pace_in_words


class PaceColumn(ProgressColumn):
    """The pace."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self.pace = pace

    def render(self, task: Task) -> Text:
        words = pace_in_words(self.pace, int(task.completed), int(task.total or 0))
        return Text(words, style="progress.data.speed")


class Bar:
    """A bar on a terminal."""

    def __init__(self, pace: Pace, done: int, total: int) -> None:
        self.pace, self.column = pace, PaceColumn(pace)
        columns = (TextColumn("points"), BarColumn(), MofNCompleteColumn(), self.column)
        console = Console(stderr=True)
        self.console, self.drawn, self.waited = console, Progress(*columns, console=console), console.status("")
        self.task = self.drawn.add_task("points", total=total, completed=done)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *exception: object) -> None:
        self.waited.stop()
        self.drawn.stop()

    def wait(self, line: str) -> None:
        self.waited.update(f"{line} ...")
        self.waited.start()

    def end(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def __call__(self, done: int, total: int) -> None:
        self.waited.stop()
        self.drawn.start()
        self.drawn.update(self.task, completed=done, total=total)
