"""Small fully connected networks against plain NumPy, differences, dense Hessians, and networks of matrices."""

from itertools import pairwise

import numpy as np
import pytest

import fastdln
from fastdln import Sweep, SweepError, analysis
from fastdln.kernels.compile import kernel
from fastdln.kernels.simulations.perceptron import memory_size, perceptron_of, with_activation
from tests.reference import mlp as twin

pytestmark = pytest.mark.filterwarnings("ignore:steps =")

SMOOTH = ["tanh", "gelu", "linear"]
WIDTHS = [(3, 5, 4, 2), (2, 9, 1), (8, 8, 8, 8), (1, 3, 3, 3, 1)]


def derivatives(activation):
    """Compiled function: loss, gradient and Hessian-vector product of one network."""
    own = with_activation(activation)
    gradient, hvp = own["gradient"], own["hvp"]

    def both(widths, data, weights, direction, memory, slope, image):
        net = perceptron_of(widths, data, memory)
        loss = gradient(net, weights, slope)
        hvp(net, weights, direction, image)
        return loss

    compiled = kernel(both, "test of derivatives", activation, kept=False)

    def call(widths, x, y, weights, direction):
        memory, slope, image = (
            np.full(memory_size(widths, x.shape[1]), np.nan),
            np.empty_like(weights),
            np.empty_like(weights),
        )
        data = np.concatenate([x.ravel(), y.ravel()])
        return compiled(np.array(widths), data, weights, direction, memory, slope, image), slope, image

    return call


def problem(widths, examples, seed=0, scale=0.7):
    rng = np.random.default_rng(seed)
    count = sum(a * b for a, b in pairwise(widths))
    weights = rng.normal(size=count) * scale
    return (
        rng.normal(size=(widths[0], examples)),
        rng.normal(size=(widths[-1], examples)),
        weights,
        rng.normal(size=count),
    )


@pytest.mark.parametrize("activation", twin.ACTIVATIONS)
def test_gradients_and_products_agree_with_differences(activation):
    call = derivatives(activation)
    for widths in WIDTHS:
        for examples in (1, 7, 8, 33):
            x, y, w, v = problem(widths, examples)
            loss, slope, image = call(widths, x, y, w, v)
            value, exact = twin.gradient(w, widths, activation, x, y)
            assert loss == pytest.approx(value, rel=1e-13)
            np.testing.assert_allclose(slope, exact, rtol=1e-12, atol=1e-13 * np.abs(exact).max())
            if activation == "relu":
                continue
            h = 1e-3
            up, down = (twin.gradient(w + k * h * v, widths, activation, x, y)[0] for k in (1e-2, -1e-2))
            assert (up - down) / (2e-2 * h) == pytest.approx(slope @ v, rel=1e-7, abs=1e-9 * abs(slope) @ abs(v))
            g = [twin.gradient(w + k * h * v, widths, activation, x, y)[1] for k in (-3, -2, -1, 1, 2, 3)]
            differences = (-g[0] + 9 * g[1] - 45 * g[2] + 45 * g[3] - 9 * g[4] + g[5]) / (60 * h)
            np.testing.assert_allclose(image, differences, rtol=1e-7, atol=1e-8 * np.abs(differences).max())


def test_products_of_relu_networks_are_those_of_their_region():
    """Where no unit switches the network is linear in its active units: the gradient is smooth along a short way."""
    call = derivatives("relu")
    x, y, w, v = problem((4, 6, 5, 2), 9)
    image, h = call((4, 6, 5, 2), x, y, w, v)[2], 1e-6
    ends = [twin.gradient(w + k * h * v, (4, 6, 5, 2), "relu", x, y)[1] for k in (-2, -1, 1, 2)]
    differences = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * h)
    np.testing.assert_allclose(image, differences, rtol=1e-6, atol=1e-7 * np.abs(differences).max())


