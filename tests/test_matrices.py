"""Matrix kernels against plain NumPy: products, gradients, Hessians, eigenvalues, observables."""

import itertools
import warnings

import numba
import numpy as np
import pytest
import reference
from small import OF_MATRICES

from fastdln import Sweep, run, theory
from fastdln.kernels.compile import compiled
from fastdln.kernels.matrices import chunk, lanczos_layout, layer_singular_values
from fastdln.kernels.matrices.network import Network
from fastdln.kernels.matrices.program import Code, Matrix, MatrixProgram, MemoryLayout, interpreter
from fastdln.kernels.matrices.program import run as run_program
from fastdln.kernels.matrices.tiles import LANES, LEFT, PLAIN, RIGHT, aligned
from fastdln.kernels.matrices.tiling import BLOCK, SHAPES, cut
from fastdln.models import STARTS
from fastdln.models.targets import by_singular_values, generator, orthogonal
from fastdln.observables import DEFAULT, MATRIX_OBSERVABLES

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


@numba.njit
def perform_code(address, memory, code, section):
    run_program(address, memory, code, section)


def perform(lanes, memory, program):
    code = Code()
    code.add(program)  # the section that runs is not the first
    section = code.add(program)
    perform_code(interpreter(lanes).address, memory, code.array, section)


def view(memory, place, lanes):
    """A matrix in memory as an array (row, column, lane)."""
    strides = (8 * place.row, 8 * lanes, 8)
    return np.lib.stride_tricks.as_strided(memory[place.at :], (place.rows, place.columns, lanes), strides)


