"""The folder of a zoom: what is there of it already, and what is somebody else's, asked before anything is computed."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastdln import files
from fastdln.errors import DatasetError, StoreError, SweepError
from fastdln.storage import metadata
from fastdln.storage.completeness import remaining
from fastdln.storage.location import ROOT, locate, plain_errors
from fastdln.sweep.schema import Sweep
from fastdln.sweep.zooms import zoom_sweeps

STORE = re.compile(r"frame-(\d{3})\.zarr")


@dataclass(frozen=True)
class FramesThere:
    """The frames of a zoom in its folder: stores of those asked for, and of complete ones that follow them.

    before: how many points of those asked for are there already.
    """

    stores: tuple[Path, ...]
    before: int

    @property
    def pictures(self) -> tuple[Path, ...]:
        return tuple(store.with_suffix(".png") for store in self.stores)


def frames_in(place: Path, sweeps: Sequence[Sweep], at: Any, factor: Any) -> FramesThere:
    """The frames of a zoom of these sweeps; StoreError if any store there is not of it, of later frames too."""
    last = max(numbers_in(place), default=0)
    before, stores = 0, list[Path]()
    for number, sweep in enumerate(further(place, sweeps, at, factor, last + 1)):
        store = place / f"frame-{number:03}.zarr"
        lacks = lacking(store, sweep)
        if number < len(sweeps):
            before += sweep.points - lacks
        if number < len(sweeps) or (len(stores) == number and not lacks):
            stores.append(store)
    return FramesThere(tuple(stores), before)


def numbers_in(place: Path) -> list[int]:
    """The numbers of the frames of which there is a store."""
    found = [(STORE.fullmatch(path.name), path) for path in place.iterdir()] if place.is_dir() else []
    return [int(match[1]) for match, path in found if match and locate(path).occupied()]


def further(place: Path, sweeps: Sequence[Sweep], at: Any, factor: Any, count: int) -> Sequence[Sweep]:
    """The sweeps of so many frames, or of those asked for if they are more."""
    if count <= len(sweeps):
        return sweeps
    try:
        return zoom_sweeps(sweeps[0], at, factor, count)
    except SweepError:  # so many have no room about this point
        raise StoreError(
            f"{place}: has {count:,} frames of another zoom, with another factor or point; give another folder with -o"
        ) from None


def lacking(store: Path, sweep: Sweep) -> int:
    """How many points of a frame are not computed; StoreError if its store is of another sweep."""
    location = locate(store)
    with plain_errors(location.name, "cannot be read"):
        if not location.occupied():
            return sweep.points
        snapshot = metadata.read(location)
        if keys := snapshot.grid.sweep.differing(sweep):
            raise StoreError(f"{store}: is of another zoom, with other {', '.join(keys)}; give another folder with -o")
        return int(remaining(snapshot).sum())


def check_files(place: Path, frames: FramesThere, kind: str) -> None:
    """DatasetError where a file cannot be written, or is there without a store of a frame, and so is somebody else's."""
    if not place.is_dir():
        return
    ours = bool(numbers_in(place))
    kinds = [kind, "gif"] if kind == "mp4" else [kind]  # a GIF where ffmpeg fails
    for path in (*(place / f"zoom.{one}" for one in kinds), *frames.pictures):
        files.checked(path, [path.suffix[1:]])
        if not ours and path.exists():
            raise DatasetError(
                f"{path}: is there, without stores of a zoom, and would be overwritten; move it, or give another folder with -o"
            )


def checked_folder(folder: Any) -> Path:
    """The folder, ~ expanded; DatasetError for what is none."""
    if not isinstance(folder, str | os.PathLike) or not (text := os.fspath(folder)) or not isinstance(text, str):
        raise DatasetError(f"folder: must be the path of a folder (got {folder!r:.60})")
    if "://" in text:
        raise DatasetError(f"{text}: pictures are written into a folder of this machine; give a path")
    place = files.folder(Path(text))
    if place.exists() and not place.is_dir():
        raise DatasetError(f"{place}: is a file; give a folder")
    if (place / ROOT).exists():
        raise DatasetError(f"{place}: is a store; give another folder")
    return place
