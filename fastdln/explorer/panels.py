"""The small figures beside the diagram, of the network that is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.layouts import column
from bokeh.models import BasicTickFormatter, ColumnDataSource, Range1d, Span
from bokeh.plotting import figure

from fastdln.explorer.point import Curve, Panel
from fastdln.explorer.scripts import scheme
from fastdln.plots.colours import EDGE

# Width and height of the small figures, and how many there are at most.
SMALL, MOST_PANELS = (260, 175), 5
# Colours of curves, which are seen on white and on black.
CURVES = ("#2f7fc1", "#d55e00", "#009e73", "#cc79a7", "#8c7a31", "#7a6fd0", "#c2456b", "#6f8fa3")
NOTHING = Curve("", np.zeros(1), np.zeros(1))
# Room above and below curves, in parts of their height.
MARGIN = 0.06
# A network that is lost leaves values that would press all others into a line: those so many times the median are off the figure.
FAR = 100.0


class PointFigures:
    """Small figures of a network under words, made when one is first looked at; those that are empty are hidden."""

    def __init__(self, told: Any) -> None:
        self.figures: list[Any] = []
        self.sources: list[Any] = []
        self.levels: list[Any] = []
        self.layout = column(told)
        self.layout.js_on_change("children", scheme([self.layout]))

    def _make(self) -> None:
        width, height = SMALL
        for k in range(MOST_PANELS):
            one = figure(
                width=width,
                height=height,
                visible=False,
                tools="xwheel_zoom,xpan",
                toolbar_location=None,
                x_axis_label="step",
                y_axis_type="log" if k == 0 else "linear",  # of the loss
                x_range=Range1d(0, 1),
                y_range=Range1d(0.1, 1),
            )
            one.xaxis.formatter = BasicTickFormatter(use_scientific=False)
            one.xaxis.ticker.desired_num_ticks = 4
            source = ColumnDataSource({"x": [], "y": [], "colour": [], "label": []})
            one.scatter("x", "y", source=source, color="colour", size=2, legend_field="label")
            one.legend.update(
                label_text_font_size="7pt",
                glyph_width=12,
                glyph_height=8,
                label_height=8,
                padding=2,
                spacing=0,
                margin=2,
                background_fill_alpha=0.6,
                location="top_right",
            )
            level = Span(dimension="width", location=0, line_color=EDGE["color"], line_width=1.4, visible=False)
            one.add_layout(level)
            one.title.text_font_size = "9pt"
            self.figures.append(one)
            self.sources.append(source)
            self.levels.append(level)
        self.layout.children = [*self.layout.children, *self.figures]

    def clear(self) -> None:
        """Hides the figures."""
        for one in self.figures:
            one.visible = False

    def draw(self, shown: list[Panel]) -> None:
        """Draws panels, from the top; the first figure is for one on a log scale."""
        if not self.figures:
            self._make()
        first = 0 if shown and shown[0].log else 1
        self.clear()
        for panel, one, source, level in zip(
            shown, self.figures[first:], self.sources[first:], self.levels[first:], strict=False
        ):
            one.visible = True
            one.title.text = panel.title + (f" (line: {panel.level_label})" if panel.level else "")
            curves = panel.curves or [NOTHING]
            values = np.concatenate([*(curve.values for curve in curves), [panel.level or np.nan]])
            one.x_range.update(**ends(np.concatenate([curve.steps for curve in curves])))
            one.y_range.update(**(log_ends(values) if panel.log else ends(values)))
            lengths = [len(curve.steps) for curve in curves]
            source.data = {
                "x": np.concatenate([curve.steps for curve in curves]),
                "y": np.concatenate([curve.values for curve in curves]),
                "colour": np.repeat([CURVES[n % len(CURVES)] for n in range(len(curves))], lengths),
                "label": np.repeat([curve.label for curve in curves], lengths),
            }
            one.legend.visible = len(curves) > 1
            level.update(visible=panel.level is not None, location=panel.level or 0.0)


def ends(values: np.ndarray) -> dict[str, float]:
    """Start and end of a range that holds all finite values but those that are far from the others."""
    finite = values[np.isfinite(values)]
    if finite.size:
        finite = finite[np.abs(finite) <= FAR * (np.median(np.abs(finite)) or np.inf)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    room = MARGIN * (high - low) or 0.5 * (abs(low) or 1.0)
    return {"start": low - room, "end": high + room}


def log_ends(values: np.ndarray) -> dict[str, float]:
    """Start and end of a range on a log scale."""
    positive = values[np.isfinite(values) & (values > 0)]
    low, high = (float(positive.min()), float(positive.max())) if positive.size else (0.1, 1.0)
    room = (high / low) ** MARGIN if high > low else 2.0
    return {"start": max(low / room, np.finfo(float).tiny), "end": min(high * room, np.finfo(float).max)}
