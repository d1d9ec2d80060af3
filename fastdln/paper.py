"""The figures of Ghosh, Kwon, Wang, Ravishankar and Qu (ICLR 2025, arXiv 2502.20531), computed, drawn and compared with the
theory (docs/theory.md, D)."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from importlib.resources.abc import Traversable
from multiprocessing import get_context
from pathlib import Path
from signal import SIG_IGN, SIGINT
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from fastdln import analysis, files, theory
from fastdln.api import compute
from fastdln.api import open as open_store
from fastdln.dataset import singular_values
from fastdln.engine import threads
from fastdln.plots import PLOTS, arranged, encode
from fastdln.sweep import Sweep


@dataclass(frozen=True)
class Number:
    """A number behind a figure, and what the theory says it is."""

    what: str
    measured: float
    expected: float


@dataclass(frozen=True)
class PaperFigure:
    """A figure: the sweep that it is of, its panels, and the numbers that it stands on."""

    name: str
    caption: str
    panels: Sequence[tuple[str, Mapping[str, Any]]]
    columns: int
    numbers: Callable[[xr.Dataset], Iterator[Number]]

    def draw(self, ds: xr.Dataset) -> Figure:
        return arranged(ds, [(PLOTS[kind].draw, choice) for kind, choice in self.panels], self.columns, self.caption)


def sweeps() -> Traversable:
    """The folder of the sweeps that ship: in the package, or beside it where it is run from its sources."""
    inside = resources.files("fastdln") / "sweeps"
    return inside if inside.is_dir() else Path(str(resources.files("fastdln"))).parent / "sweeps"


def swing(ds: xr.Dataset) -> Iterator[Number]:
    """abs(pi_i(T) - pi_i(T-1)) at the last state, which on a two-cycle is its range."""
    last = abs(ds["orbit"].isel(sample=-1) - ds["orbit"].isel(sample=-2)).isel(depth=0, alpha=0).load()
    for eta in (0.0315, 0.0345, 0.0360):
        low, high = theory.two_cycle(eta, singular_values(ds).values[:3], 3)
        for mode in range(3):
            expected = np.nan_to_num(high[mode] ** 3 - low[mode] ** 3)
            measured = float(last.sel(eta=eta, method="nearest").isel(mode=mode))
            yield Number(f"last swing of mode {mode + 1} at eta = {eta}", measured, float(expected))


def edges(ds: xr.Dataset) -> Iterator[Number]:
    """The first eta at which each mode oscillates, against 2/S_i."""
    flips = [analysis.flips(ds, mode, 1)["flip"].item() for mode in range(3)]
    for mode, edge in enumerate(theory.critical_learning_rate(singular_values(ds).values[:3], 3)):
        yield Number(f"eta at which mode {mode + 1} starts to oscillate", flips[mode], float(edge))


def layers(ds: xr.Dataset) -> Iterator[Number]:
    w = ds["trajectory_singular_value"].isel(depth=0, alpha=0, step=slice(-64, None)).load()
    low, high = w.min("step").sel(eta=0.010), w.max("step").sel(eta=0.010)
    for mode, s in enumerate((10.0, 8.0, 6.0)):
        yield Number(f"layer 1 of mode {mode + 1} at eta = 0.010", float(high[0, mode]), float(low[2, mode]))
        product = float(ds["trajectory_product"].sel(eta=0.010).isel(depth=0, alpha=0, step=-1, mode=mode))
        yield Number(f"product of mode {mode + 1} at eta = 0.010", product, s)
    swings = (w.max("step") - w.min("step")).sel(eta=0.040)
    for layer in (1, 2):
        what = f"swing of layer {layer} of mode 1 at eta = 0.040, against that of layer 3"
        yield Number(what, float(swings[layer - 1, 0]), float(swings[2, 0]))


def gap_along(ds: xr.Dataset, eta: float, step: int) -> float:
    first, second = ds["trajectory_singular_value"].isel(depth=0, alpha=0, mode=0).sel(eta=eta, step=step).values
    return float((second - first) * (second + first))


def conserved(ds: xr.Dataset) -> Iterator[Number]:
    """Flow keeps the gap; gradient descent at the edge creeps to a minimum whose sharpness is at most 2/eta."""
    yield Number("gap w_2^2 - w_1^2 at the start, which flow keeps", gap_along(ds, 0.1, 0), 2.25**2 - 1.5**2)
    yield Number("gap after 200 steps at eta = 0.1, against 5,000", gap_along(ds, 0.1, 200), gap_along(ds, 0.1, 5000))
    last = ds["trajectory_singular_value"].isel(depth=0, alpha=0, mode=0).sel(eta=0.1997).isel(step=-1).values
    yield Number(
        "sharpness w_1^2 + w_2^2 where it ends at eta = 0.1997, against 2/eta", float((last**2).sum()), 2 / 0.1997
    )


def gaps(ds: xr.Dataset) -> Iterator[Number]:
    """The gap by its product law, step by step, from the states themselves."""
    for eta in (0.18, 0.21):
        w = (
            ds["trajectory_singular_value"]
            .isel(depth=0, alpha=0, mode=0)
            .sel(eta=eta)
            .transpose("step", "layer")
            .values
        )
        factors = 1 - (eta * (w.prod(axis=1) - 5.0)) ** 2  # q = eta (pi - s) pi / (w_1 w_2), and pi = w_1 w_2
        law = 2.8125 * np.concatenate([[1.0], np.cumprod(factors[:-1])])
        for steps in (10, 100):
            yield Number(
                f"balancing gap after {steps} steps at eta = {eta}", gap_along(ds, eta, steps), float(law[steps])
            )
        end = float(ds["balancing_gap"].isel(depth=0, alpha=0, mode=0).sel(eta=eta))
        yield Number(f"balancing gap after 500 steps at eta = {eta}", end, float(law[500]))


def doublings(ds: xr.Dataset) -> Iterator[Number]:
    found = analysis.flips(ds, count=4)["flip"].isel(alpha=0)
    for depth in ds["depth"].values:
        exact = theory.period_doubling(float(depth), 4)
        for k in range(4):
            what = f"eta S where period {2**k} doubles, depth {depth}"
            yield Number(what, float(depth * found.sel(depth=depth)[k]), float(depth * exact[k]))


def sharpening(ds: xr.Dataset) -> Iterator[Number]:
    yield Number(
        "sharpness at the end at eta = 0.02, against S of the balanced minimum",
        float(ds["sharpness_last"].isel(depth=0, alpha=0).sel(eta=0.02)),
        float(theory.stability_limit(10.0, 3)),
    )
    kept = ds["trajectory_sharpness"].isel(depth=0, alpha=0)
    w = ds["trajectory_singular_value"].isel(depth=0, alpha=0)
    for eta in (0.0305, 0.034):
        step = int(ds["edge_step"].isel(depth=0, alpha=0).sel(eta=eta))
        what = f"sharpness where it first reaches 2/eta, at eta = {eta}, from the layers"
        exact = theory.sharpness(
            w.sel(eta=eta, step=step).transpose("layer", "mode").values, singular_values(ds).values
        )
        yield Number(what, float(kept.sel(eta=eta, step=step)), float(exact))


FIGURES = [
    PaperFigure(
        "oscillation_range", "Oscillation range: mode i starts at 2/S_i", [("oscillation_range", {})], 1, swing
    ),
    PaperFigure(
        "oscillation_per_layer",
        "Oscillation per layer: below the edge (eta = 0.010) and beyond it (0.040)",
        [
            ("loss", {}),
            *((kind, {"eta": eta}) for kind in ("layers", "trajectory") for eta in (0.010, 0.040)),
        ],
        3,
        layers,
    ),
    PaperFigure("contour", "Contour with flow: gradient descent creeps to balance", [("contour", {})], 1, conserved),
    PaperFigure("balancing_gap", "Balancing gap: stable, at the edge, beyond", [("balancing", {})], 1, gaps),
    PaperFigure(
        "rank_three",
        "Rank-3 example: which mode oscillates as eta grows",
        [("oscillation_range", {}), *(("bifurcation", {"mode": mode}) for mode in range(3))],
        2,
        edges,
    ),
    PaperFigure(
        "period_doubling",
        "Period doubling: product against eta S",
        [("bifurcation", {"x": "eta S", "depth": depth}) for depth in (2, 3, 4)],
        3,
        doublings,
    ),
    PaperFigure(
        "progressive_sharpening",
        "Progressive sharpening: Hessian eigenvalues along gradient descent, with 2/eta",
        [("sharpness", {}), *(("eigenvalues", {"eta": eta}) for eta in (0.0305, 0.0315, 0.034))],
        2,
        sharpening,
    ),
]


def make(folder: Path, progress: Callable[[str], object]) -> Path:
    """Computes and draws every figure into the folder, several at once, and writes the page about them; returns its path.

    progress: called with the name of each that is done. What is in the folder already is not computed again.
    """
    found = {}
    # processes, since most of the time goes into compiling, which threads cannot do at once
    workers = min(threads(), len(FIGURES))
    with get_context("spawn").Pool(workers, initializer=signal.signal, initargs=(SIGINT, SIG_IGN)) as pool:
        names = [figure.name for figure in FIGURES]
        for name, numbers in pool.imap_unordered(partial(one, folder), names):
            found[name] = numbers
            progress(name)
    page = folder / "index.md"
    files.write(page, index(found).encode())
    return page


def one(folder: Path, name: str) -> tuple[str, list[Number]]:
    """Computes and draws a figure; the numbers behind it."""
    figure, store = next(f for f in FIGURES if f.name == name), folder / f"{name}.zarr"
    compute(Sweep.from_file(Path(str(sweeps() / f"{name}.toml"))), store, progress=False)
    ds = open_store(store).load()
    files.write(folder / f"{name}.png", encode(figure.draw(ds)))
    return name, list(figure.numbers(ds))


def index(found: Mapping[str, Sequence[Number]]) -> str:
    """The page that shows the figures with the numbers behind them, in Markdown."""
    lines = ["# The paper's figures", "", "Ghosh, Kwon, Wang, Ravishankar, Qu (ICLR 2025, arXiv 2502.20531)."]
    for figure in FIGURES:
        lines += ["", f"## {figure.caption}", "", f"![{figure.caption}]({figure.name}.png)", ""]
        lines += ["| number | measured | theory |", "| --- | --- | --- |"]
        lines += [f"| {n.what} | {n.measured:.9g} | {n.expected:.9g} |" for n in found[figure.name]]
    return "\n".join(lines) + "\n"
