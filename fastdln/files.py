"""Files for people, pictures and pages: written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from fastdln.errors import DatasetError


def checked(path: Path, suffixes: Iterable[str]) -> Path:
    """The path, if it ends in one of the suffixes and its folder is there, and no store; asked before the work begins."""
    valid = [f".{suffix}" for suffix in suffixes]
    if path.suffix.lower() not in valid:
        raise DatasetError(f"{path}: must end in {' or '.join(valid)}")
    try:
        if path.is_dir():
            raise DatasetError(f"{path}: is a folder")
        if not path.parent.is_dir():
            raise DatasetError(f"{path.parent}: there is no such folder")
        if any((folder / "zarr.json").exists() for folder in path.absolute().parents):
            raise DatasetError(f"{path}: lies inside a store; give a path beside it")
    except OSError as error:
        raise DatasetError(f"{path}: cannot be written: {error.strerror}") from None
    return path


def make(folder: Path) -> None:
    """Makes a folder, if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be made: {error.strerror}") from None


def write(path: Path, data: bytes) -> None:
    """Replaces the file, or what it links to, at once, so that nobody sees half of it."""
    try:
        path = path.resolve()
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
