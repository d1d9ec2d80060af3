"""A store in the memory of this process, for runs whose results nobody wants on disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from zarr.core.buffer import default_buffer_prototype
from zarr.storage import MemoryStore

from fastdln.storage.location.protocol import LARGEST_METADATA, Interval, Unlocked


class Memory:
    """Keys in a dict."""

    name, shared = "memory", False

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def absolute(self) -> Memory:
        return self

    def zarr(
        self, *, durable: bool = False, read_only: bool = False, limits: Mapping[str, int] | None = None
    ) -> MemoryStore:
        return MemoryStore(self._kept, read_only=read_only)

    def occupied(self) -> bool:
        return bool(self._kept)

    def keys(self, prefix: str) -> Iterator[str]:
        return (key for key in list(self._kept) if key.startswith(prefix))

    def read(self, key: str, most: int = LARGEST_METADATA) -> bytes | None:
        data: bytes | None = self._kept[key].to_bytes() if key in self._kept else None
        return data

    def size(self, key: str) -> int | None:
        return len(self._kept[key]) if key in self._kept else None

    def write(self, key: str, data: bytes, *, durable: bool = False) -> None:
        self._kept[key] = default_buffer_prototype().buffer.from_bytes(data)

    def delete(self, key: str) -> None:
        self._kept.pop(key, None)

    def create(self, entries: Mapping[str, bytes], interval: Interval, *, durable: bool = False) -> Unlocked:
        for key, data in entries.items():
            self.write(key, data)
        return Unlocked()

    def lock(self, interval: Interval) -> Unlocked:
        return Unlocked()

    def in_use(self) -> bool:
        return False

    def clear_leftovers(self, others_run: bool) -> None:
        """There are none."""
