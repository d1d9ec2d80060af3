"""Registration of models and observables of one's own, beside those that ship."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from fastdln import models
from fastdln.errors import SweepError
from fastdln.models import MODELS, PARAMETERS, STARTS, Map, Model, Parameter
from fastdln.observables import OBSERVABLES, Observable, add
from fastdln.observables.observable import (
    EndObservable,
    ModeObservable,
    PairObservable,
    PointObservable,
    Quantity,
    Variable,
    VerdictObservable,
)
from fastdln.sweep import named_axes
from fastdln.sweep.axes import swept_mode
from fastdln.sweep.extensions.digest import sha256
from fastdln.sweep.extensions.trial_steps import try_out_model, try_out_observable
from fastdln.sweep.families import known_names
from fastdln.sweep.layer_axes import layer_of

# Kinds of observables that can be one's own: those that are measured by what they themselves bring.
KINDS = (ModeObservable, PointObservable, PairObservable, VerdictObservable, EndObservable)

# What a variable or an observable may be called: a word in any language that reads the dataset.
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

# Names that a dataset has anyway.
TAKEN = (
    "depth",
    "alpha",
    "eta",
    "seed",
    "momentum",
    "mode",
    "pair",
    "layer",
    "sample",
    "step",
    "eigenvalue",
    "singular_value",
)

# Dimensions beyond the grid's that values of a kind can have.
DIMENSIONS: dict[type, tuple[tuple[str, ...], ...]] = {ModeObservable: (("mode",),), VerdictObservable: ((), ("mode",))}


def register(item: Observable | Model) -> Observable | Model:
    """Adds an observable or a model of one's own, to be asked for by its name like those that ship.

    Parameters
    ----------
    item : Observable or Model
        See ``fastdln.observables.observable`` and ``fastdln.models.model``. Its functions are plain mathematics of numbers
        and tuples; they are compiled.

    Returns
    -------
    Observable or Model
        The item as it is known from now on. Registering the same source again changes nothing.

    Raises
    ------
    SweepError
        If a name, unit or long_name is missing or taken, or it asks a model for what none has.

    Notes
    -----
    A store records the names of such items with the sha256 of their source; a run goes on with it only if the same are
    registered.
    """
    if isinstance(item, Model):
        return _model(item)
    if not isinstance(item, KINDS):
        kinds = ", ".join(kind.__name__ for kind in KINDS)
        raise SweepError(f"register: takes a Model or one of {kinds} (got {type(item).__name__})")
    return _observable(item)


def _model(model: Model) -> Model:
    _checked_name("model", model.name)
    starts = model.starts if isinstance(model.starts, tuple | list) else ()
    _checked_parameters(model)
    if not callable(model.reduce) or not starts or any(start not in STARTS for start in starts):
        raise SweepError(f"{model.name}: a model has a function `reduce`, and starts out of {', '.join(STARTS)}")
    digest, reduce = sha256(model), model.reduce

    def with_source(layers: np.ndarray) -> Map:
        return replace(reduce(layers), source=digest)

    made = replace(model, reduce=with_source, source=digest)
    if (there := MODELS.get(model.name)) and there.source != digest:
        raise SweepError(f"{model.name}: is the name of another model")
    try_out_model(made)
    models.add(made)
    return made


def _checked_parameters(model: Model) -> None:
    """SweepError unless the axes of a model's own are of the kinds that they are said to be, and their names are free."""
    if model.simulation:
        raise SweepError(f"{model.name}: simulation: is of models that ship; give a function `reduce`")
    if not model.parameters:
        return
    if not callable(model.initial):
        raise SweepError(f"{model.name}: a model with parameters has a function `initial` of them, which gives state 0")
    for one in model.parameters:
        if not isinstance(one, Parameter):
            raise SweepError(f"{model.name}: parameters: must be of Parameter (got {type(one).__name__})")
        _checked_name("parameter", one.name)
        numbered = swept_mode(one.name) is not None or layer_of(one.name) is not None
        if numbered or one.name in TAKEN or one.name in named_axes.KEYS or (PARAMETERS.get(one.name) or one) != one:
            raise SweepError(f"{model.name}: parameters: the name {one.name} is taken")
        if not one.lowest <= (one.lowest if one.default is None else one.default) <= one.highest:
            raise SweepError(f"{model.name}: parameters: {one.name}: its default must lie between its bounds")


