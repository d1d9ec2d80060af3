"""The methods of every location for a store; a kind of location is one file beside this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

# Chunks by their position in the order in which shares are dealt (shares.py): from the first to before the last.
Interval = tuple[int, int]

# Overlaps every interval that a store can have.
WHOLE: Interval = (0, 2**62)

# Root metadata: what makes a location a store, and therefore written last.
ROOT = "zarr.json"

# Metadata have one line a matrix's number at most; what Python makes of so many bytes of JSON stays below 1 GB.
LARGEST_METADATA = 64 * 2**20


class OccupiedError(Exception):
    """Something came to be at the location while a store was being made for it."""


class Lock(Protocol):
    """Keeps other runs off an interval of chunks until it is released; after a kill, for a minute at most."""

    def check(self) -> None:
        """IncompleteError if the lock was lost to another run."""

    def release(self) -> None: ...


class Unlocked:
    """A lock where there is nobody to keep off."""

    def check(self) -> None: ...

    def release(self) -> None: ...


class Location(Protocol):
    """Where a store lies. Keys are Zarr's, with slashes; a write replaces a key whole or not at all."""

    @property
    def name(self) -> str:
        """As the user would type it."""

    @property
    def shared(self) -> bool:
        """Whether other processes can write there."""

    def absolute(self) -> Location:
        """The same location, named so that processes elsewhere find it."""

    def child(self, name: str) -> Location:
        """The location of a store that lies in this one's group."""

    def zarr(self, *, durable: bool = False, read_only: bool = False, limits: Mapping[str, int] | None = None) -> Any:
        """Zarr's own store for this location; `limits`: the most bytes that a file of an array may have, by its name."""

    def occupied(self) -> bool: ...

    def keys(self, prefix: str) -> Iterator[str]: ...

    def read(self, key: str, most: int = LARGEST_METADATA) -> bytes | None:
        """What is under a key, None if there is nothing; StoreError if it is larger than `most` bytes."""

    def size(self, key: str) -> int | None:
        """The bytes under a key, counted; None if there is nothing."""

    def write(self, key: str, data: bytes, *, durable: bool = False) -> None: ...

    def delete(self, key: str) -> None: ...

    def create(self, entries: Mapping[str, bytes], interval: Interval, *, durable: bool = False) -> Lock:
        """Makes a store of these keys, `ROOT` among them, whole or not at all; OccupiedError if another was faster."""

    def lock(self, interval: Interval) -> Lock:
        """StoreError if another run holds a part of the interval."""

    def in_use(self) -> bool:
        """Whether a run holds any part of the store."""

    def clear_leftovers(self, others_run: bool) -> None:
        """Removes what killed writes left; `others_run`: beside this one there may be runs on other intervals."""
