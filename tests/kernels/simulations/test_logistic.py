"""Logistic regression at the edge against its plain twin, dense Hessians, and what is proved of it."""

import numpy as np
import pytest
from scipy.optimize import minimize

import fastdln
from fastdln import Sweep, SweepError, analysis
from fastdln.models.logistic import max_margin_direction
from tests.reference import logistic as twin

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*classes are not separable")

PAIR = np.array([[1.0, 9.0], [1.0, -5.0]])


def clouds(examples, features, gap, seed=0):
    """Two clouds, separable by a plane through the origin if the gap is large."""
    rng = np.random.default_rng(seed)
    labels = np.where(np.arange(examples) % 2 == 0, 1.0, -1.0)
    return labels[:, None] * gap + rng.normal(size=(examples, features)), labels


def run(data, eta, loss="logistic", steps=0, record=60, **keys):
    axes = {"eta": eta, **keys.pop("axes", {})}
    return fastdln.run(Sweep(model="logistic", data=data, loss=loss, axes=axes, steps=steps, record=record, **keys))


@pytest.mark.parametrize("loss", twin.LOSSES)
@pytest.mark.parametrize(("examples", "features"), [(2, 2), (5, 1), (7, 3), (3, 8), (1, 4)])
def test_runs_agree_with_the_twin(loss, examples, features):
    inputs, labels = clouds(examples, features, 0.4)
    if examples == 1:
        inputs, labels = np.vstack([inputs, inputs]), np.array([1.0, -1.0])
        inputs[1] *= -1.0
    signed = inputs * labels[:, None]
    etas = [0.1, 0.5]
    ds = run({"inputs": inputs, "labels": labels}, etas, loss, steps=20, record=40, trajectory=1).squeeze()
    for eta in etas:
        states, losses, sharp = twin.descend(signed, loss, eta, 60)
        at = ds.sel(eta=eta)
        np.testing.assert_allclose(at.trajectory_loss, losses, rtol=1e-12)
        np.testing.assert_allclose(at.trajectory_sharpness, sharp, rtol=1e-11)
        np.testing.assert_allclose(at.trajectory_norm, np.linalg.norm(states, axis=1), rtol=1e-12)
        recorded = slice(21, None)
        for name, values in (("loss", losses), ("sharpness", sharp)):
            kept = values[recorded]
            found = [at[f"{name}{end}"].item() for end in ("", "_min", "_max")]
            np.testing.assert_allclose(found, [kept.mean(), kept.min(), kept.max()], rtol=1e-11)
        assert at.loss_time == pytest.approx(losses[-1] * eta * 60, rel=1e-12)
        assert at.margin == pytest.approx((signed @ states[-1]).min() / np.linalg.norm(states[-1]), rel=1e-9, abs=1e-12)
        rises = np.flatnonzero(np.diff(losses) > 0)
        last = int(rises[-1]) + 1 if rises.size else 0
        assert at.monotone_from == (-1 if last == 60 else last)
        beyond = np.flatnonzero(eta * sharp >= 2)
        assert at.edge_step == (beyond[0] if beyond.size else -1)


@pytest.mark.parametrize("seed", range(5))
def test_the_max_margin_direction_is_that_of_a_quadratic_program(seed):
    inputs, labels = clouds(12, 3, 2.5, seed)
    signed = inputs * labels[:, None]
    direction = max_margin_direction(signed)
    constraint = {"type": "ineq", "fun": lambda w: signed @ w - 1, "jac": lambda w: signed}
    start = direction / (signed @ direction).min() + 0.01
    found = minimize(
        lambda w: w @ w / 2, start, jac=lambda w: w, constraints=constraint, method="SLSQP", options={"ftol": 1e-14}
    )
    np.testing.assert_allclose(direction, found.x / np.linalg.norm(found.x), atol=1e-7)
    margins = signed @ direction
    support = margins < margins.min() * (1 + 1e-9)
    assert support.sum() >= 1
    # a combination of the support vectors with weights that are not negative
    weights = np.linalg.lstsq(signed[support].T, direction, rcond=None)[0]
    np.testing.assert_allclose(signed[support].T @ weights, direction, atol=1e-12)
    assert (weights > -1e-12).all()


