"""The page: a diagram that is computed as it is zoomed and panned, and beside it the network at a point."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from bokeh.events import DocumentReady, Tap
from bokeh.layouts import column, row
from bokeh.models import Div

from fastdln.errors import UserError
from fastdln.explorer import controls, scripts
from fastdln.explorer.computing import Cancelled, Picture, first_cell, pictures
from fastdln.explorer.diagram import Diagram
from fastdln.explorer.painting import Line, PaintedCells, cells, legend, lines
from fastdln.explorer.panels import SMALL, PointFigures
from fastdln.explorer.point import panels
from fastdln.explorer.renderer import Renderer
from fastdln.explorer.saving import command_line, toml_of
from fastdln.explorer.scene import Scene, Subject
from fastdln.explorer.stored import Stored
from fastdln.plots.colours import NO_VALUE

WINDOW = {"x0", "x1", "y0", "y1"}
# Milliseconds in which the browser, which sends each range by itself, has sent both.
SETTLED = 15


def show(doc: Any, subject: Subject, stored: Stored | None, room: bool = True) -> Page | None:
    """Fills a session's document with the page, which it gives, or with why there is none.

    room: whether there is any for another page.
    """
    doc.title = subject.sweep.title or "fastdln explore"
    doc.template, doc.template_variables["unused"] = scripts.TEMPLATE, scripts.UNUSED
    context = doc.session_context
    request = context.request if context else None
    host, _, port = ((request.headers.get("Host") or "") if request else "localhost").partition(":")
    if host != "localhost":
        here = f"http://localhost:{port}/" if port.isascii() and port.isdigit() else ""
        link = f' Go to <a href="{here}">{here}</a>.' if here else ""
        doc.add_root(Div(text=f"This page is served to localhost alone.{link}"))
        return None
    if not room:
        doc.add_root(Div(text="Too many pages are open; close some, wait for ten seconds, and load this again."))
        return None
    words = {
        name: values[-1].decode("utf-8", "replace") for name, values in (request.arguments if request else {}).items()
    }
    refused = ""
    try:
        view = subject.from_query(words)
        if words:
            first_cell(subject, view)
    except UserError as error:
        view, refused = subject.home, str(error)
    page = Page(doc, subject, stored, view)
    page.begin(refused)
    return page


class Page:
    """One page: its view, what is drawn, and the threads that compute for it."""

    def __init__(self, doc: Any, subject: Subject, stored: Stored | None, view: Scene) -> None:
        self.doc, self.subject, self.stored, self.view = doc, subject, stored, view
        self.diagram = Diagram(subject, view)
        self.controls = controls.Controls(subject, view)
        self.status, self.key, self.wrong = (Div(stylesheets=[scripts.TEXT], width=view.width) for _ in range(3))
        self.wrong.update(css_classes=["wrong"], visible=False)
        self.told = Div(stylesheets=[scripts.TEXT], width=SMALL[0])
        self.point = PointFigures(self.told)
        self.command = Div(stylesheets=[scripts.TEXT], css_classes=["command"], width=view.width)
        self.outbox = scripts.outbox()
        self._renderer, self._at_point = Renderer("explore view"), Renderer("explore point")
        self._moving = False

    def begin(self, refused: str) -> None:
        """Lays the page out and computes its first view."""
        figure = self.diagram.figure
        for axis in (figure.x_range, figure.y_range):
            for end in ("start", "end"):
                axis.on_change(end, lambda attr, old, new: self._moved())
        figure.on_event(Tap, lambda event: self.look_at(event.x, event.y))
        self.controls.listen(self.change, self.move, self.look_at_centre)
        buttons = scripts.buttons(self.outbox, figure)
        left = column(self.wrong, self.status, figure, self.key, row(*buttons), self.command)
        side = self.controls.layout
        # the network is below where the window is too narrow for it beside
        self.doc.add_root(row(row(side, left), self.point.layout, styles={"flex-wrap": "wrap"}))
        self.doc.js_on_event(
            DocumentReady, scripts.keys(figure, self.subject.home), scripts.scheme([figure, self.point.layout])
        )
        self._tell()
        # a picture that is there before the session is would be lost
        self.doc.add_next_tick_callback(self._compute_first)
        self.refuse(refused)

    def _compute_first(self) -> None:
        self.compute()
        self._look()

    def stop(self) -> None:
        """Ends the threads of the page."""
        self._renderer.stop()
        self._at_point.stop()

    def change(self, **keys: Any) -> None:
        """Shows the view with changes, or says why not; `refused` says it of a word that is none."""
        if refused := keys.pop("refused", ""):
            self.refuse(refused)
            return
        try:
            view = self.subject.checked(replace(self.view, **keys))
            first_cell(self.subject, view)
        except UserError as error:
            self.refuse(str(error))
            self.diagram.set_window(self.view.window)
            return
        self.view = view
        self.refuse("")
        if set(keys) - WINDOW:
            self.diagram.clear()
        self._tell()
        self.compute()
        if set(keys) - WINDOW - {"variable"}:
            self._look()

    def move(self, right: float, up: float, factor: float) -> None:
        """Moves the window by parts of itself, and makes it larger by a factor; all of these 0: back to the first one."""
        if factor == 0:
            window = self.subject.home.window
        else:
            x = moved(self.view.x0, self.view.x1, right, factor, self.subject.is_log(self.subject.x))
            y = moved(self.view.y0, self.view.y1, up, factor, self.subject.is_log(self.subject.y))
            window = (*x, *y)
        self.diagram.set_window(window)

    def _moved(self) -> None:
        """A range has changed; the other ones have by the time that is waited."""
        if not self._moving:
            self._moving = True
            self.doc.add_timeout_callback(self._take_window, SETTLED)

    def _take_window(self) -> None:
        self._moving = False
        x0, x1, y0, y1 = self.subject.within(self.diagram.window())
        if (x0, x1, y0, y1) != self.view.window:
            self.change(x0=x0, x1=x1, y0=y0, y1=y1)
        if self.diagram.window() != self.view.window:
            self.diagram.set_window(self.view.window)

    def _tell(self) -> None:
        """The address of the view, the sweep file that would be saved, and the command that runs it."""
        view = self.view
        self.diagram.figure.title.text = self.subject.in_words(view)
        self.outbox.data = dict(self.outbox.data) | {
            "query": [scripts.query(self.subject.to_query(view))],
            "toml": [toml_of(self.subject, view)],
            "name": [f"{self.subject.sweep.model}-{view.variable}"],
        }
        self.command.text = html.escape(command_line(self.subject, view))

    def compute(self) -> None:
        """Asks for pictures of the view."""
        view = self.view
        self.say("computing ...")

        def work(cancelled: Cancelled) -> Iterator[Any]:
            for picture in pictures(self.subject, view, cancelled, self.stored):
                yield picture, cells(picture.dataset, self.subject, view), lines(picture.dataset, self.subject, view)

        self._renderer.ask(work, lambda found: self._deliver(partial(self.show, view, found)))

    def _deliver(self, step: Any) -> None:
        with suppress(RuntimeError, AttributeError):  # the page may have been closed
            self.doc.add_next_tick_callback(step)

    def show(self, view: Scene, found: Any) -> None:
        """Draws a picture, or says why there is none."""
        if replace(view, px=self.view.px, py=self.view.py) != self.view:
            return
        if isinstance(found, Exception):
            self.say("")
            self.refuse(str(found) if isinstance(found, UserError) else f"{type(found).__name__}: {found}")
            return
        picture, shown, theory = found
        self.diagram.draw(view, shown, theory)
        entries = key_of(shown, theory)
        self.key.text = " ".join(in_html(name, colour) for name, colour in entries)
        self.outbox.data = dict(self.outbox.data) | {"key": [json.dumps(entries)]}
        self.say(said_of(picture, shown.values))

    def look_at_centre(self) -> None:
        """Shows the network in the middle of the view."""
        x, y = (
            moved(low, high, 0.0, 0.0, self.subject.is_log(name))[0]
            for name, low, high in (
                (self.subject.x, self.view.x0, self.view.x1),
                (self.subject.y, self.view.y0, self.view.y1),
            )
        )
        self.look_at(x, y)

    def look_at(self, x: float, y: float) -> None:
        """Shows the network at a point."""
        try:
            self.view = self.subject.checked(replace(self.view, px=x, py=y))
        except UserError as error:
            self.refuse(str(error))
            return
        self._tell()
        self._look()

    def _look(self) -> None:
        """Computes the network that is looked at, if there is one."""
        view = self.view
        x, y = view.px, view.py
        if x is None or y is None:
            return
        self.diagram.mark(x, y)
        self.point.clear()
        self.told.text = "computing ..."

        def work(cancelled: Cancelled) -> Iterator[Any]:
            yield panels(self.subject, view, x, y, cancelled)

        self._at_point.ask(work, lambda found: self._deliver(partial(self._show_point, found)))

    def _show_point(self, found: Any) -> None:
        if isinstance(found, Exception):
            self.told.text = html.escape(str(found))
            return
        said, shown = found
        self.told.text = html.escape(said)
        self.point.draw(shown)

    def say(self, words: str) -> None:
        """A line above the diagram: how far it is."""
        self.status.text = html.escape(words)

    def refuse(self, words: str) -> None:
        """A line that says what is wrong, until the view changes; none without words."""
        self.wrong.update(text=html.escape(words), visible=bool(words))


def moved(low: float, high: float, by: float, factor: float, log: bool) -> tuple[float, float]:
    """A range moved by parts of itself and made larger by a factor; 0 for its middle alone."""
    with np.errstate(all="ignore"):
        first, last = (np.log(low), np.log(high)) if log else (low, high)
        middle, half = 0.5 * (first + last) + by * (last - first), 0.5 * factor * (last - first)
        ends = np.array([middle - half, middle + half])
        found = np.exp(ends) if log else ends
    return float(found[0]), float(found[1])


def key_of(cells: PaintedCells, theory: list[Line]) -> list[tuple[str, str]]:
    """What colours mean: words and a colour, "" for none."""
    if cells.scale == "classes":
        entries = [(f"{name} {100 * share:.1f}%", colour) for name, colour, share in legend(cells)]
    else:
        entries = [(cells.label, "")]
        without = int(np.count_nonzero(~np.isfinite(cells.values)))
        if without == cells.values.size:
            entries.append(("no network of this view has a value", NO_VALUE))
        elif without:
            entries.append((f"no value {100 * without / cells.values.size:.1f}%", NO_VALUE))
    if theory:
        entries.append((f"dashed: {', '.join(line.label for line in theory)}", ""))
    return entries


def in_html(name: str, colour: str) -> str:
    """An entry of the key."""
    swatch = f'<span class="swatch" style="background:{colour}"></span>' if colour else ""
    return f'<span class="entry">{swatch}{html.escape(name)}</span>'


def said_of(picture: Picture, values: np.ndarray) -> str:
    """How far a picture is."""
    points = f"{values.size:,} networks"
    if picture.stored:
        return f"{points} of the store" + ("" if picture.finest else "; computing finer ones ...")
    how = f"{points} in {picture.seconds:.2f} s"
    if picture.note:
        return f"{how}; {picture.note}"
    return how if picture.finest else f"{how}; computing finer ones ..."
