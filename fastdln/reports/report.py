"""One page about a store: what it is, how it ran, its pictures, and how it agrees with the theory."""

from __future__ import annotations

import base64
import os
import re
import shlex
from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import xarray as xr
from jinja2 import Environment, StrictUndefined

from fastdln import analysis, theory
from fastdln import files as local
from fastdln.analysis.comparison import CLOSE, coordinate_text
from fastdln.analysis.dataset import restore_dimensions, singular_values, text_of
from fastdln.analysis.expected import is_of_layers
from fastdln.errors import DatasetError
from fastdln.execution.logged import logged
from fastdln.plots import PLOTS, drawable, encode, figure
from fastdln.plots.selection import indices_along, mode_name
from fastdln.reports import captions
from fastdln.reports.captions import findings
from fastdln.storage.completeness import GO_ON
from fastdln.storage.status import Status
from fastdln.sweep.display import rows, subject

# Sharp on a screen, and a page of a dozen pictures stays below some MB.
DPI = 120

# Bytes of a dataset that is read once, and not by each picture anew.
LOADED_AT_ONCE = 2**28

# Learning rates, below which a flip is not located well enough to be called measured.
FEWEST_RATES = 50
DOUBLINGS = 5

# What attributes of other people's stores may hold and a page must not: control characters, also those that turn the
# direction of writing, and halves of characters, which UTF-8 does not have.
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def page(
    ds: xr.Dataset,
    store: str,
    status: Status,
    logs: Iterable[Path],
    step: Callable[[str], object],
    path: Path | None = None,
) -> str:
    """The page as HTML that needs nothing else.

    ds: what the store holds; store: its name; logs: of its runs, where they are kept. step: called with what is done next.
    path: where the page is to lie, from which it links to a store in a folder.
    """
    ds = restore_dimensions(ds)
    if ds.nbytes <= LOADED_AT_ONCE:
        step("reading")
        ds = ds.load()
    step("census")
    census = analysis.census(ds)
    found = findings(ds, census)
    pictures = []
    for kind in drawable(ds):
        step(kind)
        try:
            drawn = figure(ds, kind)
        except DatasetError:  # of the values themselves, such as a run without a whole cycle
            continue
        image = base64.b64encode(encode(drawn, "png", DPI)).decode()
        caption = captions.caption(ds, kind, PLOTS[kind].summary, drawn, found)
        pictures.append({"kind": kind, "caption": caption, "image": image})
    step("comparison with theory")
    text: str = template().render(
        title=text_of(ds.attrs, "title") or store,
        source=text_of(ds.attrs, "source", "fastdln"),
        store=store,
        word=shlex.quote(store),
        computed=status.points_left < status.points,
        census=census.shares(),
        advice=census.advice,
        data=link(store, path),
        subject=subject(status.sweep),
        about=rows(status.sweep),
        ran=ran(ds, status, logs),
        pictures=pictures,
        agreement=agreement(ds),
        close=CLOSE,
        flips=flips(ds),
        flips_at=flips_at(ds),
        sweep=ds.attrs["sweep"],
    )
    return HIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def ran(ds: xr.Dataset, status: Status, logs: Iterable[Path]) -> list[tuple[str, str]]:
    """Rows on how the store came about, and how far it is."""
    done = status.points - status.points_left
    rows = [
        ("points", f"{done:,} of {status.points:,} computed ({done / status.points:.1%})"),
        ("chunks", f"{status.chunks - status.chunks_left:,} of {status.chunks:,}"),
    ]
    if status.chunks_left:
        rows.append(("incomplete", "a run is going on" if status.running else GO_ON))
    rows += logged(logs, since=str(ds.attrs.get("history", "")).partition(" ")[0]) or [
        ("machine", "not known: there is no log of a run beside the store")
    ]
    said = {"history": "history", "grown_from": "grew from the shapes", "parent_store": "is a window of"}
    rows += [(name, str(ds.attrs[key])) for key, name in said.items() if key in ds.attrs]
    versions = [
        f"{key.removesuffix('_version')} {value}" for key, value in ds.attrs.items() if key.endswith("_version")
    ]
    return [*rows, ("made with", ", ".join([str(ds.attrs.get("source", "")), *versions]))]


def link(store: str, path: Path | None) -> str:
    """The address of a store's folder from where the page lies; empty for stores elsewhere."""
    if path is None or "://" in store or not (folder := local.at(store)).is_dir():
        return ""
    try:
        # never absolute, so that folder and page may move together; a colon in it is quoted, so that it names no protocol
        return f"./{quote(Path(os.path.relpath(folder, path.resolve().parent)).as_posix())}/"
    except (ValueError, UnicodeError):  # on another drive, or a name that is no text
        return ""


@cache
def template() -> Any:
    source = (files("fastdln.reports") / "report.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
        source
    )


def agreement(ds: xr.Dataset) -> list[tuple[str, str, str, str, str]]:
    """Rows of the table: variable, points compared, share that is close, largest difference, where."""
    return [
        (
            row.long_name,
            f"{row.compared:,}",
            f"{100 * row.close / row.compared:.4g} %",
            f"{row.furthest:.3g}",
            row.where if row.furthest else "",
        )
        for row in analysis.agreement(ds)
    ]


def flips(ds: xr.Dataset) -> list[tuple[str, str, str, str, str]]:
    """Rows of the table of doublings: where, from which period, eta in theory, measured, and how sure that is."""
    if (
        "period" not in ds
        or "momentum" in ds.coords
        or not is_of_layers(ds)
        or ds.sizes["eta"] < FEWEST_RATES
        or any(name in ds.dims for name in swept(ds))
    ):
        return []
    one = ds.isel({dim: [ds.sizes[dim] // 2] for dim in others(ds)})
    low, high = ds["eta"].values[[0, -1]]
    rows = []
    for mode in indices_along(ds, "mode"):
        found = analysis.flips(one, int(ds["mode"].values[mode]), DOUBLINGS)
        s = float(singular_values(ds).isel(mode=mode))
        for depth in ds["depth"].values if s > 0 else ():
            exact = np.asarray(theory.period_doubling(float(depth), DOUBLINGS)) / s ** (2 - 2 / depth)
            here = found.sel(depth=depth).squeeze()
            for k, period in enumerate(found["doubling"].values):
                if np.isfinite(here["flip"].values[k]) and low <= exact[k] <= high:
                    measured, unsure = float(here["flip"][k]), float(here["uncertainty"][k])
                    where = f"depth {depth}, {mode_name(ds, int(mode)).replace('$', '')}"
                    rows.append(
                        (where, f"{period} to {2 * period}", f"{exact[k]:.9f}", f"{measured:.9f}", f"{unsure:.1e}")
                    )
    return rows


def flips_at(ds: xr.Dataset) -> str:
    """Where the doublings are looked for: the only value of each further axis, or the one in the middle."""
    at = [
        coordinate_text(str(dim), ds[dim].values[0])
        for dim in ds["fate"].dims
        if dim not in ("eta", "depth", *others(ds))
    ]
    for dim in others(ds):
        middle, count = ds.sizes[dim] // 2, ds.sizes[dim]
        at.append(f"{coordinate_text(dim, ds[dim].values[middle])} (number {middle + 1:,} of {count:,} values)")
    return ", ".join(at)


def others(ds: xr.Dataset) -> list[str]:
    """Axes of several values beside the learning rate and the depth."""
    return [str(dim) for dim in ds["fate"].dims if dim not in ("eta", "depth") and ds.sizes[dim] > 1]


def swept(ds: xr.Dataset) -> list[str]:
    return [f"s{number + 1}" for number in range(ds.sizes["mode"])]
