"""Appearance of a picture: its title, size, axes, colours and style, by the words that people type."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import xarray as xr
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes

from fastdln.errors import DatasetError
from fastdln.plots.selection import Choice

# Matplotlib's, for figures and files.
SETTINGS: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 10,
    "axes.titlesize": 10,
    "figure.titlesize": 11,
    "legend.frameon": False,
    "svg.hashsalt": "fastdln",  # the same picture, the same bytes
    "svg.fonttype": "none",
    "pdf.fonttype": 42,  # TrueType: conferences refuse Type 3
    "ps.fonttype": 42,
}


@dataclass(frozen=True, eq=False)
class Style:
    """Settings of Matplotlib, the width of lines in parts of a screen's, and inches: of a picture, a panel, a strip's height.

    columns: the most panels in a row; widest: inches of a figure of several, whose panels are narrower where they would be wider.
    """

    settings: Mapping[str, Any]
    lines: float
    single: tuple[float, float]
    panel: tuple[float, float]
    strip: float
    columns: int = 4
    widest: float = float("inf")

    def figure_of(self, columns: int, rows: int, part: float = 1.0, more: float = 0.0) -> tuple[float, float]:
        """Inches of a figure of several panels, each `part` of the usual height and `more`."""
        return min(self.panel[0] * columns, self.widest), (self.panel[1] * part + more) * rows


# Inches of the text of a journal's page of two columns.
TEXT_WIDTH = 7.2

# On paper the text width of a conference's page, and its smallest letters; on a wall, letters that the last row reads.
STYLES = {
    "screen": Style({}, 1.0, (7.0, 4.4), (4.2, 3.4), 2.6),
    "paper": Style(
        {"font.size": 8, "axes.titlesize": 8, "figure.titlesize": 9}, 0.8, (5.5, 3.2), (2.75, 2.3), 2.4, 3, TEXT_WIDTH
    ),
    "talk": Style({"font.size": 15, "axes.titlesize": 15, "figure.titlesize": 17}, 1.7, (10.0, 6.0), (6.4, 5.2), 4.2),
}

# Further datasets over the first, each in dashes of its own.
MOST_OVER = 3

# Height of a panel that is a low strip, in parts of the usual.
STRIP = 0.58

# Inches of a figure: less has no room for its labels, and more takes gigabytes to draw.
LEAST_INCHES, MOST_INCHES = 1.0, 60.0


class Options(Choice, total=False):
    """Values of dimensions at which a picture is drawn, and how it looks."""

    title: str
    size: tuple[float, float] | str
    xlim: tuple[float, float] | str
    ylim: tuple[float, float] | str
    log: bool
    cmap: str
    x: str
    y: str
    variable: str
    panels: str
    style: Literal["screen", "paper", "talk"]
    over: xr.Dataset | Sequence[xr.Dataset]


@dataclass(frozen=True, kw_only=True, eq=False)
class Appearance:
    """How a picture looks; None where that is left to the picture.

    Parameters
    ----------
    title : str
        Above the picture; "" for none.
    size : tuple of float
        Width and height in inches.
    xlim, ylim : tuple of float
        First and last value on the axis.
    log : bool
        Whether what is measured has a log scale: the y axis of lines, the colours of maps.
    cmap : str
        One of Matplotlib's colour maps.
    x, y : str
        What is on the axes, "eta S" the learning rate times the sharpness of the minimum.
    variable : str
        What a map shows.
    panels : tuple of str
        Dimensions of which each value has a panel of its own.
    style : str
        A key of `STYLES`.
    over : tuple of xarray.Dataset
        Further datasets, drawn over the first.
    scale : float
        By which learning rates are multiplied on the x axis: S where x is "eta S".
    """

    title: str | None = None
    size: tuple[float, float] | None = None
    xlim: tuple[float, float] | None = None
    ylim: tuple[float, float] | None = None
    log: bool | None = None
    cmap: str | None = None
    x: str | None = None
    y: str | None = None
    variable: str | None = None
    panels: tuple[str, ...] = ()
    style: str | None = None
    over: tuple[xr.Dataset, ...] = ()
    scale: float = 1.0

    def set(self) -> set[str]:
        """Names of the options that are given."""
        return {field.name for field in fields(self) if getattr(self, field.name) is not field.default} - {"scale"}

    def limit(self, ax: Axes) -> None:
        """Set the limits of the axes that are asked for."""
        for name, limits in (("xlim", self.xlim), ("ylim", self.ylim)):
            if limits is None:
                continue
            if getattr(ax, f"get_{name[0]}scale")() == "log" and min(limits) <= 0:
                raise DatasetError(f"{name}: must be above 0 on a log axis (got {limits[0]:.6g}, {limits[1]:.6g})")
            ax.set(**{name: limits})


def split(options: Mapping[str, Any]) -> tuple[dict[str, Any], Appearance]:
    """Part the options of a picture into values of dimensions, and the checked words of its appearance."""
    given = {name: value for name, value in options.items() if name in CHECKS and value is not None}
    words: dict[str, Any] = {name: CHECKS[name](name, value) for name, value in given.items()}
    return {name: value for name, value in options.items() if name not in CHECKS}, Appearance(**words)


def text(name: str, value: Any) -> str:
    """Check text."""
    if not isinstance(value, str):
        example = {"x": ", such as eta S", "y": ", such as alpha", "variable": ", such as loss"}.get(name, "")
        raise DatasetError(f"{name}: must be text{example} (got {reprlib.repr(value)})")
    return value


def flag(name: str, value: Any) -> bool:
    """Check a bool."""
    if not isinstance(value, bool | np.bool_):
        raise DatasetError(f"{name}: must be True or False (got {reprlib.repr(value)})")
    return bool(value)


def pair(name: str, value: Any, parts: str = ",") -> tuple[float, float]:
    """Check two numbers, also as a text such as "0.2,0.8"."""
    example = "7x4.4, in inches" if "x" in parts else "0.2,0.8"
    numbers: Any = re.split(f"[{parts}]", value) if isinstance(value, str) else value
    try:
        low, high = (float(number) for number in numbers)
        if not np.isfinite([low, high]).all() or (low == high and name != "size"):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise DatasetError(f"{name}: must be two numbers, such as {example} (got {reprlib.repr(value)})") from None
    return low, high


def inches(name: str, value: Any) -> tuple[float, float]:
    """Check width and height."""
    width, height = pair(name, value, ",x")
    if not all(LEAST_INCHES <= side <= MOST_INCHES for side in (width, height)):
        raise DatasetError(
            f"{name}: must be width and height from {LEAST_INCHES:g} to {MOST_INCHES:g} inches (got {width:g}, {height:g})"
        )
    return width, height


def colour_map(name: str, value: Any) -> str:
    """Check the name of a colour map."""
    if text(name, value) not in colormaps:
        raise DatasetError(
            f"{name}: must be a colour map of Matplotlib, such as viridis, magma or cividis (got {value!r})"
        )
    return str(value)


def dimensions(name: str, value: Any) -> tuple[str, ...]:
    """Check names of dimensions, one or several."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, Iterable) or not (names := tuple(names)) or not all(isinstance(n, str) for n in names):
        raise DatasetError(f"{name}: must be the name of a dimension, such as eta (got {reprlib.repr(value)})")
    return names


