"""A store in a folder of a file system, local or shared by the machines of a cluster."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import struct
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

from fastdln.errors import IncompleteError, StoreError
from fastdln.files import CAREFULLY
from fastdln.storage.location import regular_files
from fastdln.storage.location.folder_store import FolderStore, identity, lost
from fastdln.storage.location.protocol import LARGEST_METADATA, ROOT, WHOLE, Interval, OccupiedError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # a module elsewhere

# Locked instead of a file of its own, so that none is left behind: every store has it, and nothing rewrites it.
LOCKED = "singular_value/zarr.json"

# Linux's struct flock: type, whence, start, length, process.
FLOCK = "hhqqi4x"

# A draft is locked as soon as it is there; one that is older than this and not locked was left by a kill.
DRAFT_SECONDS = 60.0

# Writing a chunk's file takes far less; temporary files that are older have nobody to finish them.
LEFTOVER_SECONDS = 600.0


@dataclass(frozen=True)
class Folder:
    """The folder at `path`."""

    path: Path
    shared: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return str(self.path)

    def absolute(self) -> Folder:
        return Folder(self.path.absolute())

    def child(self, name: str) -> Folder:
        if (self.path / name).is_symlink():
            raise regular_files.refused(self.path / name, "a link")
        return Folder(self.path / name)

    def zarr(
        self, *, durable: bool = False, read_only: bool = False, limits: Mapping[str, int] | None = None
    ) -> FolderStore:
        return FolderStore(self.path, read_only=read_only, durable=durable, limits=limits)

    def occupied(self) -> bool:
        """Whether anything is there; an empty folder is as good as nothing."""
        if self.path.is_file():
            is_sweep = f"; fastdln run {self.path} makes one of a sweep file" if self.path.suffix == ".toml" else ""
            raise StoreError(f"{self.path}: is a file; a store is a folder{is_sweep}")
        return any(self.path.iterdir()) if self.path.is_dir() else self.path.exists()

    def keys(self, prefix: str) -> Iterator[str]:
        return (key for key in regular_files.keys(self.path, prefix) if not key.endswith(regular_files.PARTIAL))

    def read(self, key: str, most: int = LARGEST_METADATA) -> bytes | None:
        return regular_files.read(self.path, key, most)

    def size(self, key: str) -> int | None:
        return regular_files.size(self.path, key)

    def write(self, key: str, data: bytes, *, durable: bool = False) -> None:
        if key == LOCKED:  # only where it was damaged; replaced, it would no longer be what runs have locked
            (self.path / key).write_bytes(data)
        else:
            regular_files.write(self.path, key, data, durable)

    def delete(self, key: str) -> None:
        (self.path / key).unlink(missing_ok=True)

    def create(self, entries: Mapping[str, bytes], interval: Interval, *, durable: bool = False) -> FileLock:
        """Made beside the path and moved there whole, so that no half-made store is ever seen."""
        require_posix(self.path)
        path = self.path.resolve()
        if outer := next((folder for folder in path.parents if (folder / ROOT).exists()), None):
            raise StoreError(f"{self.path}: lies inside the Zarr store {outer}; give another path with -o")
        made = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        clear_abandoned(path)
        draft = path.with_name(f"{draft_prefix(path)}{uuid4().hex}")
        lock = None
        try:
            draft.mkdir()
            regular_files.write(draft, LOCKED, entries[LOCKED], durable)
            lock = FileLock.take(draft, interval, self.name)
            for key in entries.keys() - {LOCKED}:
                regular_files.write(draft, key, entries[key], durable)
            draft.rename(path)
            lock.folder = path
            if durable:
                regular_files.synchronize(path.parent)
        except BaseException as error:
            shutil.rmtree(draft, ignore_errors=True)
            for folder in made:
                with contextlib.suppress(OSError):  # another run has use for it
                    folder.rmdir()
            if lock:
                lock.release()
            if isinstance(error, OSError) and self.occupied():
                raise OccupiedError from None
            raise
        assert lock
        return lock

    def lock(self, interval: Interval) -> FileLock:
        require_posix(self.path)
        if not os.access(self.path, os.W_OK):
            raise StoreError(f"{self.path}: cannot be written: {os.strerror(errno.EACCES)}")
        return FileLock.take(self.path, interval, self.name)

    def in_use(self) -> bool:
        handle = regular_files.opened(self.path, LOCKED)
        if handle is None:
            return False
        try:
            return held(handle)
        finally:
            os.close(handle)

    def clear_leftovers(self, others_run: bool) -> None:
        clear_abandoned(self.path.resolve())
        newest = time.time() - LEFTOVER_SECONDS if others_run else float("inf")
        for file in (self.path / key for key in regular_files.keys(self.path) if key.endswith(regular_files.PARTIAL)):
            with contextlib.suppress(FileNotFoundError):
                if file.stat().st_mtime < newest:
                    file.unlink()


class FileLock:
    """A lock on a range of a file's bytes, one a chunk. The system frees it however the process ends.

    It belongs to the open file and not to the process (an "open file description" lock), so that runs of one process keep
    each other out, and Zarr's own reading of the file does not free it.
    """

    def __init__(self, handle: int, folder: Path) -> None:
        self._handle: int | None = handle
        self.folder, self._held = folder, identity(folder)

    @classmethod
    def take(cls, folder: Path, interval: Interval, name: str) -> FileLock:
        """Lock an interval of the store in a folder; name: what messages call it, which a draft is not yet."""
        if (folder / LOCKED).parent.is_symlink():
            raise regular_files.refused((folder / LOCKED).parent, "a link")
        (folder / LOCKED).parent.mkdir(exist_ok=True)  # both are there, but for damage that is mended under the lock
        try:
            handle = os.open(folder / LOCKED, os.O_RDWR | os.O_CREAT | CAREFULLY)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise regular_files.refused(folder / LOCKED, "a link") from None
            raise
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise regular_files.refused(folder / LOCKED, "no regular file")
            if interval[0] < interval[1] and (without := lock_bytes(handle, interval, name)):
                warnings.warn(f"{name}: {without}; do not start a second run on this store", stacklevel=2)
        except BaseException:
            os.close(handle)
            raise
        return cls(handle, folder)

    def check(self) -> None:
        """IncompleteError if the path no longer leads to the folder that is locked."""
        if identity(self.folder) != self._held:
            raise IncompleteError(str(lost(self.folder)))

    def release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
        self._handle = None


def require_posix(path: Path) -> None:
    """StoreError where a file cannot be opened without following links, nor a folder with open files be renamed."""
    if not hasattr(os, "O_NOFOLLOW"):
        raise StoreError(
            f"{path}: stores in folders are written on Linux, macOS and other POSIX systems; on Windows run it in WSL, or give "
            "a store by URL"
        )


def has_locks() -> bool:
    """Whether the system has locks of open files, as Linux has them; macOS lays out the request for one differently."""
    return sys.platform == "linux" and hasattr(fcntl, "F_OFD_SETLK")


def lock_bytes(handle: int, interval: Interval, name: str) -> str:
    """Lock an interval of the file, and return the reason where that is not possible; StoreError if another run holds it."""
    if not has_locks():
        return "this system has no locks of open files"
    try:
        fcntl.fcntl(handle, fcntl.F_OFD_SETLK, request(*interval))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            raise StoreError(f"{name}: is in use by another run") from None
        return f"the file system has no locks ({error.strerror})"
    return ""


def held(handle: int) -> bool:
    """Whether another run has locked a part of the file; takes nothing itself."""
    if not has_locks():
        return False
    with contextlib.suppress(OSError):
        answer = fcntl.fcntl(handle, fcntl.F_OFD_GETLK, request(*WHOLE))
        return bool(struct.unpack(FLOCK, answer)[0] != fcntl.F_UNLCK)
    return False


def request(first: int, beyond: int) -> bytes:
    """Linux's struct flock for an exclusive lock."""
    return struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, first, beyond - first, 0)


def draft_prefix(path: Path) -> str:
    """How drafts of this store begin: short, so that any name that the file system takes has room for one."""
    return f".fastdln-{hashlib.sha256(path.name.encode()).hexdigest()[:12]}-"


def clear_abandoned(path: Path) -> None:
    """Removes drafts of this store whose makers were killed; those still being made are locked, or very young."""
    for draft in path.parent.glob(f"{draft_prefix(path)}*"):
        with contextlib.suppress(OSError, StoreError):  # also what is no draft of ours
            if time.time() - draft.stat().st_mtime > DRAFT_SECONDS and not Folder(draft).in_use():
                shutil.rmtree(draft, ignore_errors=True)
