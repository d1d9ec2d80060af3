"""Arguments of the public functions, checked before anything else: one line names what is wrong, and what would be right."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastdln.errors import StoreError, SweepError
from fastdln.storage import foreign
from fastdln.sweep.schema import Sweep
from fastdln.sweep.values import shown

StorePath = str | os.PathLike[str]
SweepPath = str | os.PathLike[str]


def as_sweep(given: Any) -> Sweep:
    """A sweep, or that of a TOML file's path."""
    if isinstance(given, Sweep):
        foreign.refuse(given)
        return given
    if isinstance(given, str | os.PathLike):
        return Sweep.from_file(given)
    hint = "; fastdln.Sweep(**keys) makes one of a dict" if isinstance(given, Mapping) else ""
    raise SweepError(f"sweep: must be a fastdln.Sweep, or the path of a TOML file {shown(given)}{hint}")


def as_store_name(given: Any, name: str = "store") -> str:
    """The path or URL of a store."""
    text = os.fspath(given) if isinstance(given, str | os.PathLike) else given
    if not isinstance(text, str):
        raise StoreError(f"{name}: must be a path or a URL {shown(given)}")
    if not text:
        raise StoreError(f"{name}: is empty; give a path or a URL, such as out.zarr")
    return text


def check_options(options: Any) -> None:
    """Refuses what are no options of an object store."""
    sound = options is None or isinstance(options, Mapping)
    if not sound or not all(isinstance(key, str) for key in options or ()):
        raise SweepError(f"storage_options: must be a dict, such as {{'endpoint': 'https://host'}} {shown(options)}")


def check_progress(progress: Any) -> None:
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise SweepError(
            f"progress: must be True, False, None or a function of (points done, points in all) {shown(progress)}"
        )


@dataclass(frozen=True, eq=False)
class RunOptions:
    """The keywords of `fastdln.run` that say how to compute; none of them changes the results."""

    scheduler: Any = None
    workers: int | None = None
    dashboard: bool = False
    part: str | None = None
    fail_fast: bool = False
    durable: bool = False
    storage_options: Mapping[str, Any] | None = None
    progress: Any = None
    on_event: Any = None

    def check(self) -> None:
        """SweepError, naming the keyword, for what makes no sense."""
        for name in ("dashboard", "fail_fast", "durable"):
            if not isinstance(flag := getattr(self, name), bool):
                raise SweepError(f"{name}: must be True or False {shown(flag)}")
        if self.part is not None and not isinstance(self.part, str):
            raise SweepError(f'part: must be "K/N", such as "2/8" {shown(self.part)}')
        scheduler = self.scheduler
        if not (scheduler is None or isinstance(scheduler, str) or hasattr(scheduler, "scheduler_info")):
            raise SweepError(
                f'scheduler: must be an address, such as "tcp://host:8786", or a distributed.Client {shown(scheduler)}'
            )
        if not (self.on_event is None or callable(self.on_event)):
            raise SweepError(f"on_event: must be a function of an event {shown(self.on_event)}")
        check_options(self.storage_options)
        check_progress(self.progress)
