"""Texts broken into lines by the widths of their letters: titles above panels, and labels along axes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.cbook import is_math_text
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

# What stays in one line: words, formulas in them too.
WORD = re.compile(r"(?:\\\$|\$[^$]*\$|\S)+")

# Parts of a panel's height and width that the labels of its axes may take, and of its width a title.
HEIGHT, WIDTH, TITLE = 0.7, 0.72, 0.84

# Lines of a label; more are higher than a picture.
MOST_LINES = 3


def width_of(text: str, points: float) -> float:
    """Inches that a line of text takes in letters of so many points."""
    formula = bool(is_math_text(text))
    width = text_to_path.get_text_width_height_descent(text, FontProperties(size=points), ismath=formula)[0]
    return float(width) / 72


def wrap(text: str | Sequence[str], inches: float, points: float, most: int | None = None) -> str:
    """Break a text, or parts that stay unbroken, into lines of about one length that fit.

    Parameters
    ----------
    text : str or sequence of str
        Words, or what is to stay in one line.
    inches : float
        Room for a line.
    points : float
        Size of the letters.
    most : int, optional
        Lines, beyond which the rest is left out.

    Returns
    -------
    str
        With line feeds.
    """
    words = broken(WORD.findall(text) if isinstance(text, str) else text, inches, points)
    widths = [width_of(word, points) for word in words]
    space = 0.35 * points / 72
    lines = filled(widths, space, inches)
    if most is not None and len(lines) > most:
        return shortened([words[i] for line in lines[:most] for i in line], inches, points, most)
    low, high = max(widths, default=0.0), inches
    for _ in range(12):  # the narrowest lines that are no more of them
        middle = (low + high) / 2
        low, high = (low, middle) if len(filled(widths, space, middle)) <= len(lines) else (middle, high)
    return "\n".join(" ".join(words[i] for i in line) for line in filled(widths, space, high))


def broken(words: Sequence[str], inches: float, points: float) -> list[str]:
    """Break the words that are longer than a line."""
    out: list[str] = []
    for word in words:
        width = width_of(word, points)
        letters = max(1, int(0.95 * len(word) * inches / max(width, 1e-9)))
        out += [word] if width <= inches or " " in word or "$" in word else textwrap.wrap(word, letters)
    return out


def filled(widths: Sequence[float], space: float, inches: float) -> list[list[int]]:
    """Fill lines one after the other with words of these widths; gives the indices of each line's words."""
    lines: list[list[int]] = [[]]
    used = 0.0
    for index, width in enumerate(widths):
        if lines[-1] and used + space + width > inches * (1 + 1e-9):
            lines.append([])
            used = 0.0
        used += width + (space if lines[-1] else 0.0)
        lines[-1].append(index)
    return lines


def shortened(words: list[str], inches: float, points: float, most: int) -> str:
    """Leave out the last words until the rest fits with dots behind it."""
    while len(words) > 1:
        words = words[:-1]
        lines = wrap([*words, "..."], inches, points).split("\n")
        if len(lines) <= most:
            return "\n".join(lines)
    return "..."


def panel_inches(ax: Axes) -> tuple[float, float]:
    """Width and height of the part of its figure that a panel has, with its labels."""
    whole = ax.figure.get_figure(root=True)
    assert whole is not None
    width, height = whole.get_size_inches()
    place = ax.get_subplotspec()
    if place is None:
        extent = ax.get_position()
        return float(width * extent.width), float(height * extent.height)
    grid = place.get_gridspec()
    rows, columns = grid.nrows / len(place.rowspan), grid.ncols / len(place.colspan)
    return float(width / columns), float(height / rows)


def fit_labels(ax: Axes) -> None:
    """Break the labels of the axes, and of a colour bar, into lines that are no longer than the panel."""
    width, height = panel_inches(ax)
    labels = [(ax.xaxis.label, WIDTH * width), (ax.yaxis.label, HEIGHT * height)]
    bars = [getattr(mesh, "colorbar", None) for mesh in ax.collections]
    labels += [(bar.ax.yaxis.label, HEIGHT * height) for bar in bars if bar is not None]
    for label, room in labels:
        label.set_text(wrap(label.get_text(), room, float(label.get_fontsize()), MOST_LINES))


def fit_title(ax: Axes, parts: Sequence[str], points: float) -> str:
    """Join parts of a panel's title by commas, in lines that fit above it."""
    if not parts:
        return ""
    return wrap([*(f"{part}," for part in parts[:-1]), parts[-1]], TITLE * panel_inches(ax)[0], points)
