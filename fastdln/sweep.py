"""What a sweep is: its file, what it may say, and the canonical text that tells it from every other sweep."""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from fastdln.axes import (
    Axis,
    Range,
    Values,
    check,
    coordinates,
    depths,
    length,
    listed,
    number,
    plain,
    swept_mode,
    whole,
)
from fastdln.errors import SweepError
from fastdln.models import MODELS, STARTS, Map, Model
from fastdln.observables import DEFAULT, OBSERVABLES, Observable, Variable
from fastdln.observables.observable import PairObservable
from fastdln.refusals import assign, explain

# period is stored as int16; the default looks no further than this, since a window is four times as long.
LONGEST_PERIOD, DEFAULT_PERIOD = 32_767, 256

# Step numbers are carried as float64.
MOST_STEPS = 2**53

# The layer-by-layer map is compiled layer by layer; beyond this compiling takes minutes.
DEEPEST_LAYERWISE = 64

# Blocks of pairs have twice as many rows as there are layers; their cost grows with the cube.
DEEPEST_PAIRS = 64

# mixing_pair is stored as int16: 256 modes make 32,640 pairs.
MOST_PAIRED_MODES = 256

# Whole trajectories of a sweep are to fit in memory, opened by people who look at them.
TRAJECTORY_BYTES = 4e9

# Keys that describe a run and not its results.
FREE_KEYS = frozenset({"title", "chunks"})


NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(number)]


# What may be asked for, by a family's name or a variable's, and what another key brings instead.
FAMILY_OF = {o.name: o.name for o in OBSERVABLES.values() if not o.asked_by}
FAMILY_OF |= {v.name: o.name for o in OBSERVABLES.values() for v in o.variables if not o.asked_by}
BY_KEY = {
    name: o.asked_by for o in OBSERVABLES.values() if o.asked_by for name in (o.name, *(v.name for v in o.variables))
}


class Target(BaseModel):
    """The matrix M to be learned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    singular_values: Annotated[tuple[NotNegative, ...], Field(min_length=1), BeforeValidator(listed)] = Field(
        description="s_1, s_2, ...: one a mode, zeros included"
    )


class Spectral(BaseModel):
    """A start by the layers' singular values, times alpha: a row a layer, W_1 first, a value a mode."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spectral: Annotated[tuple[Values, ...], Field(min_length=2)] = Field(
        description="a row a layer, W_1 first, a value a mode, each times alpha"
    )


Start = Annotated[
    Annotated[Spectral, Tag("values")] | Annotated[str, Tag("name")],
    Discriminator(lambda value: "values" if isinstance(value, Mapping | Spectral) else "name"),
]


def can_give(map_: Map, family: Observable) -> bool:
    """Whether the map has all that the family needs."""
    return all(getattr(map_, name, None) is not None for name in family.needs)


def one_of(valid: Iterable[str], value: str) -> str:
    if value not in (names := list(valid)):
        raise ValueError(f"unknown name {value!r}; valid: {', '.join(names)}")
    return value


