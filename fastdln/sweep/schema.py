"""What a sweep is: its file, what it may say, and the canonical text that tells it from every other sweep."""

from __future__ import annotations

import hashlib
import json
import math
import os
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Self

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from fastdln import files
from fastdln.errors import SweepError, first_line
from fastdln.models import MODELS, STARTS, Map, Model
from fastdln.observables import DEFAULT, MATRIX_OBSERVABLES, OBSERVABLES, Observable, Variable, observables_of
from fastdln.observables.observable import PairObservable, PointObservable
from fastdln.sweep.axes import (
    Axis,
    Range,
    check,
    coordinates,
    depths,
    in_words,
    length,
    plain,
    shown,
    swept_mode,
    whole,
)
from fastdln.sweep.html import table
from fastdln.sweep.messages import assign, checked_overrides, explain
from fastdln.sweep.problem import WIDEST, WITHOUT_FILES, Layers, Spectral, Start, Target, check_widths
from fastdln.sweep.sources import MOST_NUMBERS, of_file, of_store
from fastdln.sweep.trials import try_out

# period is stored as int16; the default looks no further than this, since a window is four times as long.
LONGEST_PERIOD, DEFAULT_PERIOD = 32_767, 256

# Step numbers are carried as float64.
MOST_STEPS = 2**53

# The layer-by-layer map is compiled layer by layer; beyond this compiling takes minutes.
DEEPEST_LAYERWISE = 64

# Memory of a network grows with the depth, and matrices beyond this have not been measured.
DEEPEST_MATRICES = 128

# A gradient of matrices, of size s^(2 - 1/L), is formed before eta makes it small.
LARGEST_OF_MATRICES = 1e150

# Blocks of pairs have twice as many rows as there are layers; their cost grows with the cube.
DEEPEST_PAIRS = 64

# mixing_pair is stored as int16: 256 modes make 32,640 pairs.
MOST_PAIRED_MODES = 256

# Whole trajectories of a sweep are to fit in memory, opened by people who look at them.
TRAJECTORY_BYTES = 4e9

# The search for eigenvalues solves a dense problem of three times as many at every iteration.
MOST_EIGENVALUES = 32

# Ten million numbers written out; larger sweeps use ranges, and .npy files.
LARGEST_TEXT = 64 * 2**20

# Keys that describe a run and not its results.
FREE_KEYS = frozenset({"title", "chunks", "shards"})


def known_names() -> dict[str, str]:
    """What may be asked for, by a family's name or a variable's: the family."""
    known = [o for o in every_family() if not o.asked_by]
    return {o.name: o.name for o in known} | {v.name: o.name for o in known for v in o.variables}


def every_family() -> list[Observable]:
    return [*OBSERVABLES.values(), *(o for o in MATRIX_OBSERVABLES.values() if not o.shared)]


BY_KEY = {name: o.asked_by for o in every_family() if o.asked_by for name in (o.name, *(v.name for v in o.variables))}


def can_give(map_: Map, family: Observable) -> bool:
    """Whether the map has all that the family needs."""
    return all(getattr(map_, name, None) is not None for name in family.needs)


def names(value: Any) -> Any:
    """A list of names, or one."""
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"must be a list of names; valid: {', '.join(known_names())} {shown(value)}")
    return value