def products(lanes, kind, rows, columns, count, draw):
    """(found, expected) of A B and of base + factor A B, for matrices of the numbers that draw(size) gives."""
    memory, program = MemoryLayout(lanes), MatrixProgram(lanes)
    factor = memory.matrix(1, LANES // lanes).at
    a = memory.matrix(*((count, rows) if kind == LEFT else (rows, count)))
    b = memory.matrix(*((columns, count) if kind == RIGHT else (count, columns)))
    out, onto, under = (memory.matrix(rows, columns) for _ in range(3))
    program.product(out, a, b, kind)
    program.product(onto, a, b, kind, onto=under, factor=factor)
    flat = aligned(memory.size)
    flat[:] = draw(memory.size)
    x, y, before = (view(flat, m, lanes).copy() for m in (a, b, under))
    x = x.swapaxes(0, 1) if kind == LEFT else x
    y = y.swapaxes(0, 1) if kind == RIGHT else y
    product = np.einsum("ikl,kjl->ijl", x, y)
    scaled = before + flat[factor : factor + lanes] * product
    perform(lanes, flat, program)
    yield view(flat, out, lanes), product
    yield view(flat, onto, lanes), scaled
    program = MatrixProgram(lanes)
    program.product(under, a, b, kind, onto=under, factor=factor)
    perform(lanes, flat, program)
    assert np.array_equal(view(flat, under, lanes), view(flat, onto, lanes))


SIZES = range(1, 13)


@pytest.mark.parametrize("lanes", [LANES, 1])
@pytest.mark.parametrize("kind", [PLAIN, LEFT, RIGHT])
def test_products_of_every_shape(lanes, kind):
    random = np.random.default_rng(1)
    sizes = [1, 2, 5, 6, 7, 13, 2 * BLOCK + 3]
    for shape in itertools.product(sizes, sizes, [1, 2, 7]):
        for found, expected in products(lanes, kind, *shape, random.standard_normal):
            np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("kind", [PLAIN, LEFT, RIGHT])
def test_products_of_integers_are_exact(kind):
    random = np.random.default_rng(2)
    for shape in itertools.product(SIZES, SIZES, SIZES):
        for found, expected in products(LANES, kind, *shape, lambda size: random.integers(-99, 99, size)):
            assert np.array_equal(found, expected), shape


@pytest.mark.parametrize("rows, columns", [*itertools.product(SIZES, SIZES), (1, 1000), (40, 90), (30, 1)])
def test_tiles_cover_a_matrix_once(rows, columns):
    covered = np.zeros((rows, columns), int)
    for i, j, m, n, times in cut(rows, columns).tiles:
        assert (m, n) in SHAPES
        part = covered[i : i + m, j : j + times * n]
        assert part.shape == (m, times * n)
        part += 1
    assert (covered == 1).all()


def test_memory_is_aligned_to_vectors():
    assert all(aligned(size).ctypes.data % (8 * LANES) == 0 for size in (1, 7, 64, 1000))


def network(widths, lanes, directions=1, seed=0):
    """A network with random layers, target and directions in memory: (network, memory, layers, target, directions)."""
    random, made = np.random.default_rng(seed), Network(widths, lanes, directions)
    memory = aligned(made.memory.size)
    memory[made.one : made.one + LANES] = 1.0
    memory[made.minus_eta : made.minus_eta + LANES] = -0.01
    places = [*made.weights, made.minus_target, *(m for vector in made.directions for m in vector)]
    for place in places:
        view(memory, place, lanes)[...] = random.standard_normal((place.rows, place.columns, lanes))
    return made, memory


WIDTHS = [(2, 2, 2), (5, 5, 5, 5), (3, 5, 4, 2), (1, 4, 1), (6, 2, 7), (9, 9, 9, 9, 9, 9), (30, 31, 29)]


@pytest.mark.parametrize("lanes", [LANES, 1])
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_steps_are_those_of_the_gradient(widths, lanes):
    made, memory = network(widths, lanes)
    before = [view(memory, m, lanes).copy() for m in made.weights]
    target = -view(memory, made.minus_target, lanes)
    for program in (made.forward(), made.backward(), made.update()):
        perform(lanes, memory, program)
    for lane in range(lanes):
        gradients = reference.matrix_gradients([w[:, :, lane] for w in before], target[:, :, lane])
        for place, w, gradient in zip(made.weights, before, gradients, strict=True):
            expected, scale = w[:, :, lane] - 0.01 * gradient, np.abs(gradient).max()
            np.testing.assert_allclose(view(memory, place, lanes)[:, :, lane], expected, rtol=1e-12, atol=1e-14 * scale)


@pytest.mark.parametrize("lanes", [LANES, 1])
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_hessian_vector_products_are_differences_of_gradients(widths, lanes):
    made, memory = network(widths, lanes, directions=2)
    weights = [view(memory, m, lanes) for m in made.weights]
    target = -view(memory, made.minus_target, lanes)
    for program in (made.forward(), made.backward(), made.hvp(made.directions[1], made.images[1])):
        perform(lanes, memory, program)
    h = 1e-4
    for lane in range(lanes):
        along = [view(memory, m, lanes)[:, :, lane] for m in made.directions[1]]

        def moved(by, lane=lane, along=along):
            layers = [w[:, :, lane] + by * h * v for w, v in zip(weights, along, strict=True)]
            return reference.matrix_gradients(layers, target[:, :, lane])

        found = [view(memory, m, lanes)[:, :, lane] for m in made.images[1]]
        # differences of fourth order, so that neither truncation nor rounding reaches 1e-7
        ends = [moved(by) for by in (-2, -1, 1, 2)]
        scale = max(np.abs(f).max() for f in found)
        for layer, value in enumerate(found):
            a, b, c, d = (end[layer] for end in ends)
            np.testing.assert_allclose(value, (a - 8 * b + 8 * c - d) / (12 * h), rtol=0, atol=1e-7 * scale)


def matrix_run(weights, target, **keys):
    keys = {"axes": {"eta": 0.0}, "steps": 0, "record": 1, "observables": OF_MATRICES} | keys
    sweep = Sweep(model="matrix", start=list(weights), target={"matrix": target}, **keys)
    return run(sweep, progress=False).squeeze()


def random_point(trial):
    """A target and layers at a start, a saddle, a minimum, or anywhere; at times with two singular values close together."""
    random = np.random.default_rng([7, trial])
    d, depth = int(random.integers(2, 7)), int(random.integers(2, 6))
    left, right = (orthogonal(d, d, random) for _ in range(2))
    s = np.sort(random.uniform(0.5, 3.0, d))[::-1].copy()
    if trial % 3 == 0:
        s[1] = s[0] * (1 - 10.0 ** -random.uniform(1, 8))
    alpha, kind = random.uniform(0.01, 1.0), trial % 5
    if kind in (0, 1):
        layers = [alpha * np.eye(d)] * (depth - 1) + [np.zeros((d, d)) if kind else alpha * np.eye(d)]
    elif kind == 2:
        layers = [alpha * random.standard_normal((d, d)) / np.sqrt(d) for _ in range(depth)]
    else:
        held = s * (1.0 if kind == 3 else random.integers(0, 2, d))  # a minimum, or a saddle with some modes at 0
        root = np.diag(held ** (1 / depth))
        layers = [root @ right.T] + [root] * (depth - 2) + [left @ root]
    return layers, (left * s) @ right.T


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_sharpness_of_random_points(first):
    for trial in range(first, first + 50):
        layers, target = random_point(trial)
        found = matrix_run(layers, target)
        exact = np.linalg.eigvalsh(reference.hessian(layers, target))[-1]
        assert found.sharpness_unconverged.item() == 0, trial
        assert found.sharpness_last.item() == pytest.approx(exact, rel=1e-7, abs=1e-300), trial
        # some eigenvalue lies within the residual of what was found
        assert abs(found.sharpness_last.item() - exact) <= (found.sharpness_residual.item() + 1e-13) * abs(exact), trial


@pytest.mark.filterwarnings("ignore:the search for the sharpness did not converge")
@pytest.mark.parametrize("start", ["gaussian", "orthogonal"])
@pytest.mark.parametrize(
    ("widths", "values"),
    [
        ((2, 2, 2), (1.0, 0.9)),
        ((4, 4, 4), (1.0,) * 4),
        ((2, 3, 2), (1.0, 0.9)),
        ((5, 5, 5), (1.0, 0.99, 0.98, 0.97, 0.96)),
    ],
    ids=str,
)
def test_sharpness_where_the_hessian_has_few_eigenvalues(widths, values, start):
    """Near the saddle of two layers these are +-s_i, each many times: the Lanczos runs exhaust their space, and go on from rounding."""
    alphas, seeds, eta, inner = [0.01, 0.05], list(range(40)), 0.3, min(widths[0], widths[-1])
    ds = run(
        Sweep(
            model="matrix",
            start=start,
            widths=list(widths),
            axes={"eta": [eta], "alpha": alphas, "seed": seeds, "depth": 2},
            target={"singular_values": list(values), "basis": "random"},
            steps=0,
            record=1,
            observables=["sharpness"],
        ),
        progress=False,
    ).squeeze()
    target = by_singular_values(np.array(values), "random", 0, widths[-1], widths[0])
    matrix = target.matrices(np.array([values]))[0]
    converged = ds.sharpness_unconverged == 0
    assert inner == len(values) and converged.mean() > 0.95
    for seed in seeds:
        for alpha in alphas:
            first, second = (alpha * layer for layer in STARTS[start].matrices(list(widths), target, seed, None))
            error = second @ first - matrix
            layers = [first - eta * second.T @ error, second - eta * error @ first.T]
            exact = np.linalg.eigvalsh(reference.hessian(layers, matrix))[-1]
            if converged.sel(seed=seed, alpha=alpha):
                assert ds.sharpness_last.sel(seed=seed, alpha=alpha).item() == pytest.approx(exact, rel=1e-7)


@pytest.mark.parametrize("widths", [(3, 5, 4, 2), (1, 4, 1), (2, 1, 2), (30, 3, 2), (3, 33, 3)], ids=str)
def test_sharpness_of_rectangular_networks(widths):
    random = np.random.default_rng(3)
    layers = [0.4 * random.standard_normal((m, n)) for n, m in itertools.pairwise(widths)]
    target = random.standard_normal((widths[-1], widths[0]))
    found = matrix_run(layers, target, sharpness_count=3)
    exact = np.linalg.eigvalsh(reference.hessian(layers, target))[::-1]
    np.testing.assert_allclose(found.hessian_eigenvalue, exact[:3], rtol=1e-7, atol=1e-8 * exact[0])
    assert found.sharpness_unconverged.item() == 0


@pytest.mark.parametrize("widths", [(3, 4, 2), (2, 3, 4, 3), (4, 3, 3, 2, 3), (5, 5, 5, 5), (2, 33, 3)], ids=str)
def test_sharpness_at_minima_is_exact(widths):
    """Where the error is 0, by a matrix of d_0 d_L rows, of the dense Hessian, and by the search."""
    random = np.random.default_rng([5, len(widths), *widths])
    layers = [random.standard_normal((m, n)) / np.sqrt(n) for n, m in itertools.pairwise(widths)]
    target = reference.chain(layers)
    exact = theory.sharpness_at_minimum(layers)
    dense = np.linalg.eigvalsh(reference.hessian(layers, target))[-1]
    assert exact == pytest.approx(dense, rel=1e-12)
    assert matrix_run(layers, target).sharpness_last.item() == pytest.approx(exact, rel=1e-8)
    many = theory.sharpness_at_minimum([np.stack([w, 2 * w, np.nan * w]) for w in layers])
    scale = 4.0 ** (len(layers) - 1)
    np.testing.assert_allclose(many, [exact, scale * exact, np.nan], rtol=1e-12)


@pytest.mark.parametrize("widths", [(1, 3, 1), (1, 16, 1), (1, 5, 5, 1)], ids=str)
def test_sharpness_of_hessians_of_rank_one(widths):
    """One input, one output, and no error: beside one eigenvalue there is nothing for the second run to find."""
    random = np.random.default_rng(widths)
    for _ in range(12):
        layers = [random.standard_normal((m, n)) for n, m in itertools.pairwise(widths)]
        layers[0] *= 1.0 / reference.chain(layers).item()
        found = matrix_run(layers, np.ones((1, 1)))
        assert found.sharpness_last.item() == pytest.approx(theory.sharpness_at_minimum(layers), rel=1e-8)
        assert found.sharpness_unconverged.item() == 0


def test_sharpness_at_minima_of_what_is_no_network():
    for layers, word in (
        ([np.ones((2, 3)), np.ones((2, 3))], "rows of each"),
        ([np.ones((2, 3))], "two matrices or more"),
        ([np.ones(3), np.ones((2, 3))], "must be matrices"),
        ([np.ones((4, 2, 3)), np.ones((3, 2, 2))], "do not broadcast"),
        ([np.ones((2, 70)), np.ones((70, 2))], "at most 4,096"),
    ):
        with pytest.raises(ValueError, match=f"^layers: .*{word}"):
            theory.sharpness_at_minimum(layers)


def test_multiple_eigenvalues_are_all_found():
    """At the balanced minimum of three equal modes the largest eigenvalue has multiplicity nine."""
    s, depth = np.ones(3), 3
    found = matrix_run([np.eye(3)] * depth, np.diag(s), sharpness_count=11)
    exact = np.sort(theory.hessian_eigenvalues(s, depth).ravel())[::-1]
    np.testing.assert_allclose(found.hessian_eigenvalue[:9], exact, rtol=1e-8)
    np.testing.assert_allclose(found.hessian_eigenvalue[9:], 0.0, atol=1e-7)


@pytest.mark.parametrize("count", [2, 5, 9])
def test_many_eigenvalues_of_clustered_spectra(count):
    """Starts near a saddle have their largest eigenvalues in clusters, of which some are found long before others."""
    for start, alpha in (("one-zero", 1e-4), ("one-zero", 1.0), ("gaussian", 0.01), ("orthogonal", 1e-4)):
        keys = {"axes": {"eta": [0.0], "alpha": [alpha], "depth": 2}, "steps": 0, "record": 1, "start": start}
        target = {"singular_values": [9.0, 6.3, 6.2, 0.5, 0.0], "basis": "random"}
        sweep = Sweep(model="matrix", target=target, observables=OF_MATRICES, sharpness_count=count, **keys)
        found = run(sweep, progress=False).squeeze()
        m = sweep.target.build(5, 5)
        layers = [alpha * w for w in STARTS[start].matrices((5, 5, 5), m, 0, ())]
        exact = np.linalg.eigvalsh(reference.hessian(layers, m.matrices(m.singular_values[None])[0]))[::-1]
        assert found.sharpness_unconverged.item() == 0
        np.testing.assert_allclose(found.hessian_eigenvalue, exact[:count], rtol=0, atol=1e-7 * exact[0])


def test_without_curvature_the_sharpness_is_zero():
    found = matrix_run([np.zeros((2, 2))] * 3, np.eye(2))
    assert found.sharpness.item() == found.sharpness_residual.item() == 0
    assert found.sharpness_unconverged.item() == 0


def test_a_search_cut_short_says_so(monkeypatch):
    whole = lanczos_layout.lay_out
    monkeypatch.setattr(lanczos_layout, "lay_out", lambda *given: whole(*given)._replace(longest=3, rounds=1))
    layers, target = random_point(2)
    with pytest.warns(UserWarning, match="did not converge at 1 points"):
        found = matrix_run(layers, target)
    assert found.sharpness_unconverged.item() == 2, "at the start, for edge_step, and at the only state of the record"
    assert found.sharpness_residual.item() > 1e-8
    exact = np.linalg.eigvalsh(reference.hessian(layers, target))[-1]
    error = abs(found.sharpness_last.item() - exact)
    assert 0 < error <= found.sharpness_residual.item() * found.sharpness_last.item() * 10


def test_eigenvalues_that_pass_each_other_are_seen():
    """Diagonal layers hold every vector in its own block, from where it would never see another one rise."""
    sweep = {
        "axes": {"eta": 0.01, "alpha": 1.0, "depth": 3},
        "target": {"singular_values": [3.0, 2.9]},
        "start": {"spectral": [[1.7, 1.7], [0.2, 1.6], [1.8, 1.7]]},
        "steps": 0,
        "record": 200,
        "trajectory": 1,
    }
    exact = run(Sweep(model="modes", observables=["loss"], **sweep), progress=False).squeeze()
    found = run(Sweep(model="matrix", observables=OF_MATRICES, **sweep), progress=False).squeeze()
    of_modes, s = np.moveaxis(exact.trajectory_singular_value.values, -1, 0), (3.0, 2.9)
    tops = np.array([[theory.sharpness(w[:, [k]], s[k : k + 1]) for k in range(2)] for w in of_modes])
    alone = tops.max(axis=1) >= exact.trajectory_sharpness.values * (1 - 1e-12)  # else a pair's is the largest
    assert set(np.where(alone, tops.argmax(axis=1), -1)) == {-1, 0, 1}, "the example has no crossing"
    np.testing.assert_allclose(found.trajectory_sharpness, exact.trajectory_sharpness, rtol=1e-8)


def crossing(**keys):
    """A network of three modes in random bases, of which two pass each other twice in its first 200 steps; and its sweep."""
    random = np.random.default_rng(3)
    bases = [np.linalg.qr(random.standard_normal((3, 3)))[0] for _ in range(4)]
    diagonals = [[1.7, 1.7, 0.5], [0.2, 1.6, 0.6], [1.8, 1.7, 0.4]]
    layers = [bases[k + 1] @ np.diag(w) @ bases[k].T for k, w in enumerate(diagonals)]
    target = bases[3] @ np.diag([3.0, 2.9, 1.0]) @ bases[0].T
    given = {"model": "matrix", "axes": {"eta": 0.01}, "target": {"matrix": target}, "start": {"layers": layers}}
    sweep = Sweep(**given, steps=0, observables=["sharpness_residual"], **keys)
    return reference.MatrixRun(layers, target, 0.01, 0, 200, None, None, [3.0, 2.9, 1.0]), sweep


def test_a_trajectory_of_sharpness_is_that_of_dense_hessians_through_crossings():
    exact, sweep = crossing(record=200, trajectory=1)
    found = run(sweep, progress=False).squeeze()
    values, vectors = np.linalg.eigh([reference.hessian(weights, exact.target) for weights in exact.states])
    turned = np.abs((vectors[1:, :, -1] * vectors[:-1, :, -1]).sum(axis=1))
    assert (turned < 1e-6).sum() == 2, "the example has no two crossings"
    np.testing.assert_allclose(found.trajectory_sharpness, values[:, -1], rtol=1e-8)
    assert found.sharpness_unconverged.item() == 0


@pytest.mark.filterwarnings("ignore:the search for the sharpness")
def test_a_trajectory_of_sharpness_goes_on_from_what_it_has_found(monkeypatch):
    """Runs of 8 products are too short for a search that begins from nothing, and enough from state to state."""
    whole = lanczos_layout.lay_out
    monkeypatch.setattr(lanczos_layout, "lay_out", lambda *given: whole(*given)._replace(longest=8, rounds=1))
    cold, along = (
        run(crossing(**keys)[1], progress=False) for keys in ({"record": 1}, {"record": 200, "trajectory": 1})
    )
    assert cold.sharpness_unconverged.item() == 1
    assert along.sharpness_unconverged.item() < 20


@pytest.mark.parametrize("shape", [(1, 4), (3, 7), (5, 5), (12, 9)])
def test_singular_values_by_turning_columns(shape):
    """Of matrices of any scale, with equal singular values, and with columns that are nearly the same, beside each other."""
    random = np.random.default_rng(shape)
    kinds = [random.standard_normal(shape) * 10.0**power for power in (-9, 0, 9)]
    kinds += [1.3 * np.eye(*shape), np.zeros(shape), np.outer(*map(random.standard_normal, shape))]
    kinds[5] += 1e-9 * kinds[1]
    found = -np.sort(-compiled(layer_singular_values.by_jacobi)(np.stack(kinds, axis=-1)), axis=0)
    for lane, one in enumerate(kinds):
        exact = np.linalg.svd(one, compute_uv=False)
        np.testing.assert_allclose(found[:, lane], exact, rtol=0, atol=1e-14 * exact[0])
        alone = -np.sort(-compiled(layer_singular_values.by_jacobi)(one[..., None].copy()), axis=0)
        np.testing.assert_array_equal(alone[:, 0], found[:, lane], "it depends on what is beside it")


def test_every_observable_of_matrices_has_a_twin_and_attributes():
    own = {name for name, o in MATRIX_OBSERVABLES.items() if not o.shared}
    assert set(reference.MATRIX_OBSERVABLES) == own
    for observable in MATRIX_OBSERVABLES.values():
        assert observable.summary
        for variable in observable.variables:
            assert variable.long_name and variable.units and variable.comment, variable.name


@pytest.mark.parametrize(
    ("widths", "start", "target", "eta"),
    [
        ((3, 3, 3, 3), "one-zero", {"singular_values": [2.0, 1.5, 0.0], "basis": "random", "seed": 4}, 0.11),
        ((3, 5, 4, 2), "layers", {"singular_values": [2.0, 1.5]}, 0.05),
        ((2, 2, 2), "balanced", {"singular_values": [1.0, 0.5]}, 1.03),
        ((29, 2, 3), "layers", {"singular_values": [1.0, 0.5, 0.25], "basis": "random"}, 0.1),
    ],
    ids=str,
)
def test_observables_agree_with_their_twins(widths, start, target, eta):
    random = np.random.default_rng(5)
    values = [random.standard_normal((m, n)) / np.sqrt(n) for n, m in itertools.pairwise(widths)]
    alphas, (steps, record) = [0.3, 0.5], (203, 20)
    sweep = Sweep(
        model="matrix",
        axes={"eta": eta, "alpha": alphas, "depth": len(widths) - 1},
        widths=widths,
        start=values if start == "layers" else start,
        target=target,
        steps=steps,
        record=record,
        trajectory=7,
        sharpness_count=3,
        orbit_samples=record,
        observables=OF_MATRICES,
    )
    ds = run(sweep, progress=False)
    m = sweep.target.build(widths[-1], widths[0])
    matrix = m.matrices(m.singular_values[None])[0]
    for k, alpha in enumerate(alphas):
        layers = reference.matrix_starts(start, alpha, widths, values)
        seen = reference.MatrixRun(layers, matrix, eta, steps, record, m.left, m.right, m.singular_values)
        at = ds.isel(depth=0, alpha=k, eta=0)
        for name, twin in reference.MATRIX_OBSERVABLES.items():
            for variable, value in twin(seen).items():
                tight = {"rtol": 1e-6, "atol": 1e-9} if "lyapunov" not in variable else {"rtol": 0, "atol": 0.05}
                np.testing.assert_allclose(at[variable].values, value, **tight, err_msg=f"{name}: {variable}")
        orbit = np.array([seen.products(w) for w in seen.recorded])
        np.testing.assert_allclose(at.orbit.values, orbit.T, rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(at.oscillation_range, np.ptp(orbit, axis=0), rtol=1e-6, atol=1e-9)
        for variable, value in reference.of_record("loss", [seen.loss(w) for w in seen.recorded]).items():
            np.testing.assert_allclose(at[variable], value, rtol=1e-8, atol=1e-20)
        every = np.array([seen.products(w) for w in seen.states])
        for mode, s in enumerate(m.singular_values):
            past = np.flatnonzero(every[:, mode] > s / 2) if s > 0 else []
            assert at.escape_step.values[mode] == (past[0] if len(past) else -1)
        assert (at.divergence_step == -1).all()


def test_the_gradients_conserve_what_the_exact_identity_says():
    """D_l' = D_l + eta^2 (grad_{l+1}^T grad_{l+1} - grad_l grad_l^T), D_l = W_{l+1}^T W_{l+1} - W_l W_l^T."""
    random, eta = np.random.default_rng(8), 0.1
    layers = [random.standard_normal((3, 3)) for _ in range(2)]
    target = np.diag([1.0, 0.5, 0.2])
    before = layers[1].T @ layers[1] - layers[0] @ layers[0].T
    below, above = reference.matrix_gradients(layers, target)
    after = before + eta**2 * (above.T @ above - below @ below.T)
    found = matrix_run(layers, target, axes={"eta": eta})
    assert found.balancing_norm.item() == pytest.approx(np.linalg.norm(after), rel=1e-12)


@pytest.mark.parametrize(("depth", "start"), [(2, "one-zero"), (3, "one-zero"), (3, "balanced"), (4, "one-zero")])
def test_fates_are_those_of_the_modes(depth, start):
    """Over learning rates up to divergence; rounding decides at a few chaotic points."""
    axes = {
        "eta": {"start": 0.02, "stop": 1.6, "num": 40},
        "alpha": {"start": 0.01, "stop": 1.2, "num": 6},
        "depth": depth,
    }
    keys = {"axes": axes, "target": {"singular_values": [1.0, 0.6, 0.0]}, "start": start, "steps": 1500, "record": 128}
    modes, matrices = (run(Sweep(model=m, **keys), progress=False).fate.values for m in ("modes", "matrix"))
    assert (modes != matrices).mean() < 0.04
    assert {1, 2, 3, 6} <= set(np.unique(matrices))
    if (depth, start) == (3, "one-zero"):
        assert (matrices[modes == 4] == 4).mean() > 0.9


def test_a_plateau_of_random_starts_is_no_collapse():
    """Products of small random layers are of either sign; those below 0 come up in the end."""
    axes = {"eta": 0.1, "alpha": 1e-3, "depth": 3, "seed": {"start": 0, "stop": 15, "num": 16}}
    keys = {"model": "matrix", "start": "gaussian", "axes": axes, "record": 32}
    early = run(Sweep(steps=100, observables=OF_MATRICES, **keys), progress=False)
    late = run(Sweep(steps=100_000, **keys), progress=False)
    assert (early.orbit < 0).any()
    assert (early.fate == 6).all()
    assert (late.fate == 1).all()


ETAS = [0.05, 0.3, 0.6, 0.7, 0.8, 1.0, 1.7, 2.5]


def test_diverged_points_are_lost_and_no_others(quick):
    ds = quick("matrix", axes={"eta": ETAS, "alpha": 0.2, "depth": 3}, s=(1.0, 0.5), observables=OF_MATRICES).squeeze()
    lost = ds.fate.values == 5
    assert lost.any() and not lost.all()
    assert (ds.period.values[lost] == -1).all() and (ds.oscillating_modes.values[lost] == -1).all()
    for name, variable in ds.data_vars.items():
        if variable.dtype.kind == "f":
            cells = variable.values.reshape(len(ETAS), -1)
            assert np.isnan(cells[lost]).all(), name
            assert np.isfinite(cells[~lost]).all(), name


def test_lyapunov_sees_what_mixing_predicts():
    """About diagonal orbits the matrices' exponent is the largest of those of modes and of pairs."""
    axes = {"eta": [0.032, 0.0335, 0.0345, 0.036], "alpha": 0.01, "depth": 3}
    keys = {"axes": axes, "target": {"singular_values": [10.0, 9.5, 9.0]}, "steps": 4000, "record": 4096}
    modes = run(Sweep(model="modes", observables=["lyapunov", "mixing"], **keys), progress=False).squeeze()
    keys["sharpness_every"] = keys["record"]
    matrices = run(Sweep(model="matrix", observables=OF_MATRICES, **keys), progress=False).squeeze()
    predicted = np.maximum(modes.mixing_exponent.values, modes.lyapunov.max("mode").values)
    assert (modes.mixing_exponent > 0.01).any()
    np.testing.assert_allclose(matrices.lyapunov, predicted, rtol=5e-3, atol=2e-4)


@pytest.mark.parametrize("observables", [list(DEFAULT), OF_MATRICES], ids=["default", "all"])
def test_bits_depend_on_nothing_but_the_point(observables):
    """Whatever the chunks, the place in a block, and whether points are followed from the start or retired early."""
    keys = {
        "model": "matrix",
        "start": "gaussian",
        "target": {"singular_values": [1.0, 0.7, 0.2], "basis": "random"},
        "steps": 800,
        "record": 16,
        "observables": observables,
    }
    etas = [0.2, 0.3, 0.5, 0.66, 0.7, 0.8, 0.85, 0.9, 1.1]
    axes = {"eta": etas, "alpha": [0.2, 0.6], "depth": 2, "seed": [0, 1, 5]}
    whole = run(Sweep(axes=axes, **keys), progress=False)
    parts = run(Sweep(axes=axes, chunks={"eta": 2, "alpha": 1, "seed": 1}, **keys), progress=False)
    alone = run(Sweep(axes={**axes, "eta": 0.8, "alpha": 0.6, "seed": 5}, **keys), progress=False)
    for name in whole.data_vars:
        np.testing.assert_array_equal(parts[name], whole[name], err_msg=name)
        np.testing.assert_array_equal(
            alone[name].values.squeeze(), whole[name].sel(eta=0.8, alpha=0.6, seed=5).values.squeeze(), err_msg=name
        )
    if observables == OF_MATRICES:
        bare = run(Sweep(axes=axes, **keys | {"observables": DEFAULT}), progress=False)
        np.testing.assert_array_equal(bare.loss_last, whole.loss_last)


def test_networks_that_overflow_leave_nothing_to_those_after_them():
    """64 are followed in one memory; behind 50 weights it has room for 2 more, which no other network fills."""
    keys = {
        "model": "matrix",
        "start": "gaussian",
        "target": {"singular_values": [0.25, 0.125, 0.06, 0.03, 0.015], "basis": "random"},
        "steps": 0,
        "record": 60,
        "observables": ["sharpness"],
    }
    settling = np.linspace(3.0, 3.5, 32)
    axes = {"alpha": 0.3, "depth": 2, "seed": [0, 1]}
    alone = run(Sweep(axes={**axes, "eta": settling}, **keys), progress=False)
    # the second seed's 32 that settle come where of the first seed's 32 have overflowed, each after another step
    both = {**axes, "eta": np.concatenate([settling, np.linspace(9.0, 12.0, 64)])}
    after = run(Sweep(axes=both, chunks={"eta": 96, "seed": 2}, **keys), progress=False)
    assert (after.fate.isel(eta=slice(32, None)) == 5).all()
    np.testing.assert_array_equal(after.sharpness_unconverged, 0)
    np.testing.assert_array_equal(after.sharpness.isel(eta=slice(32)), alone.sharpness)


def test_lanes_and_blas_agree(monkeypatch):
    keys = {
        "model": "matrix",
        "axes": {"eta": [0.3, 0.6, 0.9], "alpha": 0.4, "depth": [2, 3], "seed": [0, 1]},
        "start": "orthogonal",
        "target": {"singular_values": [1.0, 0.7, 0.2], "basis": "random"},
        "steps": 300,
        "record": 16,
        "observables": OF_MATRICES,
    }
    in_lanes = run(Sweep(**keys), progress=False)
    monkeypatch.setattr(chunk, "WIDEST_IN_LANES", 0)
    by_blas = run(Sweep(**keys), progress=False)
    settled = in_lanes.fate.values == 1
    assert settled.any()
    np.testing.assert_array_equal(by_blas.fate.values[settled], 1)
    for name in ("sharpness", "alignment_error", "balancing_norm"):
        np.testing.assert_allclose(by_blas[name].values[settled], in_lanes[name].values[settled], rtol=1e-7, atol=1e-12)


def test_random_starts_depend_on_their_seed_and_layer_alone():
    keys = {"model": "matrix", "target": {"singular_values": [1.0, 0.5]}, "steps": 0, "record": 1, "trajectory": 1}
    for start in ("gaussian", "orthogonal"):
        axes = {"eta": 0.0, "alpha": 0.5, "depth": [2, 3], "seed": [3, 11]}
        ds = run(Sweep(start=start, axes=axes, observables=OF_MATRICES, **keys), progress=False).squeeze()
        first = ds.trajectory_singular_value.isel(step=0)
        np.testing.assert_array_equal(first.sel(depth=2, layer=1), first.sel(depth=3, layer=1))
        assert (first.sel(depth=3, layer=1) != first.sel(depth=3, layer=2)).any() or start == "orthogonal"
    w = generator(3, 1).standard_normal((2, 2)) / np.sqrt(2)
    gaussian = run(Sweep(start="gaussian", axes=axes, observables=OF_MATRICES, **keys), progress=False)
    found = gaussian.trajectory_singular_value.sel(seed=3, depth=3, layer=1).isel(step=0).values.squeeze()
    np.testing.assert_allclose(found, 0.5 * np.linalg.svd(w, compute_uv=False), rtol=1e-14)


def test_random_starts_have_their_distribution():
    wide = np.array([generator(seed, 1).standard_normal((40, 30)) for seed in range(50)])
    assert abs(wide.mean()) < 0.02 and abs(wide.std() - 1) < 0.02
    for rows, columns in ((4, 4), (5, 2), (2, 5)):
        q = orthogonal(rows, columns, generator(0, 1))
        gram = q.T @ q if rows >= columns else q @ q.T
        np.testing.assert_allclose(gram, np.eye(min(rows, columns)), atol=1e-14)


def test_targets_have_the_singular_values_that_were_asked_for():
    target = by_singular_values(np.array([3.0, 1.0, 0.5]), "random", 2, 4, 3)
    matrix = target.matrices(target.singular_values[None])[0]
    assert matrix.shape == (4, 3)
    np.testing.assert_allclose(np.linalg.svd(matrix, compute_uv=False), [3.0, 1.0, 0.5], rtol=1e-14)
    again = by_singular_values(np.array([3.0, 1.0, 0.5]), "random", 3, 4, 3)
    assert np.abs(again.left - target.left).max() > 0.1


def test_a_network_leaves_the_modes_where_the_theory_says():
    """docs/theory.md, end of C: (10, 9.5, 9) in random bases leaves at eta = .034 after some 800 steps, (10, 8, 6) at .032 stays."""

    def alignment(s, eta):
        sweep = Sweep(
            model="matrix",
            axes={"eta": eta, "alpha": 0.01, "depth": 3},
            target={"singular_values": [*s, 0.0, 0.0], "basis": "random"},
            steps=1500,
            record=100,
            trajectory=1,
            observables=OF_MATRICES,
        )
        return run(sweep, progress=False).trajectory_alignment_error.squeeze()

    leaving, staying = alignment((10.0, 9.5, 9.0), 0.034), alignment((10.0, 8.0, 6.0), 0.032)
    assert float(leaving[:50].max()) < 1e-18
    left = int(np.argmax(leaving.values > 0.01))
    assert 600 < left < 1200
    assert float(leaving.max()) > 0.1
    assert float(staying.max()) < 1e-12


def test_memory_of_small_networks_fits_the_cache():
    """Gradient descent on a block of lanes: within 512 KB, the smallest L2 cache of current processors, for d = 16."""
    made = Network((16,) * 4, LANES)
    touched = [*made.weights, made.minus_target, made.below_(3), *made.deltas]
    assert sum(8 * m.rows * m.row for m in touched) < 512 * 1024


def test_memory_layout_has_no_overlaps():
    made = Network((3, 5, 4, 2), LANES, 2)
    places = [*made.weights, made.minus_target, made.below_(3), *made.deltas, made.left, made.right, made.rotated]
    places += [*made.moved_below, *(m for v in (*made.directions, *made.images) for m in v)]
    spans = sorted((m.at, m.at + m.rows * m.row) for m in places if isinstance(m, Matrix))
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))
    assert spans[-1][1] <= made.memory.size


