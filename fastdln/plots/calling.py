"""How pictures are called: with a dataset and axes, and everything else by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from inspect import Parameter, Signature
from typing import Any, ParamSpec, TypeVar

import xarray as xr
from matplotlib.axes import Axes

from fastdln.errors import DatasetError

P = ParamSpec("P")
R = TypeVar("R")


def only_axes(given: tuple[Any, ...], options: dict[str, Any]) -> Axes | None:
    """Take the axes out of what a picture is called with, of which nothing else stands without its name."""
    words = [*given, options.pop("ax")] if "ax" in options else [*given]
    if len(words) > 1:
        raise DatasetError(f"ax: is all that may be given without a name; name the others{example_of(words)}")
    ax = words[0] if words else None
    if ax is None or isinstance(ax, Axes):
        return ax
    meant = f'; a variable is given by its name, as in map(variable="{ax}")' if isinstance(ax, str) else ""
    raise DatasetError(f"ax: must be a matplotlib Axes{meant} (got {type(ax).__name__})")


def example_of(words: Iterable[Any]) -> str:
    """Show how the first text among the words is named; "" where there is none."""
    return next((f", such as variable={word!r}" for word in words if isinstance(word, str)), "")


def of_dataset(draw: Callable[..., Axes]) -> Callable[..., Axes]:
    """Make the function of a picture say in a line which of its words need a name."""

    @wraps(draw)
    def picture(ds: xr.Dataset, *given: Any, **options: Any) -> Axes:
        return draw(ds, only_axes(given, options), **options)

    return picture


def by_name(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function that takes a dataset and a kind say in a line that the rest needs a name."""

    @wraps(function)
    def named(*given: P.args, **options: P.kwargs) -> R:
        if len(given) > 2:
            raise DatasetError(
                f"{function.__name__}: takes a dataset and a kind; name the others{example_of(given[2:])}"
            )
        return function(*given, **options)

    return named


def method(draw: Callable[..., Axes], ds: xr.Dataset, keywords: Iterable[str]) -> Callable[..., Axes]:
    """Bind a picture to a dataset: its function without the first argument, with keywords that notebooks complete."""

    @wraps(draw)
    def bound(*given: Any, **options: Any) -> Axes:
        return draw(ds, only_axes(given, options), **options)

    own = [Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in dict.fromkeys(keywords)]
    ax = Parameter("ax", Parameter.POSITIONAL_OR_KEYWORD, default=None)
    bound.__signature__ = Signature([ax, *own])  # type: ignore[attr-defined]  # what notebooks read
    return bound
