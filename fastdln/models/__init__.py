"""The maps that can be swept; each file here that binds MODEL is one, and needs no other entry."""

from fastdln.models.model import Map, Model, Start
from fastdln.models.starts import STARTS
from fastdln.registry import collect

MODELS: dict[str, Model] = collect(__name__, "MODEL")

# What a model of somebody's own is taken for where its code is not here: it has the same arrays, and all starts that such have.
STAND_IN = "modes"

__all__ = ["MODELS", "STAND_IN", "STARTS", "Map", "Model", "Start"]