@pytest.mark.parametrize("eta", [0.02, 0.1, 1.0])
def test_the_loss_falls_like_one_over_eta_t_and_the_angle_goes_to_0(eta):
    """At any learning rate; early on it oscillates beyond the edge (arXiv 2305.11788, theorems 1 and 2)."""
    ds = run({"pair": {}}, eta, steps=1_000_000, record=512, trajectory=1000).squeeze()
    assert 0.5 < ds.loss_time < 2.0
    assert ds.fate == 1
    late = ds.trajectory_angle.values[100:]
    assert (np.diff(late) < 0).all()
    assert late[-1] < 0.02
    assert ds.monotone_from < 1_000_000
    if eta == 1.0:
        assert ds.edge_step == 0
        assert ds.monotone_from > 0


# Examples times labels, whose max-margin direction is the first axis: the nearest ones lie on either side of it.
WIDE_MARGIN = np.array([[2.0, 3.0], [2.0, -2.0], [5.0, -4.0], [6.0, 1.0]])
NARROW_MARGIN = np.array([[0.5, 2.0], [0.5, -1.0], [1.5, 0.0]])


@pytest.mark.parametrize("loss", twin.LOSSES)
@pytest.mark.parametrize("signed", [WIDE_MARGIN, NARROW_MARGIN])
def test_late_losses_are_one_over_the_squared_margin_eta_t(signed, loss):
    """Flow along the direction of margin gamma, f' = -gamma^2 f^2, at more than one learning rate."""
    labels = np.where(np.arange(len(signed)) % 2 == 0, 1.0, -1.0)
    data = {"inputs": signed * labels[:, None], "labels": labels}
    ds = run(data, [0.02, 0.1], loss, steps=1_000_000).squeeze()
    np.testing.assert_allclose(ds.loss_time, 1 / signed[0, 0] ** 2, rtol=0.03)


def test_the_exponential_loss_diverges_where_the_logistic_does_not():
    etas = [0.04, 0.08, 0.2, 2.0]
    fates = {loss: run({"pair": {"gamma": 0.1}}, etas, loss, steps=5000).fate.values.ravel() for loss in twin.LOSSES}
    assert fates["logistic"].tolist() == [1, 1, 1, 1]
    assert fates["exponential"].tolist() == [1, 5, 5, 5]


def test_both_losses_along_an_axis():
    axes = {"eta": [0.04, 0.2], "loss": ["logistic", "exponential"]}
    ds = fastdln.run(Sweep(model="logistic", data={"pair": {}}, axes=axes, steps=5000, record=100))
    assert ds.fate.sel(loss_function="exponential").values.ravel().tolist() == [1, 5]
    assert ds.fate.sel(loss_function="logistic").values.ravel().tolist() == [1, 1]


def test_large_margins_do_not_overflow():
    """ln(1 + e^1e6) is 1e6, and ln(1 + e^-800) below what float64 holds."""
    ds = run({"pair": {"gamma": 1.0}}, 0.1, axes={"norm0": [-1e6, 800.0]}, record=2)
    low, high = ds.loss_max.values.ravel()
    assert low == pytest.approx(1e6, rel=1e-6)
    assert high == 0.0
    assert set(ds.fate.values.ravel()) == {1}


