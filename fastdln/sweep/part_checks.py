"""Checks of the plain sweeps that one with axes of names consists of: each is right, and all measure the same variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastdln.observables import Observable, observables_of
from fastdln.sweep import layer_axes, named_axes
from fastdln.sweep.checks import check_target, complete, filled_start
from fastdln.sweep.families import gives
from fastdln.sweep.measured import identity

if TYPE_CHECKING:  # the model calls these checks
    from fastdln.sweep.schema import Sweep


def check(sweep: Sweep) -> None:
    """ValueError, with the name along the axis, for the first fault of a part; nothing without axes of names."""
    if not named_axes.named(sweep):
        return
    check_default_start(sweep)
    found = {}
    for choice in named_axes.choices(sweep):
        part = named_axes.at(sweep, choice).model_copy(update={"chunks": {}, "shards": {}})
        try:
            check_target(part)
            object.__setattr__(part, "start", layer_axes.filled(part))
            object.__setattr__(part, "start", filled_start(part))
        except ValueError as error:
            raise ValueError(f"with {named_axes.in_words(choice)}: {error}") from None
        found[named_axes.in_words(choice)] = part
    check_shared(found)
    for words, part in found.items():
        try:
            check_keys_of_matrices(part)
            complete(part)
        except ValueError as error:
            raise ValueError(f"with {words}: {error}") from None


def check_default_start(sweep: Sweep) -> None:
    """Refuses to choose among the models' own first starts."""
    if sweep.start:
        return
    first = {part.model: part.definition.starts[0] for part in named_axes.parts(sweep)}
    if len(set(first.values())) > 1:
        own = ", ".join(f"{model} from {start}" for model, start in first.items())
        raise ValueError(f"start: the models do not begin alike ({own}); give start, or axes.start")


def check_keys_of_matrices(part: Sweep) -> None:
    """Refuses keys of matrices in a part without."""
    for key in ("widths", "sharpness_count"):
        if getattr(part, key) is not None and not part.definition.matrices:
            raise ValueError(f"{key}: {part.model} has no matrices; only the model matrix takes it")
    if part.tolerance is not None and not part.definition.flow:
        raise ValueError(f"tolerance: {part.model} has no steps whose error is controlled; leave it out, or the model")


def check_shared(found: dict[str, Sweep]) -> None:
    """Refuses observables that the parts do not all measure alike: the dataset has one array for all."""
    first, *_ = found.values()
    names = dict.fromkeys(name for part in found.values() for name in observables_of(part.definition))
    ways = {name: {words: way(part, name) for words, part in found.items()} for name in names}
    agree = [name for name in names if None not in ways[name].values() and len(set(ways[name].values())) == 1]
    alike = ", ".join(name for name in agree if name != "fate" and not observables_of(first.definition)[name].asked_by)
    alike = f"all give {alike}" if alike else "beside fate they have none alike: observables = []"
    for name in first.observables:
        by_part = ways.get(name, dict.fromkeys(found))
        if lacking := [words for words, one in by_part.items() if one is None]:
            raise ValueError(f"observables: {name} is not given with {'; '.join(lacking)}; {alike}")
        if name not in agree:
            places = {words: dims_in_words(one) for words, one in by_part.items()}
            if len(set(places.values())) == 1:
                raise ValueError(
                    f"observables: {name} has other variables {' than '.join(f'with {w}' for w in places)}; {alike}"
                )
            lies = "; ".join(f"{place} with {words}" for words, place in places.items())
            raise ValueError(f"observables: {name} lies {lies}; {alike} alike")


def way(part: Sweep, name: str) -> tuple[tuple[str, tuple[str, ...], str], ...] | None:
    """How a part's arrays of a family look; None where it has none."""
    family: Observable | None = observables_of(part.definition).get(name)
    if family is None or (not family.asked_by and not gives(part, family)):
        return None
    return tuple(map(identity, family.variables))


def dims_in_words(one: tuple[tuple[str, tuple[str, ...], str], ...] | None) -> str:
    """Dimensions of the variables of a family, for people."""
    dims = dict.fromkeys(dim for _, own, _ in one or () for dim in own)
    return f"along {', '.join(dims)}" if dims else "along the grid alone"
