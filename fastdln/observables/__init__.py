"""What can be measured; each file here that binds OBSERVABLE is one family, and needs no other entry."""

from fastdln.observables.observable import Observable, Sample, Step, Variable
from fastdln.registry import collect

OBSERVABLES: dict[str, Observable] = collect(__name__, "OBSERVABLE")

DEFAULT = ("period", "oscillation_range", "oscillating_modes", "loss")

__all__ = ["DEFAULT", "OBSERVABLES", "Observable", "Sample", "Step", "Variable"]
