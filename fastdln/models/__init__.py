"""Models that can be swept; each file here that binds MODEL is one, and needs no other entry."""

from fastdln.models.model import SHARPNESS_SEARCH, Failure, KeyChoice, Map, Model, Parameter, Start
from fastdln.models.starts import STARTS
from fastdln.registry import collect

MODELS: dict[str, Model] = collect(__name__, "MODEL")

# The model that a registered one is taken for where its code is not loaded: it has the same arrays, and all starts of such models.
STAND_IN = "modes"

# Numbers of models that axes of their own set, by name.
PARAMETERS: dict[str, Parameter] = {one.name: one for model in MODELS.values() for one in model.parameters}


def add(model: Model) -> None:
    """Makes a model known, with the axes of its own."""
    MODELS[model.name] = model
    PARAMETERS.update({one.name: one for one in model.parameters})


__all__ = [
    "MODELS",
    "PARAMETERS",
    "SHARPNESS_SEARCH",
    "STAND_IN",
    "STARTS",
    "Failure",
    "KeyChoice",
    "Map",
    "Model",
    "Parameter",
    "Start",
    "add",
]
