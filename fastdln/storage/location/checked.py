"""Zarr's view of a store whose metadata have been checked: what was checked is what Zarr reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numcodecs.zstd import Zstd
from zarr.abc.store import RangeByteRequest, Store
from zarr.storage import WrapperStore

from fastdln.storage.location.protocol import ROOT

# A zstd frame's first bytes, and how far its header reaches.
MAGIC, HEADER = bytes.fromhex("28b52ffd"), 18

# The bytes of a CRC-32C at the end of a file.
CHECKSUM = 4

# The offset of a chunk that a shard does not have.
ABSENT = 2**64 - 1


class Checked(WrapperStore[Store]):
    """A location's Zarr store with the root's metadata as given instead of what lies there now.

    decoded: by the array's name, the bytes that a chunk decodes to and, of shards, how many chunks each has, or 0. A chunk of
    zstd that says that it will be anything else is not decoded, since a small file can become a very large one. exact: what the
    one chunk of an array of text decodes to, or is not read: its lengths are not for Zarr to believe.
    """

    def __init__(
        self,
        store: Store,
        root: bytes,
        decoded: Mapping[str, tuple[int, int]],
        exact: Mapping[str, bytes] | None = None,
    ) -> None:
        super().__init__(store)
        self._root, self._decoded, self._exact = root, dict(decoded), dict(exact or {})

    def _with_store(self, store: Store) -> Self:
        return type(self)(store, self._root, self._decoded, self._exact)

    async def get(self, key: str, prototype: Any, byte_range: Any = None) -> Any:
        if key == ROOT and byte_range is None:
            return prototype.buffer.from_bytes(self._root)
        data = await super().get(key, prototype, byte_range)
        name = key.partition("/")[0]
        if data is not None and name in self._decoded and not key.endswith(ROOT):
            wanted, inner = self._decoded[name]
            for first in chunk_starts(data, inner, byte_range):
                size = decoded_size(data[first : first + HEADER].to_bytes())
                if size != wanted:
                    raise ValueError(f"says that it decodes to {size} bytes, and not to {wanted}")
            if name in self._exact and decoded_text(data.to_bytes()) != self._exact[name]:
                raise ValueError("is not the text that the sweep says")
        return data


def chunk_starts(data: Any, inner: int, byte_range: Any) -> list[int]:
    """Where chunks begin in the bytes of a file; of a shard, its index at the end says so, and Zarr reads both by ranges too."""
    if not inner or isinstance(byte_range, RangeByteRequest):
        return [0]
    index = 16 * inner + 4  # an offset and a length each, and a checksum, which Zarr looks at
    if byte_range is not None or len(data) < index:
        return []
    offsets = np.frombuffer(data[len(data) - index : len(data) - 4].to_bytes(), "<u8")[::2]
    return [int(first) for first in offsets if first != ABSENT]


def decoded_text(data: bytes) -> bytes:
    """What a file of zstd, whose size has been looked at, and a checksum decodes to."""
    try:
        return bytes(Zstd().decode(data[:-CHECKSUM]))
    except RuntimeError as error:
        raise ValueError(f"cannot be decoded: {error}") from None


def decoded_size(header: bytes) -> int | None:
    """What a frame of zstd says that it decodes to (RFC 8878, section 3.1.1.1); None if it does not, or is none."""
    if len(header) < 5 or header[:4] != MAGIC:
        return None
    single, flag, dictionary = header[4] >> 5 & 1, header[4] >> 6, header[4] & 3
    if not single and not flag:
        return None
    first = 5 + (not single) + (0, 1, 2, 4)[dictionary]
    length = 1 << flag
    if len(header) < first + length:
        return None
    size = int.from_bytes(header[first : first + length], "little")
    return size + 256 if length == 2 else size