def run(activation, widths, x, y, eta, start="gaussian", **keys):
    data = {"inputs": x.T, "outputs": y.T}
    axes = {"eta": eta, "alpha": 0.8, **keys.pop("axes", {})}
    keys = {"steps": 0, "record": 80, **keys}
    return fastdln.run(
        Sweep(model="mlp", data=data, activation=activation, widths=widths, start=start, axes=axes, **keys)
    )


def start_of(widths, seed=0):
    """As the start `gaussian` has it: numbers of a counter-based generator, of deviation 1 / sqrt(width)."""
    layers = []
    for layer, (rows, columns) in enumerate(twin.shapes(widths), 1):
        numbers = np.random.Generator(np.random.Philox(key=[seed, layer])).standard_normal((rows, columns))
        layers.append(numbers.ravel() / np.sqrt(columns))
    return 0.8 * np.concatenate(layers)


@pytest.mark.parametrize("activation", twin.ACTIVATIONS)
def test_runs_agree_with_the_twin(activation):
    for widths in WIDTHS[:3]:
        x, y, _, _ = problem(widths, 12)
        etas = [0.0005, 0.003]
        ds = run(activation, widths, x, y, etas, trajectory=1, sharpness_count=3).squeeze()
        for eta in etas:
            states, losses = twin.descend(start_of(widths), widths, activation, x, y, eta, 80)
            at = ds.sel(eta=eta)
            np.testing.assert_allclose(at.trajectory_loss, losses, rtol=1e-12)
            gaps = [gap_of(w, widths) for w in (states[0], states[-1])]
            np.testing.assert_allclose([at.balancing_gap_start, at.balancing_gap], gaps, rtol=1e-11)
            if activation == "relu":
                continue
            values, vectors = np.linalg.eigh(twin.hessian(states[-1], widths, activation, x, y))
            np.testing.assert_allclose(at.hessian_eigenvalue, values[::-1][:3], rtol=1e-8)
            assert at.trajectory_sharpness.values[-1] == pytest.approx(values[-1], rel=1e-8)
            moves = np.diff(states, axis=0)[-64:]
            share = ((moves @ vectors[:, -3:]) ** 2).sum() / (moves**2).sum()
            assert at.oscillation_subspace == pytest.approx(share, rel=1e-4)  # as exact as the differences
            assert at.sharpness_unconverged == 0


def gap_of(flat, widths):
    layers = twin.layers(flat, widths)
    return max(np.abs((above**2).sum(axis=0) - (below**2).sum(axis=1)).max() for below, above in pairwise(layers))


@pytest.mark.parametrize("widths", [(3, 3, 3), (4, 6, 5, 3), (2, 3, 3, 3, 2)])
def test_a_linear_network_of_white_data_is_one_of_matrices(widths):
    """Inputs with X X^T = I: the outputs are M X, and the loss is that of the matrix problem."""
    rng = np.random.default_rng(1)
    target = rng.normal(size=(widths[-1], widths[0]))
    x = np.linalg.qr(rng.normal(size=(widths[0] + 3, widths[0])))[0].T
    keys = {"axes": {"eta": [0.02, 0.05], "alpha": 0.8, "seed": [0, 3]}, "trajectory": 1, "steps": 0, "record": 100}
    mlp = run("linear", widths, x, target @ x, [0.02, 0.05], **keys)
    matrix = fastdln.run(
        Sweep(model="matrix", target={"matrix": target}, widths=widths, start="gaussian", observables=["loss"], **keys)
    )
    np.testing.assert_allclose(mlp.trajectory_loss, matrix.trajectory_loss, rtol=1e-12, atol=1e-13)
    # its search stops at an error of some 1e-9
    np.testing.assert_allclose(mlp.trajectory_sharpness, matrix.trajectory_sharpness, rtol=1e-8)


