"""The start `compressed`: a narrow network between the target's top singular vectors (arXiv 2311.05061)."""

import numpy as np
import pytest

from fastdln import Sweep, run
from fastdln.errors import SweepError
from fastdln.models import STARTS
from fastdln.models.targets import by_matrix, by_singular_values
from fastdln.sweep.doubts import model_warnings
from tests.reference.matrices import MatrixRun

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:widths. inner layers")


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


def noisy(matrix, noise, seed):
    numbers = np.random.Generator(np.random.Philox(key=[seed, 2**32 + 2])).standard_normal(matrix.shape)
    return matrix + noise * np.linalg.norm(matrix) / np.sqrt(matrix.size) * numbers


def test_with_noise_the_singular_vectors_are_those_of_the_surrogate():
    matrix = np.random.default_rng(7).standard_normal((5, 4))
    first, inner, last = STARTS["compressed"].matrices((4, 2, 2, 5), by_matrix(matrix), 0, (0.3, 11))
    left, values, right = np.linalg.svd(noisy(matrix, 0.3, 11))
    expected = (left[:, :2] * values[:2]) @ right[:2]
    np.testing.assert_allclose(last @ np.diag(values[:2]) @ inner @ first, expected, atol=1e-13)
    clean, *_ = STARTS["compressed"].matrices((4, 2, 2, 5), by_matrix(matrix), 0, ())
    assert np.abs(np.abs(first @ clean.T) - np.eye(2)).max() > 0.01


def test_from_a_surrogate_the_target_is_learned():
    target = {"singular_values": [2.0, 1.0, 0, 0, 0, 0], "basis": "random", "seed": 3}
    keys = {"target": target, "model": "matrix", "widths": [6, 4, 4, 6], "steps": 1500, "record": 2, "trajectory": 50}
    keys |= {"axes": {"eta": 0.05, "alpha": 0.1, "depth": 3}, "observables": ["loss"]}
    noise = {"compressed": {"noise": 0.2, "seed": 5}}
    ds, clean = (run(Sweep(start=start, **keys), progress=False) for start in (noise, "compressed"))
    made = by_singular_values(np.array([2.0, 1.0, 0, 0, 0, 0]), "random", 3, 6, 6)
    matrix = made.left[:, :2] * [2.0, 1.0] @ made.right[:, :2].T
    left, _, right = np.linalg.svd(noisy(matrix, 0.2, 5))
    layers = [0.1 * right[:4], 0.1 * np.eye(4), 0.1 * left[:, :4]]
    states = MatrixRun(layers, matrix, 0.05, 1500, 0, made.left, made.right, [2.0, 1.0, 0, 0, 0, 0])
    losses = [states.loss(w) for w in states.states[::50]]
    np.testing.assert_allclose(ds.trajectory_loss.values.ravel()[:31], losses[:31], rtol=1e-9, atol=1e-20)
    assert losses[-1] < 1e-5 < losses[2]
    assert np.abs(ds.trajectory_loss - clean.trajectory_loss).max() > 1e-3


def test_no_noise_is_the_target_itself():
    target = {"singular_values": [2.0, 1.0, 0.0], "basis": "random"}
    keys = {"target": target, "model": "matrix", "widths": [3, 2, 3], "steps": 20, "record": 2}
    keys |= {"axes": {"eta": 0.05, "alpha": 0.3}, "observables": ["loss"]}
    none, clean = (run(Sweep(start=s, **keys), progress=False) for s in ({"compressed": {"noise": 0}}, "compressed"))
    assert none.loss.item() == clean.loss.item()


def test_noise_goes_with_one_target():
    axes = {"eta": 0.1, "alpha": 0.1, "s1": [1.0, 2.0]}
    with pytest.raises(SweepError, match=r"axes.s1: a start with noise .* give singular_values instead"):
        Sweep(
            model="matrix", start={"compressed": {"noise": 0.1}}, widths=[3, 2, 3], axes=axes,
            target={"singular_values": [2.0, 1.0, 0.0]},
        )  # fmt: skip


def test_noise_is_of_the_store_and_its_alpha_is_asked_for():
    keys = {"model": "matrix", "widths": [3, 2, 3], "target": {"singular_values": [2.0, 1.0, 0.0]}}
    noise = {"compressed": {"noise": 0.1}}
    sweep = Sweep(**keys, start=noise, axes={"eta": 0.1, "alpha": 0.2})
    assert '"start":{"compressed":{"noise":0.1,"seed":0}}' in sweep.canonical()
    assert sweep.start_name == "compressed"
    with pytest.raises(SweepError, match="alpha is missing"):
        Sweep(**keys, start=noise, axes={"eta": 0.1})


@pytest.mark.parametrize("more", [{}, {"momentum": 0.3}])
def test_products_are_those_of_random_orthogonal_layers_of_the_same_product(more):
    """At 2 r wide, every state: within 1e-3, all entries, of a wide network whose first product is eps^L U V^T."""
    s, eps, random = np.array([3.0, 2.0, 1.0] + [0.0] * 17), 0.03, np.random.default_rng(1)
    target = {"singular_values": s.tolist(), "basis": "random", "seed": 3}
    made = by_singular_values(s, "random", 3, 20, 20)
    one, two = (np.linalg.qr(random.standard_normal((20, 20)))[0] for _ in range(2))
    layers = [one, two, made.left @ made.right.T @ one.T @ two.T]
    keys = {"model": "matrix", "target": target, "steps": 0, "record": 2000, "trajectory": 1, "sharpness_every": 2000}
    keys |= {"axes": {"eta": 0.02, "alpha": eps}, "observables": ["loss", "learned_step", "alignment_error_max"]}
    wide = run(Sweep(start=layers, **keys, **more), progress=False)
    narrow = run(Sweep(start="compressed", widths=[20, 6, 6, 20], **keys, **more), progress=False)
    apart = ((narrow.trajectory_product - wide.trajectory_product) ** 2).sum("mode") ** 0.5
    assert float(apart.max()) + 14**0.5 * (wide.alignment_error_max + narrow.alignment_error_max).item() < 1e-3
    np.testing.assert_array_equal(narrow.learned_step, wide.learned_step)
    learned = wide.learned_step.values.ravel()
    assert 0 < learned[0] < learned[1] < learned[2]
    assert (learned[3:] == -1).all()


@pytest.mark.parametrize(
    ("inner", "s1", "left"), [(1, None, 0.5), (2, None, 0.0), (1, [0.0, 0.5], None), (3, None, 0.0)]
)
def test_inner_layers_narrower_than_the_rank_are_warned_of(inner, s1, left):
    """What they leave is half the squares of the singular values that they have no mode for."""
    axes = {"eta": 0.05, "alpha": 0.3} | ({"s1": s1} if s1 else {})
    keys = {"target": {"singular_values": [2.0, 1.0, 0, 0]}, "steps": 2000, "record": 2, "observables": ["loss"]}
    sweep = Sweep(model="matrix", start="compressed", widths=[4, inner, 4], axes=axes, **keys)
    told = [line for line in model_warnings(sweep) if "singular values above 0" in line]
    assert told == (
        ["widths: inner layers 1 wide learn 1 of the target's 2 singular values above 0; 2 would do"] * (inner < 2)
    )
    if not s1:
        assert run(sweep, progress=False).loss.item() == pytest.approx(left, abs=2e-3)
