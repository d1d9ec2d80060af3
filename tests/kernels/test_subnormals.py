"""Numbers below the smallest normal one are 0 while orbits fall to the saddle, and nowhere that it shows."""

import platform

import numpy as np
import pytest

from fastdln.kernels.subnormals import subnormals_are_zero
from tests import reference

SMALLEST = np.finfo(float).tiny

x86 = pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="is about x86")


def half(number):
    return float((np.array([number]) * 0.5)[0])


@x86
def test_they_are_zero_within_and_not_after():
    with subnormals_are_zero():
        assert half(SMALLEST) == 0.0  # a result
        assert float((np.array([SMALLEST / 2]) * 2.0)[0]) == 0.0  # an operand
        assert half(4 * SMALLEST) == 2 * SMALLEST
    assert half(SMALLEST) > 0.0


@x86
def test_they_are_numbers_again_after_an_error():
    with pytest.raises(KeyError), subnormals_are_zero():
        raise KeyError
    assert half(SMALLEST) > 0.0


@pytest.mark.parametrize("alpha", [1e-190, 1e-300, 4 * SMALLEST, SMALLEST / 8])
@pytest.mark.parametrize("eta", [0.1, 0.9])
def test_an_orbit_that_begins_among_them_grows_from_them(quick, alpha, eta):
    """L = 2 grows exponentially from any number: 9,000 steps are enough for the smallest."""
    ds = quick(axes={"eta": eta, "alpha": [alpha], "depth": 2}, steps=9000, observables=["fate", "escape_step"])
    product = reference.matrix_descent(reference.one_zero(alpha, 2, 1), np.eye(1), eta, 9000)[:, 0]
    assert ds.fate.item() == reference.CONVERGED
    # the first step at which the twin passes s/2, or the one beside it: its rounding is another
    assert ds.escape_step.item() == pytest.approx(np.argmax(product >= 0.5), abs=1)


def test_an_orbit_that_falls_to_the_saddle_is_collapsed(quick):
    """At L = 3, eta = 1.3, a falls geometrically, through them, while b stands still (theory, section B)."""
    ds = quick(axes={"eta": 1.3, "alpha": [0.5], "depth": 3}, steps=9000, observables=["fate", "orbit"])
    a, b = 0.5, 0.0
    for _ in range(9000):
        gradient = 1.3 * (a * a * b - 1.0) * a
        a, b = a - gradient * b, b - gradient * a
    assert abs(a) < SMALLEST and b < 0.0
    assert ds.fate.item() == reference.COLLAPSED
    assert (ds.orbit == 0.0).all()


@pytest.mark.filterwarnings("ignore:steps = .* is shorter than the plateau")
@pytest.mark.parametrize("chunk", [1, 2])
def test_gaps_of_subnormal_size_are_kept_whatever_the_chunks(quick, chunk):
    """On the plateau b stays 0 and a^2 - b^2 is alpha^2, here subnormal."""
    ds = quick(
        axes={"eta": 0.3, "alpha": [1e-300, 1e-157], "depth": 3}, observables=["balancing"], chunks={"alpha": chunk}
    )
    assert ds.balancing_gap_log10.values.ravel()[1] == pytest.approx(-314.0, abs=1e-6)
    assert ds.balancing_exponent.values.ravel()[1] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.filterwarnings("ignore:steps = .* is shorter than the plateau")
def test_chunks_with_a_start_near_0_and_without_have_the_same_bits(quick):
    axes = {"eta": {"start": 1.2, "stop": 1.45, "num": 30}, "alpha": [1e-300, 0.1, 0.3], "depth": 3}
    one, all_ = (
        quick(axes=axes, steps=4000, observables=["orbit", "loss", "fate"], chunks={"alpha": k}) for k in (1, 3)
    )
    for name in one.data_vars:
        np.testing.assert_array_equal(one[name], all_[name], err_msg=name)
