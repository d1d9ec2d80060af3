"""The complementarity problem: what is found solves it, and what has no solution is said to have none."""

import numpy as np
import pytest

from fastdln.kernels.edge.complementarity import WORK, complement


def vector(matrix):
    size = len(matrix)
    return np.array([matrix[i, j] * (1 if i == j else np.sqrt(2)) for i in range(size) for j in range(i, size)])


def matrix(entries, size):
    upper = np.zeros((size, size))
    upper[np.triu_indices(size)] = entries
    upper[~np.eye(size, dtype=bool)] /= np.sqrt(2)
    return upper + upper.T - np.diag(np.diag(upper))


def solve(q, c, size):
    """X, and whether it was found, from memory that holds anything."""
    x = np.full(len(c), np.nan)
    found = complement(q.ravel(), c, size, x, np.full(WORK, np.nan))
    return matrix(x, size), found


def problem(size, trial):
    """Q of random gradients, some nearly parallel and of different lengths, and a random C."""
    random = np.random.default_rng([18, size, trial])
    entries = size * (size + 1) // 2
    rows = random.standard_normal((entries, 20)) * 10 ** random.uniform(-0.5, 0.5, (entries, 1))
    if trial % 3 == 0:
        rows += 8 * random.standard_normal(20) * random.standard_normal((entries, 1))
    return rows @ rows.T, random.standard_normal(entries) * 10 ** random.uniform(-6, 2)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_solutions_are_positive_and_complementary(size):
    ranks = set()
    for trial in range(20):
        q, c = problem(size, trial)
        x, found = solve(q, c, size)
        z = matrix(c + q @ vector(x), size)
        large_x, large_z = np.abs(x).max(), np.abs(c).max()
        assert found
        assert np.linalg.eigvalsh(x)[0] >= -1e-14 * large_x
        assert np.linalg.eigvalsh(z)[0] >= -1e-11 * large_z
        assert abs(np.trace(x @ z)) <= 1e-11 * large_x * large_z
        ranks.add(int(np.sum(np.linalg.eigvalsh(x) > 1e-6 * large_x)) if large_x > 0 else 0)
    assert len(ranks) > 1  # with eigenvalues that leave the edge and others that stay


def test_of_diagonal_matrices_every_entry_is_a_problem_of_its_own():
    q, c = np.diag([2.0, 1.0, 4.0]), np.array([-1.0, 0.0, 3.0])
    x, found = solve(q, c, 2)
    assert found
    np.testing.assert_allclose(x, [[0.5, 0.0], [0.0, 0.0]], rtol=0, atol=1e-12)


def test_the_solution_turns_with_the_eigenvectors():
    q, c = problem(3, 1)
    basis = np.linalg.qr(np.random.default_rng(18).standard_normal((3, 3)))[0]
    turn = np.array([vector(basis @ matrix(unit, 3) @ basis.T) for unit in np.eye(6)]).T
    expected = basis @ solve(q, c, 3)[0] @ basis.T
    np.testing.assert_allclose(
        solve(turn @ q @ turn.T, turn @ c, 3)[0], expected, rtol=0, atol=1e-9 * np.abs(expected).max()
    )


def test_where_nothing_has_to_be_held_it_is_zero():
    q, _ = problem(3, 2)
    x, found = solve(q, vector(np.diag([1.0, 2.0, 1e-9])), 3)
    assert found and not x.any()


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("wrong", [0.0, np.nan, np.inf])
def test_what_has_no_solution_is_said(size, wrong):
    entries = size * (size + 1) // 2
    x, found = solve(np.full((entries, entries), wrong), -np.ones(entries), size)
    assert not found and not x.any()
