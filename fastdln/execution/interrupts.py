"""Interrupts that come while LLVM calls back into Python, where nothing can be raised: kept, and raised afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """Raises KeyboardInterrupt at the end, in place of what else is raised for want of what an interrupt cut short."""
    before, interrupted = sys.unraisablehook, False

    def keep(raised: Any) -> None:
        nonlocal interrupted
        if issubclass(raised.exc_type, KeyboardInterrupt):
            interrupted = True
        else:
            before(raised)

    sys.unraisablehook = keep
    try:
        yield
    except Exception:
        if not interrupted:
            raise
    finally:
        sys.unraisablehook = before
    if interrupted:
        raise KeyboardInterrupt
