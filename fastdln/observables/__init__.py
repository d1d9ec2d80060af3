"""Families of observables; each file here that binds OBSERVABLE is one, and needs no other entry.

The folder `matrix` has those that only full matrices have, or that are computed otherwise for them; each other folder those of
the simulation of its name.
"""

from collections.abc import Mapping

from fastdln.models import MODELS, Model
from fastdln.observables.observable import Observable, PairObservable, Sample, Step, Variable
from fastdln.registry import collect

OBSERVABLES: dict[str, Observable] = collect(__name__, "OBSERVABLE")

SHARED = {name: observable for name, observable in OBSERVABLES.items() if observable.shared}

MATRIX_OBSERVABLES: dict[str, Observable] = dict(sorted((SHARED | collect(f"{__name__}.matrix", "OBSERVABLE")).items()))

OF_SIMULATIONS: dict[str, dict[str, Observable]] = {
    name: collect(f"{__name__}.{name}", "OBSERVABLE")
    for name in {m.simulation: None for m in MODELS.values() if m.simulation}
}


# What gradient flow of matrices has beside what gradient descent has; it is always written.
FLOW_OBSERVABLES: dict[str, Observable] = collect(f"{__name__}.flow", "OBSERVABLE")


def add(observable: Observable) -> None:
    """Register a family for the modes, and for full matrices if it is `shared`."""
    OBSERVABLES[observable.name] = observable
    if observable.shared:
        MATRIX_OBSERVABLES[observable.name] = observable


DEFAULT = ("period", "oscillation_range", "oscillating_modes", "loss")


def default_of(model: Model) -> tuple[str, ...]:
    """The families that are measured where the sweep does not say: of a simulation all but those that search from the start on."""
    known = OF_SIMULATIONS[model.simulation] if model.simulation else {}
    return (
        tuple(name for name, o in known.items() if not (o.asked_by or o.whole_run) and name != "fate")
        if known
        else DEFAULT
    )


def tables() -> list[Mapping[str, Observable]]:
    """All families: of modes, of matrices, of each simulation."""
    return [OBSERVABLES, MATRIX_OBSERVABLES, FLOW_OBSERVABLES, *OF_SIMULATIONS.values()]


def observables_of(model: Model) -> dict[str, Observable]:
    """The families that the model's kernels can compute, by name."""
    if model.simulation:
        return OF_SIMULATIONS[model.simulation]
    known = MATRIX_OBSERVABLES if model.matrices else OBSERVABLES
    if not model.flow:
        return known
    # what follows deviations takes them through steps of gradient descent
    found = {name: o for name, o in known.items() if not (o.carries_tangent or isinstance(o, PairObservable))}
    return found | FLOW_OBSERVABLES if model.matrices else found


__all__ = [
    "DEFAULT",
    "FLOW_OBSERVABLES",
    "MATRIX_OBSERVABLES",
    "OBSERVABLES",
    "OF_SIMULATIONS",
    "Observable",
    "Sample",
    "Step",
    "Variable",
    "default_of",
    "observables_of",
    "tables",
]