def test_oscillating_networks_of_classes_that_overlap():
    """Not separable: a minimum, beyond whose 2/eta the loss goes through cycles."""
    inputs, labels = clouds(20, 2, 0.2, seed=3)
    data = {"inputs": inputs, "labels": labels}
    with pytest.warns(UserWarning, match="not separable"):
        rest = run(data, 0.5, steps=3000)
    assert rest.fate.item() == 1
    assert np.isnan(rest.angle.item())
    edge = 2 / rest.sharpness.item()
    with pytest.warns(UserWarning, match="not separable"):
        beyond = run(data, [0.98 * edge, 1.05 * edge], steps=50_000, record=64).squeeze()
    assert beyond.fate.values.tolist() == [1, 2]
    assert beyond.period.values.tolist() == [1, 2]
    with pytest.warns(UserWarning, match="not separable"):
        shorter = run(data, [0.98 * edge, 1.05 * edge], steps=50_000, record=64, period_max=1).squeeze()
    assert shorter.period.values.tolist() == [1, 0], "no longer period is looked for than was asked"
    assert shorter.fate.values.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": None}, "data: is missing: give {inputs = [[...], ...], labels = [...]}"),
        ({"data": {"inputs": [[1.0], [2.0]]}}, "data: must have inputs and labels"),
        ({"data": {"inputs": [[1.0]], "labels": [1], "pair": {}}}, "data.labels: must be of two classes"),
        (
            {"data": {"inputs": [[1.0], [2.0]], "labels": [1, 2]}},
            "data.labels: must be of two classes, -1 and 1, 0 and 1, or false and true",
        ),
        (
            {"data": {"inputs": [[1.0], [2.0]], "labels": [0, 1, 1]}},
            "data.labels: must be 2, one for each of data.inputs (got 3)",
        ),
        ({"data": {"inputs": [[1.0], [np.nan]], "labels": [0, 1]}}, "data.inputs: must be finite"),
        ({"data": {"inputs": [[1.0], [2.0]], "labels": [0, np.inf]}}, "data.labels: must be finite"),
        ({"data": {"inputs": [[1.0], [2.0, 3.0]], "labels": [0, 1]}}, "data.inputs: must have rows of one length"),
        ({"data": {"inputs": "missing.npy", "labels": [0, 1]}}, "data.inputs: "),
        (
            {"data": {"inputs": [[1.0], [2.0]], "outputs": [[0.0], [1.0]]}},
            "data: logistic learns from inputs and labels (got outputs)",
        ),
        ({"data": {"pair": {"gamma": 0.0}}}, "data.pair.gamma: must be at least 1e-06"),
        ({"data": {"pear": {}}}, "data.pear: unknown key"),
        ({"loss": "hinge"}, "loss: unknown name 'hinge'; valid: logistic, exponential"),
        ({"loss": "logistics"}, "loss: unknown name 'logistics' (did you mean logistic?)"),
        ({"target": {"singular_values": [2.0]}}, "target: logistic learns none"),
        ({"axes": {"eta": 1.0, "alpha": 0.1}}, "axes.alpha: logistic has no alpha"),
        ({"axes": {"eta": 1.0, "momentum": 0.1}}, "axes.momentum: logistic takes no momentum"),
        (
            {"model": "modes", "axes": {"eta": 1.0, "alpha": 0.1, "depth": 2}},
            "data: modes learns a target; the models logistic",
        ),
        (
            {"model": "modes", "data": None, "loss": "logistic", "axes": {"eta": 1.0, "alpha": 0.1, "depth": 2}},
            "loss: modes has none",
        ),
    ],
)
def test_what_is_no_sweep(changes, message):
    keys = {"model": "logistic", "data": {"pair": {}}, "axes": {"eta": 1.0}, **changes}
    with pytest.raises(SweepError) as refusal:
        Sweep(**{name: value for name, value in keys.items() if value is not None})
    assert str(refusal.value).startswith(message)
    assert "\n" not in str(refusal.value)


def test_data_of_files_are_those_of_arrays_and_stores_name_no_files(tmp_path):
    inputs, labels = clouds(6, 2, 2.0)
    np.save(tmp_path / "x.npy", inputs)
    np.save(tmp_path / "y.npy", (labels > 0).astype(int))
    of_files = Sweep(
        model="logistic",
        data={"inputs": str(tmp_path / "x.npy"), "labels": str(tmp_path / "y.npy")},
        axes={"eta": [1.0, 2.0]},
    )
    of_arrays = Sweep(model="logistic", data={"inputs": inputs, "labels": labels}, axes={"eta": [1.0, 2.0]})
    assert of_files.canonical() == of_arrays.canonical()
    assert str(tmp_path) not in of_files.canonical()
    hostile = of_files.canonical().replace(
        str(of_files.data.model_dump(mode="json")["labels"]).replace(" ", ""), '"/etc/passwd"'
    )
    assert "/etc/passwd" in hostile
    with pytest.raises(SweepError, match=r"^data\.labels: .*names no files"):
        Sweep.stored(hostile)
    ds = fastdln.run(of_files, store=tmp_path / "out.zarr")
    assert analysis.census(fastdln.open(tmp_path / "out.zarr")).fates == {"converged": 2}
    assert ds.angle.max() < 0.5


