"""A view as what reproduces it: a sweep file, and the command that runs it."""

from __future__ import annotations

import json
from typing import Any

import tomli_w

from fastdln.explorer.scene import Scene, Subject
from fastdln.sweep.schema import Sweep


def toml_of(subject: Subject, view: Scene) -> str:
    """The sweep file of a view at a pixel's resolution."""
    return f"# A view of fastdln explore: {subject.in_words(view)}.\n" + file_of(
        subject.sweep_of(view, view.width, view.height)
    )


def file_of(sweep: Sweep) -> str:
    """A sweep as the text of a sweep file."""
    data = without_none(json.loads(sweep.canonical()))
    for name in {"depth", "seed"} & set(data["axes"]):
        if isinstance(data["axes"][name], list):
            data["axes"][name] = [round(value) for value in data["axes"][name]]
    if sweep.definition.data or (sweep.definition.parameters and not sweep.definition.initial):
        data.pop("target", None)
    if sweep.definition.parameters:
        data.pop("start", None)
        data["axes"] = {name: axis for name, axis in data["axes"].items() if name not in ("alpha", "depth")}
    return tomli_w.dumps(data)


def without_none(data: Any) -> Any:
    """Data without what is None, which TOML does not have."""
    if isinstance(data, dict):
        return {name: without_none(value) for name, value in data.items() if value is not None}
    return data


def command_line(subject: Subject, view: Scene) -> str:
    """What runs the file that is saved."""
    name = f"{subject.sweep.model}-{view.variable}"
    return f"fastdln run {name}.toml -o {name}.zarr"
