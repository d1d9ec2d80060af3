"""What can be measured; each file here that binds OBSERVABLE is one family, and needs no other entry.

Those in `matrix` are what only full matrices have, or have otherwise than the modes.
"""

from fastdln.models import Model
from fastdln.observables.observable import Observable, Sample, Step, Variable
from fastdln.registry import collect

OBSERVABLES: dict[str, Observable] = collect(__name__, "OBSERVABLE")

SHARED = {name: observable for name, observable in OBSERVABLES.items() if observable.shared}

MATRIX_OBSERVABLES: dict[str, Observable] = dict(sorted((SHARED | collect(f"{__name__}.matrix", "OBSERVABLE")).items()))


def add(observable: Observable) -> None:
    """Makes a family known; those that matrices can give just as modes do, to both."""
    OBSERVABLES[observable.name] = observable
    if observable.shared:
        MATRIX_OBSERVABLES[observable.name] = observable


DEFAULT = ("period", "oscillation_range", "oscillating_modes", "loss")


def observables_of(model: Model) -> dict[str, Observable]:
    """The families that the model's kernels know, by name."""
    return MATRIX_OBSERVABLES if model.matrices else OBSERVABLES


__all__ = ["DEFAULT", "MATRIX_OBSERVABLES", "OBSERVABLES", "Observable", "Sample", "Step", "Variable", "observables_of"]
