"""The examples that a model learns from in place of a target: inputs with labels of two classes, or with outputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from fastdln import files
from fastdln.models import MODELS, targets
from fastdln.sweep import own_parameters
from fastdln.sweep.arrays import WIDEST, WITHOUT_FILES, read
from fastdln.sweep.problem import Layers, Matrix, Seed, matrix
from fastdln.sweep.values import number, shown, whole

if TYPE_CHECKING:  # the model calls these checks
    from fastdln.sweep.schema import Sweep

# Of labels: two classes, as they are mostly written.
CLASSES = {(-1.0, 1.0), (0.0, 1.0)}

# Streams of a teacher's seed, far behind those of layers and bases (models/targets.py).
TEACHER = 2**33

# The two examples (gamma, .9) and (gamma, -.5) of arXiv 2305.11788, section 4, of which the exponential loss diverges, in units of their
# margin gamma.
PAIR = ((1.0, 0.9), (1.0, -0.5))


def labels(value: Any, info: ValidationInfo) -> Any:
    """A label an example, as -1 and 1, from a list, a column, or the .npy file at a path."""
    valid = "a list of numbers such as [1, -1]"
    if isinstance(value, str | Path):
        if info.context == WITHOUT_FILES:
            raise ValueError(f"must be {valid}; what a store says names no files {shown(value)}")
        found = read(files.at(value), "iufb")
    else:
        try:
            found = np.array(value)
        except ValueError:  # rows of several lengths
            found = np.array(None)
    if found.dtype.kind not in "iufb" or not found.ndim or not found.size:
        raise ValueError(f"must be {valid}, or the path of a .npy file {shown(value)}")
    if found.shape[1:] not in ((), (1,)):
        shape = " x ".join(map(str, found.shape))
        raise ValueError(f"must be a label an example, a vector or a single column (got {shape} numbers)")
    if len(found) > WIDEST:
        raise ValueError(f"must be at most {WIDEST} (got {len(found)})")
    if not np.isfinite(found).all():
        raise ValueError("must be finite (has infinities or not-a-numbers)")
    return of_two_classes(found.astype(float).ravel().tolist())


def of_two_classes(found: list[float]) -> list[float]:
    """Labels as -1 and 1; ValueError unless they are of two classes."""
    classes = tuple(sorted(set(found)))
    if classes not in CLASSES:
        said = ", ".join(f"{one:g}" for one in classes[:4]) + (", ..." if len(classes) > 4 else "")
        raise ValueError(
            f"must be of two classes, -1 and 1, 0 and 1, or false and true, both of them there (got {said})"
        )
    return [1.0 if one > 0 else -1.0 for one in found]


def outputs(value: Any, info: ValidationInfo) -> Any:
    """Outputs in rows; where an example has one, also a list or a vector of them."""
    if isinstance(value, str | Path) and info.context != WITHOUT_FILES:
        value = read(files.at(value)).tolist()
    if isinstance(value, list | tuple) and not any(isinstance(row, list | tuple) for row in value):
        value = [[number] for number in value]
    return matrix(value, info)


Labels = Annotated[tuple[float, ...], BeforeValidator(labels)]
Outputs = Annotated[tuple[tuple[float, ...], ...], BeforeValidator(outputs)]


class Pair(BaseModel):
    """Two examples of label 1 and margin 1, (1, .9 / gamma) and (1, -.5 / gamma)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gamma: Annotated[float, Field(ge=1e-6, le=1e6), BeforeValidator(number)] = Field(
        0.1, description="their margin where they lie 1.4 apart"
    )


def count(default: Any, description: str) -> Any:
    """A field of a whole number from 1 on; required where the default is `...`."""
    return Field(default, ge=1, le=WIDEST, description=description)


Whole = Annotated[int, BeforeValidator(whole)]


class Teacher(BaseModel):
    """Examples of a random network of one hidden layer: inputs of independent normal numbers, outputs A tanh(B x)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    examples: Whole = count(..., "how many examples")
    inputs: Whole = count(..., "numbers of an input")
    outputs: Whole = count(1, "numbers of an output")
    hidden: Whole = count(8, "hidden units of the teacher")
    seed: Seed = Field(0, description="of inputs and teacher")

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (example, feature) and outputs (example, output); rows of A and B have a length of about 1."""
        shapes = ((self.examples, self.inputs), (self.hidden, self.inputs), (self.outputs, self.hidden))
        x, b, a = (targets.generator(self.seed, TEACHER + k).standard_normal(shape) for k, shape in enumerate(shapes))
        return x, np.tanh(x @ b.T / np.sqrt(self.inputs)) @ a.T / np.sqrt(self.hidden)