def test_paths_of_data_are_relative_to_the_sweep_file(tmp_path, monkeypatch):
    inputs, labels = clouds(6, 2, 2.0)
    (tmp_path / "there").mkdir()
    for name, array in (("x", inputs), ("y", labels)):
        np.save(tmp_path / "there" / f"{name}.npy", array)
    text = 'model = "logistic"\ndata = { inputs = "x.npy", labels = "y.npy" }\n[axes]\neta = 1.0\n'
    (tmp_path / "there" / "sweep.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    found = Sweep.from_file("there/sweep.toml")
    np.testing.assert_array_equal(found.data.inputs, inputs)
    np.testing.assert_array_equal(found.data.labels, labels)


@pytest.mark.parametrize("margin", [10.0**-k for k in range(14)])
def test_the_direction_of_small_margins(margin):
    """Two examples on either side, of any margin that float64 can tell from none: along the first axis."""
    for scale in (1.0, 1e100, 1e-100):
        found = max_margin_direction(scale * np.array([[margin, 1.0], [margin, -1.0]]))
        np.testing.assert_allclose(found, [1.0, 0.0], rtol=0, atol=1e-9)


@pytest.mark.parametrize("examples", [[[0.0, 1.0], [0.0, -1.0]], [[1.0, 0.0], [-1.0, 1e-9]], [[1.0, 2.0], [0.0, 0.0]]])
def test_examples_that_no_plane_separates_have_no_direction(examples):
    examples = np.array(examples)
    found = max_margin_direction(examples)
    assert not found.any() or (examples @ found).min() > 0


@pytest.mark.parametrize(
    "data",
    [
        {"pair": None},
        {"inputs": None, "labels": [1, -1]},
        {"inputs": [[1, 2], [3, 4]], "labels": None},
        {"teacher": None},
    ],
    ids=str,
)
def test_data_that_are_none_are_no_data(data):
    with pytest.raises(SweepError, match="data: must have inputs and labels"):
        Sweep(model="logistic", axes={"eta": 0.1}, data=data)


def test_labels_in_rows_are_refused(tmp_path):
    np.save(tmp_path / "y.npy", np.ones((6, 3)))
    for labels in (tmp_path / "y.npy", np.ones((6, 3)), np.ones((6, 3)).tolist()):
        with pytest.raises(SweepError, match=r"must be a label an example, .* \(got 6 x 3 numbers\)"):
            Sweep(model="logistic", axes={"eta": 0.1}, data={"inputs": np.ones((6, 2)), "labels": labels})


def test_labels_are_a_vector_or_a_column_of_numbers_or_truth_values(tmp_path):
    signs = np.array([1, -1, -1, 1, 1, -1])
    ways = [signs, signs[:, None], signs > 0, (signs > 0)[:, None], (signs > 0).tolist(), (signs > 0).astype(np.uint8)]
    for k, labels in enumerate(ways):
        if isinstance(labels, np.ndarray):
            np.save(tmp_path / f"{k}.npy", labels)
            ways.append(tmp_path / f"{k}.npy")
        sweep = Sweep(model="logistic", axes={"eta": 0.1}, data={"inputs": np.ones((6, 2)), "labels": labels})
        assert sweep.data.labels == tuple(signs.tolist())
        assert Sweep.stored(sweep.canonical()).canonical() == sweep.canonical()


@pytest.mark.parametrize("labels", [1, [], ["a", "b"], [[1], [2, 3]], None, [{}, {}]])
def test_what_is_no_list_of_labels(labels):
    with pytest.raises(SweepError) as refusal:
        Sweep(model="logistic", axes={"eta": 0.1}, data={"inputs": [[1.0], [2.0]], "labels": labels})
    assert str(refusal.value).startswith("data")
    assert "\n" not in str(refusal.value)


def test_a_loss_at_rest_does_not_rise():
    """Overlapping classes below the edge, in steps that end at the minimum: descent on a convex loss falls from state 0 on."""
    data = {"inputs": [[1, 0], [1, 0], [0, 1], [0.3, -1], [-0.4, 0.7]], "labels": [1, -1, 1, 1, 1]}
    with pytest.warns(UserWarning, match="norm0 has no effect"):
        ds = run(data, [0.1, 0.5, 1.0, 2.0], steps=20_000, record=100)
    assert set(ds.edge_step.values.ravel()) == {-1}
    assert set(ds.monotone_from.values.ravel()) == {0}
