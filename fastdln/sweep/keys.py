"""The keys of a sweep: what each may be, its default, its bounds, and its meaning in a line."""

from __future__ import annotations

import reprlib
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationInfo, field_validator

from fastdln.models import MODELS
from fastdln.models.dop853 import DEFAULT_TOLERANCE
from fastdln.observables import DEFAULT
from fastdln.sweep.arrays import WIDEST
from fastdln.sweep.axes import Axis, AxisName, check_axes
from fastdln.sweep.data import Data
from fastdln.sweep.families import BY_KEY, known_names
from fastdln.sweep.messages import one_of
from fastdln.sweep.problem import Start, Target
from fastdln.sweep.values import layer_widths, names, number, shown, whole
from fastdln.text import suggestion

# period is stored as int16; the default looks no further than this, since a window is four times as long.
LONGEST_PERIOD, DEFAULT_PERIOD = 32_767, 256

# Step numbers are carried as float64.
MOST_STEPS = 2**53

# The search for eigenvalues solves a dense problem of three times as many at every iteration.
MOST_EIGENVALUES = 32

# Rounding errors of a step of gradient flow are some 1e-15 of the layers. Where eta S is large, a state at rest trembles by the tolerance,
# which must not be taken for an orbit (a period is told to 1e-9); and a looser flow takes hardly less time at order 8.
LEAST_TOLERANCE, MOST_TOLERANCE = 1e-14, 1e-10

# Models whose layers are matrices, for the description of keys.
OF_MATRICES = ", ".join(f"`{name}`" for name, model in MODELS.items() if model.matrices)


class Keys(BaseModel):
    """The keys, each checked by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # Sweep is what is built

    title: str = Field("", description="free text, stored with the results")
    model: str = Field(
        description="what is simulated", json_schema_extra=lambda schema: schema.update(enum=list(MODELS))
    )
    axes: dict[AxisName, Axis] = Field(
        description="eta, alpha, depth, s1, s2, ... (which set a singular value) and, for random starts, seed: a value, a list, "
        "or a range; model, start, target.basis: a list of names, instead of the key; models may have axes of their own"
    )
    target: Target = Field(
        default_factory=lambda: Target.model_validate({"singular_values": (1.0,)}),
        description="the matrix M; singular_values = [1] if left out",
    )
    data: Data | None = Field(
        None, description="the examples that a model learns from in place of a target (models that say so)"
    )
    loss: str | None = Field(None, description="of a model that has several: its name, the first if left out")
    activation: str | None = Field(None, description="of a nonlinear network: its name, the first if left out")
    widths: (
        Annotated[
            tuple[Annotated[int, Field(ge=1, le=WIDEST), BeforeValidator(whole)], ...],
            Field(min_length=3),
            BeforeValidator(layer_widths),
        ]
        | None
    ) = Field(
        None,
        description="of the input, after each layer, and so of the output; as many as the target has modes if left out ("
        f"models {OF_MATRICES})",
    )
    start: Start = Field(
        "",
        description="the layers at state 0: a name (the model's first if left out), {spectral = [[...], ...]}, {layers = "
        "[...]}, matrices or paths of .npy files, or {compressed = {noise = 0.1, seed = 0}}",
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
        None,
        description="keeps so many of the Hessian's largest eigenvalues at the last state (models `flow`, `matrix`, `mlp`)",
    )
    momentum: Annotated[float, Field(ge=0.0, lt=1.0), BeforeValidator(number)] | None = Field(
        None,
        description="the same as axes.momentum with one value: mu of v' = mu v - eta grad, w' = w + v'; none if left out",
    )
    nesterov: StrictBool = Field(
        False,
        description="whether the gradient is taken ahead, at w + mu v (Nesterov), not at w (heavy ball); with momentum only",
    )
    tolerance: Annotated[float, Field(ge=LEAST_TOLERANCE, le=MOST_TOLERANCE), BeforeValidator(number)] | None = Field(
        None,
        description=f"error of a step of gradient flow, in units of the norm of all layers; {DEFAULT_TOLERANCE:g} if left out (models "
        "`flow`, `modes-flow`)",
    )
    chunks: dict[str, Annotated[int, Field(ge=1), BeforeValidator(whole)]] = Field(
        default_factory=dict, description="points a chunk along an axis, where the default does not suit"
    )
    shards: dict[str, Annotated[int, Field(ge=1), BeforeValidator(whole)]] = Field(
        default_factory=dict,
        description="points a shard along an axis: chunks that are computed at once and stored as one object, for object stores; "
        "none if left out",
    )

    @property
    def flow_tolerance(self) -> float:
        """The tolerance of gradient flow; 0 for models that take steps of gradient descent."""
        return (self.tolerance or DEFAULT_TOLERANCE) if MODELS[self.model].flow else 0.0

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
            having = ", ".join(name for name, one in MODELS.items() if one.matrices)
            raise ValueError(f"{model} has no matrices; the models {having} have")
        return value

    @field_validator("tolerance", mode="before")
    @classmethod
    def _of_flow(cls, value: Any, about: ValidationInfo) -> Any:
        if value is not None and (model := about.data.get("model", "")):
            check_tolerance(model)
        return value

    @field_validator("axes")
    @classmethod
    def _known_axes(cls, axes: dict[str, Any]) -> dict[str, Any]:
        check_axes(axes)
        return axes

    @field_validator("observables")
    @classmethod
    def _families(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for name in names:
            if key := BY_KEY.get(name):
                raise ValueError(f"{name} is not asked for here: give {key} = k")
        known = known_names(MODELS.get(info.data.get("model", "")))
        for name in names:
            if name not in known:
                families = dict.fromkeys(known.values())
                raise ValueError(
                    f"unknown name {reprlib.repr(name)}{suggestion(name, known)}; valid: {', '.join(families)}, or one of their "
                    "variables; --load FILE.py brings your own"
                )
        asked = {known[name] for name in names} - {"fate"}
        return tuple(sorted(asked))


def check_tolerance(model: str) -> None:
    """ValueError for the tolerance of a model that takes steps of gradient descent."""
    if not MODELS[model].flow:
        flows = ", ".join(name for name, known in MODELS.items() if known.flow)
        raise ValueError(f"{model} has no steps whose error is controlled; the models {flows} take it")
