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
select.bk-input { appearance: auto; background-image: none; color-scheme: light dark; }
.bk-input:focus, .bk-btn:focus-visible { outline: 2px solid #388db0; }
"""

TEXT = """
:host { color: var(--ink); font-size: 14px; }
:host(.wrong) { color: var(--wrong); font-weight: 600; }
:host(.command) { font-family: monospace; }
.entry { white-space: nowrap; margin-right: 10px; }
.swatch { display: inline-block; width: 12px; height: 12px; margin-right: 4px; border: 1px solid #666; vertical-align: -1px; }
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

# Colours of figures, whose canvases do not follow the page's styles; the server has no use for them.
PAINT = """
const set = (model, colours) => model.setv(colours, {sync: false});
function paint(figures, dark) {
  const ink = dark ? "#e8e8e8" : "#1c1c1c", paper = dark ? "#17191c" : "#ffffff", grid = dark ? "#333940" : "#e5e5e5";
  for (const one of figures) {
    set(one, {background_fill_color: paper, border_fill_color: paper, outline_line_color: grid});
    if (one.title) set(one.title, {text_color: ink});
    for (const side of [one.below, one.left, one.right]) for (const part of side) {
      if ("axis_label_text_color" in part)
        set(part, {axis_label_text_color: ink, major_label_text_color: ink, axis_line_color: ink, major_tick_line_color: ink, minor_tick_line_color: ink});
      else if ("title_text_color" in part) set(part, {title_text_color: ink, major_label_text_color: ink});
    }
    for (const part of one.center) {
      if ("grid_line_color" in part) set(part, {grid_line_color: grid});
      else if ("label_text_color" in part) set(part, {label_text_color: ink, background_fill_color: paper, border_line_color: grid});
    }
  }
}
const dark = window.matchMedia("(prefers-color-scheme: dark)");
"""

SCHEME = (
    PAINT
    + """
const figures = () => parts.flatMap((part) => "below" in part ? [part] : part.children.filter((one) => "below" in one));
const all = () => paint(figures(), dark.matches);
all();
dark.addEventListener("change", all);
"""
)

# The diagram on white paper, and under it what its colours mean.
PICTURE = (
    PAINT
    + """
const [view] = [...Bokeh.index.roots].flatMap((root) => [...root.owner.query((one) => one.model === figure)]);
paint([figure], false);
const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
const later = (canvas) => new Promise((done) => canvas.toBlob(done));
(async () => {
  await drawn();
  const image = await createImageBitmap(await view.export("png").to_blob());
  paint([figure], dark.matches);
  const scale = image.width / view.bbox.width, line = 20 * scale, gap = 14 * scale;
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  const font = 13 * scale + "px system-ui, sans-serif";
  pen.font = font;
  const rows = [[]];
  let x = gap;
  for (const [name, colour] of JSON.parse(source.data.key[0])) {
    const width = (colour ? line : 0) + pen.measureText(name).width + gap;
    if (x + width > image.width && rows.at(-1).length) { rows.push([]); x = gap; }
    rows.at(-1).push([name, colour, x]);
    x += width;
  }
  [canvas.width, canvas.height] = [image.width, image.height + rows.length * line + gap];
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0);
  pen.font = font;
  rows.forEach((row, k) => row.forEach(([name, colour, at]) => {
    const y = image.height + k * line + gap / 2;
    if (colour) { pen.fillStyle = colour; pen.fillRect(at, y, 12 * scale, 12 * scale); at += line; }
    pen.fillStyle = "#1c1c1c";
    pen.fillText(name, at, y + 11 * scale);
  }));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await later(canvas));
  link.download = source.data.name[0] + ".png";
  link.click();
  URL.revokeObjectURL(link.href);
})();
"""
)

# As many digits as tell a tick from the next one.
TICK = {
    "linear": """
const step = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) : Math.abs(tick) || 1;
const digits = Math.min(17, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
return step < 1e-17 || Math.abs(tick) >= 1e6 ? String(tick) : tick.toFixed(digits);
""",
    "log": "return String(Number(tick.toPrecision(6)));",
}

_DIGITS = """
const range = figure.RANGE, log = figure.SCALE.type === "LogScale";
const step = log ? Math.abs(value) * 1e-3 : Math.abs(range.end - range.start) / 1000;
return value.toFixed(Math.min(17, Math.max(0, Math.ceil(-Math.log10(step)))));
"""
# What is said of a point under the mouse.
HOVERED = {
    "x": _DIGITS.replace("RANGE", "x_range").replace("SCALE", "x_scale"),
    "y": _DIGITS.replace("RANGE", "y_range").replace("SCALE", "y_scale"),
    "value": """
const known = names.data.name;
if (known.length) return known[value] ?? "";
return Number.isFinite(value) ? String(Number(value.toPrecision(5))) : "no value";
""",
}

KEYS = """
const part = 0.25, factor = 1.5;
const [first, last] = [(range) => range.bounds?.[0] ?? -Infinity, (range) => range.bounds?.[1] ?? Infinity];
function moved(range, log, by, scale) {
  const [a, b] = log ? [Math.log(range.start), Math.log(range.end)] : [range.start, range.end];
  const middle = (a + b) / 2 + by * (b - a), half = scale * (b - a) / 2;
  const ends = [middle - half, middle + half].map((end) => log ? Math.exp(end) : end);
  range.setv({start: Math.max(ends[0], first(range)), end: Math.min(ends[1], last(range))});
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


def query(words: Mapping[str, str]) -> str:
    """Words of a URL, encoded."""
    return urlencode(words)


def outbox() -> Any:
    """What the browser is given to keep: the words of its address, the file that it may save, and what colours mean."""
    source = ColumnDataSource({"query": [""], "toml": [""], "name": [""], "key": ["[]"]})
    source.js_on_change("data", CustomJS(args={"source": source}, code=ADDRESS))
    return source


def buttons(source: Any, figure: Any) -> list[Any]:
    """Buttons that save, by the browser's own downloads."""
    save = Button(label="save the sweep file", stylesheets=[STYLE])
    save.js_on_click(CustomJS(args={"source": source}, code=SAVE))
    picture = Button(label="save the picture", stylesheets=[STYLE])
    picture.js_on_click(CustomJS(args={"source": source, "figure": figure}, code=PICTURE))
    return [save, picture]


def scheme(parts: list[Any]) -> Any:
    """Figures, and those of columns, in the light or dark colours that the browser asks for."""
    return CustomJS(args={"parts": parts}, code=SCHEME)


def keys(figure: Any, home: Scene) -> Any:
    """Arrows move the window, + and - zoom, 0 goes back to the first one; Tab reaches the rest."""
    logs = {
        "x_log": figure.x_scale.__class__.__name__ == "LogScale",
        "y_log": figure.y_scale.__class__.__name__ == "LogScale",
    }
    return CustomJS(args={"x": figure.x_range, "y": figure.y_range, "home": list(home.window), **logs}, code=KEYS)
