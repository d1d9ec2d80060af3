"""What the logs of a store's runs have stored, for its report. They lie beside the store, from anywhere: nothing in them is believed
that no run would have written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from fastdln import files
from fastdln.execution.log import BEGUN, CHUNK, ENDED, SEPARATOR, TIME_LENGTH
from fastdln.text import one_line

# Beyond what a chunk can have of points, or take of seconds.
MOST_COUNTED = 10**12

# Of a machine's name as a row has room for, and as many machines.
LONGEST_NAME, MOST_MACHINES = 200, 3

# A million chunks of a store make some 250 MB; what is logged of more is not told. A line of fifty axes has 1,200.
MOST_LOGS, MOST_BYTES, LONGEST_LINE = 10_000, 2**28, 4000


def logged(logs: Iterable[Path], since: str) -> list[tuple[str, str]]:
    """What logs have stored since a time, as rows of a table, each chunk once; no rows without any chunk or run."""
    chunks: dict[int, Chunk] = {}
    machines: dict[str, None] = {}
    seconds: list[float] = []
    for line in log_lines(islice(logs, MOST_LOGS)):
        if not (found := stored_event(line)) or found[0] < since:
            continue
        if chunk := stored_chunk(*found):
            chunks[chunk.number] = chunk
        elif machine := stored_machine(found[1]):
            machines[machine] = None
        elif (took := stored_seconds(found[1])) is not None:
            seconds.append(took)
    rows = [("machine", machine) for machine in list(machines)[:MOST_MACHINES]]
    if seconds:
        runs = "one run" if len(seconds) == 1 else f"{len(seconds):,} runs"
        rows.append(("time", f"{sum(seconds):,.1f} s in {runs}"))
    if chunks:
        times, _, points, in_chunks, kernel = zip(*chunks.values(), strict=True)
        threads = f"{sum(in_chunks):,.1f} s of all threads together, {sum(kernel):,.1f} s of it in the kernels"
        rows += [
            ("chunks logged", f"{len(chunks):,}, of {sum(points):,} points, between {min(times)} and {max(times)}"),
            ("time in chunks", threads),
        ]
    return rows


class Chunk(NamedTuple):
    """A chunk's event as a log has stored it."""

    time: str
    number: int
    points: int
    seconds: float
    kernel_seconds: float


def stored_event(line: str) -> tuple[str, dict[str, Any]] | None:
    """The event that ends a line of a log, and its time; None for other lines."""
    text, separator, stored = line.partition(SEPARATOR)
    moment = text.partition(" ")[0]
    if not separator or len(moment) != TIME_LENGTH:
        return None
    try:
        datetime.fromisoformat(moment)
        event = json.loads(stored)
    except (ValueError, RecursionError):
        return None
    return (moment, event) if isinstance(event, dict) else None


def stored_chunk(moment: str, event: dict[str, Any]) -> Chunk | None:
    """A chunk's event; None for others, and for what nobody has logged."""
    number, points = event.get("chunk"), event.get("points")
    seconds, kernel = event.get("seconds"), event.get("kernel_seconds")
    if event.get("event") != CHUNK or not (
        is_count(number) and is_count(points) and is_time(seconds) and is_time(kernel)
    ):
        return None
    return Chunk(moment, number, points, seconds, kernel)


def stored_machine(event: dict[str, Any]) -> str | None:
    """The machine on which a run began, and its threads."""
    machine, threads = event.get("machine"), event.get("threads")
    if event.get("event") != BEGUN or not isinstance(machine, str) or not machine:
        return None
    words = one_line(machine, LONGEST_NAME)
    return f"{words}, {threads:,} chunk{'s' * (threads != 1)} at once" if is_count(threads) and threads else words


def stored_seconds(event: dict[str, Any]) -> float | None:
    """The seconds that a run took which has ended."""
    seconds = event.get("seconds")
    return float(seconds) if event.get("event") == ENDED and is_time(seconds) else None


def is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < MOST_COUNTED


def is_time(value: Any) -> TypeGuard[float]:
    return type(value) in (int, float) and 0 <= value < MOST_COUNTED


def log_lines(logs: Iterable[Path]) -> Iterator[str]:
    """The lines of logs, which lie beside a store from anywhere: regular files, no links, and so many bytes in all."""
    left = MOST_BYTES
    for log in logs:
        with suppress(OSError, ValueError), files.opened(files.own(log), left) as file:
            while line := file.readline(LONGEST_LINE):
                left -= len(line)
                yield line.decode(errors="replace")