BAD = [
    ({"start": [[[1.0, 0.0]], [[1.0], [2.0]]], "target": {"matrix": [[1.0, 2.0]]}}, "target.matrix", "2 x 2"),
    ({"start": [[[1.0, 0.0]], [[1.0, 2.0]]], "target": {"matrix": [[1.0, 2.0]]}}, "start.layers", "W_2"),
    ({"start": [[[1.0]], [[float("nan")]]]}, "start.layers", "finite"),
    ({"start": [[[1.0]], "nowhere.npy"]}, "nowhere.npy", "No such file"),
    ({"start": [[[1.0], [2.0, 3.0]], [[1.0]]]}, "start.layers", "rows of one length"),
    ({"widths": [2, 3, 2]}, "target.singular_values", "must be 2"),
    ({"widths": [1, 3, 3, 1]}, "axes.depth", "3"),
    ({"widths": [1, 0, 1]}, "widths", "at least 1"),
    ({"widths": [1, 1]}, "widths", "3"),
    ({"target": {"matrix": [[1.0, 2.0]]}}, "widths", "1 x 2"),
    ({"target": {"matrix": "nowhere.npy"}}, "target.matrix", "nowhere.npy"),
    ({"target": {"matrix": [[1.0, float("inf")]]}}, "target.matrix", "finite"),
    ({"target": {"matrix": [[1.0]], "singular_values": [1.0]}}, "target.matrix", "singular_values"),
    ({"target": {"singular_values": [1.0], "basis": "fourier"}}, "target.basis", "identity"),
    ({"target": {"basis": "random"}}, "target.singular_values", "missing"),
    ({"target": {"singular_values": [1.0], "basis": "random", "seed": -1}}, "target.seed", "at least 0"),
    ({"start": "one-zero", "axes": {"eta": 0.1, "alpha": 0.1, "depth": 2, "seed": [1, 2]}}, "axes.seed", "gaussian"),
    ({"start": "gaussian", "axes": {"eta": 0.1, "alpha": 0.1, "depth": 2, "seed": 1.5}}, "axes.seed", "whole"),
    ({"observables": ["mixing"]}, "observables", "alignment_error"),
    ({"sharpness_count": 0}, "sharpness_count", "at least 1"),
    ({"sharpness_count": 3}, "sharpness_count", "at most 2"),
    ({"start": "gaussian", "axes": {"eta": 0.1, "alpha": 0.1, "depth": 2, "seed": 1e30}}, "axes.seed", "2^53"),
    ({"start": {"layerz": [[[1.0]], [[1.0]]]}}, "start", "spectral or layers"),
    ({"start": {"layers": [[[1.0]], [[1.0]]], "spectral": [[1.0], [1.0]]}}, "start", "one of them"),
    ({"start": 5}, "start", "name"),
    ({"widths": 3}, "widths", "such as [3, 5, 2]"),
    ({"target": {"matrix": [[True]]}}, "target.matrix", "numbers"),
    ({"target": {"matrix": [["1"]]}}, "target.matrix", "numbers"),
    ({"model": "modes", "widths": [1, 1, 1]}, "widths", "matrix"),
    ({"model": "modes", "target": {"singular_values": [1.0], "basis": "random"}}, "target", "matrix"),
    ({"model": "modes", "start": "gaussian"}, "start", "one-zero"),
    ({"model": "modes", "observables": ["alignment_error"]}, "observables", "loss"),
    ({"target": {"matrix": [[1.0]]}, "axes": {"eta": 0.1, "alpha": 0.1, "depth": 2, "s1": 1.0}}, "axes.s1", "matrix"),
    (
        {"start": {"spectral": [[1.0, 1.0], [1.0, 1.0]]}, "widths": [2, 1, 2], "target": {"singular_values": [1, 1]}},
        "start",
        "2",
    ),
]


