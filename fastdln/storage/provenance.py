"""Versions that made a store: a line of its history for each run, and how they differ from those here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

LIBRARIES = ("numba", "numpy", "xarray", "zarr")

# Those that may change the bits of a result.
OF_RESULTS = ("numba", "numpy")

# Thousands of jobs may go on with a store; the first line and so many of the last are kept.
LINES = 100

# What a version may be as long as; attributes may have been edited.
LONGEST_VERSION = 40


def source() -> str:
    return f"fastdln {version('fastdln')}"


def now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def created() -> dict[str, str]:
    """Root attributes of a new store."""
    mine = source()
    return {
        "source": mine,
        "history": f"{now()} created by {mine}",
        **{f"{name}_version": version(name) for name in LIBRARIES},
    }


def continued(history: Any) -> str:
    """The history with a line for a run that goes on from here."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return appended(history, f"continued by {source()} ({libraries})")


def extended(history: Any) -> str:
    """The history with a line for an extension."""
    return appended(history, f"extended by {source()}")


def appended(history: Any, event: str) -> str:
    """The history with a further line; of a long one the first line and the last ones are kept."""
    before = history.splitlines() if isinstance(history, str) else []
    if len(before) > LINES:
        before = [before[0], *before[1 - LINES :]]
    return "\n".join([*before, f"{now()} {event}"])


def difference(attributes: Mapping[str, Any]) -> str | None:
    """A line about versions that may change bits and differ from those that made the store; None if none do."""
    mine = {"source": source()} | {f"{name}_version": version(name) for name in OF_RESULTS}
    before, after = [], []
    for (key, here), name in zip(mine.items(), ("", *OF_RESULTS), strict=True):
        there = attributes.get(key)
        if isinstance(there, str) and there != here:
            before.append(f"{name} {there[:LONGEST_VERSION]!a}".replace("'", "").strip())
            after.append(f"{name} {here}".strip())
    if not before:
        return None
    return (
        f"was made with {', '.join(before)} and goes on with {', '.join(after)}: results may differ in their last bits"
    )
