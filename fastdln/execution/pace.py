"""The pace of a run, in points a second; waiting and compiling do not count."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta


class Pace:
    """Points a second since the first chunk began; `done` were there before.

    Points that are done while it is paused do not count, nor does the time.
    """

    def __init__(self, done: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._done = done
        self._points, self._seconds = 0, 0.0
        self._since: float | None = None
        self._pauses = 0

    def start(self, ago: float = 0.0) -> None:
        """The first chunk began so many seconds ago; said again, it changes nothing."""
        with self._lock:
            if self._since is None:
                self._since = self._clock() - ago

    def reached(self, done: int) -> None:
        """So many points are done now."""
        with self._lock:
            self._points += 0 if self._pauses else done - self._done
            self._done = done

    @contextmanager
    def paused(self) -> Iterator[None]:
        with self._lock:
            if not self._pauses and self._since is not None:
                self._seconds += self._clock() - self._since
            self._pauses += 1
        try:
            yield
        finally:
            with self._lock:
                self._pauses -= 1
                if not self._pauses and self._since is not None:
                    self._since = self._clock()

    def rate(self) -> float | None:
        """Points a second; None as long as nobody can know."""
        with self._lock:
            if self._since is None or not self._points:
                return None
            running = 0.0 if self._pauses else self._clock() - self._since
            return self._points / max(self._seconds + running, 1e-9)

    def left(self, total: int) -> float | None:
        """Seconds until all are done; None as long as nobody can know."""
        rate = self.rate()
        return None if rate is None else (total - self._done) / rate


def speed(rate: float) -> str:
    """A rate to three digits with its prefix; Dask formats bytes and times only."""
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