class Data(BaseModel):
    """The examples, by one of: inputs with labels or outputs, a built-in pair."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    inputs: Matrix | None = Field(None, description="a row an example: numbers, or the path of a .npy file")
    labels: Labels | None = Field(
        None, description="of two classes, -1 and 1 or 0 and 1, one an example; or the path of a .npy file"
    )
    outputs: Outputs | None = Field(None, description="a row an example: numbers, or the path of a .npy file")
    pair: Pair | None = Field(
        None,
        description="two examples that are separable, (1, .9 / gamma) and (1, -.5 / gamma), both of label 1; {} for gamma = .1",
    )
    teacher: Teacher | None = Field(
        None, description="examples of a random network: {examples = 32, inputs = 8, outputs = 1, hidden = 8, seed = 0}"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        said = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if said not in (["pair"], ["teacher"], ["inputs", "labels"], ["inputs", "outputs"]):
            got = ", ".join(said) or "nothing"
            raise ValueError(
                f"must have inputs and labels, inputs and outputs, pair alone, or teacher alone (got {got})"
            )
        if self.inputs is not None:
            given = self.labels if self.labels is not None else self.outputs
            name = "labels" if self.labels is not None else "outputs"
            if given is not None and len(given) != len(self.inputs):
                raise ValueError(
                    f"data.{name}: must be {len(self.inputs)}, one for each of data.inputs (got {len(given)})"
                )
        return self

    @property
    def kind(self) -> str:
        """Of what the inputs come with: labels or outputs."""
        return "labels" if self.outputs is None and self.teacher is None else "outputs"

    @property
    def numbers(self) -> int:
        """How many numbers are written out."""
        inputs = np.size(self.inputs) if self.inputs is not None else 0
        return inputs + len(self.labels or ()) + (np.size(self.outputs) if self.outputs is not None else 0)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (example, feature), and labels or outputs (example, output)."""
        if self.pair is not None:
            return np.array(PAIR) / [1.0, self.pair.gamma], np.ones((2, 1))
        if self.teacher is not None:
            return self.teacher.arrays()
        given = np.array(self.outputs) if self.outputs is not None else np.array(self.labels)[:, None]
        return np.array(self.inputs), given


def check(sweep: Sweep) -> None:
    """ValueError for data of a model that has a target, and for a model without the data that it takes."""
    model = sweep.definition
    if not model.data:
        if sweep.data is not None:
            having = ", ".join(name for name, one in MODELS.items() if one.data)
            raise ValueError(f"data: {sweep.model} learns a target; the models {having} learn from data")
        return
    if sweep.data is None:
        also = (
            ", or {pair = {gamma = 0.1}}" if model.data == "labels" else ", or {teacher = {examples = 32, inputs = 8}}"
        )
        raise ValueError(
            f"data: is missing: give {{inputs = [[...], ...], {model.data} = [...]}}, paths of .npy files{also}"
        )
    own_parameters.check_no_target(sweep)
    own_parameters.check_no_unit(sweep)
    if sweep.data.kind != model.data:
        raise ValueError(f"data: {sweep.model} learns from inputs and {model.data} (got {sweep.data.kind})")
    if model.matrices and sweep.widths is None and not isinstance(sweep.start, Layers):
        _, features, width = sweep.data_shape
        if (features, width) != (1, 1) or "depth" not in sweep.axes:
            raise ValueError(
                f"widths: are missing: give [{features}, ..., {width}], from the numbers of an input to those of an output"
            )


def check_widths(shape: tuple[int, ...], widths: tuple[int, ...]) -> None:
    """ValueError for layers that do not go from the inputs to the outputs."""
    _, features, outputs = shape
    if (widths[0], widths[-1]) != (features, outputs):
        raise ValueError(
            f"widths: must go from {features}, the numbers of an input, to {outputs}, those of an output: [{features}, ..., {outputs}] "
            f"(got {list(widths)})"
        )
