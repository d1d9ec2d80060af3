"""Zarr's view of a bucket that takes objects of a bounded size only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import obstore
from zarr.abc.store import RangeByteRequest
from zarr.storage import ObjectStore

from fastdln.storage.location.protocol import LARGEST_METADATA


class BoundedObjects(ObjectStore[Any]):
    """A bucket's objects; ValueError, before it is read, for one that is larger than it can be.

    limits: the most bytes of an object of an array, by the array's name; of others LARGEST_METADATA.
    """

    def __init__(self, store: Any, *, read_only: bool = False, limits: Mapping[str, int] | None = None) -> None:
        super().__init__(store, read_only=read_only)
        self._limits = dict(limits or {})

    def with_read_only(self, read_only: bool = False) -> Self:
        return type(self)(self.store, read_only=read_only, limits=self._limits)

    async def get(self, key: str, prototype: Any, byte_range: Any = None) -> Any:
        most = max(self._limits.get(key.partition("/")[0], 0), LARGEST_METADATA)
        if byte_range is None:
            try:
                found = await obstore.get_async(self.store, key)
            except FileNotFoundError:
                return None
            if too_large := beyond(key, found.meta["size"], most):
                raise ValueError(too_large)
            return prototype.buffer.from_bytes(await found.bytes_async())
        if isinstance(byte_range, RangeByteRequest) and (
            too_large := beyond(key, byte_range.end - byte_range.start, most)
        ):
            raise ValueError(too_large)
        return await super().get(key, prototype, byte_range)


def beyond(key: str, size: int, most: int) -> str:
    """What is to be said of an object that is too large; nothing of others."""
    return f"{key} has {size:,} bytes, more than the {most:,} that one of a store may have" if size > most else ""
