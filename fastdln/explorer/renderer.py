"""A thread that computes what was asked for last: what was asked before that is cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from fastdln.explorer.computing import Cancelled

# Computes one thing step by step, and looks now and then at whether it has been cancelled.
Work = Callable[[Cancelled], Iterator[Any]]
# Is given each step, or the error that ended them.
Deliver = Callable[[Any], None]


class Renderer:
    """Computes in a thread of its own, the newest first and nothing else."""

    def __init__(self, name: str) -> None:
        self._condition = threading.Condition()
        self._asked: tuple[int, Work, Deliver] | None = None
        self._generation, self._stopped = 0, False
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    def ask(self, work: Work, deliver: Deliver) -> None:
        """Computes this as soon as what runs has noticed that it is cancelled; its results alone are delivered from now on."""
        with self._condition:
            self._generation += 1
            self._asked = (self._generation, work, deliver)
            self._condition.notify()

    def stop(self) -> None:
        """Cancels what runs, and ends the thread."""
        with self._condition:
            self._generation += 1
            self._asked, self._stopped = None, True
            self._condition.notify()

    def join(self, seconds: float) -> None:
        """Waits for the thread to end."""
        self._thread.join(seconds)

    def _loop(self) -> None:
        while True:
            with self._condition:
                while self._asked is None:
                    if self._stopped:
                        return
                    self._condition.wait()
                generation, work, deliver = self._asked
                self._asked = None

            def cancelled(generation: int = generation) -> bool:
                return self._generation != generation

            try:
                for step in work(cancelled):
                    if cancelled():
                        break
                    deliver(step)
            except Exception as error:
                if not cancelled():
                    deliver(error)
