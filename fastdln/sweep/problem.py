"""The problem of a sweep: the matrix to be learned, and the layers that learning starts from, as their keys say."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationInfo, model_validator

from fastdln import files
from fastdln.models import targets
from fastdln.sweep.arrays import WIDEST, WITHOUT_FILES, read
from fastdln.sweep.axes import LARGEST_SEED, LAYER, Values
from fastdln.sweep.laws import SingularValues
from fastdln.sweep.values import number, shown, whole

# Of a surrogate's noise, relative to the target.
MOST_NOISE = 1e6

Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED), BeforeValidator(whole)]


def matrix(value: Any, info: ValidationInfo) -> Any:
    """A finite matrix as a list of rows, from one, or from the .npy file at a path."""
    valid = "a matrix of numbers, in rows such as [[1, 0], [0, 1]]"
    if info.context == WITHOUT_FILES:
        if isinstance(value, str | Path):
            raise ValueError(f"must be {valid}; what a store says names no files {shown(value)}")
    else:
        valid += ", or the path of a .npy file"
        if isinstance(value, str | Path):
            value = read(files.at(value))
    rows = value if isinstance(value, list | tuple) else ()
    lengths = dict.fromkeys(len(row) if isinstance(row, list | tuple) else 0 for row in rows)
    if len(lengths) > 1 and 0 not in lengths:
        first, second, *_ = lengths
        raise ValueError(f"must have rows of one length (got rows of {first} and of {second} values)")
    try:
        plain = np.array(value)
        if plain.dtype.kind not in "iuf":
            raise ValueError
        with np.errstate(over="ignore"):  # what float64 does not hold is refused below
            found = plain.astype(float)
    except (TypeError, ValueError):
        raise ValueError(f"must be {valid} {shown(value)}") from None
    if found.ndim == 1 and found.size:
        raise ValueError(f"must be {valid} (got {found.size} numbers without rows; a column is [[1], [2], ...])")
    if found.ndim != 2 or not found.size:
        raise ValueError(f"must be {valid} (got {found.ndim} dimensions, {found.size} numbers)")
    if max(found.shape) > WIDEST:
        raise ValueError(f"must have at most {WIDEST} rows and columns (got {found.shape[0]} x {found.shape[1]})")
    if not np.isfinite(found).all():
        raise ValueError("must be finite (has infinities or not-a-numbers)")
    return found.tolist()


Matrix = Annotated[tuple[tuple[float, ...], ...], BeforeValidator(matrix)]


class Target(BaseModel):
    """The matrix M to be learned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    singular_values: SingularValues = Field(
        default=(), description="s_1, s_2, ...: one a mode, zeros included; or a law, or the path of a .npy file"
    )
    basis: Literal["identity", "random"] = Field(
        "identity", description="singular bases of M: the identity, or random ones (model `matrix`)"
    )
    seed: Seed = Field(0, description="of the random basis (model `matrix`)")
    matrix: Matrix | None = Field(
        None,
        description="M itself, rows of numbers or the path of a .npy file, instead of the other keys (model `matrix`)",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.matrix is None and not self.singular_values:
            raise ValueError("target.singular_values: is missing")
        if self.matrix is not None:
            if len(self.model_fields_set) > 1:
                raise ValueError("target.matrix: leave singular_values, basis and seed out, the matrix has its own")
            values = targets.by_matrix(np.array(self.matrix)).singular_values
            object.__setattr__(self, "singular_values", tuple(values.tolist()))
        return self

    @property
    def simple(self) -> bool:
        """Whether it says no more than the singular values."""
        return self.matrix is None and self.basis == "identity" and self.seed == 0

    def build(self, outputs: int, inputs: int) -> targets.TargetMatrix:
        if self.matrix is not None:
            return targets.by_matrix(np.array(self.matrix))
        return targets.by_singular_values(np.array(self.singular_values), self.basis, self.seed, outputs, inputs)

    def canonical(self) -> dict[str, Any]:
        if self.matrix is not None:
            return {"matrix": self.matrix}
        data = {"singular_values": self.singular_values}
        return data if self.simple else data | {"basis": self.basis, "seed": self.seed}


def kind_of_row(value: Any) -> str:
    return "name" if isinstance(value, str) and re.fullmatch(LAYER, value) else "values"


def row(value: Any) -> Any:
    """A row, or the name of its axis; other texts are neither."""
    if isinstance(value, str) and kind_of_row(value) == "values":
        raise ValueError(f'must be numbers, one a mode, or the axis that sets them, such as "w1" {shown(value)}')
    return value


Row = Annotated[
    Annotated[Values, Tag("values")] | Annotated[str, Tag("name")], Discriminator(kind_of_row), BeforeValidator(row)
]


class Spectral(BaseModel):
    """A start by the layers' singular values, times alpha: a row a layer, W_1 first, a value a mode, or the axis that sets it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spectral: Annotated[tuple[Row, ...], Field(min_length=2)] = Field(
        description="a row a layer, W_1 first, a value a mode, or the axis w1, w2, ... that sets it, each times alpha"
    )


class Layers(BaseModel):
    """A start by the layers themselves, times alpha: matrices, or paths of .npy files, W_1 first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layers: Annotated[tuple[Matrix, ...], Field(min_length=2)] = Field(
        description="a matrix a layer, or the path of a .npy file, W_1 first, each times alpha (model `matrix`)"
    )

    @model_validator(mode="after")
    def _chained(self) -> Self:
        below = len(self.layers[0])
        for layer, weights in enumerate(self.layers[1:], 2):
            if len(weights[0]) != below:
                raise ValueError(
                    f"start.layers: W_{layer} is {len(weights)} x {len(weights[0])}, but W_{layer - 1} gives {below} values"
                )
            below = len(weights)
        return self

    @property
    def widths(self) -> tuple[int, ...]:
        return (len(self.layers[0][0]), *(len(weights) for weights in self.layers))


class Surrogate(BaseModel):
    """What stands in for the target where the singular vectors of a start come from: the target with noise on it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    noise: Annotated[float, Field(ge=0, le=MOST_NOISE, allow_inf_nan=False), BeforeValidator(number)] = Field(
        description="Frobenius norm of the noise, about, over that of the target; independent normal numbers"
    )
    seed: Seed = Field(0, description="of the noise")


class Compressed(BaseModel):
    """The start `compressed` with the singular vectors of a surrogate of the target."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    compressed: Surrogate = Field(
        description="the singular vectors are those of the target with noise on it: {noise = 0.1, seed = 0} (model `matrix`)"
    )