def test_relu_units_keep_their_balance_under_small_steps():
    """Gradient flow keeps |out|^2 - |in|^2 of each unit; a step changes it by eta^2."""
    widths = (3, 6, 5, 2)
    x, y, _, _ = problem(widths, 10)
    changes = {}
    for activation in ("relu", "linear", "tanh"):
        for factor in (1, 2):
            ds = run(activation, widths, x, y, 2e-5 / factor, steps=500 * factor, record=10, observables=["balancing"])
            changes[activation, factor] = abs(ds.balancing_gap.item() - ds.balancing_gap_start.item())
    for activation in ("relu", "linear"):
        assert changes[activation, 1] < 1e-4
        assert changes[activation, 1] / changes[activation, 2] == pytest.approx(2.0, rel=0.15)
    assert changes["tanh", 2] > 50 * changes["linear", 2]


def test_oscillations_at_the_edge_lie_in_the_top_features():
    """Beyond the edge of its minimum a network swings along the top eigenvector."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 5))
    y = np.tanh(x[:1] - x[1:])
    widths = (2, 12, 1)
    still = run("tanh", widths, x, y, 0.02, steps=60_000, record=64, observables=["sharpness"])
    edge = 2 / still.sharpness.item()
    ds = run("tanh", widths, x, y, 1.15 * edge, steps=60_000, record=256)
    assert ds.fate.item() in (1, 2, 3, 6)
    if ds.fate.item() in (2, 3):
        assert ds.oscillation_subspace.item() > 0.9


def test_first_states_at_the_edge_are_found_where_they_are_asked_for():
    widths = (3, 5, 4, 2)
    x, y, _, _ = problem(widths, 12)
    keys = {"observables": ["edge_step", "loss"], "sharpness_every": 2}
    ds = run("tanh", widths, x, y, [0.005, 0.06], trajectory=2, **keys).squeeze()
    for eta in (0.005, 0.06):
        beyond = np.flatnonzero(eta * ds.trajectory_sharpness.sel(eta=eta).values >= 2)
        assert ds.edge_step.sel(eta=eta) == (2 * beyond[0] if beyond.size else -1)
    assert "edge_step" not in run("tanh", widths, x, y, 0.005)


def test_a_trajectory_does_not_change_which_states_are_looked_at():
    """A start beyond the edge that is there at state 1 and has left by state 25, at some of these learning rates."""
    widths, etas = (3, 5, 4, 2), np.linspace(0.02, 0.3, 15)
    x, y, _, _ = problem(widths, 12)
    keys = {"observables": ["edge_step"], "sharpness_every": 25, "record": 10, "steps": 50}
    alone = run("tanh", widths, x, y, etas, **keys)
    beside = run("tanh", widths, x, y, etas, trajectory=1, **keys)
    np.testing.assert_array_equal(alone.edge_step, beside.edge_step)
    assert set((beside.edge_step.values % 25)[beside.edge_step.values >= 0]) <= {0}


def test_teachers_are_the_same_everywhere_and_activations_lie_along_an_axis(tmp_path):
    data = {"teacher": {"examples": 16, "inputs": 3, "seed": 4}}
    axes = {"eta": [0.01, 0.02], "alpha": 1.0, "activation": ["tanh", "linear"]}
    sweep = Sweep(model="mlp", data=data, widths=[3, 4, 1], axes=axes, steps=100, record=20)
    ds = fastdln.run(sweep, store=tmp_path / "out.zarr")
    x, y = (part.T for part in sweep.data.arrays())
    assert x.shape == (3, 16)
    for activation in ("tanh", "linear"):
        alone = run(activation, [3, 4, 1], x, y, [0.01, 0.02], axes={"alpha": 1.0}, steps=100, record=20)
        np.testing.assert_array_equal(ds.loss.sel(activation=activation).squeeze(), alone.loss.squeeze())
    again = Sweep.stored(sweep.canonical())
    np.testing.assert_array_equal(again.data.arrays()[1].T, y)
    assert sum(analysis.census(fastdln.open(tmp_path / "out.zarr")).fates.values()) == 4


BASE = {
    "model": "mlp",
    "widths": [2, 4, 1],
    "axes": {"eta": 0.1, "alpha": 1.0},
    "data": {"teacher": {"examples": 8, "inputs": 2}},
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"widths": [3, 4, 1]}, "widths: must go from 2, the numbers of an input, to 1, those of an output"),
        ({"widths": [2, 4, 2]}, "widths: must go from 2"),
        ({"widths": None}, "widths: are missing: give [2, ..., 1]"),
        ({"widths": None, "axes": {"eta": 0.1, "alpha": 1.0, "depth": 2}}, "widths: are missing: give [2, ..., 1]"),
        (
            {"data": {"inputs": [1.0, 2.0], "outputs": [1.0, 2.0]}},
            "data.inputs: must be a matrix of numbers, in rows such as [[1, 0], [0, 1]], or the path of a .npy file (got 2 numbers without",
        ),
        ({"activation": "sigmoid"}, "activation: unknown name 'sigmoid'; valid: tanh, relu, gelu, linear"),
        ({"activation": "rel"}, "activation: unknown name 'rel' (did you mean relu?)"),
        ({"data": {"inputs": [[1.0, np.nan]], "outputs": [[1.0]]}}, "data.inputs: must be finite"),
        (
            {"data": {"inputs": [[1.0, 2.0]], "outputs": [[1.0], [2.0]]}},
            "data.outputs: must be 1, one for each of data.inputs",
        ),
        ({"data": {"pair": {}}}, "data: mlp learns from inputs and outputs (got labels)"),
        ({"data": {"teacher": {"examples": 8}}}, "data.teacher.inputs: is missing"),
        ({"data": {"teacher": {"examples": 0, "inputs": 2}}}, "data.teacher.examples: must be at least 1"),
        ({"data": {"teacher": {"examples": 8, "inputs": 2, "width": 2}}}, "data.teacher.width: unknown key"),
        ({"data": {"teacher": {"examples": 8, "inputs": 2}, "pair": {}}}, "data: must have inputs and labels"),
        ({"target": {"singular_values": [2.0]}}, "target: mlp learns none"),
        ({"start": "one-zero"}, "start: mlp has no start 'one-zero'"),
        ({"axes": {"eta": {"values": [0.5], "unit": "2/S1"}, "alpha": 1.0}}, "axes.eta: mlp has no S_1"),
        ({"axes": {"eta": 0.1, "alpha": 1.0, "s1": [1.0, 2.0]}}, "axes.s1: mlp has no singular values"),
        ({"momentum": 0.5}, "momentum: mlp takes no momentum"),
        ({"loss": "logistic"}, "loss: mlp has none to choose"),
        ({"widths": [2, 400, 400, 1]}, "widths: mlp takes networks of at most 100,000 weights"),
        (
            {"model": "matrix", "widths": None, "data": None, "activation": "tanh"},
            "activation: matrix has none to choose",
        ),
    ],
)
def test_what_is_no_sweep(changes, message):
    keys = {name: value for name, value in {**BASE, **changes}.items() if value is not None}
    if keys["model"] == "matrix":
        keys["axes"] = {**keys["axes"], "depth": 2}
    with pytest.raises(SweepError) as refusal:
        Sweep(**keys)
    assert str(refusal.value).startswith(message), str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_outputs_of_one_number_may_be_a_vector(tmp_path):
    np.save(tmp_path / "y.npy", np.array([0.5, 1.5]))
    column = Sweep(**BASE | {"data": {"inputs": [[1.0, 2.0], [0.0, 1.0]], "outputs": [[0.5], [1.5]]}})
    for outputs in ([0.5, 1.5], np.array([0.5, 1.5]), tmp_path / "y.npy"):
        sweep = Sweep(**BASE | {"data": {"inputs": [[1.0, 2.0], [0.0, 1.0]], "outputs": outputs}})
        assert sweep.canonical() == column.canonical()
    for outputs in ([], 1.0, "no.npy", [True, False], [None, 1.0], [[1.0], 2.0]):
        with pytest.raises(SweepError, match=r"^data.outputs: "):
            Sweep(**BASE | {"data": {"inputs": [[1.0, 2.0], [0.0, 1.0]], "outputs": outputs}})
