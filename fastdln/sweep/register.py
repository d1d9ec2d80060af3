"""Models and observables of one's own, beside those that ship.

They are code that is run because its owner asked for it, by a call or by --load; sweep files and stores never name any.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import pickle
import re
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from fastdln import files
from fastdln.errors import SweepError, told
from fastdln.models import MODELS, STARTS, Map, Model
from fastdln.models.modes import TWO_SCALAR
from fastdln.observables import OBSERVABLES, Observable, Sample, Step, add
from fastdln.observables.observable import (
    EndObservable,
    ModeObservable,
    PairObservable,
    PointObservable,
    Quantity,
    Variable,
    VerdictObservable,
)
from fastdln.sweep.digest import sha256
from fastdln.sweep.schema import Sweep, known_names

# Kinds of observables that can be one's own: those that are measured by what they themselves bring.
KINDS = (ModeObservable, PointObservable, PairObservable, VerdictObservable, EndObservable)

# What a variable or an observable may be called: a word in any language that reads the dataset.
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

# Names that a dataset has anyway.
TAKEN = ("depth", "alpha", "eta", "seed", "mode", "pair", "layer", "sample", "step", "eigenvalue", "singular_value")

# Dimensions beyond the grid's that values of a kind can have.
DIMENSIONS: dict[type, tuple[tuple[str, ...], ...]] = {ModeObservable: (("mode",),), VerdictObservable: ((), ("mode",))}

# What the modules of loaded files are called.
LOADED = "fastdln_loaded_"

# The attributes of a store that say what it was made with: sources by name, and the arrays of each.
SOURCES, VARIABLES = "registered", "registered_variables"

# A file of one's own holds a few functions.
LARGEST_FILE = 2**20


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
    if not callable(model.reduce) or not starts or any(start not in STARTS for start in starts):
        raise SweepError(f"{model.name}: a model has a function `reduce`, and starts out of {', '.join(STARTS)}")
    digest, reduce = sha256(model), model.reduce

    def with_source(layers: np.ndarray) -> Map:
        return replace(reduce(layers), source=digest)

    made = replace(model, reduce=with_source, source=digest)
    if (there := MODELS.get(model.name)) and there.source != digest:
        raise SweepError(f"{model.name}: is the name of another model")
    _try_out(made)
    MODELS[model.name] = made
    return made


def _try_out(model: Model) -> None:
    """SweepError unless the map takes a step of two layers and of three, with products that are numbers."""
    assert model.reduce
    for depth in (2, 3):
        try:
            map_ = model.reduce(np.ones((depth, 1)))
            state = tuple(0.5 for _ in map_.layers(depth))
            after, product = map_.step(depth)(state, 0.1, 1.0), map_.product(depth)(state)
            components = tuple(int(k) for k in map_.components(depth))
        except Exception as error:
            raise SweepError(f"{model.name}: a step of {depth} layers fails: {told(error)}") from error
        if len(components) != depth or not all(0 <= k < len(state) for k in components):
            raise SweepError(
                f"{model.name}: components: must name for each of {depth} layers the component of the state that it is, from 0 to "
                f"{len(state) - 1} (got {components})"
            )
        if not isinstance(after, tuple) or len(after) != len(state) or not np.isscalar(product):
            raise SweepError(
                f"{model.name}: step must return a tuple as long as the state, {len(state)}, and product a number"
            )


def _observable(observable: Observable) -> Observable:
    _checked_name("observable", observable.name)
    _checked_fields(observable)
    wanted = {field.name for field in fields(Map)} - {"name", "source"}
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
    _try_out_observable(observable)
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


def _try_out_observable(observable: Observable) -> None:
    """SweepError unless the functions of one state after another return what they must, on numbers of no particular size."""
    if isinstance(observable, VerdictObservable | EndObservable):
        for modes in (1, 2):
            _try_out_finish(observable, modes)
        return
    if not isinstance(observable, ModeObservable | PointObservable):
        return
    made: Any = observable
    seen: Any = Sample(1.0, 0.3, 0.1)
    try:
        if isinstance(observable, ModeObservable):
            made, state = observable.on(TWO_SCALAR, 3), (0.5, 0.4) if observable.needs else ()
            seen = Step(1.0, state, state, 0.3, 0.1, 0.7, 10.0)
        found = _numbers("start", made.start(seen))
        width = len(found)
        found = _numbers("update", made.update(found, seen), width)
        if isinstance(observable, PointObservable):
            _numbers("finish", made.finish(found, 8, seen), len(observable.variables))
            return
        for name in ("renormalize", "at_record"):
            if change := getattr(made, name):
                found = _numbers(name, change(found), width)
        _numbers("finish", made.finish(found, 8), len(observable.variables))
    except ArithmeticError:  # compiled, 1 / 0 is infinite
        return
    except SweepError as error:
        raise SweepError(f"{observable.name}: {error}") from None
    except Exception as error:
        raise SweepError(f"{observable.name}: fails on a state: {told(error)}") from error


def _try_out_finish(observable: VerdictObservable | EndObservable, modes: int) -> None:
    """SweepError unless `finish` returns an array a variable, of the shape that its dims are, and writes into nothing that it is given."""
    points, random = 3, np.random.Generator(np.random.Philox(0))
    singular_values = random.uniform(0.5, 1.0, (points, modes))
    if isinstance(observable, VerdictObservable):
        given: list[np.ndarray] = [
            np.ones((points, modes), np.uint8),
            np.ones((points, modes), np.int16),
            singular_values,
        ]
    else:
        given = [random.uniform(0.5, 1.0, (points, 3, modes)), singular_values]
    for array in given:
        array.flags.writeable = False
    try:
        with np.errstate(all="ignore"):
            found = observable.finish(*given)
    except ArithmeticError:
        return
    except Exception as error:
        raise SweepError(
            f"{observable.name}: finish fails on {points} points of {modes} mode{'s' * (modes > 1)}: {told(error)}"
        ) from error
    if not isinstance(found, tuple | list) or len(found) != len(observable.variables):
        raise SweepError(
            f"{observable.name}: finish: must return a tuple of arrays, one for each of {len(observable.variables)} variables "
            f"(got {type(found).__name__})"
        )
    for variable, value in zip(observable.variables, found, strict=True):
        shape, got = (points, *(modes for _ in variable.dims)), np.shape(value)
        if got != shape or np.asarray(value).dtype.kind not in "biuf":
            raise SweepError(
                f"{observable.name}: finish: {variable.name} of {points} points and {modes} modes must be numbers of shape "
                f"{shape} (got {got})"
            )


def _numbers(what: str, value: Any, count: int | None = None) -> tuple[Any, ...]:
    if not isinstance(value, tuple) or not all(np.isscalar(v) and not isinstance(v, str | bytes) for v in value):
        raise SweepError(f"{what}: must return a tuple of numbers (got {value!r})")
    if count is not None and len(value) != count:
        raise SweepError(f"{what}: must return {count} number{'s' * (count != 1)} (got {len(value)})")
    return value


def shipped_quantities() -> list[Any]:
    return [o.quantity for o in OBSERVABLES.values() if isinstance(o, PointObservable) and not o.source]


def _checked_name(what: str, name: object) -> None:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise SweepError(f"{what}: needs a name of small letters, digits and _, such as time_above (got {name!r})")


def load(path: Path) -> None:
    """Runs a file of one's own, which registers what it has; SweepError, naming the file, if it cannot be read or run."""
    try:
        source = files.read(path, LARGEST_FILE)
    except OSError as error:
        raise SweepError(f"--load {path}: {files.reason(error, 'read')}") from None
    except ValueError:
        raise SweepError(f"--load {str(path)!r}: is no name of a file") from None
    name = f"{LOADED}{hashlib.sha256(source).hexdigest()[:16]}"
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SweepError(f"{path}: must be a file of Python, whose name ends with .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SweepError as error:
        del sys.modules[name]
        raise SweepError(f"{path}: {error}") from None
    except KeyboardInterrupt:
        del sys.modules[name]
        raise KeyboardInterrupt(f"stopped while {path} was loaded, before anything else was done") from None
    except BaseException as error:  # also what is none of Exception, such as SystemExit
        del sys.modules[name]
        raise SweepError(f"{path}: does not import: {told(error)}") from error


def sources(sweep: Sweep) -> dict[str, str]:
    """sha256 of the source of each item of one's own that a sweep uses, by its name."""
    items: tuple[Model | Observable, ...] = (sweep.definition, *sweep.families)
    return {item.name: item.source for item in items if item.source}


def recorded(sweep: Sweep) -> dict[str, str]:
    """The attributes of a store that say so."""
    if not (found := sources(sweep)):
        return {}
    names = {family.name: [variable.name for variable in family.variables] for family in sweep.families}
    arrays = {name: names.get(name, []) for name in found}
    return {SOURCES: json.dumps(found, sort_keys=True), VARIABLES: json.dumps(arrays, sort_keys=True)}


def missing(attributes: Mapping[str, Any]) -> list[str]:
    """The names of what a store was made with and is not registered."""
    return [name for name in _said(attributes) if name not in OBSERVABLES and name not in MODELS]


def others(attributes: Mapping[str, Any], sweep: Sweep) -> list[str]:
    """The names of what a store was made with from other sources than those registered now."""
    said, here = _said(attributes), sources(sweep)
    return sorted(name for name in said.keys() | here.keys() if said.get(name) != here.get(name))


def _said(attributes: Mapping[str, Any]) -> dict[str, str]:
    try:
        said = json.loads(attributes.get(SOURCES, "{}"))
    except (ValueError, RecursionError):
        return {}
    return {name: text for name, text in said.items() if isinstance(text, str)} if isinstance(said, dict) else {}


def own() -> list[Observable | Model]:
    """All items of one's own, for other processes."""
    return [*(m for m in MODELS.values() if m.source), *(o for o in OBSERVABLES.values() if o.source)]


def packed() -> bytes:
    """The same as bytes that another process of the same user can `unpack`; b"" for none."""
    if not own():
        return b""
    import cloudpickle

    for name, module in list(sys.modules.items()):
        if name.startswith(LOADED):
            cloudpickle.register_pickle_by_value(module)
    return bytes(cloudpickle.dumps(own()))


def unpack(data: bytes) -> None:
    """Registers what another process has packed, from the sources that it named."""
    for item in pickle.loads(data) if data else ():
        if isinstance(item, Model):
            MODELS[item.name] = item
        else:
            add(item)
