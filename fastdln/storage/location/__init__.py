"""Where stores lie: a folder, or a URL of an object store."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from fastdln.errors import IncompleteError, StoreError, first_line
from fastdln.files import expanded
from fastdln.storage.location.protocol import LARGEST_METADATA, ROOT, WHOLE, Interval, Location, Lock, OccupiedError

__all__ = [
    "LARGEST_METADATA",
    "ROOT",
    "WHOLE",
    "Interval",
    "Location",
    "Lock",
    "OccupiedError",
    "locate",
    "plain_errors",
    "storage_error",
]


CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# Object stores' schemes with a slash too few are meant as URLs; a folder of such a name is ./s3:name.
HALF_A_URL = re.compile(r"(s3a?|gs|gcs|az|azure|adl|abfss?|https?|file):(?!//)", re.IGNORECASE)


def locate(store: str | os.PathLike[str], options: Mapping[str, Any] | None = None) -> Location:
    """The location that a path or a URL names; `options` go to the object store. Connects to nothing yet."""
    text = os.fspath(store) if isinstance(store, str | os.PathLike) else None
    if not isinstance(text, str) or not text.strip():
        raise StoreError(
            f"a store must be a path or a URL, such as out.zarr or s3://bucket/out.zarr (got {store!r:.60})"
        )
    text = expanded(text)
    if text.startswith("~"):
        raise StoreError(f"{text}: {text.partition('/')[0]} is nobody's home folder; ./{text} is one of that name")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise StoreError(f"{text!a}: is no name in UTF-8; give another path with -o") from None
    if CONTROL.search(text):
        raise StoreError(f"{text!a}: a store's name has no control characters; give another path with -o")
    if half := HALF_A_URL.match(text):
        raise StoreError(f"{text}: a URL begins with {half[1].lower()}:// (a pathlib.Path loses a slash)")
    scheme, found, rest = text.partition("://")
    scheme = scheme.lower()
    if found and scheme != "file":
        try:
            from fastdln.storage.location.bucket import Bucket
        except ModuleNotFoundError as error:
            if error.name != "obstore":
                raise
            raise StoreError("stores by URL need obstore: pip install 'fastdln[cloud]'") from None
        return Bucket(f"{scheme}://{rest}", dict(options or {}))
    if options:
        raise StoreError(f"{text}: storage options are for stores by URL, such as s3://bucket/name.zarr")
    from fastdln.storage.location.folder import Folder

    if not found:
        return Folder(Path(text))
    try:
        url = urlsplit(text)
    except ValueError:  # brackets that are no IPv6 address
        raise StoreError(f"{text}: is no URL; file:///path is a file of this machine") from None
    if url.netloc not in ("", "localhost"):
        raise StoreError(f"{text}: files of other machines cannot be reached; file:///path is one of this machine")
    if not url.path:
        raise StoreError(f"{text}: names no file; file:///path does")
    return Folder(Path(url2pathname(url.path)))


def storage_error(error: BaseException) -> bool:
    """Whether an error is of the storage and not of the program; obstore's errors are no OSErrors."""
    return (
        isinstance(error, OSError)
        or type(error).__module__.startswith("obstore")
        or type(error).__name__
        == "PanicException"  # of what is written in Rust; no Exception, and of no module to import
    )


@contextlib.contextmanager
def plain_errors(name: str, what: str) -> Iterator[None]:
    """Errors of the storage as one line: a StoreError, or for a full disk an IncompleteError."""
    try:
        yield
    except BaseException as error:
        if not storage_error(error):
            raise
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = (error.strerror if isinstance(error, OSError) else None) or first_line(error)
        raise (IncompleteError if full else StoreError)(f"{name}: {what}: {reason}") from None
