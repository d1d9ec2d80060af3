"""Ticks of log axes, and texts that fit where they stand."""

import itertools
import re
from decimal import Decimal

import numpy as np
import pytest
from matplotlib.figure import Figure

from fastdln.plots.ticks import AboveRound, Decades, PowersOfTen, readable_logs, readable_narrow
from fastdln.plots.wrapping import width_of, wrap


@pytest.mark.parametrize("low", [1e-300, 1e-32, 2e-7, 0.01, 0.13, 40.0])
@pytest.mark.parametrize("decades", [0.2, 0.5, 1.0, 2.0, 3.4, 9.0, 31.0, 280.0])
def test_a_log_axis_has_a_few_round_numbers(low, decades):
    high = low * 10.0**decades
    if not np.isfinite(high) or high > 1e300:
        return
    ticks = np.asarray(Decades().tick_values(low, high))
    inside = ticks[(ticks >= low * (1 - 1e-6)) & (ticks <= high * (1 + 1e-6))]
    assert 2 <= len(inside) <= 7
    if decades > 3:
        exponents = np.log10(inside)
        np.testing.assert_allclose(exponents, exponents.round(), atol=1e-9)
        strides = np.diff(exponents.round())
        assert (strides == strides[0]).all()
        assert strides[0] in (1, 2, 5, 10, 20, 50, 100)
        assert (exponents.round() % strides[0] == 0).all(), "10^-50 and not 10^-47"


def test_numbers_of_a_usual_size_are_plain():
    assert PowersOfTen().format_ticks([0.01, 0.1, 1.0]) == ["0.01", "0.1", "1"]
    assert PowersOfTen().format_ticks([1e-10, 1.0]) == ["$10^{-10}$", "$10^{0}$"]
    assert PowersOfTen().format_ticks([2e-5]) == ["$2 \\times 10^{-5}$"]


def test_ticks_follow_the_limits_and_leave_fixed_ones():
    ax = Figure().subplots()
    ax.set(xscale="log", yscale="log", xlim=(0.01, 1), ylim=(1e-300, 1))
    ax.set_xticks([0.02, 0.5], ["a", "b"])
    readable_logs(ax)
    assert ax.get_xticks().tolist() == [0.02, 0.5]
    assert len(ax.get_yticks()) <= 6
    ax.set_ylim(1, 100)
    assert ax.get_yticks().tolist() == [1, 10, 100]


def read(label, beside):
    """The number that a tick's label and the text beside the axis stand for, exactly."""
    if not beside:
        return Decimal(label)
    power, above = re.fullmatch(r"\$\\times\\ 10\^\{(-?\d+)\}\$ \+ ([\d.]+)", beside).groups()
    return Decimal(label.replace("\N{MINUS SIGN}", "-")).scaleb(int(power)) + Decimal(above)


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("width", [4e-3, 1e-5, 1e-8, 1e-10, 3e-12])
@pytest.mark.parametrize("middle", [1.4152769486570123, 0.0080209837475, 123.456789012345678, 1e-9])
def test_numbers_of_a_narrow_axis_are_short_and_those_of_its_ticks(scale, width, middle):
    ax = Figure(figsize=(7, 4.4)).subplots()
    low, high = middle * (1 - width / 2), middle * (1 + width / 2)
    ax.set(xscale=scale, xlim=(low, high))
    readable_narrow(ax)
    ticks = [tick for tick in ax.get_xticks() if low <= tick <= high]
    labels = ax.xaxis.get_major_formatter().format_ticks(ticks)
    beside = ax.xaxis.get_major_formatter().get_offset()
    assert len(ticks) >= 3
    assert len(set(labels)) == len(labels)
    assert all(len(label) <= 8 for label in labels)
    gap = min(b - a for a, b in itertools.pairwise(map(Decimal, ticks)))
    for tick, label in zip(ticks, labels, strict=True):
        assert abs(read(label, beside) - Decimal(tick)) <= gap / 10
    assert beside or width > 1e-8
    assert not beside or width < 1e-4 or middle < 1


@pytest.mark.parametrize(
    ("middle", "step", "beside", "labels"),
    [
        (1.4, 2e-7, "$\\times\\ 10^{-7}$ + 1.4", "-4 -2 0 2 4"),
        (0.55, 5e-10, "$\\times\\ 10^{-10}$ + 0.55", "-10 -5 0 5 10"),
        (1.41527695, 2e-9, "$\\times\\ 10^{-9}$ + 1.41527695", "-4 -2 0 2 4"),
        (1.3999998, 2e-7, "$\\times\\ 10^{-7}$ + 1.4", "-6 -4 -2 0 2"),
    ],
)
def test_numbers_of_a_narrow_axis_count_from_the_roundest(middle, step, beside, labels):
    formatter = AboveRound()
    found = formatter.format_ticks([middle + k * step for k in range(-2, 3)])
    assert (formatter.get_offset(), " ".join(found).replace("\N{MINUS SIGN}", "-")) == (beside, labels)


def test_a_wide_axis_keeps_its_numbers():
    ax = Figure().subplots()
    ax.set(xlim=(0.5, 1.5), yscale="log", ylim=(1, 100))
    before = [axis.get_major_formatter() for axis in (ax.xaxis, ax.yaxis)]
    readable_narrow(ax)
    assert [axis.get_major_formatter() for axis in (ax.xaxis, ax.yaxis)] == before
    assert AboveRound().format_ticks([2.0]) == ["2"]


@pytest.mark.parametrize("inches", [1.0, 2.5, 6.0])
def test_lines_fit_and_are_of_about_one_length(inches):
    text = "One initialization scale: the route to chaos of the balanced map with $\\eta$ = 0.3 and " + "W" * 60
    lines = wrap(text, inches, 10).split("\n")
    assert all(width_of(line, 10) <= 1.01 * inches for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    two = wrap(
        "one two three four five six seven eight", 0.6 * width_of("one two three four five six seven eight", 10), 10
    )
    assert two.count("\n") == 1
    first, second = (width_of(line, 10) for line in two.split("\n"))
    assert abs(first - second) < 0.35 * max(first, second)


def test_what_is_too_long_ends_in_dots():
    lines = wrap("word " * 100, 2, 10, most=2).split("\n")
    assert len(lines) == 2
    assert lines[1].endswith("...")


def test_formulas_and_parts_are_not_broken():
    assert "$w_1 + w_2$" in wrap("largest $w_1 + w_2$ of all", 0.8, 10).split("\n")
    assert wrap(["alpha = 0.1 (nearest to 0.2),", "eta = 0.3"], 2.2, 10) == "alpha = 0.1 (nearest to 0.2),\neta = 0.3"
