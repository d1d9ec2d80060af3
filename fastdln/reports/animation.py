"""Animations of pictures: an MP4 by ffmpeg where Matplotlib finds it, or a GIF."""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib.animation import FFMpegWriter, writers
from matplotlib.figure import Figure
from PIL import Image

from fastdln import files
from fastdln.errors import DatasetError, warn
from fastdln.plots.panels import MOST_DPI
from fastdln.sweep.values import is_number, shown
from fastdln.text import suggestion

FORMATS = ("gif", "mp4")

# A GIF counts in hundredths of a second, and browsers slow down what is shorter than two of them.
MOST_FPS, LEAST_FPS = 50.0, 0.1

# Pixels an inch, with which letters can be read.
LEAST_DPI = 10

# Pixels along a side: what decoders of MP4 take everywhere.
MOST_PIXELS = 4096

# Pixels along a side of the small copies from which the colours of a GIF are chosen, and its colours.
SAMPLED, COLOURS = 256, 256

# Of the figure that hands pictures to ffmpeg, which counts in inches.
PIXELS_AN_INCH = 100


def format_of(asked: str | None) -> str:
    """The kind of animation that is asked for, or the one that can be made; DatasetError if it cannot be."""
    found = bool(writers.is_available("ffmpeg"))
    if asked is None:
        return "mp4" if found else "gif"
    if not isinstance(asked, str) or asked not in FORMATS:
        meant = suggestion(asked, FORMATS) if isinstance(asked, str) else ""
        raise DatasetError(f"animation: must be one of {', '.join(FORMATS)}{meant} {shown(asked)}")
    if asked == "mp4" and not found:
        raise DatasetError("animation: mp4 needs the program ffmpeg, which is not found; gif needs nothing")
    return asked


def checked_fps(fps: object) -> float:
    """Frames a second."""
    if not is_number(fps) or not LEAST_FPS <= fps <= MOST_FPS:
        raise DatasetError(f"fps: must be a number from {LEAST_FPS:g} to {MOST_FPS:g} {shown(fps)}")
    return float(fps)


def check_pixels(size: tuple[float, float], dpi: object) -> None:
    """DatasetError for pictures that are too large."""
    if not is_number(dpi) or not LEAST_DPI <= dpi <= MOST_DPI:
        most = min(MOST_DPI, math.floor(MOST_PIXELS / max(size)))
        raise DatasetError(
            f"dpi: must be a number of pixels an inch from {LEAST_DPI} to {most:,}, of pictures of {size[0]:g} x {size[1]:g} inches "
            f"{shown(dpi)}"
        )
    if max(size) * dpi > MOST_PIXELS:
        raise DatasetError(
            f"size, dpi: make pictures of {size[0] * dpi:,.0f} x {size[1] * dpi:,.0f} pixels; at most {MOST_PIXELS:,} "
            "along a side can be animated"
        )


def animate(path: Path, pictures: Sequence[Path], fps: float) -> Path:
    """Write the pictures, all of one size, as an animation, whole or not at all; where ffmpeg fails it is a GIF."""
    if path.suffix == ".mp4":
        try:
            with files.drafted(path) as draft:
                write_mp4(draft, pictures, fps)
            return path
        except (DatasetError, subprocess.CalledProcessError) as error:
            warn(f"{path}: ffmpeg could not make it ({str(error).partition(chr(10))[0]}); it is a GIF instead")
            path = path.with_suffix(".gif")
    with files.drafted(path) as draft:
        write_gif(draft, pictures, fps)
    return path


def write_mp4(path: Path, pictures: Sequence[Path], fps: float) -> None:
    """Hand the pictures to ffmpeg, cut to even numbers of pixels, of which its colours need blocks of 2 x 2."""
    with Image.open(pictures[0]) as first:
        width, height = (side // 2 * 2 for side in first.size)
    figure = Figure((width / PIXELS_AN_INCH, height / PIXELS_AN_INCH), dpi=PIXELS_AN_INCH)
    shown_image = figure.figimage(np.zeros((height, width, 3), dtype=np.uint8))
    extra = ["-f", "mp4"]  # whatever the draft's name ends in
    writer = FFMpegWriter(fps=fps, extra_args=extra)  # type: ignore[arg-type]  # ffmpeg takes fractions as well
    with writer.saving(figure, os.fspath(path), PIXELS_AN_INCH):
        for image in read(pictures):
            shown_image.set_data(np.asarray(image)[:height, :width])
            writer.grab_frame()


def write_gif(path: Path, pictures: Sequence[Path], fps: float) -> None:
    """Write a GIF of all pictures in the same colours, so that none of them flickers."""
    palette = common_palette(pictures)
    frames = (image.quantize(palette=palette, dither=Image.Dither.NONE) for image in read(pictures))
    with path.open("wb") as file:
        next(frames).save(
            file, format="GIF", save_all=True, append_images=frames, duration=round(1000 / fps), loop=0, optimize=False
        )


def common_palette(pictures: Sequence[Path]) -> Image.Image:
    """Choose the colours of a GIF from all of its pictures: from pixels of theirs, unmixed."""
    small = []
    for image in read(pictures):
        width, height = (min(side, SAMPLED) for side in image.size)
        small.append(np.asarray(image.resize((width, height), Image.Resampling.NEAREST)))
    return Image.fromarray(np.concatenate(small)).quantize(COLOURS, dither=Image.Dither.NONE)


def read(pictures: Sequence[Path]) -> Iterator[Image.Image]:
    """Read the pictures one by one."""
    for path in pictures:
        with Image.open(path) as image:
            yield image.convert("RGB")
