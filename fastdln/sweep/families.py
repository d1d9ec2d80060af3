"""The families of observables that a sweep can ask for, by their names and by those of their variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastdln.models import MODELS, Map, Model
from fastdln.observables import (
    FLOW_OBSERVABLES,
    MATRIX_OBSERVABLES,
    OBSERVABLES,
    OF_SIMULATIONS,
    Observable,
    default_of,
    observables_of,
)
from fastdln.observables.observable import EndObservable, ModeObservable, PairObservable, PointObservable

if TYPE_CHECKING:
    from fastdln.sweep.schema import Sweep


def known_names(model: Model | None = None) -> dict[str, str]:
    """The families that can be asked for, by their own names and by those of their variables: first as the model has them."""
    own = observables_of(model).values() if model else ()
    named: dict[str, str] = {}
    for known in ([*own], every_family()):
        asked_for = [o for o in known if not o.asked_by]
        named = {v.name: o.name for o in asked_for for v in o.variables} | {o.name: o.name for o in asked_for} | named
    return named


def every_family() -> list[Observable]:
    """All families, those that modes have first."""
    others = (o for known in (FLOW_OBSERVABLES, *OF_SIMULATIONS.values()) for o in known.values())
    return [*OBSERVABLES.values(), *(o for o in MATRIX_OBSERVABLES.values() if not o.shared), *others]


BY_KEY = {name: o.asked_by for o in every_family() if o.asked_by for name in (o.name, *(v.name for v in o.variables))}


def filled(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A sweep's data with the observables that simulations measure where none are given: those that all its models have."""
    axes = data.get("axes")
    along = axes.get("model") if isinstance(axes, Mapping) else None
    names = along if isinstance(along, tuple) else (data.get("model"),)
    models = [MODELS[name] for name in names if isinstance(name, str) and name in MODELS]
    if "observables" in data or not any(model.simulation for model in models):
        return data
    first, *others = map(observables_of, models)
    alike = [
        o
        for o in default_of(models[0])
        if all(o in other and variables(other[o]) == variables(first[o]) for other in others)
    ]
    return {**data, "observables": alike}


def variables(family: Observable) -> list[tuple[str, tuple[str, ...], str]]:
    """What two models must have in common of a family to share its arrays."""
    return [(variable.name, tuple(variable.dims), variable.dtype) for variable in family.variables]


def can_give(map_: Map, family: Observable) -> bool:
    """Whether the map has all that the family needs."""
    if isinstance(family, ModeObservable):
        return family.way(map_) is not None
    return all(getattr(map_, name, None) is not None for name in family.needs)


def gives(sweep: Sweep, family: Observable) -> bool:
    """Whether the kernels of the sweep's model have all that the family needs."""
    if sweep.definition.simulation:
        return True
    quantity = family.quantity if isinstance(family, PointObservable) else None
    if sweep.definition.matrices:
        return quantity is None or quantity.measure is not None
    if sweep.definition.parameters and looks_at_layers(sweep.map, family):
        return False
    return can_give(sweep.map, family) and (quantity is None or quantity.of_modes)


def looks_at_layers(map_: Map, family: Observable) -> bool:
    """Whether a family is of the layers themselves, which a model of other numbers has not."""
    by_layers = any(quantity.term(map_, 2) is None for quantity in family.looks_at)
    return by_layers or isinstance(family, EndObservable | PairObservable)
