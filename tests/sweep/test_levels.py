"""Levels of a grid: which axes are halved, and old values that stay to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastdln import Sweep, SweepError
from fastdln.sweep.axes import length
from fastdln.sweep.levels import MOST_LEVELS, checked_levels, halved, keeps_values, levels_of

ETA = {"start": 0.1, "stop": 1.3, "num": 7}


def sweep(**axes):
    return Sweep(
        model="modes", axes={"eta": ETA, "alpha": 0.5, "depth": 3} | axes, target={"singular_values": [3.0, 1.0]}
    )


@given(
    st.floats(1e-6, 10.0),
    st.floats(1.001, 1e4),
    st.integers(2, 3000),
    st.sampled_from(["linear", "log"]),
    st.booleans(),
)
def test_old_values_stay_to_the_last_bit(start, ratio, num, spacing, in_units):
    eta = {"start": start, "stop": start * ratio, "num": num, "spacing": spacing}
    coarse = sweep(eta=eta | ({"unit": "2/S1"} if in_units else {}))
    fine = halved(coarse)
    old, new = (one.axes["eta"].values() for one in (coarse, fine))
    assert len(new) == 2 * num - 1
    assert new[::2].tobytes() == old.tobytes()
    assert keeps_values(coarse, fine)


def test_ranges_are_halved_and_all_else_stays():
    alpha = {"start": 0.1, "stop": 1.0, "num": 3, "spacing": "log"}
    coarse = sweep(alpha=alpha, depth=[2, 3], s2=[0.5], start=("balanced", "one-zero"))
    levels = levels_of(coarse, 3)
    assert [(length(one.axes["eta"]), length(one.axes["alpha"])) for one in levels] == [(13, 5), (25, 9), (49, 17)]
    for name in ("depth", "s2", "start"):
        assert all(one.axes[name] == coarse.axes[name] for one in levels)


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ({"alpha": [0.1, 0.2, 0.4]}, r"^axes\.alpha: is a list of 3 values, which cannot be halved; sweep a range"),
        (
            {"eta": [0.3]},
            "no axis of the store can be halved: depth has whole numbers, alpha has one value, eta has one",
        ),
        (
            {"eta": 0.3, "depth": {"start": 2, "stop": 5, "num": 4}, "start": ("balanced", "one-zero")},
            "start has names",
        ),
        ({"eta": ETA | {"num": 6_000_000}}, r"^levels: axes\.eta would have 11,999,999 values, more than 10,000,000"),
        ({"eta": {"start": 1.0, "stop": 1.0 + 5e-14, "num": 50}}, "too close together to differ"),
    ],
)
def test_what_cannot_be_halved(axes, said):
    with pytest.raises(SweepError, match=said):
        levels_of(sweep(**axes), 3)


@pytest.mark.parametrize("levels", [0, -1, MOST_LEVELS + 1, 20, 2.0, True, "3", None, 10**30, float("nan")])
def test_numbers_of_levels(levels):
    with pytest.raises(SweepError, match=r"^levels: must be a whole number from 1 to 10 \(got ") as error:
        checked_levels(levels)
    assert "\n" not in str(error.value)
    assert checked_levels(np.int64(3)) == 3