def style_name(name: str, value: Any) -> str:
    """Check the name of a style."""
    if not isinstance(value, str) or value not in STYLES:
        raise DatasetError(f"{name}: must be one of {', '.join(STYLES)} (got {reprlib.repr(value)})")
    return value


def datasets(name: str, value: Any) -> tuple[xr.Dataset, ...]:
    """Check a dataset, or several."""
    given = (value,) if isinstance(value, xr.Dataset) else value
    if not isinstance(given, list | tuple):
        raise DatasetError(f"{name}: must be an xarray.Dataset, or a list of them (got {type(value).__name__})")
    if len(given) > MOST_OVER:
        raise DatasetError(f"{name}: at most {MOST_OVER} datasets can be told apart (got {len(given)})")
    for one in given:
        if not isinstance(one, xr.Dataset):
            raise DatasetError(
                f"{name}: must be an xarray.Dataset, or a list of them (got a list with {type(one).__name__})"
            )
    return tuple(given)


CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "title": text,
    "size": inches,
    "xlim": pair,
    "ylim": pair,
    "log": flag,
    "cmap": colour_map,
    "x": text,
    "y": text,
    "variable": text,
    "panels": dimensions,
    "style": style_name,
    "over": datasets,
}


@contextmanager
def settings(style: str | None) -> Iterator[float]:
    """Matplotlib's settings for a style; gives the points of a figure's title."""
    found = SETTINGS | dict(STYLES[style or "screen"].settings)
    with rc_context(found):
        yield float(found["figure.titlesize"])


def widen(ax: Axes, style: str | None) -> None:
    """Draw the lines and markers of a picture as wide as its style asks."""
    factor = STYLES[style or "screen"].lines
    if factor == 1:
        return
    for line in ax.lines:
        line.set_linewidth(factor * line.get_linewidth())
        line.set_markersize(factor * line.get_markersize())


def figure_size(style: str | None, low: bool) -> tuple[float, float]:
    """Inches of a picture on a figure of its own."""
    found = STYLES[style or "screen"]
    return found.single[0], found.strip if low else found.single[1]
