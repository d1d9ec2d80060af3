"""What a sweep asks for, as far as advice depends on it: results of the record, and strides that hide a two-cycle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastdln.models import Model
from fastdln.observables import observables_of

# What a stride does with the states that it meets.
VERBS = {"trajectory": ("keeps", "keep"), "sharpness_every": ("looks at", "look at")}


@dataclass(frozen=True)
class Asked:
    """of_record: whether a result depends on the record, or nothing but the fate is asked for. strides: of states, by key."""

    of_record: bool = True
    strides: tuple[tuple[str, int], ...] = ()

    def even_strides(self) -> list[str]:
        """A line for each even stride, which meets every second state of a two-cycle only."""
        return [even_stride(key, every) for key, every in self.strides if every % 2 == 0]


def asked_of(definition: Model, observables: Iterable[str], keys: Mapping[str, Any]) -> Asked:
    """What is asked for by the names of observables and the values of the sweep's other keys."""
    known = observables_of(definition)
    by_key = [name for name, family in known.items() if family.asked_by and keys.get(family.asked_by)]
    names = {*observables, *by_key} - {"fate"}
    found = [known[name] for name in names if name in known]
    # families of somebody's own whose code is not loaded may depend on the record
    of_record = len(found) < len(names) or any(not (family.from_start or family.asked_by) for family in found)
    strided = {family.stride_key for family in found} | set(by_key)
    strides = ((key, keys.get(key)) for key in VERBS if key in strided)
    return Asked(
        of_record or not names, tuple((key, every) for key, every in strides if type(every) is int and every > 0)
    )


def even_stride(key: str, every: int) -> str:
    """What an even stride hides, and the strides beside it that do not."""
    one, both = VERBS[key]
    return (
        f"{key} = {every:,} is even: it {one} one of the two states of a two-cycle; {every - 1:,} or {every + 1:,} "
        f"{both} both"
    )
