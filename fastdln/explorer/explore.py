"""The public function `explore`, and what may be given to it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastdln.errors import SweepError
from fastdln.execution.arguments import StorePath, as_sweep
from fastdln.explorer.scene import Subject
from fastdln.explorer.stored import Stored
from fastdln.storage import metadata
from fastdln.storage.dataset import open_snapshot
from fastdln.storage.extend import sweep_as_asked
from fastdln.storage.levels import finest
from fastdln.storage.location import locate, plain_errors
from fastdln.sweep.schema import Sweep
from fastdln.text import one_line

if TYPE_CHECKING:  # needs Bokeh
    from fastdln.explorer.server import Exploration

# What is explored where nothing is given: three layers, over the learning rates from the first minimum to where all is lost.
FIRST = Sweep(
    title="fastdln explore",
    model="modes",
    axes={
        "eta": {"start": 0.2, "stop": 1.6, "num": 900},
        "alpha": {"start": 0.01, "stop": 1.2, "num": 600},
        "depth": 3,
    },
    steps=1000,
    record=128,
)

LAST_PORT = 65535


def explore(sweep: Sweep | StorePath | None = None, *, port: int = 0) -> Exploration:
    """Serve a page on this machine on which a phase diagram is computed as it is zoomed and panned.

    Parameters
    ----------
    sweep : Sweep, path or URL, optional
        What is explored: a sweep, the path of its TOML file, or a store, which is read as far as it goes and computed
        beyond, of a group of levels the finest. Its two longest axes are shown. By default networks of three layers over eta and alpha.
    port : int, default: 0
        The port on 127.0.0.1; 0 for a free one.

    Returns
    -------
    Exploration
        The page, which a notebook shows; ``url`` is its address, and ``stop()`` ends it. It ends with the process too.

    Raises
    ------
    SweepError
        If the sweep cannot be explored, the port is taken, or Bokeh is missing (``pip install 'fastdln[explore]'``).
    StoreError
        If the store cannot be read.

    Notes
    -----
    The page answers pages of its own origin only, and reads and writes no files. A picture is computed coarse first and
    then finer, up to a point a pixel, and left as it is where a finer one would take longer than 20 s.

    Examples
    --------
    >>> page = fastdln.explore(sweep)  # doctest: +SKIP
    """
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= LAST_PORT:
        raise SweepError(f"port: must be a whole number from 0 to {LAST_PORT} (got {port!r})")
    subject, stored = what_is(sweep)
    from fastdln.explorer.server import Exploration

    return Exploration(subject, stored, port)


def what_is(given: Sweep | StorePath | None, overrides: Any = ()) -> tuple[Subject, Stored | None]:
    """The sweep that is explored, and the store that it is of, if there is one."""
    if given is None:
        given = FIRST.changed(overrides) if overrides else FIRST
    if isinstance(given, str | os.PathLike) and is_store(os.fspath(given)):
        location = finest(locate(given))  # of a group of levels
        with plain_errors(location.name, "cannot be read"):
            snapshot = metadata.read(location)
        sweep = sweep_as_asked(snapshot)
        if overrides:
            raise SweepError("--set: changes a sweep file; on the page a store's view can be changed")
        return checked(Subject(sweep, one_line(location.name.rstrip("/").rpartition("/")[2]))), Stored(
            open_snapshot(snapshot)
        )
    if isinstance(given, str | os.PathLike) and overrides:
        return checked(Subject(Sweep.from_file(Path(given), overrides))), None
    return checked(Subject(as_sweep(given))), None


def is_store(path: str) -> bool:
    """Whether a path is of a store and not of a sweep file."""
    return "://" in path or Path(path).is_dir()


def checked(subject: Subject) -> Subject:
    """The subject, if its first view can be shown."""
    subject.checked(subject.home)
    return subject
