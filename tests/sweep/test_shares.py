"""Shares: every chunk in one of them, about equal, spread over the grid, and disjoint exactly where their intervals are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastdln import SweepError
from fastdln.sweep.shares import Share


@given(st.integers(1, 3000), st.integers(1, 40))
def test_every_chunk_is_in_one_share(chunks, parts):
    dealt = [Share(part, parts).numbers(chunks) for part in range(1, parts + 1)]
    assert sorted(np.concatenate(dealt).tolist()) == list(range(chunks))
    sizes = [len(numbers) for numbers in dealt]
    assert max(sizes) - min(sizes) <= 1


@given(st.integers(1, 500), st.data())
def test_shares_overlap_where_their_intervals_do(chunks, data):
    def drawn():
        parts = data.draw(st.integers(1, 12))
        return Share(data.draw(st.integers(1, parts)), parts)

    one, two = drawn(), drawn()
    (a, b), (c, d) = one.interval(chunks), two.interval(chunks)
    assert (a < d and c < b and a < b and c < d) == bool(
        set(one.numbers(chunks).tolist()) & set(two.numbers(chunks).tolist())
    )


@pytest.mark.parametrize("chunks", [1000, 4096, 6668, 15625])
@pytest.mark.parametrize("parts", [2, 7, 10, 100])
def test_a_share_is_spread_over_the_grid(chunks, parts):
    """Multiples of the golden ratio return to an arc after three times, the longest some three and a half mean ones."""
    for part in (1, (parts + 1) // 2, parts):
        numbers = Share(part, parts).numbers(chunks)
        assert np.diff(numbers).max() <= 4 * parts
        assert numbers[0] <= 4 * parts


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/b", "1.0/2", "1/9999999", "²/4"])
def test_what_is_no_share(text):
    with pytest.raises(SweepError, match="K/N"):
        Share.parse(text)
    assert Share.parse(" 2/8 ") == Share(2, 8)
