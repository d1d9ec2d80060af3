"""The log of a run, through Python's logging: each chunk with its times, each failure with its traceback.

The logger is called "fastdln"; records carry what they say as a dict in `record.event`.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from fastdln import files
from fastdln.execution.process_state import Meanwhile, Undo
from fastdln.execution.threads import ChunkFailed, Event
from fastdln.text import block

logger = logging.getLogger("fastdln")
logger.addHandler(logging.NullHandler())  # a library is silent where nobody has asked for its log

TIME = "%Y-%m-%dT%H:%M:%S"


def tell(level: int, message: str, event: str, **content: Any) -> None:
    if logger.isEnabledFor(level):
        logger.log(level, message, extra={"event": {"event": event, **content}})


def begun(store: str, chunks: int, chunks_left: int, points: int, points_left: int) -> None:
    tell(
        logging.INFO,
        f"{store}: {points_left:,} of {points:,} points left, in {chunks_left:,} of {chunks:,} chunks",
        "begun",
        store=store,
        chunks=chunks,
        chunks_left=chunks_left,
        points=points,
        points_left=points_left,
    )


def of_chunk(event: Event, slices: tuple[slice, ...]) -> None:
    where = [[part.start, part.stop] for part in slices]
    if isinstance(event, ChunkFailed):
        reason = f"{type(event.error).__name__}: {event.error}"
        content = {"chunk": event.number, "where": where, "error": reason, "traceback": event.traceback}
        tell(logging.ERROR, f"chunk {event.number} failed: {reason}\n{event.traceback}", "chunk_failed", **content)
        return
    seconds = event.ended - event.begun
    tell(
        logging.INFO,
        f"chunk {event.number}: {event.points:,} points in {seconds:.3f} s, {event.kernel_seconds:.3f} s of it in the "
        f"kernel, by {event.worker}",
        "chunk",
        chunk=event.number,
        where=where,
        points=event.points,
        seconds=round(seconds, 6),
        kernel_seconds=round(event.kernel_seconds, 6),
        worker=event.worker,
    )


def compiled(kernels: int, seconds: float) -> None:
    tell(
        logging.INFO,
        f"compiled {kernels} kernel{'s' * (kernels != 1)} in {seconds:.3f} s",
        "compiled",
        kernels=kernels,
        seconds=round(seconds, 6),
    )


def progress(done: int, total: int, rate: float | None, left: float | None) -> None:
    """rate, left: None as long as nobody can know."""
    content = {"points_done": done, "points": total, "points_per_second": rate, "seconds_left": left}
    tell(logging.DEBUG, f"{done:,} of {total:,} points", "progress", **content)


def ended(store: str, state: str, points_left: int) -> None:
    level = logging.INFO if state == "complete" else logging.WARNING
    tell(
        level,
        f"{store}: {state}, {points_left:,} points left",
        "ended",
        store=store,
        state=state,
        points_left=points_left,
    )


class AsJson(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        event = getattr(record, "event", None) or {"event": "message", "message": record.getMessage()}
        stamp = f"{time.strftime(TIME, time.gmtime(record.created))}.{int(record.msecs):03d}Z"
        content = {key: block(value) if isinstance(value, str) else value for key, value in event.items()}
        return json.dumps({"time": stamp, "level": record.levelname.lower(), **content})


class AsText(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", f"{TIME}Z")

    def format(self, record: logging.LogRecord) -> str:
        return block(super().format(record))


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


# Ten million chunks; the report says nothing of what took more.
LARGEST_LOG = 2**30

# What AsText makes of a chunk's line.
CHUNK_LINE = re.compile(
    r"([0-9T:Z-]{20}) INFO chunk ([0-9]+): ([0-9,]+) points in ([0-9]+\.[0-9]+) s, ([0-9]+\.[0-9]+) s of it in the kernel"
)

# A million chunks of a store make some 120 MB; what is logged of more is not told.
MOST_LOGS, MOST_BYTES, LONGEST_LINE = 10_000, 2**27, 1000


def logged(logs: Iterable[Path], since: str) -> list[tuple[str, str]]:
    """What logs say of the work in all since a time, as rows of a table, each chunk once; none where they do not."""
    chunks: dict[int, tuple[str, int, float, float]] = {}
    for line in log_lines(islice(logs, MOST_LOGS)):
        if (found := CHUNK_LINE.match(line)) and found[1] >= since:
            chunks[int(found[2])] = found[1], int(found[3].replace(",", "") or 0), float(found[4]), float(found[5])
    if not chunks:
        return []
    times, points, seconds, kernel = zip(*chunks.values(), strict=True)
    return [
        ("chunks logged", f"{len(chunks):,}, of {sum(points):,} points, between {min(times)} and {max(times)}"),
        ("time in chunks", f"{sum(seconds):,.1f} s of all threads together, {sum(kernel):,.1f} s of it in the kernels"),
    ]


def listen() -> Undo:
    level = logger.level
    logger.setLevel(logging.DEBUG)
    return lambda: logger.setLevel(level)


listening = Meanwhile(listen)


def log_lines(logs: Iterable[Path]) -> Iterator[str]:
    """The lines of logs, which lie beside a store from anywhere: regular files, no links, and so many bytes in all."""
    left = MOST_BYTES
    for log in logs:
        with suppress(OSError, ValueError), files.opened(files.own(log), left) as file:
            while line := file.readline(LONGEST_LINE):
                left -= len(line)
                yield line.decode(errors="replace")


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
