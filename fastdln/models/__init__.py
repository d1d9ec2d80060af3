"""The maps that can be swept; each file here that binds MODEL is one, and needs no other entry."""

from fastdln.models.model import Map, Model, Start
from fastdln.models.starts import STARTS
from fastdln.registry import collect

MODELS: dict[str, Model] = collect(__name__, "MODEL")

__all__ = ["MODELS", "STARTS", "Map", "Model", "Start"]
