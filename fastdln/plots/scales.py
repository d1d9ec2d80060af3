"""One scale for the panels of a figure that show one quantity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize, TwoSlopeNorm


def share_y(axes: Sequence[Axes]) -> None:
    """Give all panels the y limits that hold those of each; ticks are labelled once a row."""
    low = min(min(ax.get_ylim()) for ax in axes)
    high = max(max(ax.get_ylim()) for ax in axes)
    for ax in axes:
        ax.set_ylim(low, high)


def share_colours(axes: Sequence[Axes]) -> None:
    """Give the maps of all panels one scale of colours, and one colour bar."""
    meshes = [mesh for ax in axes for mesh in ax.collections if getattr(mesh, "colorbar", None) is not None]
    if len(meshes) < 2 or len({type(mesh.norm) for mesh in meshes}) > 1:
        return
    norms: list[Any] = [mesh.norm for mesh in meshes]
    low, high = min(norm.vmin for norm in norms), max(norm.vmax for norm in norms)
    if isinstance(norms[0], TwoSlopeNorm):
        if len({norm.vcenter for norm in norms}) > 1:
            return
        shared: Normalize = TwoSlopeNorm(norms[0].vcenter, low, high)
    else:
        shared = (LogNorm if isinstance(norms[0], LogNorm) else Normalize)(low, high)
    bar: Any = meshes[-1].colorbar
    label, lines = bar.ax.get_ylabel(), [line.get_ydata()[0] for line in bar.ax.lines]
    for mesh in meshes:
        if mesh.colorbar is not None:
            mesh.colorbar.remove()
        mesh.set_norm(shared)
    one: Any = axes[0].figure.colorbar(meshes[-1], ax=list(axes), extend="both", label=label)
    for line in lines:
        one.ax.axhline(line, color="black", linewidth=0.8)