@pytest.mark.parametrize(("keys", "key", "valid"), BAD, ids=[f"{key}-{valid}" for _, key, valid in BAD])
def test_bad_input_is_refused_in_one_line(keys, key, valid):
    from fastdln import SweepError

    good = {"model": "matrix", "axes": {"eta": 0.1, "alpha": 0.1, "depth": 2}}
    with pytest.raises(SweepError) as error:
        Sweep(**good | keys)
    assert key in str(error.value) and valid in str(error.value)
    assert "\n" not in str(error.value)


def test_files_of_matrices(tmp_path):
    matrix = np.array([[1.0, 0.5], [0.0, 0.7]])
    np.save(tmp_path / "m.npy", matrix)
    np.save(tmp_path / "bad.npy", np.array([object()], dtype=object), allow_pickle=True)
    np.save(tmp_path / "cube.npy", np.zeros((2, 2, 2)))
    (tmp_path / "text.npy").write_text("no array")
    head = 'model = "matrix"\n[axes]\neta = 0.1\nalpha = 0.1\ndepth = 2\n[target]\nmatrix = '
    (tmp_path / "sweep.toml").write_text(head + '"m.npy"\n')
    sweep = Sweep.from_file(tmp_path / "sweep.toml")
    np.testing.assert_array_equal(sweep.target.matrix, matrix)
    assert str(tmp_path) not in sweep.canonical()
    again = Sweep(model="matrix", axes={"eta": 0.1, "alpha": 0.1, "depth": 2}, target={"matrix": matrix})
    assert again.sha256() == sweep.sha256()
    from fastdln import SweepError

    for name, word in (("bad", "not a .npy"), ("cube", "matrix"), ("text", "not a .npy"), ("none", "No such file")):
        (tmp_path / "sweep.toml").write_text(head + f'"{name}.npy"\n')
        with pytest.raises(SweepError, match=word):
            Sweep.from_file(tmp_path / "sweep.toml")


