"""A kind of picture: the views that it has, the variables that each takes, and how the rest is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import xarray as xr
from matplotlib import rcParams
from matplotlib.axes import Axes

from fastdln.analysis.dataset import restore_dimensions, sweep_of, target_singular_values
from fastdln.analysis.inherited import as_known
from fastdln.errors import DatasetError
from fastdln.plots import calling, docstrings
from fastdln.plots.appearance import Appearance, figure_size, settings, split, widen
from fastdln.plots.axes import minimum_sharpness
from fastdln.plots.labels import draw_legend, make_room
from fastdln.plots.overlay import dims_of_further, draw_over
from fastdln.plots.scales import set_log
from fastdln.plots.selection import chosen_name, has_all, indices_along, refuse_unknown, select_value, x_names
from fastdln.plots.ticks import readable_logs, readable_narrow
from fastdln.plots.wrapping import fit_labels, fit_title

# What every picture takes of an appearance.
ALWAYS = frozenset({"title", "size", "xlim", "ylim", "style", "panels"})

# Paints a dataset on the axes; returns entries of the legend beyond those of what it drew.
Paint = Callable[[Axes, xr.Dataset, Appearance], "list[Any] | None"]


@dataclass(frozen=True, eq=False)
class View:
    """One of the ways in which a picture shows a dataset.

    Parameters
    ----------
    paint : callable
        Draws it on axes, of a dataset that is down to one value along the dimensions that are not shown.
    needs : tuple of str
        The variables that it draws.
    shows : callable
        Gives the dimensions of a dataset that it shows.
    x : str, default: "eta"
        What is on the x axis.
    suits : callable, optional
        Whether it is drawn of a dataset where no x is asked for; by default of every one.
    why_not : callable, optional
        Says what keeps it from being drawn of a dataset that has the variables; "" if nothing does, as by default.
    measured : {"y", "colour", ""}, default: "y"
        Where the quantity is, whose scale panels share; "" where each panel has its own.
    takes : frozenset of str, optional
        What it takes of an appearance beside what every picture does.
    chooses : tuple of str, optional
        Dimensions of the variables, beside the grid's and the modes, of which a value can be chosen.
    low : callable, optional
        Whether it is a low strip of a dataset; by default of none.
    named : bool, default: False
        Whether its lines are named by what they are of, and stay as they are over another dataset's.
    inherits : bool, default: False
        Whether it draws points of a level that inherited their fate alone; they are not computed to others.
    """

    paint: Paint
    needs: tuple[str, ...]
    shows: Callable[[xr.Dataset], Iterable[str]]
    x: str = "eta"
    suits: Callable[[xr.Dataset], bool] = lambda ds: True
    why_not: Callable[[xr.Dataset], str] = lambda ds: ""
    measured: Literal["y", "colour", ""] = "y"
    takes: frozenset[str] = frozenset()
    chooses: tuple[str, ...] = ()
    low: Callable[[xr.Dataset], bool] = lambda ds: False
    named: bool = False
    inherits: bool = False

    def options(self) -> frozenset[str]:
        """Names of the options of an appearance that it takes."""
        more = {"y": {"log", "over"}, "colour": {"log", "cmap"}, "": set()}[self.measured]
        return ALWAYS | more | self.takes | {"x"}


@dataclass(frozen=True, eq=False)
class Plot:
    """A kind of picture.

    Parameters
    ----------
    function : callable
        The function of its file, which takes a dataset, an ax and options, and returns what this object does of them.
    views : tuple of View
        Ways to draw it; the first that suits a dataset is drawn.
    network : bool, default: False
        Whether it is of all modes together, so that none can be chosen.
    views_of : callable, optional
        Gives the views for what is asked for, of a picture that is not drawn unasked.
    groups : mapping, optional
        Words by which several modes are chosen, and what keeps these of a dataset.
    """

    function: Callable[..., Axes]
    views: tuple[View, ...] = field(repr=False)
    network: bool = False
    views_of: Callable[[xr.Dataset, Appearance], tuple[View, ...]] | None = field(default=None, repr=False)
    groups: Mapping[str, Callable[[xr.Dataset], xr.Dataset]] = field(default_factory=dict, repr=False)

    @cached_property
    def draw(self) -> Callable[..., Axes]:
        """The public function."""
        return calling.of_dataset(self.function)

    @property
    def name(self) -> str:
        """The function's name, by which people ask for the picture."""
        return self.function.__name__

    @property
    def summary(self) -> str:
        """A line on what it shows."""
        return docstrings.summary(self.function)

    @property
    def description(self) -> str:
        """A paragraph on its lines, options and sources, to follow the summary."""
        return docstrings.description(self.function)

    def asked(self, ds: xr.Dataset, look: Appearance) -> Plot:
        """The picture with the views for what is asked for, if these depend on that."""
        return replace(self, views=self.views_of(restore_dimensions(ds), look)) if self.views_of else self

    def possible(self, ds: xr.Dataset) -> list[View]:
        """List the views that can be drawn of the dataset."""
        return [view for view in self.views if has_all(ds, view.needs) and not view.why_not(ds)]

    def variables(self, ds: xr.Dataset) -> tuple[str, ...]:
        """List the variables that it would draw of the dataset; none if it cannot."""
        possible = self.possible(ds)
        return next((view.needs for view in possible if view.suits(ds)), possible[0].needs if possible else ())

    def view(self, ds: xr.Dataset, x: str | None = None) -> View:
        """Find the view that is drawn of a dataset: the one whose x axis is asked for, or the first that suits.

        Raises
        ------
        DatasetError
            If there is none.
        """
        if not (possible := self.possible(ds)):
            raise DatasetError(self.obstacles(ds))
        if x is not None:
            asked = [view for view in possible if view.x == x.removesuffix(" S")]
            if not asked:
                valid = dict.fromkeys(name for view in possible for name in x_names(view.x))
                raise DatasetError(f"x: must be one of {', '.join(valid)} for {self.name} of this dataset (got {x!r})")
            possible = asked
        return next((view for view in possible if view.suits(ds)), possible[0])

    def obstacles(self, ds: xr.Dataset) -> str:
        """Say why it cannot be drawn: what stands against the variables that are there, or which are not."""
        reasons = [view.why_not(ds) for view in self.views if has_all(ds, view.needs)]
        lacking = dict.fromkeys(tuple(name for name in view.needs if name not in ds) for view in self.views)
        lacking.pop((), None)
        fewest = [names for names in lacking if not any(set(other) < set(names) for other in lacking)]
        if absent := [" and ".join(names) for names in fewest]:
            how = "(sweeps ask by `observables`, `trajectory`, `sharpness_count`)"
            reasons.append(f"needs {' or '.join(absent)}, which this dataset does not have {how}")
        return f"{self.name}: {', and it '.join(dict.fromkeys(filter(None, reasons)))}"

    def panel_dims(self, ds: xr.Dataset, view: View) -> list[str]:
        """List the dimensions of more than one value that a view does not show."""
        shown = set(view.shows(ds))
        drawn = {dim for name in view.needs for dim in ds[name].dims}
        return [
            str(dim)
            for dim in (*ds["fate"].dims, "mode")
            if dim in drawn and dim not in shown and len(indices_along(ds, str(dim))) > 1
        ]

    def select(self, ds: xr.Dataset, choice: Mapping[str, Any], over: Sequence[xr.Dataset] = ()) -> xr.Dataset:
        """Select the choice from a dataset of fastdln.

        Parameters
        ----------
        ds : xarray.Dataset
            As opened, or selected and squeezed since.
        choice : mapping of str to float
            Values of dimensions; a mode by its number, from 1.
        over : sequence of xarray.Dataset, optional
            A second dataset; the choice may be of its dimensions too.

        Returns
        -------
        xarray.Dataset
            With every dimension of the sweep; those of the choice have length 1.

        Raises
        ------
        DatasetError
            If this picture cannot be drawn of it, in one line.
        """
        ds = restore_dimensions(ds)
        dims = self.dims(ds)
        valid = [*dict.fromkeys([*dims, *dims_of_further(self, over)])]
        refuse_unknown(set(choice) - set(valid), self.name, valid, self.options())
        if not any(has_all(ds, view.needs) for view in self.views):
            raise DatasetError(self.obstacles(ds))
        group = choice.get("mode")
        for dim in dims:
            if dim == "mode" and isinstance(group, str) and group in self.groups:
                ds = self.groups[group](ds)
            elif dim in choice:
                ds = select_value(ds, dim, choice[dim], words=self.groups if dim == "mode" else ())
        if not (drawn := self.variables(ds)):
            raise DatasetError(self.obstacles(ds))
        if self.network and ds.sizes["mode"] < len(target_singular_values(sweep_of(ds))):
            raise DatasetError(f"{self.name}: is of the whole network, and this dataset has some of its modes only")
        whole = "layer" not in dims and any("layer" in ds[name].dims for name in drawn)
        if whole and ds.sizes["layer"] < ds["depth"].max():
            raise DatasetError(f"{self.name}: is of all layers, and this dataset has some of them only")
        return ds

    def dims(self, ds: xr.Dataset) -> list[str]:
        """List the dimensions of which a value can be chosen."""
        takes_modes = not self.network and any(
            name in ds and "mode" in ds[name].dims for view in self.views for name in view.needs
        )
        more = dict.fromkeys(dim for view in self.views for dim in view.chooses)
        return [*map(str, ds["fate"].dims), *(["mode"] if takes_modes else []), *more]

    def method(self, ds: xr.Dataset) -> Callable[..., Axes]:
        """Bind the picture to a dataset, with the picture's docstring, and the keywords that the dataset takes.

        Parameters
        ----------
        ds : xarray.Dataset
            As given to the picture.

        Returns
        -------
        callable
            The public function without its first argument; notebooks complete its keywords.
        """
        keywords = [*(dim for dim in map(str, ds.dims) if dim in (*ds.get("fate", ds).dims, "mode")), *self.options()]
        return calling.method(self.function, ds, keywords)

    def options(self) -> list[str]:
        """Names of the options of an appearance that some view takes, without those of figures."""
        return sorted({name for view in self.views for name in view.options()} - {"panels"})

    def look(self, ds: xr.Dataset, view: View, look: Appearance) -> Appearance:
        """Check an appearance against what a view takes, and find what "eta S" means for the dataset."""
        if unknown := look.set() - (valid := view.options()):
            raise DatasetError(
                f"{', '.join(sorted(unknown))}: {self.name} does not take it; it takes {', '.join(sorted(valid))}"
            )
        if absent := [dim for dim in look.panels if dim not in self.dims(ds)]:
            raise DatasetError(f"panels: must be of {', '.join(self.dims(ds))} (got {', '.join(absent)})")
        return replace(look, scale=minimum_sharpness(ds) if look.x == "eta S" else 1.0)

    def __call__(self, ds: xr.Dataset, ax: Axes | None, options: Mapping[str, Any]) -> Axes:
        """Draw the picture, titled with the choice, and with its legend.

        Parameters
        ----------
        ds : xarray.Dataset
            As given to the picture.
        ax : matplotlib.axes.Axes or None
            Where to draw; None makes a figure of its own.
        options : mapping
            Values of dimensions, and the words of an appearance. What is not chosen is the first.

        Returns
        -------
        matplotlib.axes.Axes
            The axes drawn on.

        Raises
        ------
        DatasetError
            If ax is no Axes, or this picture cannot be drawn of the dataset so.
        """
        choice, look = split(options)
        ax = calling.only_axes((ax,), {})
        for name in ("size", "panels") if ax is not None else ("panels",):
            if name in look.set():
                raise DatasetError(f"{name}: is of a figure; use fastdln.plots.figure, or leave it out")
        plot = self.asked(ds, look)
        selected = plot.select(ds, choice, look.over)
        view = plot.view(selected, look.x)
        not_chosen = plot.panel_dims(selected, view)
        one = selected.isel({dim: indices_along(selected, dim)[:1] for dim in not_chosen})
        one = one if view.inherits else as_known(one, view.needs)
        look = plot.look(one, view, look)
        with settings(look.style) if look.style and ax is None else nullcontext():
            if ax is None:
                import matplotlib.pyplot as plt

                size = look.size or figure_size(look.style, view.low(one))
                ax = plt.subplots(figsize=size, layout="constrained")[1]
            titled = [dim for dim in dict.fromkeys([*plot.dims(one), "mode"]) if dim in choice or dim in not_chosen]
            items = [chosen_name(one, dim, choice.get(dim), self.groups) for dim in titled]
            if look.title is not None or items:
                fitted = fit_title(ax, items, rcParams["font.size"])  # which is "medium"
                ax.set_title(fitted if look.title is None else look.title, fontsize="medium")
            handles = view.paint(ax, one, look) or []
            if look.log is not None and view.measured == "y":
                set_log(ax, look.log)
            if look.over:
                handles += draw_over(ax, plot, view, one, choice, look)
            beside: Any = ax.child_axes
            for drawn in (ax, *beside):
                widen(drawn, look.style)
                readable_logs(drawn)
            if view.measured != "colour":
                make_room(ax)
            look.limit(ax)
            readable_narrow(ax)
            fit_labels(ax)
            draw_legend(ax, handles)
        return ax
