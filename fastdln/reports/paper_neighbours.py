"""Figures of neighbouring models, and of momentum, after the papers that docs/theory.md, F, names."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from fastdln import theory
from fastdln.observables.fate import CONVERGED, DIVERGED
from fastdln.reports.paper_figure import Number, PaperFigure, PaperSet

# Momentum beyond which the orbits that start at .9 of the minimum do not reach it any more, well below the edge.
NEAR_ENOUGH = (0.0, 0.1, 0.2, 0.3)


def edges(ds: xr.Dataset) -> Iterator[Number]:
    """The largest learning rate up to which every run converges, at some momenta, against 2 (1 + mu) / S; to one step of the grid."""
    for mu in NEAR_ENOUGH:
        fate = ds["fate"].sel(momentum=mu, method="nearest").values.ravel()
        last = ds["eta"].values[int(np.argmax(fate != CONVERGED)) - 1]
        yield Number(f"edge at momentum {mu:g}", float(last), float(theory.critical_learning_rate(1.0, 3, mu)))


def flips_of_uv(ds: xr.Dataset) -> Iterator[Number]:
    """Where periods double, to a step of the grid, against the balanced map of two layers."""
    period = ds["period"].values.ravel()
    for k, eta in enumerate(np.asarray(theory.period_doubling(2, 3))):
        last = np.flatnonzero(period == 2**k)
        below = last[ds["eta"].values[last] < eta + 0.01].max()
        yield Number(f"learning rate of the doubling of period {2**k}", float(ds["eta"].values[below]), float(eta))


def reached(ds: xr.Dataset) -> Iterator[Number]:
    """How sharp the minima are that runs end at, and from how far they come."""
    converged = ds["fate"] == CONVERGED
    largest = float(ds["sharpness_ratio"].where(converged).max())
    yield Number("largest eta S / 2 of a minimum that is reached, in theory 1 at most", largest, 1.0)
    start = (ds["eta"] * ds["lambda0"]).where(converged & (ds["eta"] < 0.5))
    yield Number(
        "largest eta lambda at the start of a run that converges, eta below .5; about 4", float(start.max()), np.nan
    )


def agreement(ds: xr.Dataset) -> Iterator[Number]:
    """How many starts do otherwise than the exact threshold says, but for those within 1e-3 of it and those that end at the saddle."""
    u, v = np.meshgrid(ds["w1"].values, ds["w2"].values, indexing="ij")
    eta = float(ds["eta"].item())
    limit = theory.factorization_limit(u, v, 1.0)
    converged = ds["fate"].squeeze().transpose("w1", "w2").values == CONVERGED
    clear = (np.abs(eta / limit - 1) > 1e-3) & (np.abs(u + v) > 1e-9)
    yield Number("starts that do not as the threshold says", float((clear & (converged != (eta < limit))).sum()), 0.0)


def just_below(ds: xr.Dataset) -> Iterator[Number]:
    """The sharpness where runs end that gradient flow would take beyond 2/eta, against 2/eta - eta/2."""
    eta = float(ds["eta"].item())
    x, y = np.meshgrid(ds["w1"].values, ds["w2"].values, indexing="ij")
    beyond = theory.flow_sharpness(np.stack([x, y, x, y], axis=-1)[..., None], [1.0]) * eta / 2
    end = ds["sharpness"].where(ds["fate"] == CONVERGED).squeeze().transpose("w1", "w2").values
    for low, high in ((1.05, 1.2), (1.2, 1.5)):
        # those that begin at a minimum stay there, stable or not
        there = (beyond > low) & (beyond <= high) & (np.abs(x * y - 1) > 1e-9)
        median = float(np.nanmedian(end[there]))
        yield Number(f"sharpness at the end, flow's {low:g} to {high:g} of 2/eta", median, 2 / eta - eta / 2)


def late_losses(ds: xr.Dataset) -> Iterator[Number]:
    """The loss at the last state times eta t, in theory 1, the examples having a margin of 1; where the exponential one is lost."""
    lost = ds["fate"].sel(loss_function="exponential").values.ravel() == DIVERGED
    yield Number(
        "learning rate from which the exponential loss diverges", float(ds["eta"].values[np.argmax(lost)]), np.nan
    )
    kept = ds["loss_time"].sel(loss_function="logistic").sel(eta=[0.02, 0.2, 0.5], method="nearest")
    for eta, value in zip(kept["eta"].values, kept.values.ravel(), strict=True):
        yield Number(f"logistic loss times eta t at eta = {eta:.3g}", float(value), 1.0)


def edge_reached(ds: xr.Dataset) -> Iterator[Number]:
    """From which state on the loss falls."""
    for eta, step in zip(ds["eta"].values, ds["monotone_from"].values.ravel(), strict=True):
        yield Number(f"state from which the loss falls at eta = {eta:g}", float(step), np.nan)


def at_the_edge(ds: xr.Dataset) -> Iterator[Number]:
    """The sharpest end in units of 2/eta, and the largest learning rate that is not lost, of each activation."""
    for activation in ds["activation"].values:
        one = ds.sel(activation=activation)
        kept = one["fate"].values.ravel() != DIVERGED
        yield Number(f"largest eta S / 2 at the end, {activation} units", float(one["sharpness_ratio"].max()), np.nan)
        yield Number(
            f"largest learning rate that is not lost, {activation} units", float(ds["eta"].values[kept].max()), np.nan
        )


def narrow_beside_wide(ds: xr.Dataset, wide: xr.Dataset) -> Iterator[Number]:
    """How far apart the products are, at most over the kept states and at the last, against that of the modes left out; steps to learn."""
    learned, depth = np.flatnonzero(ds["singular_value"].values > 0), int(ds["depth"].item())
    out = np.sqrt(ds.sizes["mode"] - 2 * learned.size)
    square = ((ds["trajectory_product"] - wide["trajectory_product"]) ** 2).sum("mode")
    for alpha in ds["alpha"].values:
        apart = np.sqrt(square.sel(alpha=alpha).values.ravel())
        yield Number(
            f"largest distance of the products, alpha = {alpha:g}", float(apart.max()), float(out * alpha**depth)
        )
        yield Number(f"distance of the products at the last state, alpha = {alpha:g}", float(apart[-1]), np.nan)
        steps = [both["learned_step"].sel(alpha=alpha).values.ravel() for both in (ds, wide)]
        for mode in learned:
            yield Number(f"step that learns mode {mode + 1}, alpha = {alpha:g}; wide", *(float(s[mode]) for s in steps))


FIGURES = [
    PaperFigure(
        "compressed",
        "A compressed network, and the wide one",
        [("trajectory", {"alpha": 0.03}), ("loss", {"alpha": 0.03})],
        1,
        narrow_beside_wide,
        over=("compressed_wide",),
    ),
    PaperFigure(
        "mlp",
        "Sharpness of tanh and linear networks",
        [("sharpness", {"activation": "tanh"}), ("sharpness", {"activation": "linear"})],
        2,
        at_the_edge,
    ),
    PaperFigure(
        "logistic",
        "Logistic and exponential loss",
        [("loss", {"loss_function": "logistic"}), ("loss", {"loss_function": "exponential"})],
        2,
        late_losses,
    ),
    PaperFigure(
        "logistic_steps", "Logistic regression along the steps", [("loss", {}), ("sharpness", {})], 2, edge_reached
    ),
    PaperFigure(
        "scalar_factorization",
        "Two factors: where gradient descent converges",
        [("map", {"variable": "fate", "x": "w1", "y": "w2"})],
        1,
        agreement,
    ),
    PaperFigure(
        "minimalist",
        "Four factors: sharpness at the end over 2/eta",
        [("map", {"variable": "sharpness_ratio", "x": "w1", "y": "w2"})],
        1,
        just_below,
    ),
    PaperFigure("uv", "UV model: fates over learning rate and initial curvature", [("phase", {})], 1, reached),
    PaperFigure("uv_chaos", "UV model: the route to chaos", [("bifurcation", {}), ("sharpness", {})], 2, flips_of_uv),
    PaperFigure("momentum", "Period doubling over the learning rate and momentum", [("phase", {})], 1, edges),
]

SET = PaperSet(
    source="After the papers named at each sweep.",
    expected="The theory: closed forms and exact thresholds; see docs/science/neighbours.md.",
    figures=FIGURES,
)
