"""Models and observables of one's own, tried out in plain Python on single states, before anything is compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastdln.errors import SweepError, described
from fastdln.models import Map, Model, Parameter
from fastdln.models.modes import TWO_SCALAR
from fastdln.observables import Observable, Sample, Step
from fastdln.observables.observable import EndObservable, ModeObservable, PointObservable, VerdictObservable


def try_out_model(model: Model) -> None:
    """SweepError unless the map takes a step of two layers and of three, with products that are numbers."""
    assert model.reduce
    for depth in (2, 3):
        try:
            map_ = model.reduce(np.ones((depth, 1)))
            state = (0.5,) * map_.size(depth)
            after, product = map_.step(depth)(state, 0.1, 1.0), map_.product(depth)(state)
            components = tuple(int(k) for k in map_.components(depth))
        except Exception as error:
            raise SweepError(f"{model.name}: a step of {depth} layers fails: {described(error)}") from error
        if len(components) != depth or not all(0 <= k < len(state) for k in components):
            raise SweepError(
                f"{model.name}: components: must name for each of {depth} layers the component of the state that it is, from 0 to "
                f"{len(state) - 1} (got {components})"
            )
        if not isinstance(after, tuple) or len(after) != len(state) or not np.isscalar(product):
            raise SweepError(
                f"{model.name}: step must return a tuple as long as the state, {len(state)}, and product a number"
            )
    if model.initial:
        try_out_initial(model, map_)


def try_out_initial(model: Model, map_: Map) -> None:
    """SweepError unless the function of its own axes gives as many numbers as a state of two layers has."""
    assert model.initial
    own = {one.name: np.full(3, some_value(one)) for one in model.parameters}
    try:
        shapes = [np.broadcast_shapes(np.shape(part), (1, 3)) for part in model.initial(own, np.ones((1, 3)))]
    except Exception as error:
        raise SweepError(f"{model.name}: initial fails on three points: {described(error)}") from error
    if shapes != [(1, 3)] * map_.size(2):
        raise SweepError(
            f"{model.name}: initial: must return {map_.size(2)} arrays, one for each number of the state, that lie along (mode, point)"
        )


def some_value(one: Parameter) -> float:
    """A value that an axis may have: its default, a bound, or 0."""
    choices = (one.default, one.lowest, one.highest, 0.0)
    return next(value for value in choices if value is not None and np.isfinite(value))


def try_out_observable(observable: Observable) -> None:
    """SweepError unless the functions of one state after another return what they must, on numbers of no particular size."""
    if isinstance(observable, VerdictObservable | EndObservable):
        for modes in (1, 2):
            try_out_finish(observable, modes)
        return
    if not isinstance(observable, ModeObservable | PointObservable):
        return
    made: Any = observable
    seen: Any = Sample(1.0, 0.3, 0.1)
    try:
        if isinstance(observable, ModeObservable):
            made, state = observable.on(TWO_SCALAR, 3), (0.5, 0.4) if observable.needs else ()
            seen = Step(1.0, state, state, 0.3, 0.1, 0.7, 10.0)
        found = numbers_of("start", made.start(seen))
        width = len(found)
        found = numbers_of("update", made.update(found, seen), width)
        if isinstance(observable, PointObservable):
            numbers_of("finish", made.finish(found, 8, seen), len(observable.variables))
            return
        for name in ("renormalize", "at_record"):
            if change := getattr(made, name):
                found = numbers_of(name, change(found), width)
        numbers_of("finish", made.finish(found, 8), len(observable.variables))
    except ArithmeticError:  # compiled, 1 / 0 is infinite
        return
    except SweepError as error:
        raise SweepError(f"{observable.name}: {error}") from None
    except Exception as error:
        raise SweepError(f"{observable.name}: fails on a state: {described(error)}") from error


def try_out_finish(observable: VerdictObservable | EndObservable, modes: int) -> None:
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
            f"{observable.name}: finish fails on {points} points of {modes} mode{'s' * (modes > 1)}: {described(error)}"
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


def numbers_of(what: str, value: Any, count: int | None = None) -> tuple[Any, ...]:
    if not isinstance(value, tuple) or not all(np.isscalar(v) and not isinstance(v, str | bytes) for v in value):
        raise SweepError(f"{what}: must return a tuple of numbers (got {value!r})")
    if count is not None and len(value) != count:
        raise SweepError(f"{what}: must return {count} number{'s' * (count != 1)} (got {len(value)})")
    return value
