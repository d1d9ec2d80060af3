"""Chunks near a boundary, against a plain look at every chunk; and the interval of a sampled share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from fastdln.analysis.crossings import Reach, mark_crossed
from fastdln.analysis.sampled_share import SampledShare
from tests.reference.levels import near


@given(st.data())
def test_chunks_are_those_of_a_plain_look(data):
    dims = data.draw(st.integers(1, 3))
    points = [data.draw(st.integers(2, 9)) for _ in range(dims)]
    halved = data.draw(st.booleans())
    fine = [2 * n - 1 if halved else n for n in points]
    chunk = [data.draw(st.integers(1, n)) for n in fine]
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    codes = (rng.random(points) < data.draw(st.sampled_from([0.02, 0.2]))).astype(np.uint8)
    known = rng.random(points) < data.draw(st.sampled_from([0.7, 1.0]))
    wanted = near(codes, known, fine, chunk, 2 if halved else 1)
    found = np.zeros(wanted.shape, dtype=bool)
    reaches = [
        Reach.of(n, c, m, halved=halved, margin=max(1, c // 8)) for n, c, m in zip(points, chunk, fine, strict=True)
    ]
    half = points[0] // 2  # in two blocks, whose border is looked at once
    for first, last in ((0, half + 1), (half, points[0])):
        mark_crossed(found, [codes[first:last]], known[first:last], [first] + [0] * (dims - 1), reaches, range(dims))
    np.testing.assert_array_equal(found, wanted)


def test_any_of_several_codes_and_any_mode():
    codes, modes = np.zeros((4, 4), np.uint8), np.zeros((4, 4, 2), np.int16)
    modes[3, 3, 1] = 5
    found = np.zeros((4, 4), dtype=bool)
    reaches = [Reach.of(4, 1, 4, halved=False, margin=0)] * 2
    mark_crossed(found, [codes, modes], codes == 0, (0, 0), reaches, (0, 1))
    assert not found.any(), "no chunk of one point has two"
    reaches = [Reach.of(4, 2, 4, halved=False, margin=0)] * 2
    found = np.zeros((2, 2), dtype=bool)
    mark_crossed(found, [codes, modes], codes == 0, (0, 0), reaches, (0, 1))
    assert found.tolist() == [[False, False], [False, True]]


@pytest.mark.parametrize(("differing", "chunks"), [(0, 10), (3, 12), (12, 12), (1, 300)])
def test_the_interval_is_clopper_and_pearsons_where_whole_chunks_differ(differing, chunks):
    share = SampledShare(points=50 * chunks, differing=50 * differing, chunks=chunks, population=1000)
    exact = binomtest(differing, chunks).proportion_ci(0.95, method="exact")
    np.testing.assert_allclose(share.interval, (exact.low, exact.high), rtol=1e-12)


def test_a_sample_of_all_is_no_estimate():
    assert SampledShare(100, 7, 10, 10).interval == (0.07, 0.07)
    assert str(SampledShare(0, 0, 0, 0)) == "nothing was inherited"
    low, high = SampledShare(1000, 5, 10, 40).interval
    assert low == 0.0 and 0.005 < high < 0.4


def test_words_say_what_was_compared_and_no_interval_of_few_chunks():
    assert str(SampledShare(1040, 0, 5, 10)) == (
        "of 5 inherited chunks (1,040 points), drawn at random and computed as well, 0% of the points differ; fewer than 20 chunks "
        "are too few to tell of the others"
    )
    assert str(SampledShare(1000, 10, 4, 4)) == (
        "all 4 chunks that would be inherited (1,000 points) were computed as well: 1% of the points differ"
    )
    exact = binomtest(0, 39).proportion_ci(0.95, method="exact").high
    assert (
        f"(9,743 points), drawn at random and computed as well, 0% of the points differ (95% confidence, from chunk to chunk: 0 to {100 * exact:.2g}%)"
        in str(SampledShare(9743, 0, 39, 253))
    )