def kind_of_start(value: Any) -> str:
    if isinstance(value, Compressed) or (isinstance(value, Mapping) and "compressed" in value):
        return "surrogate"
    if isinstance(value, Layers) or (isinstance(value, Mapping) and "layers" in value):
        return "arrays"
    return "values" if isinstance(value, Mapping | Spectral) else "name"


def named_start(value: Any) -> Any:
    """A list of matrices is a start by layers."""
    if isinstance(value, list | tuple):
        return {"layers": list(value)}
    if isinstance(value, Mapping) and set(value) not in ({"layers"}, {"spectral"}, {"compressed"}):
        raise ValueError(
            f"has the keys {', '.join(map(str, value)) or '(none)'}; valid: spectral, layers or compressed, one of them"
        )
    if not isinstance(value, str | Mapping | Spectral | Layers | Compressed):
        raise ValueError(f"must be a name, {{spectral = [[...], ...]}} or {{layers = [...]}} {shown(value)}")
    return value


Start = Annotated[
    Annotated[Spectral, Tag("values")]
    | Annotated[Layers, Tag("arrays")]
    | Annotated[Compressed, Tag("surrogate")]
    | Annotated[str, Tag("name")],
    Discriminator(kind_of_start),
    BeforeValidator(named_start),
]


def check_widths(widths: Sequence[int], target: Target, modes_in_hidden: bool) -> None:
    """Refuses widths between which the target, or a start by singular values, does not fit."""
    outputs, inputs = widths[-1], widths[0]
    if target.matrix is not None:
        shape = (len(target.matrix), len(target.matrix[0]))
        if shape != (outputs, inputs):
            raise ValueError(
                f"target.matrix: is {shape[0]} x {shape[1]}, but networks from width {inputs} to {outputs} give "
                f"{outputs} x {inputs}"
            )
    elif len(target.singular_values) != min(outputs, inputs):
        raise ValueError(
            f"target.singular_values: must be {min(outputs, inputs)}, zeros included, for networks from width {inputs} to "
            f"{outputs} (got {len(target.singular_values)})"
        )
    if modes_in_hidden and min(widths) < len(target.singular_values):
        raise ValueError(
            f"start.spectral: every width must be at least {len(target.singular_values)}, the number of modes (got "
            f"{math.floor(min(widths))})"
        )


def check_compressed(widths: Sequence[int]) -> None:
    """Refuses widths that the start `compressed` does not fit: one inner width, no more than M has singular vectors."""
    inner, most = widths[1:-1], min(widths[0], widths[-1])
    if not inner:
        raise ValueError("start: compressed needs inner layers: at least two layers, of widths [d, r, ..., r, d]")
    if len(set(inner)) > 1 or inner[0] > most:
        raise ValueError(
            f"widths: must have one inner width of at most {most} for the start compressed (got {list(inner)})"
        )