def _observable(observable: Observable) -> Observable:
    _checked_name("observable", observable.name)
    _checked_fields(observable)
    wanted = {field.name for field in fields(Map)} - {"name", "source", "further"} | {"size"}
    if lacking := [need for need in observable.needs if need not in wanted]:
        raise SweepError(
            f"{observable.name}: no model has {', '.join(lacking)}; valid needs: {', '.join(sorted(wanted))}"
        )
    digest = sha256(observable)
    there = OBSERVABLES.get(observable.name)
    if there and there.source == digest:
        return there
    names = [variable.name for variable in observable.variables]
    if len(set(names)) < len(names):
        raise SweepError(f"{observable.name}: variables: two have one name ({', '.join(names)})")
    for name in (observable.name, *names):
        if name in known_names() or name in OBSERVABLES or name in TAKEN:
            raise SweepError(f"{observable.name}: the name {name} is taken")
    for variable in observable.variables:
        _checked_name("variable", variable.name)
        for what in ("long_name", "units"):
            if not isinstance(getattr(variable, what), str) or not getattr(variable, what).strip():
                raise SweepError(f"{variable.name}: needs {what}; units of a pure number are '1'")
        if variable.dtype not in ("float64", "int64", "int16", "uint8"):
            raise SweepError(f"{variable.name}: dtype must be float64, int64, int16 or uint8 (got {variable.dtype!r})")
        dimensions = DIMENSIONS.get(type(observable), ((),))
        if variable.dims not in dimensions:
            valid = " or ".join(str(dims) for dims in dimensions)
            raise SweepError(
                f"{variable.name}: dims of a {type(observable).__name__} are {valid} (got {variable.dims})"
            )
    changes: dict[str, Any] = {"source": digest, "asked_by": "", "brings": ()}
    if isinstance(observable, PointObservable) and observable.quantity not in shipped_quantities():
        changes["quantity"] = replace(observable.quantity, source=digest)
    try_out_observable(observable)
    made = replace(observable, **changes)
    add(made)
    return made


def _checked_fields(observable: Observable) -> None:
    """SweepError unless the fields of an observable, and of its variables, are of the kinds that they are said to be."""
    if not isinstance(observable.variables, tuple | list) or not observable.variables:
        raise SweepError(f"{observable.name}: variables: must be a tuple of Variable, one at least")
    if not isinstance(observable.needs, tuple | list):
        raise SweepError(f'{observable.name}: needs: must be a tuple of names, such as ("tangent",)')
    if isinstance(observable, PointObservable):
        quantity = observable.quantity
        if not isinstance(quantity, Quantity):
            raise SweepError(f"{observable.name}: quantity: must be a Quantity (got {type(quantity).__name__})")
        if not quantity.of_modes and quantity.measure is None:
            raise SweepError(
                f"{observable.name}: quantity: has no term(map, depth) or mode(network, i, values), which modes need, and no "
                "measure(network, values), which full matrices need"
            )
        for part in ("term", "mode", "pair", "measure"):
            if (function := getattr(quantity, part)) is not None and not callable(function):
                raise SweepError(f"{observable.name}: quantity: {part} must be a function (got {function!r})")
    for variable in observable.variables:
        if not isinstance(variable, Variable):
            raise SweepError(f"{observable.name}: variables: must be of Variable (got {type(variable).__name__})")
        if not isinstance(variable.comment, str):
            raise SweepError(f"{variable.name}: comment: must be text (got {variable.comment!r})")
        flags = variable.flags
        if not isinstance(flags, Mapping) or not all(
            isinstance(k, int) and isinstance(v, str) for k, v in flags.items()
        ):
            raise SweepError(
                f"{variable.name}: flags: must be a mapping of whole numbers to their meanings (got {flags!r})"
            )
        if variable.dtype in ("int64", "int16", "uint8"):
            limits = np.iinfo(variable.dtype)
            for what, codes in (("flags", flags), ("lost", () if variable.lost is None else (variable.lost,))):
                if outside := [code for code in codes if not limits.min <= code <= limits.max]:
                    raise SweepError(
                        f"{variable.name}: {what}: must be of {variable.dtype}, {limits.min} to {limits.max} (got {outside[0]})"
                    )
    if observable.pair_cost is not None and not callable(observable.pair_cost):
        raise SweepError(
            f"{observable.name}: pair_cost: must be a function of the depth (got {observable.pair_cost!r})"
        )


def shipped_quantities() -> list[Any]:
    return [o.quantity for o in OBSERVABLES.values() if isinstance(o, PointObservable) and not o.source]


def _checked_name(what: str, name: object) -> None:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise SweepError(f"{what}: needs a name of small letters, digits and _, such as time_above (got {name!r})")
