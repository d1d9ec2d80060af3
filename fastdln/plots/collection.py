"""All kinds of pictures by their names, and which of them a dataset has the variables for."""

from __future__ import annotations

from typing import Unpack

import xarray as xr
from matplotlib.figure import Figure

from fastdln.analysis.dataset import restore_dimensions
from fastdln.errors import DatasetError
from fastdln.plots.appearance import Options, split
from fastdln.plots.calling import by_name
from fastdln.plots.panels import ABOUT, call_text, panels_of
from fastdln.plots.plot import Plot
from fastdln.registry import collect
from fastdln.text import suggestion

PLOTS: dict[str, Plot] = collect("fastdln.plots", "PLOT")
"""The kinds of pictures by name, in alphabetical order."""


def drawable(ds: xr.Dataset) -> list[str]:
    """List the pictures that the dataset has the variables for.

    Parameters
    ----------
    ds : xarray.Dataset
        From `fastdln.run` or `fastdln.open`.

    Returns
    -------
    list of str
        Keys of `PLOTS`, in alphabetical order; `map` is not among them, since it asks which variable.

    Raises
    ------
    DatasetError
        If the dataset is not one of fastdln, or lacks what says what is where.

    Examples
    --------
    >>> fastdln.plots.drawable(ds)  # doctest: +SKIP
    ['loss', 'oscillation_range', 'phase']
    """
    ds = restore_dimensions(ds)
    return [name for name, plot in PLOTS.items() if not plot.views_of and plot.variables(ds)]


def kind_of(name: str) -> Plot:
    """Find the kind of picture of that name.

    Parameters
    ----------
    name : str
        A key of `PLOTS`.

    Returns
    -------
    Plot
        With the function that draws it, the variables that it needs, and a line on what it shows.

    Raises
    ------
    DatasetError
        If there is none of that name; the message has the valid ones.

    Examples
    --------
    >>> fastdln.plots.kind_of("phase").summary  # doctest: +SKIP
    'fate and period over eta and a second axis'
    """
    if not isinstance(name, str) or name not in PLOTS:
        raise DatasetError(f"unknown picture {name!r}{suggestion(name, PLOTS)}; valid: {', '.join(PLOTS)}")
    return PLOTS[name]


@by_name
def figure(ds: xr.Dataset, kind: str, /, **options: Unpack[Options]) -> Figure:
    """Draw a figure of one kind, with a panel for each value of the dimensions that a picture does not show.

    Parameters
    ----------
    ds : xarray.Dataset
        From `fastdln.run` or `fastdln.open`; also lazy, and not complete.
    kind : str
        A key of `PLOTS`; `drawable` lists those of the dataset.
    **options : Options
        Values of dimensions, and how it looks. A mode is chosen by its number, from 1. Of a real axis that lacks the value
        the nearest is drawn, with a warning. Of the looks, not every picture takes all:

        - `title`, `size` (width and height in inches), `style` ("screen", "paper" or "talk")
        - `xlim`, `ylim`: first and last value of an axis
        - `log`: whether what is measured has a log scale, the y axis of lines or the colours of maps
        - `cmap`: a colour map of Matplotlib's
        - `x`: what is on the x axis: "eta", "eta S" (times the sharpness of the minimum), "step"
        - `variable`, `y`: what a map shows, and its y axis
        - `panels`: the name of a dimension of which each value has a panel of its own
        - `over`: a second dataset, or a list of several, drawn over the first

    Returns
    -------
    matplotlib.figure.Figure
        With one to nine panels, and one scale for what all of them show; of many values a few are drawn, spread evenly, and the title says of how many.

    Raises
    ------
    DatasetError
        If the kind is unknown, the dataset lacks what it draws, an axis the value, or the picture takes no such option.

    See Also
    --------
    encode : The figure as the bytes of a file.
    arranged : Pictures of several kinds in one figure.

    Examples
    --------
    >>> figure = fastdln.plots.figure(ds, "bifurcation", alpha=0.3)  # doctest: +SKIP
    """
    choice, look = split(options)
    plot = kind_of(kind).asked(ds, look)
    try:
        selected = plot.select(ds, choice, look.over)
    except DatasetError as error:
        possible = drawable(ds)
        if kind in possible or not possible:
            raise
        raise DatasetError(f"{error}; what is there can be drawn as {', '.join(possible)}") from None
    drawn = panels_of(plot, selected, choice, look)
    ABOUT[drawn]["command"] = call_text(kind, options)
    return drawn
