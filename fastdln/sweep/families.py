"""The families of observables that a sweep can ask for, by their names and by those of their variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastdln.models import Map
from fastdln.observables import MATRIX_OBSERVABLES, OBSERVABLES, Observable
from fastdln.observables.observable import PointObservable

if TYPE_CHECKING:
    from fastdln.sweep.schema import Sweep


def known_names() -> dict[str, str]:
    """The families that can be asked for, by their own names and by those of their variables."""
    known = [o for o in every_family() if not o.asked_by]
    return {o.name: o.name for o in known} | {v.name: o.name for o in known for v in o.variables}


def every_family() -> list[Observable]:
    return [*OBSERVABLES.values(), *(o for o in MATRIX_OBSERVABLES.values() if not o.shared)]


BY_KEY = {name: o.asked_by for o in every_family() if o.asked_by for name in (o.name, *(v.name for v in o.variables))}


def can_give(map_: Map, family: Observable) -> bool:
    """Whether the map has all that the family needs."""
    return all(getattr(map_, name, None) is not None for name in family.needs)


def gives(sweep: Sweep, family: Observable) -> bool:
    """Whether the kernels of the sweep's model have all that the family needs."""
    quantity = family.quantity if isinstance(family, PointObservable) else None
    if sweep.definition.matrices:
        return quantity is None or quantity.measure is not None
    return can_give(sweep.map, family) and (quantity is None or quantity.of_modes)