def layer_widths(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise ValueError(
            f"must be a list of whole numbers, one more than there are layers, such as [3, 5, 2] {shown(value)}"
        )
    return value


def one_of(valid: Iterable[str], value: str) -> str:
    if value not in (known := list(valid)):
        raise ValueError(
            f"unknown name {reprlib.repr(value)}; valid: {', '.join(known)}; --load FILE.py brings your own"
        )
    return value


class Sweep(BaseModel):
    """A grid of gradient-descent runs and what to measure on each; see docs/sweep.md for every key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field("", description="free text, stored with the results")
    model: str = Field(
        description="what is simulated", json_schema_extra=lambda schema: schema.update(enum=list(MODELS))
    )
    axes: dict[str, Axis] = Field(
        description="eta, alpha, depth, s1, s2, ... (which set a singular value) and, for random starts, seed: a value, a list, "
        "or a range"
    )
    target: Target = Field(
        default_factory=lambda: Target.model_validate({"singular_values": (1.0,)}),
        description="the matrix M; singular_values = [1] if left out",
    )
    widths: (
        Annotated[
            tuple[Annotated[int, Field(ge=1, le=WIDEST), BeforeValidator(whole)], ...],
            Field(min_length=3),
            BeforeValidator(layer_widths),
        ]
        | None
    ) = Field(
        None,
        description="of the input, after each layer, and so of the output; as many as the target has modes if left out (model "
        "`matrix`)",
    )
    start: Start = Field(
        "",
        description="the layers at state 0: a name (the model's first if left out), {spectral = [[...], ...]}, or {layers = "
        "[...]}, matrices or paths of .npy files",
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
    observables: Annotated[tuple[str, ...], BeforeValidator(names)] = Field(
        DEFAULT,
        validate_default=True,
        description="families to measure; fate is always written",
        json_schema_extra=lambda schema: schema.update(items={"enum": list(known_names())}),
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
    sharpness_count: Annotated[int, Field(ge=1, le=MOST_EIGENVALUES), BeforeValidator(whole)] | None = Field(
        None, description="keeps so many of the Hessian's largest eigenvalues at the last state (model `matrix`)"
    )
    chunks: dict[str, Annotated[int, Field(ge=1), BeforeValidator(whole)]] = Field(
        default_factory=dict, description="points a chunk along an axis, where the default does not suit"
    )
    shards: dict[str, Annotated[int, Field(ge=1), BeforeValidator(whole)]] = Field(
        default_factory=dict,
        description="points a shard along an axis: chunks that are computed at once and stored as one object, for object stores; "
        "none if left out",
    )

    def __init__(self, /, **data: Any) -> None:
        self._validate(data)

    def _validate(self, data: Mapping[str, Any], context: Mapping[str, Any] | None = None) -> None:
        try:
            # what pydantic's own __init__ calls, which takes no context
            self.__pydantic_validator__.validate_python(plain(data), self_instance=self, context=context)
        except ValidationError as error:
            raise SweepError(explain(error, OWNERS)) from None
        except RecursionError:
            raise SweepError("sweep: is nested too deeply; no key needs more than four levels") from None

    @field_validator("title")
    @classmethod
    def _whole_characters(cls, value: str) -> str:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"must be text in Unicode, without halves of pairs {shown(value)}") from None
        return value

    @field_validator("model", mode="before")
    @classmethod
    def _known_model(cls, value: str) -> str:
        return one_of(MODELS, value)

    @field_validator("widths", "sharpness_count", mode="before")
    @classmethod
    def _of_matrices(cls, value: Any, about: ValidationInfo) -> Any:
        model = about.data.get("model", "")
        if value is not None and model and not MODELS[model].matrices:
            raise ValueError(f"{model} has no matrices; only the model matrix takes it")
        return value

    @field_validator("axes")
    @classmethod
    def _known_axes(cls, axes: dict[str, Any]) -> dict[str, Any]:
        for name, axis in axes.items():
            if name not in ("eta", "alpha", "depth", "seed") and swept_mode(name) is None:
                raise ValueError(f"unknown axis {name!r}; valid: eta, alpha, depth, seed, s1, s2, ...")
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
                raise ValueError(f"{name} is not asked for here: give {key} = k")
        known = known_names()
        asked = {known[one_of(known, name)] for name in names} - {"fate"}
        return tuple(sorted(asked))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._check_numbers()
        self._check_model()
        self._fill_start()
        self._fill_axes()
        self._check_matrices()
        self._check_observables()
        if self.period_max is not None and self.record < 2 * self.period_max:
            raise ValueError(f"record: must be at least 2 period_max = {2 * self.period_max} (got {self.record})")
        valid = [name for name in self.axes if name != "depth"]  # each depth has a kernel, and so chunks, of its own
        for key in ("chunks", "shards"):
            for name in getattr(self, key):
                if name not in valid:
                    raise ValueError(f"{key}: no {key} along {name!r}; valid: {', '.join(valid)}")
        for name, points in self.shards.items():
            if points % self.chunks.get(name, 1):
                raise ValueError(
                    f"shards.{name}: must be a multiple of chunks.{name} = {self.chunks[name]} (got {points})"
                )
        return self

    def _check_numbers(self) -> None:
        """What is written out in numbers, a store carries in its attributes."""
        written = {f"axes.{name}": len(axis) for name, axis in self.axes.items() if isinstance(axis, tuple)}
        written["target"] = len(self.target.matrix or ()) * len(self.target.singular_values)
        written["target"] = written["target"] or len(self.target.singular_values)
        if isinstance(self.start, Layers):
            written["start.layers"] = sum(len(layer) * len(layer[0]) for layer in self.start.layers)
        if isinstance(self.start, Spectral):
            written["start.spectral"] = sum(map(len, self.start.spectral))
        if (total := sum(written.values())) > MOST_NUMBERS:
            key = max(written, key=lambda name: written[name])
            raise ValueError(
                f"{key}: the sweep writes {total:,} numbers out, more than {MOST_NUMBERS:,}, and most of them here; axes may "
                "be ranges"
            )

    def _check_model(self) -> None:
        """Refuses keys of matrices where there are none."""
        if self.definition.matrices:
            return
        if not self.target.simple:
            raise ValueError(
                f"target: {self.model} takes singular_values only; bases and matrices are of the model matrix"
            )

    def _fill_start(self) -> None:
        starts = self.definition.starts
        if self.start == "":
            object.__setattr__(self, "start", starts[0])
        name = self.start_name
        if name not in starts:
            raise ValueError(f"start: {self.model} has no start {name!r}; valid: {', '.join(starts)}")
        if STARTS[name].takes_values and isinstance(self.start, str):
            raise ValueError(f"start: {name} takes values: {{{name} = [[...], ...]}}, one a layer")
        if isinstance(self.start, Spectral):
            modes = len(self.target.singular_values)
            for layer, row in enumerate(self.start.spectral, 1):
                if len(row) != modes:
                    raise ValueError(f"start.spectral: row {layer} has {len(row)} values, the target {modes}")

    def _fill_axes(self) -> None:
        axes, modes = dict(self.axes), len(self.target.singular_values)
        for what, layers in self._numbers_of_layers():
            axes.setdefault("depth", (float(layers),))
            if list(coordinates(axes["depth"])) != [layers]:
                raise ValueError(f"axes.depth: must be {layers}, {what}")
        if not isinstance(self.start, str):
            axes.setdefault("alpha", (1.0,))
        layerwise = not self.definition.matrices and len(self.start_values) and self.map.name == "layerwise"
        if layerwise and len(self.start_values) > DEEPEST_LAYERWISE:
            raise ValueError(f"start.spectral: at most {DEEPEST_LAYERWISE} rows where the layers differ")
        for name in ("alpha", "depth"):
            if name not in axes:
                raise ValueError(f"axes: {name} is missing: give it as a value, a list or a range")
        for name in axes:
            mode = swept_mode(name)
            if mode is not None and mode >= modes:
                raise ValueError(f"axes.{name}: the last singular value of the target is s{modes}")
            if mode is not None and self.target.matrix is not None:
                raise ValueError(
                    f"axes.{name}: target.matrix has its own singular values; give singular_values instead"
                )
        if "seed" in axes and not STARTS[self.start_name].random:
            random = [name for name in self.definition.starts if STARTS[name].random]
            have = f"random are {', '.join(random)}" if random else f"{self.model} has no random ones"
            raise ValueError(f"axes.seed: the start {self.start_name} is not random; {have}")
        further = [name for name in axes if name not in ("depth", "seed", "alpha", "eta")]
        order = ("depth", *(["seed"] if "seed" in axes else []), *further, "alpha", "eta")
        # the order of the dataset's dimensions
        object.__setattr__(self, "axes", {name: axes[name] for name in order})

    def _singular_values(self) -> Iterator[tuple[str, Sequence[float]]]:
        """What gives singular values of the target, and those."""
        key = "target.singular_values" if self.target.matrix is None else "target.matrix"
        yield key, self.target.singular_values
        for name, axis in self.axes.items():
            if swept_mode(name) is not None:
                yield f"axes.{name}", coordinates(axis).tolist()

    def _numbers_of_layers(self) -> list[tuple[str, int]]:
        """What says how many layers there are, besides the axis."""
        found = []
        if isinstance(self.start, Spectral):
            found.append(("the number of rows of start.spectral", len(self.start.spectral)))
        if isinstance(self.start, Layers):
            found.append(("the number of start.layers", len(self.start.layers)))
        if self.widths is not None:
            found.append(("one less than there are widths", len(self.widths) - 1))
        return found

    def _check_matrices(self) -> None:
        if not self.definition.matrices:
            return
        if isinstance(self.start, Layers) and self.widths not in (None, self.start.widths):
            raise ValueError(f"widths: start.layers have the widths {list(self.start.widths)}")
        deepest = int(depths(self.axes["depth"]).max())
        if self.target.matrix is not None and self.widths is None and isinstance(self.start, str | Spectral):
            rows, columns = len(self.target.matrix), len(self.target.matrix[0])
            if rows != columns:
                raise ValueError(
                    f"widths: are missing, and target.matrix is {rows} x {columns}: give [{columns}, ..., {rows}]"
                )
        for name, values in self._singular_values():
            if max(values) > LARGEST_OF_MATRICES:
                raise ValueError(
                    f"{name}: must be at most {LARGEST_OF_MATRICES:g} for the model matrix, whose gradients leave the range "
                    f"of float64 beyond (got {max(values):g})"
                )
        if len(self.target.singular_values) > WIDEST:
            raise ValueError(f"target.singular_values: at most {WIDEST} for the model matrix")
        if deepest > DEEPEST_MATRICES:
            raise ValueError(f"axes.depth: must be at most {DEEPEST_MATRICES} for the model matrix (got {deepest})")
        check_widths(self.widths_at(deepest), self.target, isinstance(self.start, Spectral))
        shallowest = self.widths_at(int(depths(self.axes["depth"]).min()))
        weights = sum(a * b for a, b in pairwise(shallowest))
        if (self.sharpness_count or 1) > weights:
            raise ValueError(
                f"sharpness_count: must be at most {weights}, the number of weights (got {self.sharpness_count})"
            )

    def _check_observables(self) -> None:
        known = observables_of(self.definition)
        given = [name for name, family in known.items() if not family.asked_by and self.gives(family)]
        for name in self.observables:
            if name not in given:
                raise ValueError(f"observables: {self.model} cannot give {name}; it can give {', '.join(given)}")
        all_depths = depths(self.axes["depth"])
        deepest = int(all_depths.max())
        for family in self.families:
            if self.definition.matrices and family.source and family.needs:
                raise ValueError(f"observables: {family.name}: the model {self.model} has no {', '.join(family.needs)}")
            if self.definition.matrices and isinstance(family, PointObservable) and family.source:
                for depth in {int(all_depths.min()), deepest}:
                    try:
                        try_out(family.quantity, self.widths_at(depth), self.sizes["eigenvalue"])
                    except SweepError as error:
                        raise ValueError(f"observables: {family.name}: {error}") from error
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

    def rows(self) -> list[tuple[str, str, str]]:
        """(key, value, meaning) of every key that says something, in words."""
        data = json.loads(self.canonical())
        values = {key: reprlib.repr(value) for key, value in data.items() if value not in (None, {}, [])}
        values |= {"axes": "; ".join(f"{name}: {in_words(axis)}" for name, axis in self.axes.items())}
        values |= {"observables": ", ".join(self.observables) or "fate only"}
        values |= {key: str(data[key]) for key in ("model", "start") if isinstance(data[key], str)}
        values |= {"target": ", ".join(f"{key} = {reprlib.repr(value)}" for key, value in data["target"].items())}
        return [(key, values[key], str(type(self).model_fields[key].description)) for key in data if key in values]

    def _repr_html_(self) -> str:
        return table(self.title or "Sweep", [("points", f"{self.points:,}", "networks in all"), *self.rows()])

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> Sweep:
        """The sweep of a TOML file, with `overrides` such as "axes.eta.num=100" applied first.

        Raises SweepError, in one line, for a file that is not there, does not parse, or says what no sweep can.
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

        Raises SweepError, in one line, for whatever is no sweep.
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
        """This sweep with changes such as "axes.eta.num=100"; its title and chunks are left out."""
        data = json.loads(self.canonical())
        for override in overrides:
            assign(data, override)
        return Sweep(**data)

    @property
    def start_name(self) -> str:
        if isinstance(self.start, str):
            return self.start
        return "spectral" if isinstance(self.start, Spectral) else "layers"

    @property
    def start_values(self) -> tuple[Any, ...]:
        """What a start that takes values takes: a row, or a matrix, a layer."""
        if isinstance(self.start, Layers):
            return self.start.layers
        return self.start.spectral if isinstance(self.start, Spectral) else ()

    @property
    def definition(self) -> Model:
        return MODELS[self.model]

    @property
    def map(self) -> Map:
        """The smallest map that is exact for this start; not of a model of matrices."""
        assert self.definition.reduce
        return self.definition.reduce(self.layers(len(self.start_values) or 3))

    def gives(self, family: Observable) -> bool:
        """Whether the model's kernels have all that the family needs."""
        quantity = family.quantity if isinstance(family, PointObservable) else None
        if self.definition.matrices:
            return quantity is None or quantity.measure is not None
        return can_give(self.map, family) and (quantity is None or quantity.of_modes)

    def layers(self, depth: int) -> np.ndarray:
        """The layers' singular values at state 0 in units of alpha, shaped (depth, mode)."""
        layers = STARTS[self.start_name].layers
        assert layers
        return layers(depth, len(self.target.singular_values), *([self.start_values] if self.start_values else []))

    def widths_at(self, depth: int) -> tuple[int, ...]:
        """Widths of the input and after each layer."""
        if isinstance(self.start, Layers):
            return self.start.widths
        return self.widths or (len(self.target.singular_values),) * (depth + 1)

    @property
    def longest_period(self) -> int:
        return min(self.record // 2, DEFAULT_PERIOD) if self.period_max is None else self.period_max

    @property
    def families(self) -> tuple[Observable, ...]:
        """What is measured; fate, which is always written, comes last."""
        known = observables_of(self.definition)
        asked = {*self.observables, *(name for name, o in known.items() if o.asked_by and getattr(self, o.asked_by))}
        asked |= {brought for name in asked for brought in known[name].brings}
        chosen = [family for name, family in known.items() if name in asked and name != "fate"]
        return (*sorted(chosen, key=lambda family: bool(family.asked_by)), known["fate"])

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
            "eigenvalue": self.sharpness_count or 1,
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
        unset = {name for name in ("widths", "sharpness_count") if getattr(self, name) is None}
        data = self.model_dump(mode="json", exclude=set(FREE_KEYS) | unset) | {"target": self.target.canonical()}
        data["period_max"] = self.longest_period or None  # a record of one state has no period
        return json.dumps(data, separators=(",", ":"), allow_nan=False)

    def same_results(self, other: Sweep) -> bool:
        """Whether the other sweep gives the same results at the same points, however it says so."""
        return not self.differing(other)

    def differing(self, other: Sweep) -> list[str]:
        """Keys, dotted, in which two sweeps differ by their results.

        Not those that nothing in them uses, nor other words for the same: [0.5, 0.6] is the range of two values.
        """
        mine, others = self._meaning(), other._meaning()
        keys = [key for key in {**mine, **others} if not same(mine.get(key), others.get(key))]
        return keys or (["axes (in another order)"] if list(self.axes) != list(other.axes) else [])

    def _meaning(self) -> dict[str, Any]:
        """What the results are made of, by the keys that say so; None for what is not used."""
        families, sizes = self.families, self.sizes
        dims = {dim for family in families for variable in family.variables for dim in variable.dims}
        meaning: dict[str, Any] = {f"axes.{name}": axis for name, axis in self.axes.items()}
        if (matrix := self.target.matrix) is not None:
            meaning["target.matrix"] = matrix
        else:
            values: dict[int, float | None] = dict(enumerate(self.target.singular_values))
            values |= {mode: None for name in self.axes if (mode := swept_mode(name)) is not None}  # the axis has them
            random = self.target.basis == "random"
            meaning |= {"target.singular_values": values, "target.basis": self.target.basis}
            meaning["target.seed"] = self.target.seed if random else None
        if self.definition.matrices:
            meaning["widths"] = [self.widths_at(int(depth)) for depth in depths(self.axes["depth"])]
        return meaning | {
            "model": self.model,
            "start": self.start,
            "steps": self.steps,
            "record": self.record,
            "period_max": self.longest_period,
            "observables": sorted(family.name for family in families if not family.asked_by),
            "orbit_samples": sizes["sample"] if "sample" in dims else None,
            "trajectory": self.trajectory,
            "sharpness_every": self.sharpness_every if any(family.sampled for family in families) else None,
            "sharpness_count": self.sharpness_count,
        }

    def __hash__(self) -> int:
        # of what is quickly hashed; sweeps that are equal have it in common
        return hash((self.model, frozenset(self.axes.items()), self.steps, self.record, self.observables, self.title))

    def sha256(self) -> str:
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def same(one: Any, other: Any) -> bool:
    """Whether two parts of what sweeps mean are the same; axes are where their values are, to the last bit."""
    if not isinstance(one, Range | tuple) or not isinstance(other, Range | tuple) or one == other:
        return bool(one == other)
    if isinstance(one, Range) and isinstance(other, Range) and one.num > 2:
        return False  # both ends are values, and the spacing tells the others
    return length(one) == length(other) and np.array_equal(coordinates(one), coordinates(other))


# Whose keys are valid where, by the key that they stand under.
OWNERS: dict[str, type[BaseModel]] = {"": Sweep, "axes": Range, "target": Target, "start": Spectral}
