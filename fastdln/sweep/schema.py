"""The model of a sweep: its keys, their defaults and bounds, and the canonical text that tells it from every other sweep."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    model_validator,
)

from fastdln import files
from fastdln.errors import SweepError, first_line
from fastdln.observables import Observable, Variable
from fastdln.sweep import checks, display, families, identity, measured, named_axes, part_checks, units
from fastdln.sweep.arrays import WITHOUT_FILES
from fastdln.sweep.axes import Range, length, whole_numbers
from fastdln.sweep.data import Data, Pair, Teacher
from fastdln.sweep.keys import DEFAULT_PERIOD
from fastdln.sweep.messages import assign, checked_overrides, explain
from fastdln.sweep.networks import Networks
from fastdln.sweep.problem import Spectral, Surrogate, Target
from fastdln.sweep.sources import of_file, of_store
from fastdln.sweep.values import plain, shown

# Keys that describe a run and not its results.
FREE_KEYS = frozenset({"title", "chunks", "shards"})

# Keys that are left out of the canonical text where they say nothing.
UNSET_KEYS = ("data", "loss", "activation", "widths", "sharpness_count", "tolerance", "momentum")


class Sweep(Networks):
    """A grid of gradient-descent runs, and what to measure on each.

    Parameters
    ----------
    title : str
        Free text, stored with the results.
    model : str
        What is simulated: "balanced", "modes", "matrix", or a registered one.
    axes : dict
        The axes eta (the learning rate), alpha (the scale of the start), depth, s1, s2, ... (which set a singular value of the target)
        and, for random starts, seed: each a value, a list, or a range {start, stop, num, spacing}. Axes model, start and
        target.basis, each a list of names, stand for these keys.
    target : dict
        The matrix M, by its singular_values, [1] if left out; for `matrix` also by basis and seed, or as a matrix.
    data : dict, optional
        Examples in place of a target: inputs, with labels or outputs; or a built-in pair (models that learn from them only).
    loss : str, optional
        Of a model that has several.
    activation : str, optional
        Of a nonlinear network.
    widths : list of int, optional
        Of the input, after each layer, and so of the output; as many as the target has modes if left out (models of
        matrices only, `mlp` among them).
    start : str or dict
        The layers at state 0: a name, by default the model's first, {"spectral": rows} or {"layers": matrices}.
    steps : int, default 20000
        Transient steps, not measured.
    record : int, default 512
        Steps measured after the transient.
    period_max : int, optional
        The longest period looked for; record // 2, at most 256, if left out.
    observables : list of str
        Families to measure; fate is always written.
    orbit_samples : int, default 64
        Length of `orbit`, where that is asked for.
    trajectory : int, optional
        Keeps every so many-th state of every point.
    sharpness_every : int, default 1
        Measures the sharpness at every so many-th state.
    sharpness_count : int, optional
        Keeps so many of the Hessian's largest eigenvalues at the last state (`flow`, `matrix` and `mlp` only).
    momentum : float, optional
        The axis momentum with one value.
    nesterov : bool, default False
        Whether momentum takes the gradient ahead.
    tolerance : float, optional
        The error of a step of gradient flow, in units of the norm of all layers (`flow` and `modes-flow` only).
    chunks, shards : dict
        Points of a chunk, or of a shard, along an axis, where the default does not suit.

    Raises
    ------
    SweepError
        In one line, which names the key and what would be valid.

    Notes
    -----
    docs/sweep.md explains every key; `fastdln list --schema` prints the JSON Schema.

    Examples
    --------
    >>> import fastdln
    >>> axes = {"eta": {"start": 0.5, "stop": 1.5, "num": 11}, "alpha": 0.1, "depth": [2, 3]}
    >>> fastdln.Sweep(model="modes", axes=axes).points
    22
    """

    model_config = ConfigDict(
        defer_build=False,
        json_schema_extra={
            "description": "A grid of gradient-descent runs and what to measure on each; see docs/sweep.md for every key.",
            **named_axes.REQUIRED,
        },
    )

    def __init__(self, /, **data: Any) -> None:
        self._validate(data)

    def _validate(self, data: Mapping[str, Any], context: Mapping[str, Any] | None = None) -> None:
        try:
            # what pydantic's own __init__ calls, which takes no context
            given = families.filled(named_axes.filled(plain(data)))
            self.__pydantic_validator__.validate_python(given, self_instance=self, context=context)
        except ValidationError as error:
            raise SweepError(explain(error, OWNERS)) from None
        except RecursionError:
            raise SweepError("sweep: is nested too deeply; no key needs more than four levels") from None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        checks.check_numbers(self)
        part_checks.check(self)
        checks.complete(self)
        return self

    def _repr_html_(self) -> str:
        return display.html(self)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> Sweep:
        """Read the sweep of a TOML file.

        Parameters
        ----------
        path : path
            The file.
        overrides : iterable of str
            Changes such as "axes.eta.num=100", applied first.

        Returns
        -------
        Sweep
            What the file asks for.

        Raises
        ------
        SweepError
            In one line, for a file that is not there, does not parse, or says what no sweep can.
        """
        if not isinstance(path, str | os.PathLike):
            raise SweepError(f"sweep: must be the path of a TOML file {shown(path)}")
        changes, data = checked_overrides(overrides), of_file(files.at(path))
        for override in changes:
            assign(data, override)
        return cls(**data)

    @classmethod
    def stored(cls, text: str) -> Self:
        """The sweep of a store's canonical text, which may come from anywhere: it is bounded, and no file that it names is opened.

        Parameters
        ----------
        text : str
            What `canonical` gave.

        Returns
        -------
        Sweep
            The same sweep.

        Raises
        ------
        SweepError
            In one line, for whatever is no sweep.
        """
        sweep = cls.__new__(cls)
        try:
            sweep._validate(of_store(text), WITHOUT_FILES)
        except SweepError:
            raise
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
            raise SweepError(f"sweep: {first_line(error)}") from None
        return sweep

    def changed(self, overrides: Iterable[str]) -> Sweep:
        """This sweep with changes.

        Parameters
        ----------
        overrides : iterable of str
            Such as "axes.eta.num=100".

        Returns
        -------
        Sweep
            The other sweep, without title and chunks.
        """
        data = units.without_factor(json.loads(self.canonical()))
        for override in overrides:
            assign(data, override)
        found = Sweep(**data)
        return Sweep(**data) if units.keep_factor(data, found, self) else found

    @property
    def longest_period(self) -> int:
        """The longest period looked for."""
        return min(self.record // 2, DEFAULT_PERIOD) if self.period_max is None else self.period_max

    @property
    def families(self) -> tuple[Observable, ...]:
        """The families to measure; fate, which is always written, comes last."""
        return measured.chosen(self)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables of the dataset, beside its coordinates."""
        return measured.variables_of(self)

    @property
    def sizes(self) -> dict[str, int]:
        """Lengths of the dimensions beyond the grid's."""
        return {
            "mode": len(self.target.singular_values),
            "layer": int(whole_numbers(self.axes["depth"]).max()),
            "sample": min(self.record, self.orbit_samples),
            "step": (self.steps + self.record) // self.trajectory + 1 if self.trajectory else 0,
            "eigenvalue": self.sharpness_count or 1,
        }

    @property
    def points(self) -> int:
        """The number of points of the grid."""
        return math.prod(length(axis) for axis in self.axes.values())

    def canonical(self) -> str:
        """The sweep as JSON, every default filled in, without the keys that do not change the results.

        Returns
        -------
        str
            The text that a store keeps.
        """
        unset = {name for name in UNSET_KEYS if getattr(self, name) is None}
        unset |= set() if self.nesterov else {"nesterov"}
        data = self.model_dump(mode="json", exclude=set(FREE_KEYS) | unset) | {"target": self.target.canonical()}
        if self.data is not None:
            data["data"] = self.data.model_dump(mode="json", exclude_none=True)
        data["axes"] = {name: units.dumped(axis) for name, axis in self.axes.items()}
        data = named_axes.without_keys(data)
        data["period_max"] = self.longest_period or None  # a record of one state has no period
        return json.dumps(data, separators=(",", ":"), allow_nan=False)

    def same_results(self, other: Sweep) -> bool:
        """Whether the other sweep gives the same results at the same points, however it says so.

        Parameters
        ----------
        other : Sweep
            The other sweep.

        Returns
        -------
        bool
            Whether the two have the same results.
        """
        return not self.differing(other)

    def differing(self, other: Sweep) -> list[str]:
        """Keys in which two sweeps differ by their results.

        Parameters
        ----------
        other : Sweep
            The other sweep.

        Returns
        -------
        list of str
            The keys, dotted.
        """
        return identity.differing(self, other)

    def __hash__(self) -> int:
        # of what is quickly hashed; sweeps that are equal have it in common
        return hash((self.model, frozenset(self.axes.items()), self.steps, self.record, self.observables, self.title))

    def sha256(self) -> str:
        """The digest of the canonical text.

        Returns
        -------
        str
            64 hexadecimal digits.
        """
        return hashlib.sha256(self.canonical().encode()).hexdigest()


# Whose keys are valid where, by the key that they stand under.
OWNERS: dict[str, type[BaseModel]] = {
    "": Sweep,
    "axes": Range,
    "target": Target,
    "start": Spectral,
    "start.compressed": Surrogate,
    "data": Data,
    "data.teacher": Teacher,
    "data.pair": Pair,
}
