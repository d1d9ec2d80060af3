"""Locks of stores in buckets: objects that are put if they are absent, and that their runs renew."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

from fastdln.errors import IncompleteError, StoreError
from fastdln.storage.location.protocol import Interval

# A lock that its run has not renewed for so long is free: longer than the clocks of two machines differ, short enough to
# wait for after a kill. It is renewed four times as often.
LOCK_SECONDS = 60.0
# Two machines' clocks may differ by as long again; no lock of ours ends later.
LONGEST_LOCK = 2 * LOCK_SECONDS
# Between finding a lock expired and taking it over another run may do the same.
ATTEMPTS = 3
# Ours are some 200 bytes; what is larger is no lock.
LARGEST_LOCK = 4096


def read(locks: Any, key: str) -> tuple[bytes | None, str | None]:
    """What a lock's object says, nothing if it is none of ours, and the tag by which it can be replaced if nobody else has."""
    try:
        found = obstore.get(locks, key)
        return bytes(found.bytes()) if found.meta["size"] <= LARGEST_LOCK else b"", found.meta["e_tag"]
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
        first, beyond, expires, process, host = (
            content[key] for key in ("first", "beyond", "expires", "process", "host")
        )
        sound = (
            all(isinstance(n, int | float) for n in (first, beyond, expires, process))
            and expires < time.time() + LONGEST_LOCK
            and isinstance(host, str)
            and host.isprintable()
        )
        return content if sound else None
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
