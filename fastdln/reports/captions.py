"""Captions of a report's pictures: what is on the axes of this sweep's, which values the panels show, and what was found."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from fastdln.analysis.blockwise import blocks
from fastdln.analysis.comparison import coordinate_text
from fastdln.analysis.dataset import absent_axes, text_of
from fastdln.analysis.fate_census import Census, share
from fastdln.sweep.axes import NAMED

# What a caption has room for.
MOST_PANELS, MOST_PERIODS = 12, 8

# What panels say of how many pictures there are, after the title.
SHOWN = re.compile(r"- ([\d,]+ of [\d,]+) pictures shown$")

# What a summary is of stands before what it is over or against.
SUBJECT = re.compile(r" over | against |:|, ")

# An exponent this close to 0 is one of a neutral direction, not of chaos.
POSITIVE = 1e-3


@dataclass
class ValueRange:
    """Values of a variable: how many are numbers, the smallest and the largest, and how many are positive."""

    count: int = 0
    low: float = np.inf
    high: float = -np.inf
    positive: int = 0

    def add(self, values: np.ndarray) -> None:
        known = values[np.isfinite(values)]
        if known.size:
            self.count += known.size
            self.low, self.high = min(self.low, float(known.min())), max(self.high, float(known.max()))
            self.positive += int(np.count_nonzero(known > POSITIVE))


@dataclass
class Findings:
    """What captions say of the values: the census, ranges by variable, and how many values have each period."""

    census: Census
    ranges: dict[str, ValueRange]
    periods: np.ndarray

    def sentence(self, ds: xr.Dataset, kind: str) -> str:
        """What a kind of picture shows of the whole sweep; empty where nothing is known."""
        if kind == "phase":
            shares = self.census.shares()
            return f"{shares[:1].upper()}{shares[1:]}{self.of_periods('; ')}."
        if kind == "bifurcation":
            text = self.of_periods("")
            return f"{text[:1].upper()}{text[1:]}." if text else ""
        name = next((name for name in self.ranges if name == kind), None)
        name = name or next((name for name in self.ranges if name.startswith(f"{kind}_")), None)
        if name is None or not self.ranges[name].count:
            return ""
        found, label = self.ranges[name], text_of(ds[name].attrs, "long_name", name)
        text = f"{label}: {found.low:.3g} to {found.high:.3g}"
        if name in ("lyapunov", "mixing_exponent"):
            text += f", positive at {share(found.positive, found.count)}"
        return f"{text[:1].upper()}{text[1:]}."

    def of_periods(self, before: str) -> str:
        """The periods that occur, in words."""
        found = np.flatnonzero(self.periods[1:]) + 1
        if not found.size:
            return ""
        more = f" and {found.size - MOST_PERIODS:,} more" if found.size > MOST_PERIODS else ""
        return f"{before}periods found: {', '.join(f'{p}' for p in found[:MOST_PERIODS])}{more}"


def findings(ds: xr.Dataset, census: Census) -> Findings:
    """Reads what captions tell of the values once, in blocks."""
    dims = [str(dim) for dim in ds["fate"].dims]
    names = [
        str(name)
        for name, array in ds.data_vars.items()
        if array.dtype.kind == "f" and set(array.dims) <= {*dims, "mode"} and set(dims) <= set(array.dims)
    ]
    ranges, periods = {name: ValueRange() for name in names}, np.zeros(1, dtype=np.int64)
    if names or "period" in ds:
        for _, block in blocks(ds[[*names, "fate", *(["period"] if "period" in ds else [])]], dims):
            computed = block["fate"] != 0
            for name in names:
                ranges[name].add(block[name].where(computed).values)
            if "period" in block:
                counts = np.bincount(block["period"].where(computed, 0).values.clip(0).astype(np.int64).ravel())
                length = max(len(counts), len(periods))
                periods = np.pad(periods, (0, length - len(periods))) + np.pad(counts, (0, length - len(counts)))
    return Findings(census, ranges, periods)


def caption(ds: xr.Dataset, kind: str, summary: str, figure: Figure, findings: Findings) -> str:
    """A caption for a figure of the dataset: what is against what, its panels, what they have in common, and what was found."""
    panels = [axes for axes in figure.axes if axes.get_xlabel() or axes.get_ylabel() or axes.get_title()]
    across, up = (first(getattr(axes, f"get_{xy}label")() for axes in panels) for xy in "xy")
    x, y = with_values(ds, across), with_values(ds, up)
    if y != up:  # both are axes of the sweep, and the colours are what the summary begins with
        text = f"{SUBJECT.split(summary)[0]} over {x} and {y}"
    else:
        text = " against ".join(filter(None, [y, x])) or summary
    titles = [plain(axes.get_title()) for axes in panels if axes.get_title()]
    parts = [text, *titles] if len(titles) < 2 else [text, panels_shown(titles, plain(figure.get_suptitle()))]
    said, absent = " ".join([across, up, *titles]), absent_axes(ds)
    parts += [
        coordinate_text(str(dim), ds[dim].values[0])
        for dim in ds["fate"].dims
        if ds.sizes[dim] == 1
        and dim not in absent
        and f"{dim} = " not in said
        and not any(names(ds, dim, label) for label in (across, up))
    ]
    return f"{'; '.join(parts)}. {findings.sentence(ds, kind)}".strip()


def panels_shown(titles: list[str], suptitle: str) -> str:
    """How many panels there are, of how many that there could be, and what tells them apart."""
    many = SHOWN.search(suptitle)
    shown, separator, before = titles[:MOST_PANELS], "; ", ""
    subjects = {title.partition(" = ")[0] for title in titles}
    if len(subjects) == 1 and all(" = " in title and "," not in title for title in titles):
        shown, separator, before = [title.partition(" = ")[2] for title in shown], ", ", f"{subjects.pop()} = "
    more = " ..." if len(titles) > MOST_PANELS else ""
    return f"{many[1] if many else f'{len(titles)}'} panels: {before}{separator.join(shown)}{more}"


def first(labels: Iterable[str]) -> str:
    return next((plain(label) for label in labels if label), "")


def plain(label: str) -> str:
    r"""A label of a picture as plain words: `$\eta$` becomes eta."""
    words = label.replace("\\log_{10}", "log10 ").replace("\n", " ")
    return " ".join(re.sub(r"[$\\{}]", "", words).split())


def names(ds: xr.Dataset, dim: Hashable, label: str) -> bool:
    """Whether a label is that of a dimension, in full or, beside a low strip, in short."""
    return dim in ds.coords and (label == dim or label.startswith(text_of(ds[dim].attrs, "long_name", "\n")))


def with_values(ds: xr.Dataset, label: str) -> str:
    """An axis's label, with the number of values and their range where it is one of the sweep's, or the steps."""
    for dim in (*map(str, ds["fate"].dims), "step"):
        if dim in NAMED or not names(ds, dim, label):
            continue
        values = ds[dim].values
        if len(values) == 1:
            return f"{label} = {values[0]:.6g}"
        return f"{label} ({len(values):,} values from {values.min():.6g} to {values.max():.6g})"
    return label
