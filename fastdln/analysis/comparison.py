"""How far a dataset is from the theory, point by point and in all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from fastdln.analysis.blockwise import pieces
from fastdln.analysis.dataset import model_of, singular_values, text_of, whole
from fastdln.analysis.expected import prediction

# What a long transient and a small alpha leave of a difference, in parts of the larger of 1 and the expected value.
CLOSE = 1e-6


def compare(ds: xr.Dataset) -> xr.Dataset:
    """Measured minus predicted, for every variable of the dataset that the theory of balanced modes predicts.

    Each mode by itself is at its minimum below 2 / S_i and on the two-cycle of theory.two_cycle from there to its first
    doubling; NaN elsewhere, where a point is not computed yet, and where it diverged. Periods of modes with s > 0 are predicted up to the fourth doubling,
    sharpness below the edge of every mode. Shaped like the variables; a finite alpha, a transient too short and modes
    that mix show as differences. docs/theory.md, C.
    """
    ds = whole(ds)
    eta, depth, s = ds["eta"].load(), ds["depth"].load(), singular_values(ds)
    expected = prediction(eta, depth, s, model_of(ds))
    out = {
        name: (ds[name] - value).where((ds["fate"] != 0) & (ds[name] >= 0 if ds[name].dtype.kind == "i" else True))
        for name, value in expected.items()
        if name in ds and set(value.dims) <= set(ds[name].dims)
    }
    for name, difference in out.items():
        about = {key: ds[name].attrs[key] for key in ("units",) if key in ds[name].attrs}
        out[name] = difference.transpose(*ds[name].dims).assign_attrs(
            about | {"long_name": f"{text_of(ds[name].attrs, 'long_name', name)}: measured minus theory"}
        )
    return xr.Dataset(out, attrs={key: ds.attrs[key] for key in ("title", "sweep", "sweep_sha256") if key in ds.attrs})


@dataclass
class Agreement:
    """How many of a variable's values the theory predicts, and how many are within CLOSE of it; where it is furthest off."""

    variable: str
    long_name: str
    compared: int = 0
    close: int = 0
    furthest: float = 0.0
    where: str = ""

    def add(self, difference: xr.DataArray, measured: xr.DataArray) -> None:
        known = difference.notnull()
        count = int(known.sum())
        if not count:
            return
        size = abs(difference)
        self.compared += count
        self.close += int((size <= CLOSE * np.maximum(1.0, abs(measured - difference))).sum())
        if not self.where or float(size.max()) > self.furthest:
            at = size.argmax(...)
            self.furthest = float(size.max())
            point = size.isel(at)
            names = [name for name in point.coords if name in size.dims and size.sizes[name] > 1]
            self.where = ", ".join(said(str(name), point[name].item()) for name in names)


def said(name: str, value: float) -> str:
    return f"mode {value + 1}" if name == "mode" else f"{name} = {value:.6g}"


def agreement(ds: xr.Dataset) -> list[Agreement]:
    """What `compare` finds in all, a row for each variable that the theory predicts somewhere; piece by piece.

    Also for datasets larger than memory. docs/theory.md, C.
    """
    ds = whole(ds)
    nothing = compare(ds.isel({dim: slice(0, 1) for dim in ds["fate"].dims}))
    rows = {str(n): Agreement(str(n), text_of(ds[n].attrs, "long_name", str(n))) for n in nothing.data_vars}
    if not rows:
        return []
    for _, piece in pieces(ds[[*rows, "fate"]], [str(dim) for dim in ds["fate"].dims]):
        for name, difference in compare(piece).data_vars.items():
            rows[str(name)].add(difference, piece[name])
    return [row for row in rows.values() if row.compared]
