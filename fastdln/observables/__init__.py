"""Families of observables; each file here that binds OBSERVABLE is one, and needs no other entry.

The folder `matrix` has those that only full matrices have, or that are computed otherwise for them.
"""

from fastdln.models import Model
from fastdln.observables.observable import Observable, Sample, Step, Variable
from fastdln.registry import collect

OBSERVABLES: dict[str, Observable] = collect(__name__, "OBSERVABLE")

SHARED = {name: observable for name, observable in OBSERVABLES.items() if observable.shared}

MATRIX_OBSERVABLES: dict[str, Observable] = dict(sorted((SHARED | collect(f"{__name__}.matrix", "OBSERVABLE")).items()))


def add(observable: Observable) -> None:
    """Register a family for the modes, and for full matrices if it is `shared`."""
    OBSERVABLES[observable.name] = observable
    if observable.shared:
        MATRIX_OBSERVABLES[observable.name] = observable


DEFAULT = ("period", "oscillation_range", "oscillating_modes", "loss")


def observables_of(model: Model) -> dict[str, Observable]:
    """The families that the model's kernels can compute, by name."""
    return MATRIX_OBSERVABLES if model.matrices else OBSERVABLES


__all__ = ["DEFAULT", "MATRIX_OBSERVABLES", "OBSERVABLES", "Observable", "Sample", "Step", "Variable", "observables_of"]
