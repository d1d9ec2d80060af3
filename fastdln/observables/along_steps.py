"""The kind of observable that keeps states along the steps of a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from fastdln.observables.observable import LOOK_COST, Observable, Quantity


@dataclass(frozen=True, kw_only=True, eq=False)
class TrajectoryObservable(Observable):
    """Every k-th state itself, along the dimension `step`: layers, products, and quantities of the whole network.

    Each quantity has a variable, the last ones, in their order. only_beside: families by the names of variables that are kept only
    where the family is measured.
    """

    quantities: tuple[Quantity, ...]
    only_beside: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def beside(self, families: Collection[str]) -> Observable:
        dropped = [name for name, family in self.only_beside.items() if family not in families]
        if not dropped:
            return self
        kept = tuple(v for v in self.variables if v.name not in dropped)
        with_variables = zip(self.quantities, self.variables[-len(self.quantities) :], strict=True)
        quantities = tuple(quantity for quantity, v in with_variables if v.name not in dropped)
        return replace(self, variables=kept, quantities=quantities)

    @property
    def looks_at(self) -> tuple[Quantity, ...]:
        return self.quantities

    @property
    def stride_key(self) -> str:
        return "trajectory"

    @property
    def from_start(self) -> bool:
        return True

    @property
    def look_cost(self) -> float:
        return LOOK_COST
