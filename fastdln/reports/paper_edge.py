"""Figures after Damian, Nichani and Lee (arXiv 2209.15594) and Cohen et al. (arXiv 2410.24206), on deep linear networks (docs/theory.md, E, G)."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import brentq

from fastdln.analysis.dataset import sweep_of
from fastdln.models import STARTS
from fastdln.reports.paper_figure import Number, PaperFigure, PaperSet
from fastdln.sweep.schema import Sweep

# States at which the sustained edge is compared with its predictions.
COMPARED = (50, 100, 200, 400, 800)

# The axes of the maps over learning rates and starts.
PLANE = {"x": "eta", "y": "seed"}


def mean_of_two(ds: xr.Dataset, name: str) -> NDArray[np.float64]:
    """Each state of a trajectory averaged with the next."""
    values = ds[f"trajectory_{name}"].values.ravel()
    return np.asarray(0.5 * (values[:-1] + values[1:]))


def sustained(ds: xr.Dataset, central: xr.Dataset, flow: xr.Dataset) -> Iterator[Number]:
    """Two-step averages of gradient descent against the prediction, and what the flows do there."""
    for name in ("loss", "sharpness"):
        measured, predicted = (mean_of_two(ds, name + end) for end in ("", "_predicted"))
        for step in COMPARED:
            yield Number(f"{name}, mean of steps {step:,} and {step + 1:,}, predicted", measured[step], predicted[step])
    edge = 2 / ds["eta"].item()
    held = central["trajectory_sharpness"].values.ravel()[100]
    yield Number("sharpness of the central flow at step 100, in theory 2/eta", held, edge)
    gaps = flow["balancing_norm"].item()
    yield Number("change of the balancing matrices under gradient flow, 1 for none", gaps / start_gap(flow), 1.0)


def start_gap(ds: xr.Dataset) -> float:
    """The largest norm of W_{l+1}^T W_{l+1} - W_l W_l^T at the start, which gradient flow keeps."""

    sweep = Sweep.stored(ds.attrs["sweep"])
    widths = sweep.widths_at(int(ds["depth"].item()))
    target = sweep.target.build(widths[-1], widths[0])
    layers = STARTS[sweep_of(ds)["start"]].matrices(widths, target, int(ds["seed"].item()), ())
    scaled = [float(ds["alpha"].item()) * layer for layer in layers]
    pairs = zip(scaled[1:], scaled, strict=False)
    return max(float(np.linalg.norm(above.T @ above - below @ below.T)) for above, below in pairs)


def cycles(ds: xr.Dataset) -> Iterator[Number]:
    """Periods and amplitudes of the local map against the closed orbits that it has as eta goes to 0."""
    eta = float(ds["eta"].values[0])
    for x0 in ds["x0"].values:
        one = ds.sel(x0=x0, eta=eta).squeeze()
        alpha_ps = float(one["alpha_ps"])
        period, largest = closed_orbit(alpha_ps, x0 / float(one["delta"]))
        yield Number(
            f"period of the cycle from x = {x0:g} at eta = {eta:g}, closed orbit",
            float(one["cycle_period"]),
            period / eta,
        )
        yield Number(f"largest abs(x) / delta from x = {x0:g}", float(one["cycle_amplitude_ratio"]), largest)


def closed_orbit(alpha_ps: float, ratio: float) -> tuple[float, float]:
    """Period times eta, and largest x over delta, of the orbit through x = ratio delta < delta, y = 0, in the limit of small eta.

    With w = ln(|x| / delta) it conserves y^2 / 2 + alpha_ps (exp(2 w) / 2 - w).
    """

    def height(w: float) -> float:
        return alpha_ps * (math.exp(2 * w) / 2 - w)

    low = math.log(ratio)
    high = brentq(lambda w: height(w) - height(low), 1e-9, 5.0, xtol=1e-15)
    middle, half = (low + high) / 2, (high - low) / 2

    def integrand(angle: float) -> float:
        w = middle + half * math.sin(angle)  # takes the root's singularities out
        return float(half * math.cos(angle) / math.sqrt(2 * (height(low) - height(w))))

    inside = math.pi / 2 * (1 - 1e-7)
    return float(2 * quad(integrand, -inside, inside, limit=200)[0]), math.exp(high)


def lives(ds: xr.Dataset) -> Iterator[Number]:
    """How many networks stay at the edge, and that none can be held at 2/eta where every minimum is sharper."""
    beyond = ds.isel(eta=ds["eta_ratio"].values > 1.0 + 1e-9)
    share = float((ds["edge_length"] >= 300).mean())
    yield Number("share of networks that stay at the edge for 300 steps or more", share, math.nan)
    held = (beyond["constrained_steps"] == beyond["constrained_steps"].max()) & (beyond["unprojected"] == 0)
    yield Number("share of them, beyond 2/S_1, whose constrained trajectory lives to the end", float(held.mean()), 0.0)


def nothing(ds: xr.Dataset) -> Iterator[Number]:
    """On the singular-vector-stationary set nothing sharpens along the constrained trajectory; nor does it stabilize at balance."""
    largest = float(abs(ds["trajectory_alpha_ps"]).max())
    yield Number("largest progressive sharpening alpha_ps on the set", largest, 0.0)
    at_edge = ds.sel(eta=0.2, method="nearest")
    yield Number(
        "beta at the end at eta = 2/S_1, where layers balance",
        float(at_edge["trajectory_beta"].isel(step=-1).item()),
        0.0,
    )


FIGURES = [
    PaperFigure(
        "edge",
        "A sustained edge: gradient descent, its prediction, and flows",
        [("edge", {})],
        1,
        sustained,
        over=("edge_central_flow", "edge_flow"),
    ),
    PaperFigure("self_stabilization", "Four stages of a cycle of the local map", [("stages", {"x0": 0.2})], 1, cycles),
    PaperFigure(
        "edge_map",
        "Over learning rates and starts: length of the edge, errors of the prediction",
        [
            ("map", {"variable": name, **PLANE, **more})
            for name, more in (
                ("edge_length", {}),
                ("sharpness_correlation", {}),
                ("loss_error", {"log": True}),
                ("constrained_steps", {}),
            )
        ],
        2,
        lives,
    ),
    PaperFigure(
        "edge_on_the_set", "On the set of singular vectors nothing stabilizes itself", [("sharpness", {})], 1, nothing
    ),
]

SET = PaperSet(
    source="After Damian, Nichani, Lee (ICLR 2023, arXiv 2209.15594) and Cohen, Damian, Talwalkar, Kolter, Lee (arXiv 2410.24206).",
    expected="The theory: predictions of these papers, closed orbits and exact identities; see docs/science/self_stabilization.md.",
    figures=FIGURES,
)
