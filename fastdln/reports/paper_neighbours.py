"""Figures of neighbouring models, and of momentum, after the papers that docs/theory.md, F, names."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from fastdln import theory
from fastdln.observables.fate import CONVERGED
from fastdln.reports.paper_figure import Number, PaperFigure, PaperSet

# Momentum beyond which the orbits that start at .9 of the minimum do not reach it any more, well below the edge.
NEAR_ENOUGH = (0.0, 0.1, 0.2, 0.3)


def edges(ds: xr.Dataset) -> Iterator[Number]:
    """The largest learning rate up to which every run converges, at some momenta, against 2 (1 + mu) / S; to one step of the grid."""
    for mu in NEAR_ENOUGH:
        fate = ds["fate"].sel(momentum=mu, method="nearest").values.ravel()
        last = ds["eta"].values[int(np.argmax(fate != CONVERGED)) - 1]
        yield Number(f"edge at momentum {mu:g}", float(last), float(theory.critical_learning_rate(1.0, 3, mu)))


FIGURES = [
    PaperFigure("momentum", "Period doubling over the learning rate and momentum", [("phase", {})], 1, edges),
]

SET = PaperSet(
    source="After the papers named at each sweep.",
    expected="The theory: closed forms and exact thresholds; see docs/science/neighbours.md.",
    figures=FIGURES,
)
