"""Files that people name: read where they are regular and of a bounded size, and written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, TextIO

from fastdln.errors import DatasetError

# Opening a FIFO would wait for somebody to write.
READING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def open_regular(path: Path, most: int) -> BinaryIO:
    """The file at a path, opened; ValueError if it is no regular file, or larger than `most` bytes."""
    handle = os.open(path, READING)
    found = os.fstat(handle)
    if stat.S_ISREG(found.st_mode) and found.st_size <= most:
        return os.fdopen(handle, "rb")
    os.close(handle)
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if stat.S_ISREG(found.st_mode):
        raise ValueError(f"{path}: has {found.st_size:,} bytes, more than the {most:,} that can be")
    raise ValueError(f"{path}: is no regular file")


def checked(path: Path, suffixes: Iterable[str]) -> Path:
    """The path, if it ends in one of the suffixes and its folder is there, and no store; asked before the work begins."""
    valid = [f".{suffix}" for suffix in suffixes]
    if path.suffix.lower() not in valid:
        raise DatasetError(f"{path}: must end in {' or '.join(valid)}")
    try:
        if path.is_symlink():
            raise DatasetError(f"{path}: is a link; nothing is written through it, give the path that it leads to")
        if path.is_dir():
            raise DatasetError(f"{path}: is a folder")
        if not path.parent.is_dir():
            raise DatasetError(f"{path.parent}: there is no such folder")
        if any((folder / "zarr.json").exists() for folder in path.absolute().parents):
            raise DatasetError(f"{path}: lies inside a store; give a path beside it")
    except OSError as error:
        raise DatasetError(f"{path}: cannot be written: {error.strerror}") from None
    return path


def open_beside(path: Path) -> TextIO:
    """A file that is appended to, such as a log; OSError if there is a link, or no regular file, under its name."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o666)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "is no regular file")
    return os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace")


def make(folder: Path) -> None:
    """Makes a folder, if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be made: {error.strerror}") from None


def write(path: Path, data: bytes) -> None:
    """Replaces the file at once, so that nobody sees half of it; a link is replaced, and not followed."""
    try:
        handle, draft = tempfile.mkstemp(prefix=".fastdln-", dir=path.parent, suffix=".draft")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            # as a file that `open` makes, not as a temporary one
            mask = os.umask(0)
            os.umask(mask)
            Path(draft).chmod(0o666 & ~mask)
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise DatasetError(f"{path}: cannot be written: {error.strerror}") from None


def expanded(path: str | os.PathLike[str]) -> str:
    """A path with `~` as the home folder that it stands for; a URL as it is."""
    text = os.fspath(path)
    return text if "://" in text else os.path.expanduser(text)  # noqa: PTH111  # Path would lose "./" and a last "/"
