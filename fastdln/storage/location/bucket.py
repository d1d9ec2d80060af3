"""A store in a bucket of an object store: S3 and what speaks its language, Google Cloud Storage, Azure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import obstore
from obstore.exceptions import AlreadyExistsError

from fastdln.errors import StoreError
from fastdln.storage.location.bounded_objects import BoundedObjects, beyond
from fastdln.storage.location.connection import connected, meet
from fastdln.storage.location.object_lock import ObjectLock, living
from fastdln.storage.location.protocol import LARGEST_METADATA, ROOT, Interval, Lock, OccupiedError, Unlocked


@dataclass(frozen=True)
class Bucket:
    """The keys below a URL; `options` as obstore or s3fs spell them, and what is left out from the environment."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)  # keys are among them
    met: bool = field(default=False, repr=False, compare=False)
    shared: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _ = self._unmet  # refuses a URL or an option that it does not know

    @cached_property
    def _unmet(self) -> Any:
        return connected(self.name.rstrip("/"), self.options)

    @cached_property
    def objects(self) -> Any:
        """For people who wait, the first contact is brief; workers come later, and wait as a run does."""
        if not self.met:
            meet(self.name.rstrip("/"), self.options, ROOT)
        return self._unmet

    @cached_property
    def locks(self) -> Any:
        """Beside the store, so that a listing of it finds nothing but Zarr's own keys."""
        return connected(self.name.rstrip("/") + ".lock", self.options)

    def absolute(self) -> Bucket:
        return self

    def child(self, name: str) -> Bucket:
        return Bucket(f"{self.name.rstrip('/')}/{name}", self.options, self.met)

    def __getstate__(self) -> dict[str, Any]:
        return {"name": self.name, "options": dict(self.options), "met": True}  # connections stay where they are

    def zarr(
        self, *, durable: bool = False, read_only: bool = False, limits: Mapping[str, int] | None = None
    ) -> BoundedObjects:
        """Object stores are durable in any case."""
        return BoundedObjects(self.objects, read_only=read_only, limits=limits)

    def occupied(self) -> bool:
        return self.read(ROOT) is not None

    def keys(self, prefix: str) -> Iterator[str]:
        for batch in obstore.list(self.objects, prefix=prefix or None):
            yield from (found["path"] for found in batch)

    def read(self, key: str, most: int = LARGEST_METADATA) -> bytes | None:
        try:
            found = obstore.get(self.objects, key)
        except FileNotFoundError:
            return None
        if too_large := beyond(key, found.meta["size"], most):
            raise StoreError(f"{self.name}: {too_large}")
        return bytes(found.bytes())

    def size(self, key: str) -> int | None:
        try:
            return int(obstore.head(self.objects, key)["size"])
        except FileNotFoundError:
            return None

    def write(self, key: str, data: bytes, *, durable: bool = False) -> None:
        obstore.put(self.objects, key, data)

    def delete(self, key: str) -> None:
        with suppress(FileNotFoundError):
            obstore.delete(self.objects, key)

    def create(self, entries: Mapping[str, bytes], interval: Interval, *, durable: bool = False) -> Lock:
        """The root comes last: without it there is no store, and the next run goes over what a kill left."""
        lock = self.lock(interval)
        try:
            if self.occupied():
                raise OccupiedError
            foreign = next((key for key in self.keys("") if key not in entries), None)
            if foreign:
                raise StoreError(
                    f"{self.name}: holds something else than a fastdln store ({foreign}); give another URL"
                )
            for key, data in entries.items():
                if key != ROOT:
                    self.write(key, data)
            try:
                obstore.put(self.objects, ROOT, entries[ROOT], mode="create")
            except AlreadyExistsError:
                raise OccupiedError from None
        except BaseException:
            lock.release()
            raise
        return lock

    def lock(self, interval: Interval) -> Lock:
        if interval[0] == interval[1]:  # more shares than chunks
            return Unlocked()
        return ObjectLock(self.name, self.locks, interval)

    def in_use(self) -> bool:
        return any(True for _ in living(self.locks))

    def clear_leftovers(self, others_run: bool) -> None:
        """A killed upload leaves nothing."""
