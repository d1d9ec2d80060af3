"""Files below a store's folder: read where they are regular, reached by no link and of a bounded size; written whole."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from fastdln.errors import StoreError
from fastdln.files import CAREFULLY, replace
from fastdln.storage.location.protocol import LARGEST_METADATA

# A file that is being written, or that a kill left half written.
PARTIAL = ".partial"

GONE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


def opened(folder: Path, key: str) -> int | None:
    """A handle of the file at a key below the folder; None if there is none, StoreError if it is no plain file."""
    path = folder / key
    below = [*path.relative_to(folder).parents][-2::-1]  # the folders between, the outermost first
    if link := next((part for part in (*(folder / part for part in below), path) if part.is_symlink()), None):
        raise refused(link, "a link")
    try:
        handle = os.open(path, os.O_RDONLY | CAREFULLY)
    except GONE:
        return None
    mode = os.fstat(handle).st_mode
    if stat.S_ISREG(mode):
        return handle
    os.close(handle)
    if stat.S_ISDIR(mode):
        return None
    raise refused(path, "no regular file")


def read(
    folder: Path, key: str, most: int = LARGEST_METADATA, span: tuple[int, int | None] = (0, None)
) -> bytes | None:
    """What is under a key, or of it the bytes of the span; None if there is nothing.

    most: StoreError if the file is larger. span: from where, negative from the end, to before where.
    """
    handle = opened(folder, key)
    if handle is None:
        return None
    with os.fdopen(handle, "rb") as file:
        size = os.fstat(handle).st_size
        if size > most:
            raise StoreError(f"{folder / key}: has {size:,} bytes, more than the {most:,} that can be")
        first, beyond = slice(*span).indices(size)[:2]
        file.seek(first)
        return file.read(max(0, beyond - first))


def size(folder: Path, key: str) -> int | None:
    """Bytes of the file at a key; None if there is none."""
    handle = opened(folder, key)
    if handle is None:
        return None
    try:
        return os.fstat(handle).st_size
    finally:
        os.close(handle)


def keys(folder: Path, prefix: str = "") -> Iterator[str]:
    """The files below folder / prefix, as keys; StoreError at a link, or at anything else that is no file and no folder."""
    waiting = [folder]
    for part in prefix.strip("/").split("/") if prefix.strip("/") else ():
        waiting = [waiting[0] / part]
        if waiting[0].is_symlink():
            raise refused(waiting[0], "a link")
    while waiting:
        try:
            entries = os.scandir(waiting.pop())
        except GONE:
            continue
        with entries:
            for entry in entries:
                if entry.is_symlink():
                    raise refused(Path(entry.path), "a link")
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif not entry.is_file(follow_symlinks=False):
                    raise refused(Path(entry.path), "no regular file")
                else:
                    yield Path(entry.path).relative_to(folder).as_posix()


def refused(path: Path, what: str) -> StoreError:
    return StoreError(f"{path}: is {what}; stores have plain files and folders only, remove it")


def write(folder: Path, key: str, data: bytes, durable: bool = False) -> None:
    """Writes a file below the folder whole or not at all, and never makes the folder itself.

    durable: a loss of power after the return does not undo it.
    """
    path = folder / key
    made = []
    for part in [*path.relative_to(folder).parents][-2::-1]:
        try:
            (folder / part).mkdir()
            made.append(folder / part)
        except FileExistsError:
            if (folder / part).is_symlink():
                raise refused(folder / part, "a link") from None
    replace(path, data, f"{path.name}.{uuid4().hex}{PARTIAL}", durable)
    if durable:
        for changed in {path.parent, *(new.parent for new in made)}:
            synchronize(changed)


def synchronize(folder: Path) -> None:
    """Makes the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
