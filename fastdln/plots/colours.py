"""Colours and line styles of every picture: the theory, modes, learning rates, fates, densities and heat maps."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.patheffects import withStroke

# Lines of the theory, each kind in a colour of its own: what it predicts, the learning rates 2/S_i, and the sharpness 2/eta.
# Vermilion and green are of Okabe and Ito's palette for colour blindness; no picture uses them for data. White about them
# keeps them visible on any colour, and in print without colours.
THEORY: dict[str, Any] = {
    "color": "#d55e00",
    "linewidth": 1.1,
    "path_effects": [withStroke(linewidth=2.6, foreground="white", alpha=0.8)],
    "zorder": 3,
}
CRITICAL: dict[str, Any] = THEORY | {"color": "#222222"}
EDGE: dict[str, Any] = THEORY | {"color": "#009e73", "linestyle": "-"}
THEORY_COLOURS = frozenset(style["color"] for style in (THEORY, CRITICAL, EDGE))

# Of 2/S_1, 2/S_2, ...
CRITICAL_DASHES = ("--", ":", "-.", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 3)), "-")

# What is not computed.
HATCHED: dict[str, Any] = {"facecolor": "#dddddd", "edgecolor": "#aaaaaa", "hatch": "////", "linewidth": 0}

# Behind lines: learning rates at which nothing is left to measure.
DIVERGED_SPAN: dict[str, Any] = {"facecolor": "#f2e3e0", "edgecolor": "#d9bdb7", "hatch": "xx", "linewidth": 0}

# One quantity without modes: its mean, or the largest; the next ones; the range about it.
DARK_BLUE, MIDDLE_BLUE, PALE_BLUE = "#08306b", "#5f9cc5", "#9ecae1"

# At the edge: the constrained trajectory, and flows, which differ by their dashes as well; the stages of a cycle.
CONSTRAINED: dict[str, Any] = {"color": "#222222", "linewidth": 1.0, "linestyle": (0, (1, 1))}
FLOWS: dict[str, dict[str, Any]] = {
    "central-flow": {"color": "#cc79a7", "linewidth": 1.8},
    "flow": {"color": "#8c6d31", "linewidth": 1.2, "linestyle": (0, (5, 1.2))},
    "modes-flow": {"color": "#8c6d31", "linewidth": 1.2, "linestyle": (0, (5, 1.2))},
}
STAGES = ("#f4f1ea", "#dbe6c4", "#a9c3d6", "#c9b8ce")

# In a legend: what holds for every mode, and the borders of swatches.
NEUTRAL, BORDER = "#555555", "#666666"

# Fate and period. The doublings darken from yellow through blue to black, the rest lies off that road in hue. Picked in CIE
# Lab: no two are nearer than 7.5 in lightness, nor than 10 in all to the eyes of the colour blind.
CLASS_COLOURS = {
    "converged": "#fae594",
    "period 2": "#64c2c1",
    "period 4": "#388db0",
    "period 8": "#0c5c9a",
    "period 16, 32, ...": "#252b7a",
    "other periods": "#de8184",
    "aperiodic": "#10142b",
    "drifting": "#d6cabd",
    "collapsed": "#976038",
    "diverged": "#8c0d40",
}

# The density of orbits; the palest is still to be seen on white.
DENSITY = ListedColormap(colormaps["Blues"](np.linspace(0.3, 1, 256)))

# Heat maps about a value. Blue and yellow, with grey between: apart to every eye, and lightness rises all along, so that
# print without colours keeps the sign. (Of maps that are dark at both ends grey print does not.)
BLUE_YELLOW = LinearSegmentedColormap.from_list(
    "blue_yellow", ["#08204f", "#1f4b8e", "#5f7fae", "#a7a7a7", "#cdbb72", "#eed54a", "#fff7a8"]
)

# Heat maps from small to large, and computed points that have no value.
SEQUENTIAL, NO_VALUE = "viridis", "#c9c2bb"

# Steps until a mode converges, escapes and diverges, later ones darker: every step of one is darker than all of those before,
# so that they are apart without colours as well. What does none of these is white.
CONVERGES = LinearSegmentedColormap.from_list("converges", ["#f9efce", "#e8ce89", "#cbb552"])
ESCAPES = LinearSegmentedColormap.from_list("escapes", ["#6d9fb1", "#3d7ba1", "#38578c"])
DIVERGES = LinearSegmentedColormap.from_list("diverges", ["#5c3153", "#3d1031", "#000002"])
NEITHER = "#ffffff"

# Of lines: falling lightness, so that they stay apart in grey as well; without what is too pale for white paper.
LIGHTEST = 0.82

# Points of a line, up to which each has a marker.
MOST_MARKED = 80


def line_colours(count: int, cmap: str | None = None) -> list[tuple[float, ...]]:
    """Colours of so many lines, of modes or of learning rates, dark to light in viridis."""
    last = LIGHTEST if cmap is None else 1.0
    return [tuple(colormaps[cmap or "viridis"](x)) for x in np.linspace(0, last, max(count, 2))[:count]]


def mode_marker(count: int, mode: int) -> dict[str, Any]:
    """Marker on each of the `count` points of a line, if they are few; another for each mode."""
    return {"marker": "os^Dv"[mode % 5], "markersize": 3.5} if count <= MOST_MARKED else {}
