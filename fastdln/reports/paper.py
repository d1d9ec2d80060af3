"""Figures after papers, computed, drawn and compared with the theory: a set in each file that binds SET."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context
from pathlib import Path
from signal import SIG_IGN, SIGINT

import xarray as xr

from fastdln import files
from fastdln.api import open as open_store
from fastdln.errors import IncompleteError
from fastdln.execution.compute import compute
from fastdln.execution.threads import threads
from fastdln.plots import encode
from fastdln.reports import paper_edge, paper_modes, paper_neighbours
from fastdln.reports.paper_figure import Number, PaperSet
from fastdln.reports.shipped import sweeps
from fastdln.sweep.schema import Sweep

# By the name that people type.
SETS: dict[str, PaperSet] = {"modes": paper_modes.SET, "edge": paper_edge.SET, "neighbours": paper_neighbours.SET}
DEFAULT = "modes"


def make(folder: Path, progress: Callable[[str], object], which: str = DEFAULT) -> Path:
    """Computes and draws every figure of a set into the folder, several at once, and writes the page about them; returns its path.

    progress: called with the name of each that is done. What is in the folder already is not computed again. IncompleteError
    if a process of it is lost.
    """
    page = files.checked(folder / "index.md", ["md"])
    figures = SETS[which].figures
    for figure in figures:
        files.checked(folder / f"{figure.name}.png", ["png"])
        for name in (figure.name, *figure.over):
            files.folder(folder / f"{name}.zarr")
    found, others = {}, set(active_children())
    # processes, since most of the time goes into compiling, which threads cannot do at once
    pool = ProcessPoolExecutor(
        min(threads(), len(figures)), get_context("spawn"), initializer=signal.signal, initargs=(SIGINT, SIG_IGN)
    )
    try:
        for done in as_completed([pool.submit(one, folder, which, figure.name) for figure in figures]):
            name, numbers = done.result()
            found[name] = numbers
            progress(name)
    except BrokenProcessPool:
        raise IncompleteError("a process was lost, perhaps for want of memory; run it again to go on") from None
    finally:
        for process in set(active_children()) - others:
            process.terminate()  # stores are whole at any kill
        pool.shutdown(cancel_futures=True)
    files.write(page, index(SETS[which], found).encode())
    return page


def one(folder: Path, which: str, name: str) -> tuple[str, list[Number]]:
    """Computes and draws a figure; the numbers behind it."""
    figure = next(figure for figure in SETS[which].figures if figure.name == name)
    datasets = [computed(folder, sweep) for sweep in (name, *figure.over)]
    files.write(folder / f"{name}.png", encode(figure.draw(*datasets)))
    return name, list(figure.numbers(*datasets))


def computed(folder: Path, name: str) -> xr.Dataset:
    """The dataset of a sweep that ships, from its store in the folder."""
    store = folder / f"{name}.zarr"
    compute(Sweep.from_file(Path(str(sweeps() / f"{name}.toml"))), store, progress=False)
    return open_store(store).load()


def written(expected: float) -> str:
    """A number of the theory; a dash where it has none."""
    return "-" if math.isnan(expected) else f"{expected:.9g}"


def index(made: PaperSet, found: Mapping[str, Sequence[Number]]) -> str:
    """The page that shows the figures with the numbers behind them, in Markdown."""
    lines = ["# The paper's figures", "", made.source, made.expected]
    for figure in made.figures:
        lines += ["", f"## {figure.caption}", "", f"![{figure.caption}]({figure.name}.png)", ""]
        lines += ["| number | measured | theory |", "| --- | --- | --- |"]
        lines += [f"| {n.what} | {n.measured:.9g} | {written(n.expected)} |" for n in found[figure.name]]
    return "\n".join(lines) + "\n"
