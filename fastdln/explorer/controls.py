"""The choices of a page: variable, network, lengths, and further axes; and buttons that move the window."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from bokeh.layouts import column, row
from bokeh.models import Button, Select, TextInput

from fastdln.errors import UserError
from fastdln.explorer.scene import Scene, Subject, number, whole
from fastdln.explorer.scripts import STYLE
from fastdln.models import STARTS
from fastdln.sweep.axes import coordinates, is_named
from fastdln.text import one_line

# Choices of a further axis that are listed.
MOST_LISTED = 200
WIDTH = 140
# Parts of the window that a press moves it by, and the factor by which it grows or shrinks.
STEP, FACTOR = 0.25, 1.5

MOVES = {
    "←": ("left", (-STEP, 0.0, 1.0)),
    "→": ("right", (STEP, 0.0, 1.0)),
    "↑": ("up", (0.0, STEP, 1.0)),
    "↓": ("down", (0.0, -STEP, 1.0)),
    "+": ("zoom in", (0.0, 0.0, 1 / FACTOR)),
    "-": ("zoom out", (0.0, 0.0, FACTOR)),
    "home": ("the first window", (0.0, 0.0, 0.0)),
}


class Controls:
    """The widgets, and what of a view each changes."""

    def __init__(self, subject: Subject, view: Scene) -> None:
        self.subject = subject
        sweep = subject.sweep
        layers = not sweep.definition.parameters
        self.variable = Select(title="variable", value=view.variable, options=list(subject.variables))
        self.mode = text("mode", view.mode)
        self.depth = text("depth", view.depth or int(coordinates(sweep.axes["depth"])[0]))
        self.singular_values = text(
            "singular values", ", ".join(f"{s:.10g}" for s in view.singular_values or sweep.target.singular_values)
        )
        self.steps = text("steps", view.steps if view.steps is not None else sweep.steps)
        self.record = text("record", view.record or sweep.record)
        self.start = Select(title="start", value=self._start(view), options=self._starts())
        self.others = {name: self._other(name, view) for name in subject.others}
        self.moves = {name: Button(label=name, width=28, stylesheets=[STYLE]) for name in MOVES}
        self.look_button = Button(label="network at the centre", stylesheets=[STYLE])
        chosen: list[Any] = [self.variable]
        if not sweep.definition.data and not sweep.definition.simulation:
            chosen += [self.mode, self.singular_values]
        if layers and not sweep.widths:
            chosen.append(self.depth)
        if layers and len(self.start.options) > 1:
            chosen.append(self.start)
        chosen += [*self.others.values(), self.steps, self.record]
        for widget in chosen:
            widget.width, widget.stylesheets = WIDTH, [STYLE]
        named = [*self.moves.values()]
        self.layout = column(*chosen, row(*named[:4]), row(*named[4:]), self.look_button)

    def _starts(self) -> list[str]:
        """Starts that have a name and that the model takes; and what the sweep has."""
        taken = [name for name in self.subject.sweep.definition.starts if name in STARTS and self._accepts(name)]
        return taken if isinstance(self.subject.sweep.start, str) else ["as given", *taken]

    def _accepts(self, start: str) -> bool:
        home = self.subject.home
        try:
            self.subject.sweep_of(Scene(*home.window, start=start), 2, 2)
        except UserError:
            return False
        return True

    def _start(self, view: Scene) -> str:
        start = view.start or self.subject.sweep.start
        return start if isinstance(start, str) else "as given"

    def _other(self, name: str, view: Scene) -> Any:
        axis = self.subject.others[name]
        values = [value if is_named(axis) else f"{value:.10g}" for value in coordinates(axis)[:MOST_LISTED].tolist()]
        chosen = self.subject.chosen(name, view)
        shown = chosen if isinstance(chosen, str) else f"{chosen:.10g}"
        return Select(title=name, value=shown, options=values if shown in values else [shown, *values])

    def listen(
        self,
        change: Callable[..., None],
        move: Callable[[float, float, float], None],
        look: Callable[[], None],
    ) -> None:
        """Tells of choices as changes of the view, of presses, and of the wish to see the network in the middle."""
        self.variable.on_change("value", lambda attr, old, new: change(variable=new))
        self.start.on_change("value", lambda attr, old, new: change(start=None if new == "as given" else new))
        readers: dict[str, Callable[[str, str], Any]] = {
            "mode": whole,
            "depth": whole,
            "steps": whole,
            "record": whole,
            "singular_values": several,
        }
        for name, read in readers.items():
            getattr(self, name).on_change("value", changed(name, read, change))
        for name, widget in self.others.items():
            widget.on_change("value", lambda attr, old, new, name=name: self._choose(name, new, change))
        for name, button in self.moves.items():
            button.on_click(lambda by=MOVES[name][1]: move(*by))
        self.look_button.on_click(look)

    def _choose(self, name: str, word: str, change: Callable[..., None]) -> None:
        chosen = {other: widget.value for other, widget in self.others.items()} | {name: word}
        change(
            at=MappingProxyType(
                {
                    other: value if is_named(self.subject.others[other]) else number(other, value)
                    for other, value in chosen.items()
                }
            )
        )


def text(title: str, value: object) -> Any:
    return TextInput(title=title, value=str(value))


def changed(name: str, read: Callable[[str, str], Any], change: Callable[..., None]) -> Callable[[str, str, str], None]:
    """What is called when a text has been changed."""

    def take(attr: str, old: str, new: str) -> None:
        try:
            change(**{name: read(name, new)})
        except UserError as error:
            change(refused=one_line(str(error)))

    return take


def several(name: str, words: str) -> tuple[float, ...]:
    """Numbers between commas."""
    return tuple(number(name, word) for word in words.split(","))
