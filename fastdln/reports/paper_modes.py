"""The figures of Ghosh, Kwon, Wang, Ravishankar and Qu (ICLR 2025, arXiv 2502.20531), compared with the theory (docs/theory.md, D)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr

from fastdln import analysis, theory
from fastdln.analysis.dataset import singular_values
from fastdln.reports.paper_figure import Number, PaperFigure, PaperSet


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
    flips = [analysis.flips(ds, mode + 1, 1)["flip"].item() for mode in range(3)]
    for mode, edge in enumerate(theory.critical_learning_rate(singular_values(ds).values[:3], 3)):
        yield Number(f"eta at which mode {mode + 1} starts to oscillate", flips[mode], float(edge))


def descend(layers: Any, eta: float, singular_values: Any, steps: int) -> np.ndarray:
    """States 0 to `steps` of gradient descent on singular values, (step, layer, mode), by nothing but the formula."""
    w, s = np.array(layers, dtype=float), np.asarray(singular_values, dtype=float)
    states = [w]
    for _ in range(steps):
        others = np.array([np.delete(w, layer, axis=0).prod(axis=0) for layer in range(len(w))])
        w = w - eta * (w.prod(axis=0) - s) * others
        states.append(w)
    return np.array(states)


def layers(ds: xr.Dataset) -> Iterator[Number]:
    """At rest each layer has s^(1/3), but for alpha^2, which flow keeps; beyond the edge all swing as the balanced map does."""
    w = ds["trajectory_singular_value"].isel(depth=0, alpha=0, step=slice(-64, None)).load()
    for mode, s in enumerate((10.0, 8.0, 6.0)):
        product = float(ds["trajectory_product"].sel(eta=0.010).isel(depth=0, alpha=0, step=-1, mode=mode))
        yield Number(f"product of mode {mode + 1} at eta = 0.010", product, s)
        for layer in range(3):
            what = f"layer {layer + 1} of mode {mode + 1} at eta = 0.010"
            yield Number(what, float(w.sel(eta=0.010)[layer, mode, -1]), s ** (1 / 3))
    swings = (w.max("step") - w.min("step")).sel(eta=0.040)
    balanced = np.ptp(descend(np.ones((3, 1)), 0.040, [10.0], 2000)[-64:, 0, 0])
    for layer in range(3):
        what = f"swing of layer {layer + 1} of mode 1 at eta = 0.040, in theory that of the balanced map"
        yield Number(what, float(swings[layer, 0]), float(balanced))


def gap_along(ds: xr.Dataset, eta: float, step: int) -> float:
    first, second = ds["trajectory_singular_value"].isel(depth=0, alpha=0, mode=0).sel(eta=eta, step=step).values
    return float((second - first) * (second + first))


# Both figures of two layers start here, at s = 5.
START = ((1.5,), (2.25,))


def conserved(ds: xr.Dataset) -> Iterator[Number]:
    """Flow keeps the gap; gradient descent at the edge creeps to a minimum whose sharpness is below 2/eta."""
    yield Number("gap w_2^2 - w_1^2 at the start, which flow keeps", gap_along(ds, 0.1, 0), 2.25**2 - 1.5**2)
    for eta, steps in ((0.1, 200), (0.1997, 5000)):
        exact = descend(START, eta, [5.0], steps)[-1, :, 0]
        yield Number(
            f"gap after {steps:,} steps at eta = {eta}", gap_along(ds, eta, steps), float(np.diff(exact**2)[0])
        )
        last = ds["trajectory_singular_value"].isel(depth=0, alpha=0, mode=0).sel(eta=eta, step=steps).values
        what = f"sharpness w_1^2 + w_2^2 there, below 2/eta = {2 / eta:.6g}"
        yield Number(what, float((last**2).sum()), float((exact**2).sum()))


def gaps(ds: xr.Dataset) -> Iterator[Number]:
    """By the product law along the plain recursion: q = eta (pi - s) pi / (w_1 w_2), and pi = w_1 w_2."""
    for eta in (0.18, 0.21):
        products = descend(START, eta, [5.0], 500).prod(axis=1)[:, 0]
        law = 2.8125 * np.cumprod(1 - (eta * (products - 5.0)) ** 2)
        for steps in (10, 100):
            what = f"balancing gap after {steps} steps at eta = {eta}"
            yield Number(what, gap_along(ds, eta, steps), float(law[steps - 1]))
        end = float(ds["balancing_gap"].isel(depth=0, alpha=0, mode=0).sel(eta=eta))
        yield Number(f"balancing gap after 500 steps at eta = {eta}", end, float(law[499]))


def doublings(ds: xr.Dataset) -> Iterator[Number]:
    found = analysis.flips(ds, count=4)["flip"].isel(alpha=0)
    for depth in ds["depth"].values:
        exact = theory.period_doubling(float(depth), 4)
        for k in range(4):
            what = f"eta S where period {2**k} doubles, depth {depth}"
            yield Number(what, float(depth * found.sel(depth=depth)[k]), float(depth * exact[k]))


def sharpening(ds: xr.Dataset) -> Iterator[Number]:
    """Of the Hessian's blocks (docs/theory.md, B), at the minimum and along the plain recursion."""
    last = ds["sharpness_last"].isel(depth=0, alpha=0)
    what = "sharpness at the end at eta = 0.02, S of the balanced minimum"
    yield Number(what, float(last.sel(eta=0.02)), float(theory.stability_limit(10.0, 3)))
    s = singular_values(ds).values
    start = [[0.01] * len(s), [0.01] * len(s), [0.0] * len(s)]
    for eta in (0.0305, 0.034):
        sharp = theory.sharpness(descend(start, eta, s, 1000), s)
        first = int(np.argmax(sharp >= 2 / eta))
        step = int(ds["edge_step"].isel(depth=0, alpha=0).sel(eta=eta))
        yield Number(f"first state at or beyond 2/eta, at eta = {eta}", step, first)
        reached = float(ds["trajectory_sharpness"].isel(depth=0, alpha=0).sel(eta=eta, step=step))
        yield Number(f"sharpness there, 2/eta = {2 / eta:.6g}", reached, float(sharp[first]))


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
        [("oscillation_range", {}), *(("bifurcation", {"mode": mode}) for mode in (1, 2, 3))],
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

SET = PaperSet(
    source="Ghosh, Kwon, Wang, Ravishankar, Qu (ICLR 2025, arXiv 2502.20531).",
    expected="The theory: closed forms, or gradient descent on the singular values by nothing but its formula.",
    figures=FIGURES,
)
