"""`ds.dln`: the pictures as methods of a dataset, and its fates by name, wherever xarray is imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastdln.text import suggestion

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


class Accessor:
    """`ds.dln`: what fastdln adds to xarray's datasets.

    Parameters
    ----------
    ds : xarray.Dataset
        The dataset that it belongs to.

    Attributes
    ----------
    plot : Pictures
        The pictures of this dataset as methods: one for each name in `fastdln.plots.PLOTS`; called itself, it names those
        that can be drawn.

    Examples
    --------
    >>> ds.dln.plot()  # doctest: +SKIP
    ['loss', 'oscillation_range', 'phase']
    >>> ax = ds.dln.plot.phase(ax=ax, depth=3)  # doctest: +SKIP
    """

    def __init__(self, ds: xr.Dataset) -> None:
        # an attribute and no property: notebooks look into objects for what they complete, and do not run properties
        self.ds, self.plot = ds, Pictures(ds)

    def fate_names(self) -> xr.DataArray:
        """Give the fates as text, such as `converged`, instead of their codes.

        Returns
        -------
        xarray.DataArray
            As `fastdln.analysis.fate_names` gives them.

        Raises
        ------
        DatasetError
            If the dataset has no `fate`, or a code has no name.

        Examples
        --------
        >>> ds.dln.fate_names().to_series().value_counts()  # doctest: +SKIP
        """
        from fastdln.analysis import fate_names

        return fate_names(self.ds)


class Pictures:
    """`ds.dln.plot`: the functions of `fastdln.plots`, with the dataset given.

    Parameters
    ----------
    ds : xarray.Dataset
        The dataset to draw.

    Examples
    --------
    >>> ax = ds.dln.plot.bifurcation(depth=3, x="eta S")  # doctest: +SKIP
    """

    def __init__(self, ds: xr.Dataset) -> None:
        self.ds = ds

    def __call__(self) -> list[str]:
        """List the pictures that the dataset has the variables for.

        Returns
        -------
        list of str
            As `fastdln.plots.drawable` gives them.

        Raises
        ------
        DatasetError
            If the dataset is not one of fastdln.
        """
        from fastdln.plots import drawable

        return drawable(self.ds)

    def __repr__(self) -> str:
        """Say what the dataset can be drawn as, and how."""
        from fastdln.errors import DatasetError

        try:
            kinds = self()
        except DatasetError as error:
            return f"<ds.dln.plot: {error}>"
        if not kinds:
            return "<ds.dln.plot: nothing here is drawn but maps, ds.dln.plot.map(variable=...)>"
        return f"<ds.dln.plot: {', '.join([*kinds, 'map'])}; drawn by ds.dln.plot.{kinds[0]}()>"

    def __getattr__(self, name: str) -> Callable[..., Axes]:
        """Find the picture of that name, as a method of the dataset; AttributeError lists the valid names."""
        from fastdln.plots import PLOTS

        if name not in PLOTS:
            raise AttributeError(f"unknown picture {name!r}{suggestion(name, PLOTS)}; valid: {', '.join(PLOTS)}")
        return PLOTS[name].method(self.ds)

    def __dir__(self) -> list[str]:
        """List all pictures, which editors and notebooks complete."""
        from fastdln.plots import PLOTS

        return [*PLOTS]


def register(xarray: Any) -> None:
    """Add `dln` to the datasets of xarray.

    Parameters
    ----------
    xarray : module
        The imported package.
    """
    if not hasattr(xarray.Dataset, "dln"):  # a reload finds it there
        xarray.register_dataset_accessor("dln")(Accessor)
