"""Where stores lie: a folder, or a URL of an object store."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from fastdln.errors import IncompleteError, StoreError, first_line
from fastdln.places.place import LARGEST_METADATA, ROOT, WHOLE, Interval, Lock, OccupiedError, Place

__all__ = [
    "LARGEST_METADATA",
    "ROOT",
    "WHOLE",
    "Interval",
    "Lock",
    "OccupiedError",
    "Place",
    "find",
    "plain_errors",
    "storage_error",
]


def find(store: str | os.PathLike[str], options: Mapping[str, Any] | None = None) -> Place:
    """The place that a path or a URL names; `options` go to the object store. Connects to nothing yet."""
    text = os.fspath(store)
    if not text:
        raise StoreError("store: must not be empty; give a path, or a URL such as s3://bucket/name.zarr")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise StoreError(f"{text!a}: is no name in UTF-8; give another path with -o") from None
    scheme, found, _ = text.partition("://")
    if found and scheme != "file":
        from fastdln.places.bucket import Bucket

        bucket = Bucket(text, dict(options or {}))
        _ = bucket.objects  # refuses a URL or an option that it does not know
        return bucket
    if options:
        raise StoreError(f"{text}: storage options are for stores by URL, such as s3://bucket/name.zarr")
    from fastdln.places.folder import Folder

    if found and urlsplit(text).netloc not in ("", "localhost"):
        raise StoreError(f"{text}: files of other machines cannot be reached; file:///path is one of this machine")
    return Folder(Path(url2pathname(urlsplit(text).path)) if found else Path(text).expanduser())


def storage_error(error: BaseException) -> bool:
    """Whether a place refused, and not the program; obstore's errors are no OSErrors."""
    return isinstance(error, OSError) or type(error).__module__.startswith("obstore")


@contextlib.contextmanager
def plain_errors(name: str, what: str) -> Iterator[None]:
    """What a place refuses, as one line; a full disk is no fault of the input."""
    try:
        yield
    except Exception as error:
        if not storage_error(error):
            raise
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = (error.strerror if isinstance(error, OSError) else None) or first_line(error)
        raise (IncompleteError if full else StoreError)(f"{name}: {what}: {reason}") from None
