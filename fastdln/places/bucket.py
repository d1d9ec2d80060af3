"""A store in a bucket of an object store: S3 and what speaks its language, Google Cloud Storage, Azure."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar
from uuid import uuid4

from zarr.storage import ObjectStore

from fastdln.errors import IncompleteError, StoreError, first_line
from fastdln.places.place import LARGEST_METADATA, ROOT, Interval, Lock, OccupiedError, Unlocked

try:
    import obstore
    from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
    from obstore.store import from_url
except ImportError:
    raise StoreError("stores by URL need obstore: pip install 'fastdln[cloud]'") from None

# A lock that its run has not renewed for so long is free: longer than the clocks of two machines differ, short enough to
# wait for after a kill. It is renewed four times as often.
LOCK_SECONDS = 60.0
# Between finding a lock expired and taking it over another run may do the same.
ATTEMPTS = 3
RETRIES: Any = {"max_retries": 5, "retry_timeout": timedelta(seconds=60)}

# What fsspec and s3fs call the options of obstore.
SPELLINGS = {
    "key": "access_key_id",
    "secret": "secret_access_key",
    "token": "session_token",
    "anon": "skip_signature",
    "endpoint_url": "endpoint",
    "region_name": "region",
}


@dataclass(frozen=True)
class Bucket:
    """The keys below a URL; `options` as obstore or s3fs spell them, and what is left out from the environment."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    shared: ClassVar[bool] = True

    @cached_property
    def objects(self) -> Any:
        return connect(self.name.rstrip("/"), self.options)

    @cached_property
    def locks(self) -> Any:
        """Beside the store, so that a listing of it finds nothing but Zarr's own keys."""
        return connect(self.name.rstrip("/") + ".lock", self.options)

    def absolute(self) -> Bucket:
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {"name": self.name, "options": dict(self.options)}  # connections stay where they are

    def zarr(
        self, *, durable: bool = False, read_only: bool = False, limits: Mapping[str, int] | None = None
    ) -> ObjectStore[Any]:
        """Object stores are durable in any case."""
        return ObjectStore(self.objects, read_only=read_only)

    def occupied(self) -> bool:
        return self.read(ROOT) is not None

    def keys(self, prefix: str) -> Iterator[str]:
        for batch in obstore.list(self.objects, prefix=prefix or None):
            yield from (found["path"] for found in batch)

    def read(self, key: str, most: int = LARGEST_METADATA) -> bytes | None:
        size = self.size(key)
        if size is not None and size > most:
            raise StoreError(f"{self.name}/{key}: has {size:,} bytes, more than the {most:,} that can be")
        return read(self.objects, key)[0]

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


def connect(url: str, options: Mapping[str, Any]) -> Any:
    """obstore's store for a URL."""
    given = dict(options)
    given |= given.pop("client_kwargs", {})
    config: Any = {SPELLINGS.get(key, key): value for key, value in given.items() if value is not None}
    client: Any = {"allow_http": True} if str(config.get("endpoint", "")).startswith("http://") else None
    try:
        return from_url(url, config=config or None, client_options=client, retry_config=RETRIES)
    except (BaseError, TypeError, ValueError) as error:
        raise StoreError(f"{url}: {first_line(error)}") from None


def read(objects: Any, key: str) -> tuple[bytes | None, str | None]:
    """What is under a key, and the tag by which it can be replaced if nobody else has."""
    try:
        found = obstore.get(objects, key)
        return bytes(found.bytes()), found.meta["e_tag"]
    except FileNotFoundError:
        return None, None


def living(locks: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Locks whose runs have renewed them."""
    for batch in obstore.list(locks):
        for found in batch:
            content = parsed(read(locks, found["path"])[0])
            if content and content["expires"] > time.time():
                yield found["path"], content


def parsed(data: bytes | None) -> dict[str, Any] | None:
    """What a lock's object says; None if that is no lock of ours, which then holds nobody up."""
    try:
        content = json.loads(data or b"")
        numbers = [content[key] for key in ("first", "beyond", "expires")]
        return (
            content
            if all(isinstance(n, int | float) for n in numbers) and {"process", "host"} <= set(content)
            else None
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


class ObjectLock:
    """An object put if it is absent, and renewed by a thread; it expires when its run is killed."""

    def __init__(self, name: str, locks: Any, interval: Interval) -> None:
        self._name, self._locks, self._interval = name, locks, interval
        self._key, self._owner, self._lost = f"{interval[0]}-{interval[1]}", uuid4().hex, False
        self._stopped = threading.Event()
        self._take()
        try:
            for key, other in living(locks):
                if key != self._key and other["first"] < interval[1] and interval[0] < other["beyond"]:
                    raise in_use(name, other)
        except BaseException:
            self._remove()
            raise
        self._renewing = threading.Thread(target=self._renew, name="fastdln-lock", daemon=True)
        self._renewing.start()

    def _put(self, mode: Any) -> None:
        """Takes or renews the lock; `mode` says what must be there, else a PreconditionError or AlreadyExistsError."""
        expires = time.time() + LOCK_SECONDS
        first, beyond = self._interval
        content = {
            "owner": self._owner,
            "host": socket.gethostname(),
            "process": os.getpid(),
            "first": first,
            "beyond": beyond,
            "expires": expires,
        }
        self._tag = obstore.put(self._locks, self._key, json.dumps(content).encode(), mode=mode)["e_tag"]
        self._expires = expires

    def _take(self) -> None:
        for _ in range(ATTEMPTS):
            try:
                return self._put("create")
            except AlreadyExistsError:
                data, tag = read(self._locks, self._key)
            if data is None:
                continue
            other = parsed(data)
            if other and other["expires"] > time.time():
                raise in_use(self._name, other)
            with suppress(PreconditionError):  # another run took it over first
                return self._put({"e_tag": tag})
        raise StoreError(f"{self._name}: is in use by another run")

    def _renew(self) -> None:
        while not self._stopped.wait(LOCK_SECONDS / 4):
            try:
                self._put({"e_tag": self._tag})
            except (PreconditionError, FileNotFoundError):
                self._lost = True
                return
            except (BaseError, OSError):  # the network may come back before the lock expires
                continue

    def check(self) -> None:
        if self._lost or time.time() > self._expires:
            raise IncompleteError(
                f"{self._name}: the lock was lost to another run, or the network; run it again to go on"
            )

    def release(self) -> None:
        self._stopped.set()
        self._renewing.join()
        if not self._lost:
            self._remove()

    def _remove(self) -> None:
        with suppress(BaseError, OSError):
            data, _ = read(self._locks, self._key)
            if (parsed(data) or {}).get("owner") == self._owner:
                obstore.delete(self._locks, self._key)


def in_use(name: str, other: Mapping[str, Any]) -> StoreError:
    left = max(0.0, other["expires"] - time.time())
    return StoreError(
        f"{name}: is in use by another run (process {other['process']} on {other['host']}); if that was killed, its lock "
        f"ends in {left:.0f} s"
    )
