"""The start `compressed`: a narrow network between the target's top singular vectors (arXiv 2311.05061)."""

import numpy as np
import pytest

from fastdln import Sweep, run
from fastdln.errors import SweepError
from fastdln.models import STARTS
from fastdln.models.targets import by_matrix, by_singular_values

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


def test_outer_layers_are_the_top_singular_vectors():
    matrix = np.random.default_rng(19).standard_normal((5, 4))
    first, inner, last = STARTS["compressed"].matrices((4, 2, 2, 5), by_matrix(matrix), 0, ())
    np.testing.assert_array_equal(inner, np.eye(2))
    rank_two = last @ np.diag(np.linalg.svd(matrix, compute_uv=False)[:2]) @ first
    eigenvalues, vectors = np.linalg.eigh(matrix.T @ matrix)
    onto = vectors[:, np.argsort(eigenvalues)[-2:]]
    np.testing.assert_allclose(rank_two, matrix @ onto @ onto.T, atol=1e-13)


def test_singular_values_in_any_order():
    target = by_singular_values(np.array([0.5, 0.0, 3.0, 1.0]), "identity", 0, 4, 4)
    first, last = STARTS["compressed"].matrices((4, 2, 4), target, 0, ())
    np.testing.assert_array_equal(first, np.eye(4)[[2, 3]])
    np.testing.assert_array_equal(last, np.eye(4)[:, [2, 3]])


@pytest.mark.parametrize("widths", [[4, 2, 3, 4], [4, 5, 5, 4]])
def test_widths_that_do_not_fit_are_refused(widths):
    with pytest.raises((SweepError, ValueError), match=r"widths: must have one inner width of at most 4"):
        Sweep(
            model="matrix", start="compressed", widths=widths, axes={"eta": 0.1, "alpha": 0.1},
            target={"singular_values": [2.0, 1.0, 0.0, 0.0]}, steps=8, record=2, observables=["loss"],
        )  # fmt: skip


def test_losses_are_those_of_a_plain_run():
    keys = {"target": {"singular_values": [2.0, 1.0, 0, 0, 0, 0], "basis": "random", "seed": 3}, "steps": 400}
    keys |= {"model": "matrix", "record": 2, "observables": ["loss"], "axes": {"eta": 0.05, "alpha": 0.3}}
    ds = run(Sweep(start="compressed", widths=[6, 4, 4, 6], **keys), progress=False)
    s, w = np.array([2.0, 1.0, 0.0, 0.0]), np.full((3, 4), 0.3)
    losses = []
    for _ in range(403):
        error = w.prod(axis=0) - s
        losses.append(0.5 * np.sum(error**2))
        w = w - 0.05 * np.array([error * np.delete(w, i, axis=0).prod(axis=0) for i in range(3)])
    np.testing.assert_allclose(ds.loss.item(), np.mean(losses[-2:]), rtol=1e-11)  # of the recorded states


def test_products_follow_the_wide_network_in_the_same_bases():
    """From U V^T, eps^L = 1e-3 apart at most, in the modes that the narrow network has not."""
    target = {"singular_values": [2.0, 1.0, 0, 0, 0, 0], "basis": "random", "seed": 3}
    keys = {"target": target, "model": "matrix", "steps": 400, "record": 2, "trajectory": 8, "observables": ["loss"]}
    keys |= {"axes": {"eta": 0.05, "alpha": 0.1}}
    narrow = run(Sweep(start="compressed", widths=[6, 4, 4, 6], **keys), progress=False)
    made = by_singular_values(np.array([2.0, 1.0, 0, 0, 0, 0]), "random", 3, 6, 6)
    wide = run(Sweep(start=[np.eye(6), np.eye(6), made.left @ made.right.T], **keys), progress=False)
    apart = np.abs(narrow.trajectory_product - wide.trajectory_product).values[0, 0, 0]
    np.testing.assert_allclose(apart[:4], 0.0, atol=1e-12)
    assert 1e-4 < apart[4:].max() <= 1e-3 * (1 + 1e-9)
