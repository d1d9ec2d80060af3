"""A zoom: a sequence of narrower windows of a sweep about a point, each computed into a store and drawn, and an animation of them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from fastdln import files
from fastdln.api import open as open_store
from fastdln.execution.arguments import RunOptions, SweepPath, as_sweep
from fastdln.execution.compute import cluster_of, compute_in_store, compute_within
from fastdln.execution.events import ChunkEvent
from fastdln.execution.pace import Pace
from fastdln.execution.progress import Report, Reporter, reporter
from fastdln.plots import encode, figure
from fastdln.plots.frames import Frames
from fastdln.reports.animation import animate, check_pixels, checked_fps, format_of
from fastdln.reports.zoom_folder import check_files, checked_folder, frames_in
from fastdln.storage.dataset import in_memory
from fastdln.storage.in_memory import InMemory
from fastdln.sweep.axes import Range
from fastdln.sweep.schema import Sweep
from fastdln.sweep.zooms import DEFAULT_FACTOR, DEFAULT_FRAMES, magnification, zoom_sweeps

if TYPE_CHECKING:
    import distributed
    import xarray as xr

# Pixels an inch, and frames a second: at factor 2 four doublings of the magnification, which the eye can follow.
DEFAULT_DPI, DEFAULT_FPS = 150.0, 4.0

# Frames that are kept from layout to file, some 10 MB each; what comes after them is drawn a second time.
MOST_KEPT = 32


@dataclass(frozen=True)
class Zoom:
    """What a zoom has made; printed, a line that says so.

    Parameters
    ----------
    stores : tuple of pathlib.Path
        A store a frame; the attributes of all but the first say that this is what they are windows of.
    pictures : tuple of pathlib.Path
        A PNG file a frame, all of one size.
    animation : pathlib.Path
        A GIF or MP4 file.
    points : int
        How many points were computed now, and not before.
    """

    stores: tuple[Path, ...]
    pictures: tuple[Path, ...]
    animation: Path
    points: int

    def __str__(self) -> str:
        count, first = len(self.stores), self.stores[0]
        some = "1 store and picture" if count == 1 else f"{count:,} stores and pictures"
        last = "" if count == 1 else f" to {self.stores[-1].stem}"
        return f"{self.animation}, of {some}, {first.with_suffix('')}{last}; {self.points:,} points computed"


def zoom(
    sweep: Sweep | SweepPath,
    *,
    at: Mapping[str, float],
    folder: str | os.PathLike[str],
    factor: float = DEFAULT_FACTOR,
    frames: int = DEFAULT_FRAMES,
    kind: str = "phase",
    variable: str | None = None,
    title: str | None = None,
    size: tuple[float, float] | str | None = None,
    style: str | None = None,
    cmap: str | None = None,
    dpi: float = DEFAULT_DPI,
    fps: float = DEFAULT_FPS,
    animation: str | None = None,
    scheduler: str | distributed.Client | None = None,
    workers: int | None = None,
    dashboard: bool = False,
    fail_fast: bool = False,
    durable: bool = False,
    progress: bool | Report | None = None,
    on_event: Callable[[ChunkEvent], object] | None = None,
) -> Zoom:
    """Compute and draw ever narrower windows of a sweep about a point, and make an animation of them.

    Frame 0 is the sweep itself; frame k has as many values along the axes of the point, on 1 / factor^k of their width, in the
    log where an axis has log spacing. Called again after an interruption, it goes on: what is computed is not computed again.

    Parameters
    ----------
    sweep : Sweep or path
        What to compute, or the path of its TOML file.
    at : mapping of str to float
        The point by some of the sweep's axes, such as ``{"eta": 1.42, "alpha": 0.55}``, in the axis's unit. The others stay
        whole. It is in the middle of a frame, but for the first ones where it is near the edge: windows keep within the sweep's.
    folder : path
        Where to put the stores ``frame-000.zarr``, ..., the pictures ``frame-000.png``, ..., and ``zoom.gif`` or ``zoom.mp4``.
    factor : float, default: 2
        How many times narrower each window is than the one before it.
    frames : int, default: 20
        How many windows, with the sweep itself. Further ones that are in the folder, complete, are drawn and animated as well.
    kind : str, default: "phase"
        A key of ``fastdln.plots.PLOTS``.
    variable : str, optional
        What a map shows.
    title : str, optional
        Above the pictures, instead of the sweep's.
    size : tuple of float, optional
        Width and height of a picture in inches.
    style : {"screen", "paper", "talk"}, optional
        How large letters are.
    cmap : str, optional
        A colour map of Matplotlib.
    dpi : float, default: 150
        Pixels an inch.
    fps : float, default: 4
        Frames a second.
    animation : {"gif", "mp4"}, optional
        By default an MP4 where Matplotlib finds ffmpeg, and else a GIF.
    scheduler, workers, dashboard, fail_fast, durable, progress, on_event : optional
        As for `run`; points are counted over all frames.

    Returns
    -------
    Zoom
        The paths of what was made; printed, a line.

    Raises
    ------
    SweepError
        If an argument cannot be used, or windows would be narrower than float64 can tell apart; nothing is written.
    DatasetError
        If the sweep cannot be drawn so, or pictures or an animation lie in the folder without stores of a zoom; nothing is
        written. If a file cannot be written.
    StoreError
        If the folder holds another zoom, of another point or factor say; nothing is written. If another run is using it.
    ClusterError, IncompleteError
        As for `run`.

    Notes
    -----
    The values of a window differ by 32 doubles at least, each 2.2e-16 of the point's value (along log axes, whose width is
    that of the logarithm, of the larger of 1 and its logarithm): n values about x need a width of 7.1e-15 x (n - 1).

    Examples
    --------
    >>> made = fastdln.zoom("sweep.toml", at={"eta": 1.42, "alpha": 0.55}, folder="zoom")  # doctest: +SKIP
    >>> print(made)  # doctest: +SKIP
    zoom/zoom.gif, of 20 stores and pictures, zoom/frame-000 to frame-019; 3,200,000 points computed
    """
    options = RunOptions(scheduler, workers, dashboard, None, fail_fast, durable, None, progress, on_event)
    picture = {"variable": variable, "title": title, "size": size, "style": style, "cmap": cmap}
    look = Look(kind, {name: value for name, value in picture.items() if value is not None}, dpi, fps, animation)
    return make(as_sweep(sweep), at, folder, factor, frames, look, options)


@dataclass(frozen=True, eq=False)
class Look:
    """How the pictures and the animation of a zoom look: the keywords of `zoom`."""

    kind: str
    picture: Mapping[str, Any]
    dpi: float
    fps: float
    animation: str | None

    def check(self, sweep: Sweep, names: Sequence[str]) -> None:
        """DatasetError where a sweep cannot be drawn so, as told by a small part of it, of which nothing is computed."""
        checked_fps(self.fps)
        small = sweep.changed(f"axes.{name}.num=2" for name in names if isinstance(sweep.axes[name], Range))
        drawn = self.draw(in_memory(InMemory(small)), "")
        width, height = drawn.get_size_inches()
        check_pixels((float(width), float(height)), self.dpi)

    def draw(self, ds: xr.Dataset, note: str) -> Figure:
        """Draw a frame; note: above it, in the middle, after what it says there already."""
        drawn = figure(ds, self.kind, **self.picture)
        first = drawn.axes[0]
        first.set_title(", ".join(filter(None, (first.get_title(), note))), fontsize="medium")
        return drawn


def make(
    sweep: Sweep,
    at: Any,
    folder: Any,
    factor: Any,
    frames: Any,
    look: Look,
    options: RunOptions,
    tell: Callable[[str], object] = lambda step: None,
) -> Zoom:
    """Computes, draws and animates; tell: called with what is drawn."""
    options.check()
    sweeps = zoom_sweeps(sweep, at, factor, frames)
    kind = format_of(look.animation)
    look.check(sweep, list(at))
    place = checked_folder(folder)
    found = frames_in(place, sweeps, at, factor)
    check_files(place, found, kind)
    stores, pictures, before = found.stores, found.pictures, found.before
    with cluster_of(options) as client:
        files.make(place)
        points = compute_frames(
            sweeps, stores[: len(sweeps)], before, replace(options, scheduler=client, workers=None, dashboard=False)
        )
    notes = [f"zoom {magnification(float(factor), number)}" for number in range(len(stores))]
    draw_frames(stores, notes, pictures, look, tell)
    tell("the animation")
    return Zoom(stores, pictures, animate(place / f"zoom.{kind}", pictures, look.fps), points)


def draw_frames(
    stores: Sequence[Path], notes: Sequence[str], pictures: Sequence[Path], look: Look, tell: Callable[[str], object]
) -> None:
    """Draws the stores with one layout, which is known once all of them have been drawn."""
    shared, kept = Frames(), dict[int, Figure]()
    for number, (store, note) in enumerate(zip(stores, notes, strict=True)):
        tell(f"the layout of frame {number + 1} of {len(stores)}")
        shared.include(drawn := look.draw(open_store(store), note))
        if number < MOST_KEPT:
            kept[number] = drawn
    for number, (store, note, picture) in enumerate(zip(stores, notes, pictures, strict=True)):
        tell(f"frame {number + 1} of {len(stores)}")
        drawn = kept.pop(number) if number in kept else look.draw(open_store(store), note)
        shared.unify(drawn)
        files.write(picture, encode(drawn, "png", look.dpi))


def compute_frames(sweeps: Sequence[Sweep], stores: Sequence[Path], before: int, options: RunOptions) -> int:
    """Computes what the stores lack, the windows as those of the first; returns how many points that was."""
    total, computed, there = sum(sweep.points for sweep in sweeps), 0, 0
    with reporter(options.progress, before, total, pace := Pace(before)) as report:
        for number, (sweep, store) in enumerate(zip(sweeps, stores, strict=True)):
            of_frame = replace(options, progress=OfFrame(report, pace, there, before, total))
            with warnings.catch_warnings():
                if number == 0:
                    found = compute_in_store(sweep, store, of_frame)
                    parent = found.snapshot
                else:  # plateaus are as long everywhere about the point
                    warnings.filterwarnings("ignore", "steps = ", UserWarning)
                    found = compute_within(parent, sweep, store, of_frame)
            computed += found.points
            there += sweep.points
    return computed


@dataclass
class OfFrame:
    """Counts the points of a frame's run on the bar of all frames. there: points of the frames before it."""

    report: Reporter
    pace: Pace
    there: int
    before: int
    total: int

    def __call__(self, done: int, total: int) -> None:
        """Called by the frame's run."""
        reached = max(self.before, self.there + done)
        if done < total:  # the first time before there is a point: what has been waited for does not count
            self.pace.start()
        if reached > self.before:
            self.pace.reached(reached)
        self.report(reached, self.total)

    def wait(self, line: str) -> None:
        """Says what is waited for: once, since the kernels of all frames are the same."""
        if not self.there:
            self.report.wait(line)

    def end(self, line: str) -> None:
        """Says nothing of one frame."""
