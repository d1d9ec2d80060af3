"""Changes of the whole process, such as a logger's level, that last while some run wants them.

Two runs in two threads would each restore what the other had changed; here the first changes it and the last restores it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock

Undo = Callable[[], object]


class ProcessChange:
    """A context that shares a change: `change` makes it and returns what undoes it."""

    def __init__(self, change: Callable[[], Undo]) -> None:
        self._change, self._users = change, 0
        self._lock = RLock()  # a context that is given up may end in the garbage collector, inside of any call

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if not self._users:
                self._undo = self._change()
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._undo()
