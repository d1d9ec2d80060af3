"""Pictures of datasets, with the theory drawn over the data; each function takes a Dataset and an optional ax.

A file that binds `PLOT` is a picture, with the function of its name. The others are what pictures share:

- `plot`: what a picture is; `collection`: all of them; `panels`: figures of several
- `selection`: values, indices and names along the dimensions of a dataset
- `colours`, `scales` (of colours), `labels` (and legends), `axes` (and the edges of stability on them)
- `shown`: dimensions that they show; `calling`: how they are called
- `frames`: what the pictures of a sequence have in common
- `heatmap` and `rasterize`: a plane in colours; `trajectories`: states along a run; `record`: a range over the record
"""

from typing import TYPE_CHECKING

from fastdln.plots.collection import PLOTS, drawable, figure, kind_of
from fastdln.plots.panels import FORMATS, arranged, encode

if TYPE_CHECKING:  # for editors and type checkers, which do not see what the next line adds
    from fastdln.plots.alignment import alignment as alignment
    from fastdln.plots.balancing import balancing as balancing
    from fastdln.plots.bifurcation import bifurcation as bifurcation
    from fastdln.plots.boundary import boundary as boundary
    from fastdln.plots.contour import contour as contour
    from fastdln.plots.dimension import dimension as dimension
    from fastdln.plots.edge import edge as edge
    from fastdln.plots.eigenvalues import eigenvalues as eigenvalues
    from fastdln.plots.escape import escape as escape
    from fastdln.plots.layers import layers as layers
    from fastdln.plots.loss import loss as loss
    from fastdln.plots.lyapunov import lyapunov as lyapunov
    from fastdln.plots.map import map as map
    from fastdln.plots.mixing import mixing as mixing
    from fastdln.plots.modes import modes as modes
    from fastdln.plots.oscillation_range import oscillation_range as oscillation_range
    from fastdln.plots.phase import phase as phase
    from fastdln.plots.sharpness import sharpness as sharpness
    from fastdln.plots.stages import stages as stages
    from fastdln.plots.trajectory import trajectory as trajectory

# A picture's function has the name of its file, and stands for it from here on.
globals().update({name: plot.draw for name, plot in PLOTS.items()})

__all__ = [
    "FORMATS",
    "PLOTS",
    "arranged",
    "drawable",
    "encode",
    "figure",
    "kind_of",
    *PLOTS,
]  # the names are those of the files


def __dir__() -> list[str]:
    """Names that notebooks complete: the public ones, without the modules that pictures share."""
    return __all__
