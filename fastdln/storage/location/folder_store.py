"""Zarr's local store as this project uses it: plain files only, written whole, in the folder that it was opened on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.core.buffer import default_buffer_prototype
from zarr.storage import LocalStore

from fastdln.errors import StoreError
from fastdln.storage.location import regular_files
from fastdln.storage.location.protocol import LARGEST_METADATA


class FolderStore(LocalStore):
    """A folder's files as Zarr reads and writes them.

    limits: the most bytes of a file of an array, by the array's name; of others LARGEST_METADATA. A store that is written
    holds on to its folder: where another has come under the path, or none is there any more, nothing is written.
    """

    def __init__(
        self,
        root: Path | str,
        *,
        read_only: bool = False,
        durable: bool = False,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(root, read_only=read_only)
        self._durable, self._limits = durable, dict(limits or {})
        self._held = None if read_only else identity(self.root)

    def with_read_only(self, read_only: bool = False) -> Self:
        return type(self)(self.root, read_only=read_only, durable=self._durable, limits=self._limits)

    async def _open(self, **_: Any) -> None:
        self._ensure_open_sync()

    def _ensure_open_sync(self) -> None:
        """Zarr would make a folder that is not there."""
        if not self.root.is_dir():
            raise FileNotFoundError(f"{self.root} does not exist")
        self._is_open = True

    def get_sync(self, key: str, *, prototype: Any = None, byte_range: Any = None) -> Any:
        most = self._limits.get(key.partition("/")[0], 0)
        data = regular_files.read(self.root, key, max(most, LARGEST_METADATA), span(byte_range))
        return None if data is None else (prototype or default_buffer_prototype()).buffer.from_bytes(data)

    async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
        return await asyncio.to_thread(self.get_sync, key, prototype=prototype, byte_range=byte_range)

    async def get_partial_values(self, prototype: Any, key_ranges: Iterable[tuple[str, Any]]) -> list[Any]:
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    def set_sync(self, key: str, value: Any) -> None:
        self._check_writable()
        if self._held is None or identity(self.root) != self._held:
            raise lost(self.root)
        regular_files.write(self.root, key, value.to_bytes(), self._durable)

    async def set(self, key: str, value: Any) -> None:
        await asyncio.to_thread(self.set_sync, key, value)


def span(request: Any) -> tuple[int, int | None]:
    """The bytes that Zarr asks for."""
    if isinstance(request, RangeByteRequest):
        return request.start, request.end
    if isinstance(request, OffsetByteRequest):
        return request.offset, None
    if isinstance(request, SuffixByteRequest):
        return (-request.suffix, None) if request.suffix else (0, 0)
    return 0, None


def identity(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from every other that may come under its path; None if there is none."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def lost(folder: Path) -> StoreError:
    return StoreError(
        f"{folder}: was renamed, deleted or replaced while the run went on; nothing was written there since"
    )
