"""Another way to measure a family, of maps that lack what its own takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, eq=False)
class Otherwise:
    """Factories that measure a ModeObservable's variables of maps that lack what its own need."""

    needs: tuple[str, ...]
    start: Callable[..., Any]
    update: Callable[..., Any]
    finish: Callable[..., Any]
    renormalize: Callable[..., Any] | None = None
    at_record: Callable[..., Any] | None = None
