"""The sweeps that ship."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path


def sweeps() -> Traversable:
    """The folder of the sweeps that ship: in the package, or beside it where it is run from its sources."""
    inside = resources.files("fastdln") / "sweeps"
    return inside if inside.is_dir() else Path(str(resources.files("fastdln"))).parent / "sweeps"


def shipped() -> list[Path]:
    """All of them."""
    return sorted((Path(str(file)) for file in sweeps().iterdir() if file.name.endswith(".toml")), key=lambda p: p.name)
