"""The windows of a zoom against exact arithmetic, and where they end."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

from fastdln import Sweep, SweepError
from fastdln.sweep.zooms import MOST_FRAMES, ROOM, zoom_sweeps

ETA = {"start": 0.5, "stop": 1.5, "num": 11}
ALPHA = {"start": 0.01, "stop": 1.0, "num": 7, "spacing": "log"}
SWEEP = Sweep(model="modes", axes={"eta": ETA, "alpha": ALPHA, "depth": 3}, steps=2000, record=16, title="a title")


def exact_ends(first, last, middle, factor, frame):
    """The window of a frame in exact arithmetic: 1 / factor^frame of the width, about the middle, within the whole."""
    width = (last - first) / factor**frame
    low = min(max(middle - width / 2, first), last - width)
    return low, low + width


@pytest.mark.parametrize("factor", [2.0, 10.0, 1.1, 3.7])
@pytest.mark.parametrize("middle", [1.0, 0.5, 1.5, 0.6180339887498949, 1.4999999999])
def test_linear_windows_are_those_of_fractions(factor, middle):
    sweeps = zoom_sweeps(SWEEP, {"eta": middle}, factor, 12)
    assert sweeps[0] is SWEEP
    for frame, sweep in enumerate(sweeps):
        axis = sweep.axes["eta"]
        low, high = exact_ends(Fraction(0.5), Fraction(1.5), Fraction(middle), Fraction(factor), frame)
        for end, exact in ((axis.start, low), (axis.stop, high)):
            assert abs(Fraction(end) - exact) <= 2 * Fraction(math.ulp(1.5)), (frame, end)
        assert (axis.num, axis.spacing) == (11, "linear")
        assert 0.5 <= axis.start < axis.stop <= 1.5
        assert sweep.axes["alpha"] == SWEEP.axes["alpha"]


@pytest.mark.parametrize("middle", [0.1, 0.01, 1.0, 0.0123456789, 0.77])
def test_log_windows_are_those_of_logarithms_of_fifty_digits(middle):
    with localcontext(prec=50):
        first, last = Decimal(ALPHA["start"]).ln(), Decimal(ALPHA["stop"]).ln()
        for frame, sweep in enumerate(zoom_sweeps(SWEEP, {"alpha": middle}, 3, 20)):
            axis = sweep.axes["alpha"]
            ends = exact_ends(first, last, Decimal(middle).ln(), Decimal(3), frame)
            for end, exact in zip((axis.start, axis.stop), ends, strict=True):
                assert abs(Decimal(end) / exact.exp() - 1) <= Decimal(16 * np.finfo(float).eps), (frame, end)
            assert (axis.num, axis.spacing) == (7, "log")
            assert 0.01 <= axis.start < axis.stop <= 1.0


@pytest.mark.parametrize(
    ("axes", "at"),
    [
        ({"eta": ETA, "alpha": ALPHA}, {"eta": 1.0 + 1e-7, "alpha": 0.3}),
        ({"eta": ETA | {"num": 400}, "alpha": 0.1}, {"eta": 1.4234567891234}),
        ({"eta": 0.5, "alpha": ALPHA | {"num": 301, "start": 1e-6}}, {"alpha": 3.3e-4}),
        ({"eta": [0.1, 0.4, 0.9], "alpha": 0.1}, {"eta": 0.3}),
        ({"eta": ETA | {"unit": "2/S1"}, "alpha": 0.1}, {"eta": 1.21}),
    ],
)
def test_it_ends_where_float64_does(axes, at):
    """As many frames as the message says are told apart, with room; one more is refused."""
    sweep = Sweep(model="modes", axes={**axes, "depth": 3}, steps=2000, record=16)
    with pytest.raises(
        SweepError, match=r"frames: 1,000 of factor 2 are more .* down to a width of .* at most \d+$"
    ) as said:
        zoom_sweeps(sweep, at, 2, MOST_FRAMES)
    most = int(str(said.value).rpartition(" ")[2])
    assert 30 < most < 60
    last = zoom_sweeps(sweep, at, 2, most)[-1]
    for name in at:
        values = last.axes[name].values()
        in_doubles = np.diff(values) / np.spacing(values[1:])
        assert in_doubles.min() > ROOM / 2, "rounding takes less than half of the room"
        size = max(1, abs(math.log(at[name]))) if name == "alpha" else 1
        assert in_doubles.min() < 4 * ROOM * size or len(at) > 1, "and no more room is taken than needed"
        assert np.ptp(in_doubles) < 0.6 * ROOM
    with pytest.raises(SweepError, match=f"at most {most}$"):
        zoom_sweeps(sweep, at, 2, most + 1)


def test_the_narrowest_width_is_named():
    with pytest.raises(SweepError) as said:
        zoom_sweeps(SWEEP, {"eta": 1.25}, 10, 100)
    width = ROOM * 2.0**-52 * 1.25 * 10  # between 11 values
    assert f"eta = 1.25 has room for windows of 11 values down to a width of {width:.2g}; give at most 14" in str(
        said.value
    )
    assert 1 / 10**13 >= width > 1 / 10**14


def test_one_frame_is_the_sweep_whatever_its_width():
    assert zoom_sweeps(SWEEP, {"eta": 1.0}, 1e300, 1) == [SWEEP]
    with pytest.raises(SweepError, match=r"give at most 1$"):
        zoom_sweeps(SWEEP, {"eta": 1.0}, 1e300, 2)


WRONG = {
    "at: must be a dict of axes": ({}, 2, 3),
    "at: the sweep has no axis 'etta' (did you mean eta?); valid: depth, alpha, eta": ({"etta": 1.0}, 2, 3),
    "at: eta must lie within the sweep's 0.5 to 1.5 (got 1.6)": ({"eta": 1.6}, 2, 3),
    "at eta: must be finite (got nan)": ({"eta": math.nan}, 2, 3),
    "at eta: must be a number (got 'half')": ({"eta": "half"}, 2, 3),
    "at: depth has whole numbers": ({"depth": 3}, 2, 3),
    "factor: must be above 1": ({"eta": 1.0}, 1, 3),
    "factor: must be above 1, such as 10": ({"eta": 1.0}, 0.5, 3),
    "factor: must be finite (got nan)": ({"eta": 1.0}, math.nan, 3),
    "factor: must be finite (got inf)": ({"eta": 1.0}, math.inf, 3),
    "factor: must be a number (got None)": ({"eta": 1.0}, None, 3),
    "frames: must be a whole number from 1 to 1,000 (got 0)": ({"eta": 1.0}, 2, 0),
    "frames: must be a whole number from 1 to 1,000 (got 2.5)": ({"eta": 1.0}, 2, 2.5),
    "frames: must be a whole number from 1 to 1,000 (got True)": ({"eta": 1.0}, 2, True),
    "frames: must be a whole number from 1 to 1,000 (got 1000000)": ({"eta": 1.0}, 2, 10**6),
}


@pytest.mark.parametrize("said", WRONG)
def test_what_makes_no_zoom_is_refused_in_a_line(said):
    with pytest.raises(SweepError) as error:
        zoom_sweeps(SWEEP, *WRONG[said])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_windows_keep_the_shape_of_chunks():
    sweep = Sweep(model="modes", axes={"eta": ETA, "alpha": ALPHA, "depth": 3}, chunks={"eta": 4})
    assert [dict(one.chunks) for one in zoom_sweeps(sweep, {"eta": 1.0}, 2, 3)] == [{"eta": 4}] * 3