def test_given_and_named_starts_are_the_same():
    keys = {"axes": {"eta": 0.3, "alpha": 0.2, "depth": 3}, "target": {"singular_values": [1.0, 0.4]}, "steps": 100}
    keys |= {"model": "matrix", "record": 8, "observables": ["loss", "orbit"]}
    named = run(Sweep(start="balanced", **keys), progress=False)
    given = run(Sweep(start=[np.eye(2)] * 3, **keys), progress=False)
    by_values = run(Sweep(start={"spectral": [[1.0, 1.0]] * 3}, **keys), progress=False)
    for name in named.data_vars:
        np.testing.assert_array_equal(given[name], named[name])
        np.testing.assert_array_equal(by_values[name], named[name])


def test_a_random_basis_changes_nothing_on_the_singular_vector_stationary_set():
    axes = {"eta": 0.3, "alpha": 0.2, "depth": 3, "s2": [0.4, 0.8]}
    keys = {"model": "matrix", "axes": axes, "steps": 300, "record": 8, "observables": ["loss", "period", "sharpness"]}
    start = {"spectral": [[1.0, 0.9], [0.8, 1.0], [1.1, 0.7]]}
    bases = [
        run(Sweep(start=start, target={"singular_values": [1.0, 0.4], "basis": basis}, **keys), progress=False)
        for basis in ("identity", "random")
    ]
    np.testing.assert_array_equal(bases[0].fate, bases[1].fate)
    np.testing.assert_allclose(bases[0].sharpness, bases[1].sharpness, rtol=1e-8)


def test_warnings_of_matrices_are_few():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layers, target = random_point(2)
        matrix_run(layers, target)
