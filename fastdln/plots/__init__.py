"""Pictures of datasets, with the theory drawn over the data; each function takes a Dataset and an optional ax."""

from fastdln.plots.kinds import PLOTS, drawable, figure, kind_of
from fastdln.plots.panels import FORMATS, arranged, encode

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
