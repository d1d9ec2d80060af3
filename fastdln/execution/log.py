"""The log of a run, through Python's logging: each chunk with its times, each failure with its traceback.

The logger is called "fastdln"; records carry what they say as a dict in `record.event`.
"""

from __future__ import annotations

import json
import logging
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastdln import files
from fastdln.execution.events import (
    ChunkDone,
    ChunkEvent,
    ChunkFailed,
    Event,
    KernelsCompiled,
    Progress,
    RunBegun,
    RunEnded,
)
from fastdln.execution.process_state import ProcessChange, Undo
from fastdln.sweep.grid import Grid
from fastdln.text import block

logger = logging.getLogger("fastdln")
logger.addHandler(logging.NullHandler())  # a library is silent where nobody has asked for its log

TIME, TIME_LENGTH = "%Y-%m-%dT%H:%M:%S", len("2026-01-01T00:00:00Z")

# The events that the log stores as JSON as well, for reports, and what parts that from the text before it.
BEGUN, CHUNK, ENDED, SEPARATOR = "begun", "chunk", "ended", "\t"


def tell(level: int, message: str, event: str, **content: Any) -> None:
    if logger.isEnabledFor(level):
        logger.log(level, message, extra={"event": {"event": event, **content}})


def log_event(event: Event, grid: Grid | None = None) -> None:
    """Logs an event; `grid`: says where a chunk lies."""
    match event:
        case RunBegun():
            message = (
                f"{event.store}: {event.points_left:,} of {event.points:,} points left, in {event.chunks_left:,} of "
                f"{event.chunks:,} chunks"
            )
            tell(logging.INFO, message, BEGUN, **asdict(event))
        case KernelsCompiled():
            seconds, plural = round(event.seconds, 6), "s" * (event.kernels != 1)
            message = f"compiled {event.kernels} kernel{plural} in {event.seconds:.3f} s"
            tell(logging.INFO, message, "compiled", kernels=event.kernels, seconds=seconds)
        case ChunkDone():
            seconds = event.ended - event.begun
            message = (
                f"chunk {event.number}: {event.points:,} points in {seconds:.3f} s, {event.kernel_seconds:.3f} s of it in the "
                f"kernel, by {event.worker}"
            )
            content = {
                "chunk": event.number,
                "where": bounds(event, grid),
                "points": event.points,
                "seconds": round(seconds, 6),
                "kernel_seconds": round(event.kernel_seconds, 6),
                "worker": event.worker,
            }
            tell(logging.INFO, message, CHUNK, **content)
        case ChunkFailed():
            reason = f"{type(event.error).__name__}: {event.error}"
            content = {
                "chunk": event.number,
                "where": bounds(event, grid),
                "error": reason,
                "traceback": event.traceback,
            }
            message = f"chunk {event.number} failed: {reason}\n{event.traceback}"
            tell(logging.ERROR, message, "chunk_failed", **content)
        case Progress():
            message = f"{event.points_done:,} of {event.points:,} points"
            tell(logging.DEBUG, message, "progress", **asdict(event))
        case RunEnded():
            level = logging.INFO if event.state == "complete" else logging.WARNING
            census = f"; {event.census}" if event.census else ""
            message = f"{event.store}: {event.state}, {event.points_left:,} points left{census}"
            tell(level, message, ENDED, **asdict(event) | {"seconds": round(event.seconds, 6)})


def bounds(event: ChunkEvent, grid: Grid | None) -> list[list[int]]:
    """Where a chunk lies: its first index, and the one after its last, along each dimension."""
    return [[part.start, part.stop] for part in grid.slices(event.number)] if grid else []


class AsJson(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        event = getattr(record, "event", None) or {"event": "message", "message": record.getMessage()}
        stamp = f"{time.strftime(TIME, time.gmtime(record.created))}.{int(record.msecs):03d}Z"
        content = {key: block(value) if isinstance(value, str) else value for key, value in event.items()}
        return json.dumps({"time": stamp, "level": record.levelname.lower(), **content})


class AsText(logging.Formatter):
    """A record as text for people; of a run's begin and end, and of a chunk, the event follows as JSON, for reports."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", f"{TIME}Z")

    def format(self, record: logging.LogRecord) -> str:
        event = getattr(record, "event", {})
        if event.get("event") not in (BEGUN, CHUNK, ENDED):
            return block(super().format(record))
        stored = {key: value for key, value in event.items() if key != "store"}  # which is said before, and may be long
        return f"{block(super().format(record))}{SEPARATOR}{json.dumps(stored)}"


class LogFile(logging.FileHandler):
    """Made with its first line. A log that cannot be written, on a full disk say, does not stop the work.

    Nothing is written through a link: whoever gave the store may have put one beside it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, delay=True)

    def _open(self) -> Any:
        return os.fdopen(files.appending(Path(self.baseFilename)), "a", encoding="utf-8")

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):
            super().emit(record)

    def close(self) -> None:
        with suppress(OSError):
            super().close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        pass


def listen() -> Undo:
    level = logger.level
    logger.setLevel(logging.DEBUG)
    return lambda: logger.setLevel(level)


listening = ProcessChange(listen)


@contextmanager
def kept(file: Path, as_json: bool) -> Iterator[None]:
    """Appends the log to a file; as_json: and lines of JSON to stderr. A log that leads elsewhere is not kept."""
    try:
        files.own(file)
    except OSError as error:
        if error.errno == 0 and not isinstance(error, IsADirectoryError):  # others may pass before the first line
            warnings.warn(f"{file}: {error.strerror}; this run keeps no log", stacklevel=2)
    handlers: list[logging.Handler] = [LogFile(file)]
    handlers[0].setFormatter(AsText())
    handlers[0].setLevel(logging.INFO)
    if as_json:
        handlers.append(logging.StreamHandler())
        handlers[1].setFormatter(AsJson())
    for handler in handlers:
        logger.addHandler(handler)
    try:
        with listening():
            yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
