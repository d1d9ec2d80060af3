"""What runs in the browser: the address of the view, what is saved, the keyboard, and the page's colours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from bokeh.models import Button, ColumnDataSource, CustomJS
from jinja2 import Template

from fastdln.explorer.scene import Scene

# Parts of Bokeh that this page has no use for, and which a browser reads longer than the others: formulas, tables, WebGL.
UNUSED = re.compile(r"<script src=.*/bokeh-(mathjax|tables|gl)\.")

# Colours are variables of the page, so that widgets, which have styles of their own, follow light and dark as well.
TEMPLATE = Template(
    """{% extends base %}
{% block js_resources %}{% for line in bokeh_js.splitlines() if not unused.search(line) %}{{ line }}
{% endfor %}{% endblock %}
{% block postamble %}
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<style>
:root { --ink: #1c1c1c; --paper: #ffffff; --field: #ffffff; --rule: #b5b5b5; --wrong: #a3162e; color-scheme: light dark; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --paper: #17191c; --field: #23262b; --rule: #555b63; --wrong: #ff8f9f; }
}
body { margin: 12px; background: var(--paper); color: var(--ink); font: 14px system-ui, sans-serif; }
</style>
{% endblock %}"""
)

STYLE = """
:host { color: var(--ink); }
.bk-input { background-color: var(--field); color: var(--ink); border-color: var(--rule); }
.bk-btn { background-color: var(--field); color: var(--ink); border-color: var(--rule); }
.bk-input:focus, .bk-btn:focus-visible { outline: 2px solid #388db0; }
"""

TEXT = """
:host { color: var(--ink); font-size: 14px; }
:host(.wrong) { color: var(--wrong); font-weight: 600; }
:host(.command) { font-family: monospace; }
.swatch { display: inline-block; width: 12px; height: 12px; margin: 0 4px 0 10px; border: 1px solid #666; vertical-align: -1px; }
"""

ADDRESS = """
const words = source.data.query[0];
window.history.replaceState(null, "", words ? "?" + words : window.location.pathname);
"""

SAVE = """
const link = document.createElement("a");
link.href = URL.createObjectURL(new Blob([source.data.toml[0]], {type: "application/toml"}));
link.download = source.data.name[0] + ".toml";
link.click();
URL.revokeObjectURL(link.href);
"""

PICTURE = """
const [view] = [...Bokeh.index.roots].flatMap((root) => [...root.owner.query((one) => one.model === figure)]);
view.export("png").to_blob().then((blob) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = source.data.name[0] + ".png";
  link.click();
  URL.revokeObjectURL(link.href);
});
"""

KEYS = """
const part = 0.25, factor = 1.5;
function moved(range, log, by, scale) {
  const [a, b] = log ? [Math.log(range.start), Math.log(range.end)] : [range.start, range.end];
  const middle = (a + b) / 2 + by * (b - a), half = scale * (b - a) / 2;
  const ends = [middle - half, middle + half].map((end) => log ? Math.exp(end) : end);
  range.setv({start: ends[0], end: ends[1]});
}
const moves = {ArrowLeft: [-part, 0, 1], ArrowRight: [part, 0, 1], ArrowUp: [0, part, 1], ArrowDown: [0, -part, 1],
               "+": [0, 0, 1 / factor], "=": [0, 0, 1 / factor], "-": [0, 0, factor]};
document.addEventListener("keydown", (event) => {
  const within = event.composedPath()[0];
  if (event.ctrlKey || event.altKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(within.tagName)) return;
  if (event.key === "0") {
    x.setv({start: home[0], end: home[1]});
    y.setv({start: home[2], end: home[3]});
  } else if (event.key in moves) {
    const [right, up, scale] = moves[event.key];
    moved(x, x_log, right, scale);
    moved(y, y_log, up, scale);
  } else return;
  event.preventDefault();
});
"""


SCHEME = """
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const set = (model, colours) => model.setv(colours, {sync: false});  // the server has no use for them
function paint() {
  const ink = dark.matches ? "#e8e8e8" : "#1c1c1c", paper = dark.matches ? "#17191c" : "#ffffff", grid = dark.matches ? "#333940" : "#e5e5e5";
  for (const one of figures) {
    set(one, {background_fill_color: paper, border_fill_color: paper, outline_line_color: grid});
    if (one.title) set(one.title, {text_color: ink});
    for (const side of [one.below, one.left, one.right]) for (const part of side) {
      if ("axis_label_text_color" in part)
        set(part, {axis_label_text_color: ink, major_label_text_color: ink, axis_line_color: ink, major_tick_line_color: ink, minor_tick_line_color: ink});
      else if ("title_text_color" in part) set(part, {title_text_color: ink, major_label_text_color: ink});
    }
    for (const part of one.center) if ("grid_line_color" in part) set(part, {grid_line_color: grid});
  }
}
paint();
dark.addEventListener("change", paint);
"""


def query(words: Mapping[str, str]) -> str:
    """Words of a URL, encoded."""
    return urlencode(words)


def outbox() -> Any:
    """What the browser is given to keep: the words of its address, and the file that it may save."""
    source = ColumnDataSource({"query": [""], "toml": [""], "name": [""]})
    source.js_on_change("data", CustomJS(args={"source": source}, code=ADDRESS))
    return source


def buttons(source: Any, figure: Any) -> list[Any]:
    """Buttons that save, by the browser's own downloads."""
    save = Button(label="save the sweep file", stylesheets=[STYLE])
    save.js_on_click(CustomJS(args={"source": source}, code=SAVE))
    picture = Button(label="save the picture", stylesheets=[STYLE])
    picture.js_on_click(CustomJS(args={"source": source, "figure": figure}, code=PICTURE))
    return [save, picture]


def scheme(figures: list[Any]) -> Any:
    """Figures in the light or dark colours that the browser asks for; a canvas does not follow the page's styles."""
    return CustomJS(args={"figures": figures}, code=SCHEME)


def keys(figure: Any, home: Scene) -> Any:
    """Arrows move the window, + and - zoom, 0 goes back to the first one; Tab reaches the rest."""
    logs = {
        "x_log": figure.x_scale.__class__.__name__ == "LogScale",
        "y_log": figure.y_scale.__class__.__name__ == "LogScale",
    }
    return CustomJS(args={"x": figure.x_range, "y": figure.y_range, "home": list(home.window), **logs}, code=KEYS)
