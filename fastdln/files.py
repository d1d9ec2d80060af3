"""Files of people: sweeps, matrices and logs that are read, pictures and pages that are written whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from fastdln.errors import DatasetError
from fastdln.text import MOST_NAMES, closest, one_line

# Where the system has them (Windows has neither): nothing waits for the other end of a pipe, and no link is followed.
WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
CAREFULLY = WITHOUT_WAITING | getattr(os, "O_NOFOLLOW", 0)


def at(path: str | os.PathLike[str]) -> Path:
    """The path, with ~ as the home folder."""
    return Path(os.path.expanduser(path))  # noqa: PTH111  # pathlib's raises where a user is not known


def expanded(path: str | os.PathLike[str]) -> str:
    """The name of a store, with ~ as the home folder in a path; a URL as it is."""
    text = os.fspath(path)
    return text if "://" in text else os.path.expanduser(text)  # noqa: PTH111  # Path would lose "./" and a last "/"


def opened(path: Path, most: int) -> BinaryIO:
    """A regular file of at most so many bytes, or what a link to one leads to, for reading; else an OSError that says why."""
    refuse_special(path.stat())  # opening a device may do something
    handle = os.open(path, os.O_RDONLY | WITHOUT_WAITING)
    try:
        refuse_special(found := os.fstat(handle))
        if found.st_size > most:
            raise OSError(0, f"has {found.st_size:,} bytes, more than {most:,}")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read(path: Path, most: int) -> bytes:
    """The content of such a file."""
    with opened(path, most) as file:
        return file.read(most)


def own(path: Path) -> Path:
    """The path, if there is a regular file or nothing; an OSError for a link, which may lead anywhere, or a device."""
    with suppress(FileNotFoundError):
        if stat.S_ISLNK((found := path.lstat()).st_mode):
            raise OSError(
                0, "is a link, through which nothing is written; give the path that it leads to, or remove it"
            )
        refuse_special(found)
    return path


def appending(path: Path) -> int:
    """A handle that appends to a regular file, which is made if it is not there; no link is followed."""
    handle = os.open(own(path), os.O_WRONLY | os.O_APPEND | os.O_CREAT | CAREFULLY, 0o666)
    try:
        refuse_special(os.fstat(handle))
    except BaseException:
        os.close(handle)
        raise
    return handle


def refuse_special(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(0, "is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, "is no regular file")


def checked(path: Path, suffixes: Iterable[str]) -> Path:
    """The path, ~ expanded, if it ends in one of the suffixes and can be written; asked before the work begins."""
    path = at(path)
    valid = [f".{suffix}" for suffix in suffixes]
    if path.suffix.lower() not in valid:
        raise DatasetError(f"{path}: must end in {' or '.join(valid)}")
    try:
        if not path.parent.is_dir():
            raise DatasetError(f"{path.parent}: there is no such folder")
        own(path)
        if any((folder / "zarr.json").exists() for folder in path.absolute().parents):
            raise DatasetError(f"{path}: lies inside a store; give a path beside it")
    except OSError as error:
        raise DatasetError(f"{path}: {reason(error)}") from None
    return path


def folder(path: Path) -> Path:
    """The path, ~ expanded, if it is a folder and no link to one, or nothing."""
    path = at(path)
    with suppress(OSError):
        if path.is_symlink():
            raise DatasetError(f"{path}: is a link, through which nothing is written; give the folder that it leads to")
    return path


def alike(path: Path, others: Iterable[Path]) -> str:
    """Words such as " (did you mean out.zarr?)" for a path where nothing is, by what others are called; empty for none like it."""
    with suppress(OSError, ValueError):
        by_stem: dict[str, Path] = {}
        for other in islice(others, MOST_NAMES):
            by_stem.setdefault(other.stem, other)
        stem = path.stem if path.stem in by_stem else closest(path.stem, by_stem)
        return f" (did you mean {one_line(str(by_stem[stem]))}?)" if stem else ""
    return ""


def make(path: Path) -> Path:
    """Makes a folder, if it is not there."""
    path = folder(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = "is a file; give a folder" if isinstance(error, FileExistsError) else reason(error, "made")
        raise DatasetError(f"{path}: {why}") from None
    return path


def write(path: Path, data: bytes) -> None:
    """Replace a file of people at once, and never through a link; a DatasetError says why it cannot be."""
    with drafted(path) as draft:
        draft.write_bytes(data)


def replace(path: Path, data: bytes, draft_name: str, durable: bool = False) -> None:
    """Write a draft beside the file and rename it, so that nobody sees half of it, also after a kill.

    draft_name: of nothing that is there. durable: the content is on the disk before it has its name; the folder's entry is
    the caller's to synchronize.
    """
    draft = path.with_name(draft_name)
    try:
        with draft.open("xb") as file:  # exclusive: follows no link
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """An empty draft beside a file of people, to be filled in pieces: it takes the file's name at the end, and only then.

    After an error it is gone; a DatasetError says why it cannot be written. What is read meanwhile may raise as it likes.
    """
    draft = path.with_name(f".fastdln-{token_hex(8)}.draft")
    try:
        own(path)
        with draft.open("xb"):  # exclusive: follows no link
            pass
        yield draft
        own(path)
        draft.replace(path)
    except OSError as error:
        if error.filename not in (None, str(draft), str(path), draft, path):  # of a file that was read
            raise
        raise DatasetError(f"{path}: {reason(error)}") from None
    finally:
        with suppress(OSError):
            draft.unlink()


def reason(error: OSError, done: str = "written") -> str:
    """Why, in words; ours say all of it."""
    return str(error.strerror) if error.errno == 0 else f"cannot be {done}: {error.strerror}"