class Sweep(BaseModel):
    """A grid of gradient-descent runs and what to measure on each; see docs/sweep.md for every key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field("", description="free text, stored with the results")
    model: str = Field(description="what is simulated", json_schema_extra={"enum": list(MODELS)})
    axes: dict[str, Axis] = Field(
        description="eta, alpha, depth and s1, s2, ... (which set a singular value): a value, a list, or a range"
    )
    target: Target = Field(
        default_factory=lambda: Target(singular_values=(1.0,)), description="the singular values of M; [1] if left out"
    )
    start: Start = Field(
        "",
        description="the layers at state 0: a name (the model's first if left out), or {spectral = [[...], ...]}",
    )
    steps: Annotated[int, Field(ge=0, le=MOST_STEPS), BeforeValidator(whole)] = Field(
        20_000, description="transient steps, not measured"
    )
    record: Annotated[int, Field(ge=1, le=MOST_STEPS), BeforeValidator(whole)] = Field(
        512, description="steps measured after the transient"
    )
    period_max: Annotated[int, Field(ge=1, le=LONGEST_PERIOD), BeforeValidator(whole)] | None = Field(
        None, description=f"longest period looked for; record // 2, at most {DEFAULT_PERIOD}, if left out"
    )
    observables: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        DEFAULT,
        validate_default=True,
        description="families to measure; fate is always written",
        json_schema_extra={"items": {"enum": list(FAMILY_OF)}},
    )
    orbit_samples: Annotated[int, Field(ge=1, le=2**31), BeforeValidator(whole)] = Field(
        64, description="length of `orbit`, where asked for"
    )
    trajectory: Annotated[int, Field(ge=1, le=MOST_STEPS), BeforeValidator(whole)] | None = Field(
        None, description="keeps every so many-th state of every point; none if left out"
    )
    sharpness_every: Annotated[int, Field(ge=1, le=MOST_STEPS), BeforeValidator(whole)] = Field(
        1, description="sharpness is measured at every so many-th state; mixing at every one"
    )
    chunks: dict[str, Annotated[int, Field(ge=1), BeforeValidator(whole)]] = Field(
        default_factory=dict, description="points a chunk along an axis, where the default does not suit"
    )

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**plain(data))
        except ValidationError as error:
            raise SweepError(explain(error, OWNERS)) from None

    @field_validator("model")
    @classmethod
    def _known_model(cls, value: str) -> str:
        return one_of(MODELS, value)

    @field_validator("axes")
    @classmethod
    def _known_axes(cls, axes: dict[str, Any]) -> dict[str, Any]:
        for name, axis in axes.items():
            if name not in ("eta", "alpha", "depth") and swept_mode(name) is None:
                raise ValueError(f"unknown axis {name!r}; valid: eta, alpha, depth, s1, s2, ...")
            try:
                check(name, axis)
            except ValueError as error:
                raise ValueError(f"axes.{name}: {error}") from None
        if "eta" not in axes:
            raise ValueError("eta is missing: give the learning rate as a value, a list or a range")
        return axes

    @field_validator("observables")
    @classmethod
    def _families(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if key := BY_KEY.get(name):
                raise ValueError(f"{name} is not asked for here: give {key} = k, for every k-th state")
        asked = {FAMILY_OF[one_of(FAMILY_OF, name)] for name in names} - {"fate"}
        return tuple(name for name in OBSERVABLES if name in asked)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._fill_start()
        self._fill_axes()
        self._check_observables()
        if self.period_max is not None and self.record < 2 * self.period_max:
            raise ValueError(f"record: must be at least 2 period_max = {2 * self.period_max} (got {self.record})")
        valid = [name for name in self.axes if name != "depth"]  # each depth has a kernel, and so chunks, of its own
        for name in self.chunks:
            if name not in valid:
                raise ValueError(f"chunks: no chunks along {name!r}; valid: {', '.join(valid)}")
        return self

    def _fill_start(self) -> None:
        starts = MODELS[self.model].starts
        if self.start == "":
            object.__setattr__(self, "start", starts[0])
        name = self.start_name
        if name not in starts:
            raise ValueError(f"start: {self.model} has no start {name!r}; valid: {', '.join(starts)}")
        if STARTS[name].takes_values and isinstance(self.start, str):
            raise ValueError(f"start: {name} takes values: {{{name} = [[...], ...]}}, a row a layer")
        if isinstance(self.start, Spectral):
            modes = len(self.target.singular_values)
            for layer, row in enumerate(self.start.spectral, 1):
                if len(row) != modes:
                    raise ValueError(f"start.spectral: row {layer} has {len(row)} values, the target {modes}")

    def _fill_axes(self) -> None:
        axes, modes = dict(self.axes), len(self.target.singular_values)
        if isinstance(self.start, Spectral):
            layers = len(self.start.spectral)
            axes.setdefault("alpha", (1.0,))
            axes.setdefault("depth", (float(layers),))
            if list(coordinates(axes["depth"])) != [layers]:
                raise ValueError(f"axes.depth: must be {layers}, the number of rows of start.spectral")
            if self.map.name == "layerwise" and layers > DEEPEST_LAYERWISE:
                raise ValueError(f"start.spectral: at most {DEEPEST_LAYERWISE} rows where the layers differ")
        for name in ("alpha", "depth"):
            if name not in axes:
                raise ValueError(f"axes: {name} is missing: give it as a value, a list or a range")
        for name in axes:
            mode = swept_mode(name)
            if mode is not None and mode >= modes:
                raise ValueError(f"axes.{name}: the last singular value of the target is s{modes}")
        further = [name for name in axes if name not in ("depth", "alpha", "eta")]
        # the order of the dataset's dimensions
        object.__setattr__(self, "axes", {name: axes[name] for name in ("depth", *further, "alpha", "eta")})

    def _check_observables(self) -> None:
        given = [name for name, family in OBSERVABLES.items() if not family.asked_by and can_give(self.map, family)]
        for family in self.families:
            if not can_give(self.map, family):
                raise ValueError(f"observables: {self.model} cannot give {family.name}; it can give {', '.join(given)}")
            deepest = int(depths(self.axes["depth"]).max())
            if family.pair_cost and len(self.target.singular_values) > 1 and deepest > DEEPEST_PAIRS:
                raise ValueError(
                    f"axes.depth: must be at most {DEEPEST_PAIRS} for {family.name} of several modes (got {deepest})"
                )
            if isinstance(family, PairObservable) and len(self.target.singular_values) > MOST_PAIRED_MODES:
                raise ValueError(
                    f"target.singular_values: at most {MOST_PAIRED_MODES} for {family.name}, which numbers pairs of them "
                    f"(got {len(self.target.singular_values)})"
                )
        kept = self.trajectory_bytes
        if kept > TRAJECTORY_BYTES:
            states = int(TRAJECTORY_BYTES * self.sizes["step"] / kept)
            enough = f"trajectory = {(self.steps + self.record) // states + 1} would do, or " if states else ""
            raise ValueError(
                f"trajectory: every {self.trajectory} states of {self.points:,} points are {kept / 1e9:,.1f} GB, more than "
                f"{TRAJECTORY_BYTES / 1e9:g}; {enough}fewer points"
            )

    @classmethod
    def from_file(cls, path: str | Path, overrides: Iterable[str] = ()) -> Sweep:
        """The sweep of a TOML file, with `overrides` such as "axes.eta.num=100" applied first.

        Raises SweepError, in one line, for a file that is not there, does not parse, or says what no sweep can.
        """
        try:
            data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise SweepError(f"{path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise SweepError(f"{path}: is not a text file in UTF-8") from None
        except tomllib.TOMLDecodeError as error:
            raise SweepError(f"{path}: is not TOML: {error}") from None
        for override in overrides:
            assign(data, override)
        return cls(**data)

    @property
    def start_name(self) -> str:
        return self.start if isinstance(self.start, str) else "spectral"

    @property
    def definition(self) -> Model:
        return MODELS[self.model]

    @property
    def map(self) -> Map:
        """The smallest map that is exact for this start."""
        return self.definition.reduce(self.layers(3 if isinstance(self.start, str) else len(self.start.spectral)))

    def layers(self, depth: int) -> np.ndarray:
        """The layers' singular values at state 0 in units of alpha, shaped (depth, mode)."""
        given = () if isinstance(self.start, str) else (self.start.spectral,)
        return STARTS[self.start_name].layers(depth, len(self.target.singular_values), *given)

    @property
    def longest_period(self) -> int:
        return min(self.record // 2, DEFAULT_PERIOD) if self.period_max is None else self.period_max

    @property
    def families(self) -> tuple[Observable, ...]:
        """What is measured; fate, which is always written, comes last."""
        by_key = [family for family in OBSERVABLES.values() if family.asked_by and getattr(self, family.asked_by)]
        return (*(OBSERVABLES[name] for name in self.observables), *by_key, OBSERVABLES["fate"])

    @property
    def variables(self) -> tuple[Variable, ...]:
        return tuple(variable for family in self.families for variable in family.variables)

    @property
    def sizes(self) -> dict[str, int]:
        """Lengths of the dimensions beyond the grid's."""
        return {
            "mode": len(self.target.singular_values),
            "layer": int(depths(self.axes["depth"]).max()),
            "sample": min(self.record, self.orbit_samples),
            "step": (self.steps + self.record) // self.trajectory + 1 if self.trajectory else 0,
        }

    @property
    def points(self) -> int:
        return math.prod(length(axis) for axis in self.axes.values())

    @property
    def trajectory_bytes(self) -> int:
        """Bytes of what `trajectory` keeps, before compression."""
        sizes = self.sizes
        kept = (v for family in self.families if family.asked_by for v in family.variables)
        return self.points * sum(8 * math.prod(sizes[dim] for dim in v.dims) for v in kept)

    def canonical(self) -> str:
        """The sweep as JSON, every default filled in, without the keys that do not change the results."""
        data = self.model_dump(mode="json", exclude=set(FREE_KEYS))
        data["period_max"] = self.longest_period or None  # a record of one state has no period
        return json.dumps(data, separators=(",", ":"), allow_nan=False)

    def sha256(self) -> str:
        return hashlib.sha256(self.canonical().encode()).hexdigest()


# Whose keys are valid where, by the key that they stand under.
OWNERS: dict[str, type[BaseModel]] = {"": Sweep, "axes": Range, "target": Target, "start": Spectral}
