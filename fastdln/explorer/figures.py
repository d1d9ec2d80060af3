"""The diagram and the small figures beside it, as Bokeh has them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from bokeh.layouts import column
from bokeh.models import ColorBar, ColumnDataSource, HoverTool, LinearColorMapper, LogColorMapper, Range1d, Span
from bokeh.palettes import Viridis256
from bokeh.plotting import figure

from fastdln.explorer.painting import NO_CLASS, Line, PaintedCells
from fastdln.explorer.point import Curve, Panel
from fastdln.explorer.scene import Scene, Subject
from fastdln.explorer.scripts import scheme
from fastdln.plots.colours import CLASS_COLOURS, CRITICAL, EDGE, NO_VALUE
from fastdln.plots.selection import symbol_of

# Width and height of the small figures, and how many there are at most.
SMALL, MOST_PANELS = (300, 165), 5
# Colours of their curves, dark to light.
CURVES = ("#08306b", "#d55e00", "#009e73", "#cc79a7", "#5f9cc5", "#8c6d31", "#252b7a", "#976038")
NOTHING = Curve("", np.zeros(1), np.zeros(1))
EMPTY: dict[str, list[Any]] = {name: [] for name in ("image", "x", "y", "dw", "dh")}
# Room above and below curves, in parts of their height.
MARGIN = 0.06
LETTERS = {"eta": "\u03b7", "alpha": "\u03b1", "depth": "L", "momentum": "\u03bc"}
SUBSCRIPT_ZERO = 0x2080
UNCOMPUTED = "#dddddd"
TOOLS = "pan,wheel_zoom,box_zoom,reset,save,tap"


def label(name: str) -> str:
    """The symbol of an axis, or its name; in letters, as formulas would be typeset by a library larger than the page."""
    if name in LETTERS:
        return LETTERS[name]
    return re.sub(r"\d", lambda digit: chr(SUBSCRIPT_ZERO + int(digit[0])), name) if symbol_of(name) else name


class Diagram:
    """The diagram: one image, the lines of the theory over it, and a mark where a network is looked at."""

    def __init__(self, subject: Subject, view: Scene) -> None:
        scales = ["log" if subject.is_log(name) else "linear" for name in (subject.x, subject.y)]
        self.figure: Any = figure(
            frame_width=view.width,
            frame_height=view.height,
            x_axis_type=scales[0],
            y_axis_type=scales[1],
            x_range=Range1d(view.x0, view.x1),
            y_range=Range1d(view.y0, view.y1),
            x_axis_label=label(subject.x),
            y_axis_label=label(subject.y),
            tools=TOOLS,
            active_scroll="wheel_zoom",
            toolbar_location="above",
        )
        self.mappers = {
            "classes": LinearColorMapper(
                palette=[*CLASS_COLOURS.values(), UNCOMPUTED], low=-0.5, high=len(CLASS_COLOURS) + 0.5
            ),
            "numbers": LinearColorMapper(palette=Viridis256, low=0, high=1, nan_color=NO_VALUE),
            "logarithms": LogColorMapper(palette=Viridis256, low=0.1, high=1, nan_color=NO_VALUE),
        }
        self.images = {name: ColumnDataSource(EMPTY) for name in self.mappers}
        # an image each: one whose colours are exchanged is not painted again
        self._drawn = {
            name: self.figure.image(
                image="image",
                x="x",
                y="y",
                dw="dw",
                dh="dh",
                source=self.images[name],
                color_mapper=mapper,
                level="image",
            )
            for name, mapper in self.mappers.items()
        }
        self.bars = {
            name: ColorBar(color_mapper=mapper, visible=False, width=14, background_fill_alpha=0)
            for name, mapper in self.mappers.items()
            if name != "classes"
        }
        for bar in self.bars.values():
            self.figure.add_layout(bar, "right")
        self.lines = ColumnDataSource({"xs": [], "ys": [], "label": []})
        for colour, width in (("white", 3.0), (CRITICAL["color"], 1.2)):
            drawn = self.figure.multi_line(
                "xs",
                "ys",
                source=self.lines,
                line_color=colour,
                line_width=width,
                line_dash="6 4" if width < 2 else "solid",
            )
        self.figure.add_tools(HoverTool(renderers=[drawn], tooltips="@label"))
        self.marked = ColumnDataSource({"x": [], "y": []})
        self.figure.scatter("x", "y", source=self.marked, marker="cross", size=18, line_width=2.5, line_color="white")
        self.figure.scatter("x", "y", source=self.marked, marker="cross", size=16, line_width=1.2, line_color="black")
        self.figure.grid.visible = False

    def window(self) -> tuple[float, float, float, float]:
        """What is seen, each range from low to high."""
        x, y = self.figure.x_range, self.figure.y_range
        return float(x.start), float(x.end), float(y.start), float(y.end)

    def set_window(self, window: tuple[float, float, float, float]) -> None:
        """Shows another window."""
        x0, x1, y0, y1 = window
        self.figure.x_range.update(start=x0, end=x1)
        self.figure.y_range.update(start=y0, end=y1)

    def draw(self, view: Scene, cells: PaintedCells, theory: list[Line]) -> None:
        """Draws cells over the window of a view."""
        kind, values = "classes", cells.values
        if cells.limits is None:
            values = np.where(values == NO_CLASS, len(CLASS_COLOURS), values).astype(np.uint8)
        else:
            kind = "logarithms" if cells.log else "numbers"
            self.mappers[kind].update(low=cells.limits[0], high=cells.limits[1])
            self.bars[kind].title = cells.label
        for name, bar in self.bars.items():
            bar.visible = name == kind
        at = {"x": [view.x0], "y": [view.y0], "dw": [view.x1 - view.x0], "dh": [view.y1 - view.y0]}
        for name, image in self.images.items():
            if name == kind:
                image.data = {"image": [values], **at}
            elif self._drawn[name].visible:
                image.data = EMPTY
            self._drawn[name].visible = name == kind
        self.lines.data = {
            "xs": [line.x for line in theory],
            "ys": [line.y for line in theory],
            "label": [line.label for line in theory],
        }

    def mark(self, x: float, y: float) -> None:
        """Marks the network that is looked at."""
        self.marked.data = {"x": [x], "y": [y]}


class PointFigures:
    """Small figures of a network under words, made when one is first looked at; those that are empty are hidden."""

    def __init__(self, told: Any) -> None:
        self.figures: list[Any] = []
        self.sources: list[Any] = []
        self.levels: list[Any] = []
        self.layout = column(told)

    def _make(self) -> None:
        width, height = SMALL
        for _ in range(MOST_PANELS):
            one = figure(
                width=width,
                height=height,
                visible=False,
                tools="xwheel_zoom,xpan",
                toolbar_location=None,
                x_range=Range1d(0, 1),
                y_range=Range1d(0, 1),
            )
            source = ColumnDataSource({"x": [], "y": [], "colour": []})
            one.scatter("x", "y", source=source, color="colour", size=2)
            level = Span(dimension="width", location=0, line_color=EDGE["color"], line_width=1.4, visible=False)
            one.add_layout(level)
            one.title.text_font_size = "9pt"
            self.figures.append(one)
            self.sources.append(source)
            self.levels.append(level)
        self.layout.js_on_change("children", scheme(self.figures))
        self.layout.children = [*self.layout.children, *self.figures]

    def draw(self, shown: list[Panel]) -> None:
        """Draws panels, from the top."""
        if not self.figures:
            self._make()
        for k, (one, source, level) in enumerate(zip(self.figures, self.sources, self.levels, strict=True)):
            one.visible = k < len(shown)
            if k >= len(shown):
                continue
            panel = shown[k]
            one.title.text = panel.title + (f" (line: {panel.level_label})" if panel.level else "")
            curves = panel.curves or [NOTHING]
            one.x_range.update(**ends(np.concatenate([curve.steps for curve in curves])))
            one.y_range.update(**ends(np.concatenate([*(curve.values for curve in curves), [panel.level or np.nan]])))
            source.data = {
                "x": np.concatenate([curve.steps for curve in curves]),
                "y": np.concatenate([curve.values for curve in curves]),
                "colour": np.repeat(
                    [CURVES[n % len(CURVES)] for n in range(len(curves))], [len(c.steps) for c in curves]
                ),
            }
            level.update(visible=panel.level is not None, location=panel.level or 0.0)


def ends(values: np.ndarray) -> dict[str, float]:
    """Start and end of a range that holds all finite values."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    room = MARGIN * (high - low) or 0.5 * (abs(low) or 1.0)
    return {"start": low - room, "end": high + room}
