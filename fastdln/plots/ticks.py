"""Ticks of log axes: powers of ten at even strides, or plain numbers where an axis has few decades; and those of narrow axes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import (
    FixedLocator,
    Formatter,
    Locator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
    ScalarFormatter,
)

# Ticks with a number, at most and where that is possible at least.
MOST, FEWEST = 6, 3

# Decades from one tick to the next, and within one decade the multiples of its power of ten.
STRIDES: tuple[int, ...] = (1, 2, 5, 10, 20, 50, 100, 200, 500)
MULTIPLES: tuple[tuple[int, ...], ...] = ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 5, 7), tuple(range(1, 10)))

# Numbers in this range are written out.
LEAST_PLAIN, MOST_PLAIN = 1e-3, 1e4

# An axis is narrow where its numbers would need more digits than this to differ: they are written as what they are above
# or below a round number among them.
MOST_DIGITS = 6

# Parts of its last digit by which a number may differ from what is written; between doubles a tick stands where it can.
EVEN = 0.05

# Parts of its values that a log axis may extend and is as good as linear: within them a logarithm is straight to a thousandth.
STRAIGHT = 0.01

# Decades up to which a tick stands at each multiple, and at each decade.
ALL_MULTIPLES, ALL_DECADES = 6, 40


class OfView(Locator):
    """Places for ticks on what an axis shows."""

    def __call__(self) -> Any:
        """Find the ticks of the axis."""
        axis: Any = self.axis
        return self.tick_values(*axis.get_view_interval())


class Decades(OfView):
    """Places for at most `MOST` ticks, which are powers of ten where there are some decades."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """Find the ticks between two values."""
        low, high = min(vmin, vmax), max(vmin, vmax)
        if not (0 < low < high < np.inf):
            return []
        first, last = np.log10(low) - 1e-9, np.log10(high) + 1e-9
        if int(np.floor(last) - np.ceil(first)) + 1 >= FEWEST:
            for stride in STRIDES:
                exponents = np.arange(np.ceil(first / stride), np.floor(last / stride) + 1) * stride
                if len(exponents) <= MOST:
                    return 10.0**exponents
        for multiples in MULTIPLES:
            decades = 10.0 ** np.arange(np.floor(first), np.floor(last) + 1)
            found = np.multiply.outer(decades, multiples).ravel()
            found = found[(found >= low * (1 - 1e-9)) & (found <= high * (1 + 1e-9))]
            if FEWEST <= len(found) <= MOST + 1:
                return found
        unit = 10.0 ** np.floor(first)  # numbers of usual size; the smallest are rounded to nothing
        even = np.asarray(MaxNLocator(MOST - 1).tick_values(low / unit, high / unit)) * unit
        return even[even > 0]


class PowersOfTen(Formatter):
    """Numbers as they are where all are of a usual size, and powers of ten elsewhere."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Write one number."""
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Write the numbers of an axis, all in one way."""
        if all(LEAST_PLAIN <= value < MOST_PLAIN for value in values):
            return [f"{value:.6g}" for value in values]
        return [power_of_ten(value) for value in values]


def power_of_ten(value: float) -> str:
    """Write a number as a power of ten, with what it is multiplied by."""
    if not value > 0:
        return f"{value:g}"
    exponent = int(np.floor(np.log10(value) + 1e-9))
    factor = f"{value / 10.0**exponent:.3g}"
    return f"$10^{{{exponent}}}$" if factor == "1" else f"${factor} \\times 10^{{{exponent}}}$"


class Between(OfView):
    """Places for ticks without numbers: each multiple of a power of ten, or each power, or none."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """Find the ticks between two values."""
        low, high = min(vmin, vmax), max(vmin, vmax)
        if not (0 < low < high < np.inf) or (decades := np.log10(high) - np.log10(low)) > ALL_DECADES:
            return []
        powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        return np.multiply.outer(powers, range(1, 10 if decades <= ALL_MULTIPLES else 2)).ravel()


class AboveRound(Formatter):
    """Numbers that differ in their last digits only, as multiples of a power of ten from a round number beside the axis."""

    def __init__(self) -> None:
        self.beside = ""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Write one number."""
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Write the numbers of an axis, in decimals: a double has not more digits than are needed here."""
        self.beside = ""
        exact = [Decimal(float(value)) for value in values]
        gap = min((abs(b - a) for a, b in itertools.pairwise(exact)), default=Decimal(0))
        if not gap:
            return [f"{value:.{MOST_DIGITS}g}" for value in values]
        unit = gap.adjusted()
        if digits(exact, gap) <= MOST_DIGITS:
            return in_parts(exact, Decimal(0), max(-unit, 0), 0)
        round_one = roundest(min(exact), max(exact), unit)
        self.beside = f"$\\times\\ 10^{{{unit}}}$ + {round_one:f}"
        return [self.fix_minus(part) for part in in_parts(exact, round_one, 0, -unit)]

    def get_offset(self) -> str:
        """Write the round number."""
        return self.beside


def roundest(low: Decimal, high: Decimal, unit: int) -> Decimal:
    """Find the number between two others that has the fewest digits, of several the one nearest to their middle."""
    middle = (low + high) / 2
    for place in range(middle.adjusted(), unit - 1, -1):
        found = middle.quantize(Decimal(1).scaleb(place))
        if low <= found <= high:
            return found
    return low.quantize(Decimal(1).scaleb(unit), ROUND_FLOOR)


def in_parts(values: Sequence[Decimal], above: Decimal, decimals: int, power: int) -> list[str]:
    """Write what numbers are above another, times a power of ten: all with these decimals, or with one more if any needs it."""
    parts = [(value - above).scaleb(power) for value in values]
    more = any(abs(part.scaleb(decimals) - round(part.scaleb(decimals))) > EVEN for part in parts)
    written = [f"{part:.{decimals + more}f}" for part in parts]
    return [text if text.strip("-0.") else text.lstrip("-") for text in written]  # 0 has no sign


def digits(values: Sequence[Decimal], gap: Decimal) -> int:
    """Count the digits that the largest of some numbers needs to show such a gap, zeros before them included."""
    return max(0, *(value.adjusted() for value in values)) - gap.adjusted() + 1


def readable_narrow(ax: Axes) -> None:
    """Give the narrow axes of a picture such numbers: log ones, and linear ones with Matplotlib's own."""
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(abs(end) for end in axis.get_view_interval())
        if not high - low <= STRAIGHT * high or isinstance(axis.get_major_locator(), FixedLocator):
            continue
        if axis.get_scale() == "log" or isinstance(axis.get_major_formatter(), ScalarFormatter):
            axis.set_major_locator(MaxNLocator(MOST - 1))
            axis.set_major_formatter(AboveRound())
            axis.set_minor_locator(NullLocator())
            axis.set_minor_formatter(NullFormatter())


def readable_logs(ax: Axes) -> None:
    """Give the log axes of a picture such ticks, unless it has set its own."""
    for axis in (ax.xaxis, ax.yaxis):
        if axis.get_scale() == "log" and not isinstance(axis.get_major_locator(), FixedLocator):
            axis.set_major_locator(Decades())
            axis.set_major_formatter(PowersOfTen())
            axis.set_minor_locator(Between())
            axis.set_minor_formatter(NullFormatter())
