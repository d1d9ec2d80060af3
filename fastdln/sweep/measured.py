"""The families that a sweep measures, and the variables of its dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastdln.observables import FLOW_OBSERVABLES, Observable, Variable, observables_of
from fastdln.sweep import named_axes

if TYPE_CHECKING:
    from fastdln.sweep.schema import Sweep


def chosen(sweep: Sweep) -> tuple[Observable, ...]:
    """The families that a sweep, or its first part, measures; fate comes last."""
    known = observables_of(sweep.definition)
    asked = {*sweep.observables, *(name for name, o in known.items() if o.asked_by and getattr(sweep, o.asked_by))}
    asked |= FLOW_OBSERVABLES.keys() & known.keys()
    asked |= {brought for name in asked for brought in known[name].brings}
    found = [family.beside(asked) for name, family in known.items() if name in asked and name != "fate"]
    return (*sorted(found, key=lambda family: bool(family.asked_by)), known["fate"])


def variables_of(sweep: Sweep) -> tuple[Variable, ...]:
    """The variables that all parts of a sweep have alike."""
    first, *others = (
        [variable for family in chosen(part) for variable in family.variables] for part in named_axes.parts(sweep)
    )
    if not others:
        return tuple(first)
    kept = set(map(identity, first)).intersection(*(map(identity, part) for part in others))
    return tuple(variable for variable in first if identity(variable) in kept)


def identity(variable: Variable) -> tuple[str, tuple[str, ...], str]:
    """What two models must have in common of a variable to share an array."""
    return variable.name, tuple(variable.dims), np.dtype(variable.dtype).name
