"""The diagram, as Bokeh has it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from bokeh.models import (
    ColorBar,
    ColumnDataSource,
    CustomJSHover,
    CustomJSTickFormatter,
    HoverTool,
    LinearColorMapper,
    LogColorMapper,
    Range1d,
    WheelZoomTool,
)
from bokeh.palettes import Viridis256
from bokeh.plotting import figure
from matplotlib.colors import to_hex

from fastdln.explorer.painting import COLOURS, NO_CLASS, Line, PaintedCells
from fastdln.explorer.scene import Scene, Subject
from fastdln.explorer.scripts import HOVERED, TICK
from fastdln.plots.colours import BLUE_YELLOW, CRITICAL, NO_VALUE
from fastdln.plots.selection import symbol_of
from fastdln.storage.template import axis_attributes
from fastdln.sweep.axes import bounds

EMPTY: dict[str, list[Any]] = {name: [] for name in ("image", "x", "y", "dw", "dh")}
LETTERS = {"eta": "\u03b7", "alpha": "\u03b1", "depth": "L", "momentum": "\u03bc"}
SUBSCRIPT_ZERO = 0x2080
UNCOMPUTED = "#dddddd"
TOOLS = "pan,wheel_zoom,box_zoom,reset,tap"
# Room for half of the last tick's label, which may be long.
BESIDE_LAST_TICK = 30
# Ticks with labels of up to 15 digits have to have room beside each other.
TICKS = 6


def label(name: str) -> str:
    """An axis's name and symbol; in letters, as formulas would be typeset by a library larger than the page."""
    symbol = LETTERS.get(name) or (
        re.sub(r"\d", lambda digit: chr(SUBSCRIPT_ZERO + int(digit[0])), name) if symbol_of(name) else ""
    )
    return f"{axis_attributes(name).get('long_name', name)} {symbol}".strip()


def range_of(name: str, low: float, high: float) -> Any:
    """A range of an axis, which goes as far as its values may."""
    ends = [end if np.isfinite(end) else None for end in bounds(name)]
    return Range1d(low, high, bounds=tuple(ends) if any(end is not None for end in ends) else None)


class Diagram:
    """The diagram: one image, the lines of the theory over it, and a mark where a network is looked at."""

    def __init__(self, subject: Subject, view: Scene) -> None:
        scales = ["log" if subject.is_log(name) else "linear" for name in (subject.x, subject.y)]
        self.figure: Any = figure(
            title=subject.in_words(view),
            frame_width=view.width,
            frame_height=view.height,
            x_axis_type=scales[0],
            y_axis_type=scales[1],
            x_range=range_of(subject.x, view.x0, view.x1),
            y_range=range_of(subject.y, view.y0, view.y1),
            x_axis_label=label(subject.x),
            y_axis_label=label(subject.y),
            tools=TOOLS,
            active_scroll="wheel_zoom",
            toolbar_location="above",
            min_border_right=BESIDE_LAST_TICK,
        )
        self.figure.toolbar.logo = None
        for tool in self.figure.select(WheelZoomTool):
            tool.maintain_focus = False  # else nothing moves once one of the four ends has gone as far as it may
        for axis, scale in zip((self.figure.xaxis, self.figure.yaxis), scales, strict=True):
            axis.formatter = CustomJSTickFormatter(code=TICK[scale])
            if scale == "linear":
                axis.ticker.desired_num_ticks = TICKS
        self.mappers = {
            "classes": LinearColorMapper(palette=[*COLOURS, UNCOMPUTED], low=-0.5, high=len(COLOURS) + 0.5),
            "numbers": LinearColorMapper(palette=Viridis256, low=0, high=1, nan_color=NO_VALUE),
            "logarithms": LogColorMapper(palette=Viridis256, low=0.1, high=1, nan_color=NO_VALUE),
            "about": LinearColorMapper(
                palette=[to_hex(colour) for colour in BLUE_YELLOW(np.linspace(0, 1, 256))],
                low=-1,
                high=1,
                nan_color=NO_VALUE,
            ),
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
        self.lines = ColumnDataSource({"xs": [], "ys": []})
        for colour, width in (("white", 3.0), (CRITICAL["color"], 1.2)):
            self.figure.multi_line(
                "xs",
                "ys",
                source=self.lines,
                line_color=colour,
                line_width=width,
                line_dash="6 4" if width < 2 else "solid",
            )
        self.names = ColumnDataSource({"name": [""] * (len(COLOURS) + 1)})
        number = {axis: CustomJSHover(args={"figure": self.figure}, code=HOVERED[axis]) for axis in ("x", "y")}
        value = CustomJSHover(args={"names": self.names}, code=HOVERED["value"])
        self.figure.add_tools(
            HoverTool(
                renderers=list(self._drawn.values()),
                tooltips=[(subject.x, "$x{custom}"), (subject.y, "$y{custom}"), ("", "@image{custom}")],
                formatters={"$x": number["x"], "$y": number["y"], "@image": value},
                description="values under the mouse",
            )
        )
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

    def clear(self) -> None:
        """Takes away what was drawn: the next picture is of something else."""
        for image in self.images.values():
            image.data = EMPTY

    def draw(self, view: Scene, cells: PaintedCells, theory: list[Line]) -> None:
        """Draws cells over the window of a view."""
        values = cells.values
        if cells.scale == "classes":
            values = np.where(values == NO_CLASS, len(COLOURS), values).astype(np.uint8)
            self.names.data = {"name": [*(cells.names.get(k, "") for k in range(len(COLOURS))), "not computed"]}
        else:
            self.mappers[cells.scale].update(low=cells.limits[0], high=cells.limits[1])
            self.names.data = {"name": []}
        for name, bar in self.bars.items():
            bar.visible = name == cells.scale
        at = {"x": [view.x0], "y": [view.y0], "dw": [view.x1 - view.x0], "dh": [view.y1 - view.y0]}
        for name, image in self.images.items():
            if name == cells.scale:
                image.data = {"image": [values], **at}
            elif self._drawn[name].visible:
                image.data = EMPTY
            self._drawn[name].visible = name == cells.scale
        self.lines.data = {
            "xs": [line.x for line in theory],
            "ys": [line.y for line in theory],
        }

    def mark(self, x: float, y: float) -> None:
        """Marks the network that is looked at."""
        self.marked.data = {"x": [x], "y": [y]}
