"""Zarr's view of a store whose metadata have been checked: what was checked is what Zarr reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from zarr.abc.store import Store
from zarr.storage import WrapperStore

from fastdln.places.place import ROOT

# A zstd frame's first bytes, and how far its header reaches.
MAGIC, HEADER = bytes.fromhex("28b52ffd"), 18


class Checked(WrapperStore[Store]):
    """A place's Zarr store with the root's metadata as given instead of what lies there now.

    decoded: the bytes of each array's chunk, by the array's name. A chunk of zstd that says that it will be anything else is
    not decoded, since a small file can become a very large one.
    """

    def __init__(self, store: Store, root: bytes, decoded: Mapping[str, int]) -> None:
        super().__init__(store)
        self._root, self._decoded = root, dict(decoded)

    def _with_store(self, store: Store) -> Self:
        return type(self)(store, self._root, self._decoded)

    async def get(self, key: str, prototype: Any, byte_range: Any = None) -> Any:
        if key == ROOT and byte_range is None:
            return prototype.buffer.from_bytes(self._root)
        data = await super().get(key, prototype, byte_range)
        wanted = self._decoded.get(key.partition("/")[0])
        if data is not None and wanted is not None and not key.endswith(ROOT):
            size = decoded_size(data[:HEADER].to_bytes())
            if size != wanted:
                raise ValueError(f"says that it decodes to {size} bytes, and not to {wanted}")
        return data


def decoded_size(header: bytes) -> int | None:
    """What a frame of zstd says that it decodes to (RFC 8878, section 3.1.1.1); None if it does not, or is none."""
    if len(header) < HEADER or header[:4] != MAGIC:
        return None
    single, flag, dictionary = header[4] >> 5 & 1, header[4] >> 6, header[4] & 3
    if not single and not flag:
        return None
    first = 5 + (not single) + (0, 1, 2, 4)[dictionary]
    length = 1 << flag
    size = int.from_bytes(header[first : first + length], "little")
    return size + 256 if length == 2 else size
