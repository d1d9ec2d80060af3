"""Singular values by a formula, and those of a file: written out when the sweep is made, so that a store holds plain numbers."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from fastdln import files
from fastdln.sweep.arrays import WITHOUT_FILES, read
from fastdln.sweep.values import LIST, number, numbers, shown, unquoted, whole
from fastdln.text import suggestion

# A store carries the values in its root's metadata, which are read whole by whoever opens it: these take 2 MB there.
LONGEST_LAW = 100_000

# Exponents of which a power is computed in whole numbers: of as many as 100,000 values it has up to 80 digits.
WHOLE_POWERS = range(1, 17)

EXAMPLE = '{law = "power", exponent = -1, count = 20}'

Count = Annotated[int, Field(ge=1, le=LONGEST_LAW), BeforeValidator(whole)]
Finite = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(number)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(number)]


class Law(BaseModel):
    """`count` singular values by a formula of their number i = 1, 2, ..."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    law: str = Field(description="power, geometric or linear")
    count: Count = Field(description="how many singular values")
    scale: NotNegative = Field(1.0, description="multiplies all of them")
    zeros: Annotated[int, Field(ge=0, le=LONGEST_LAW), BeforeValidator(whole)] = Field(
        0, description="how many zeros follow them: the target has rank count"
    )

    def relative(self, i: int) -> float:
        """The i-th value in units of the scale."""
        raise NotImplementedError

    def value(self, i: int) -> float:
        return self.scale * self.relative(i)

    def values(self) -> list[float]:
        # Python's own powers: NumPy's differ in the last bit from processor to processor
        try:
            return [self.value(i) for i in range(1, self.count + 1)] + [0.0] * self.zeros
        except OverflowError:
            return [float("inf")]


class Power(Law):
    """s_i = scale i^exponent."""

    law: Literal["power"]
    exponent: Finite = Field(description="of the law power: s_i = scale i^exponent")

    def relative(self, i: int) -> float:
        return float(float(i) ** self.exponent)

    def value(self, i: int) -> float:
        if abs(self.exponent) not in WHOLE_POWERS:
            return super().value(i)
        # of whole numbers, rounded once: 10/3, as one would type it
        above, below = self.scale.as_integer_ratio()
        power: int = i ** int(abs(self.exponent))
        return above * power / below if self.exponent > 0 else above / (below * power)


class Geometric(Law):
    """s_i = scale ratio^(i - 1)."""

    law: Literal["geometric"]
    ratio: NotNegative = Field(description="of the law geometric: s_i = scale ratio^(i - 1)")

    def relative(self, i: int) -> float:
        return self.ratio ** (i - 1)


class Linear(Law):
    """s_i evenly spaced from scale start to scale stop."""

    law: Literal["linear"]
    start: NotNegative = Field(description="of the law linear: s_1 = scale start")
    stop: NotNegative = Field(description="of the law linear: the last one is scale stop")

    def relative(self, i: int) -> float:
        if i == self.count and i > 1:
            return self.stop
        return self.start + (self.stop - self.start) * ((i - 1) / max(self.count - 1, 1))


LAWS: dict[str, type[Law]] = {"power": Power, "geometric": Geometric, "linear": Linear}


def singular_values(value: Any, info: ValidationInfo) -> Any:
    """Singular values as a list: of a number, a list, a law, or the .npy file at a path."""
    if not isinstance(value, Mapping | str | Path):
        try:
            return numbers(value)
        except ValueError:
            pass
    elif info.context == WITHOUT_FILES:
        raise ValueError(f"must be a list of numbers; a store has singular values written out {shown(value)}")
    elif isinstance(value, Mapping):
        return by_law(value)
    elif str(value).endswith(".npy"):
        return of_file(files.at(value))
    raise ValueError(
        f"must be a number, a list such as {LIST}, a law such as {EXAMPLE}, or the path of a .npy file"
        f"{unquoted(value)} {shown(value)}"
    )


def by_law(value: Mapping[str, Any]) -> list[float]:
    name = value.get("law")
    if not isinstance(name, str) or name not in LAWS:
        known = ", ".join(LAWS)
        if name is None:
            raise ValueError(f"must say law = one of {known}, as in {EXAMPLE} {shown(dict(value))}")
        raise ValueError(f"has no law {reprlib.repr(name)}; valid: {known}{suggestion(name, LAWS)}")
    for key in value:
        if key not in (valid := list(LAWS[name].model_fields)):
            raise ValueError(
                f"the law {name} has no key {reprlib.repr(key)}{suggestion(key, valid)}; valid: {', '.join(valid)}"
            )
    law = LAWS[name].model_validate(value)
    if law.count + law.zeros > LONGEST_LAW:
        raise ValueError(f"the law {name} has at most {LONGEST_LAW:,} values, zeros included {shown(value)}")
    found = law.values()
    if not np.isfinite(found).all():
        raise ValueError(f"the law {name} gives numbers beyond those of float64; smaller ones would do {shown(value)}")
    return found


def of_file(path: Path) -> list[float]:
    """The numbers of a file of one dimension."""
    array = read(path)
    if array.ndim != 1 or not array.size:
        raise ValueError(
            f"{path}: must hold a list of numbers (has the shape {array.shape}); target.matrix takes a matrix"
        )
    if array.size > LONGEST_LAW:
        raise ValueError(f"{path}: must hold at most {LONGEST_LAW:,} numbers (has {array.size:,})")
    with np.errstate(over="ignore"):  # what float64 does not hold is refused like other infinities
        return [float(number) for number in array.astype(float)]


SingularValues = Annotated[
    tuple[NotNegative, ...],
    Field(min_length=1),
    BeforeValidator(
        singular_values, json_schema_input_type=list[NotNegative] | NotNegative | str | Power | Geometric | Linear
    ),
]
