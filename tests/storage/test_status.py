"""What `status` shows of the sweep: a row a key and an axis, as a sweep file names them."""

import pytest

import fastdln
from fastdln import run
from fastdln.models import MODELS
from fastdln.sweep.display import by_key, subject
from tests.commands import invoke
from tests.small import SWEEP

pytestmark = pytest.mark.filterwarnings("ignore:.*points are not computed yet")


@pytest.fixture
def store(tmp_path):
    run(SWEEP, tmp_path / "s.zarr", part="1/2", progress=False)
    return tmp_path / "s.zarr"


def test_the_sweep_is_laid_out_for_reading(store):
    said = invoke("status", store).stdout
    assert said.strip() == str(fastdln.status(store)) == repr(fastdln.status(store))
    assert "{" not in said, "no JSON"
    lines = dict(line.split(None, 1) for line in said.splitlines() if line != "sweep")
    assert lines["points"] == "80 of 160 computed (50.0%)"
    assert lines["missing"].startswith("chunk numbers ")
    assert lines["model"] == "modes"
    assert lines["axes.depth"] == "2, 3"
    assert lines["axes.eta"] == "40 values from 0.1 to 1.5"
    assert lines["target"] == "singular_values = [1.0, 0.5]"
    assert set(lines["observables"].split(", ")) == set(SWEEP.observables)
    assert max(map(len, said.splitlines())) < 120


def test_in_a_notebook_it_is_a_table(store):
    page = fastdln.status(store)._repr_html_()
    assert page.startswith("<table>")
    for name, value in (("points", "80 of 160 computed (50.0%)"), ("axes.eta", "40 values from 0.1 to 1.5")):
        assert f'{name}</th><td style="text-align: left">{value}</td>' in page


INPUTS = [[float(i + j) for j in range(4)] for i in range(5)]
OWN = {
    "logistic": (
        {"data": {"inputs": INPUTS, "labels": [0, 1, 1, 1, 0]}, "loss": "exponential", "axes": {"eta": 0.1}},
        {
            "model": "logistic",
            "axes.norm0": "0",
            "axes.eta": "0.1",
            "data": "inputs: 5 x 4; labels: 5, 3 of 1 and 2 of -1",
            "loss": "exponential",
        },
    ),
    "mlp": (
        {
            "data": {"inputs": INPUTS, "outputs": [[1], [2], [3], [4], [5]]},
            "widths": [4, 2, 1],
            "axes": {"eta": 0.1, "alpha": 0.5},
        },
        {
            "model": "mlp",
            "axes.depth": "2",
            "axes.alpha": "0.5",
            "axes.eta": "0.1",
            "data": "inputs: 5 x 4; outputs: [[1.0], [2.0], [3.0], [4.0], [5.0]]",
            "activation": "tanh",
            "widths": "[4, 2, 1]",
            "start": "gaussian",
        },
    ),
    "uv": (
        {"axes": {"eta": 0.1, "lambda0": 2.5}},
        {
            "model": "uv",
            "axes.lambda0": "2.5",
            "axes.error0": "-1",
            "axes.width": "1",
            "axes.eta": "0.1",
            "target": "singular_values = [1.0]",
        },
    ),
}
OF_A_RUN = {"steps", "record", "period_max", "observables", "sharpness_every"}


@pytest.mark.parametrize("model", OWN)
def test_the_keys_are_those_that_the_model_has(model):
    keys, expected = OWN[model]
    rows = dict(by_key(fastdln.Sweep(model=model, **keys)))
    assert {key: value for key, value in rows.items() if key not in OF_A_RUN} == expected


def test_arrays_are_told_by_their_sizes():
    start = [[[1.0, 0.0], [0.0, 1.0]], [[1.0, 2.0]] * 7, [[0.5] * 7] * 2]
    axes = {"eta": 0.1}
    rows = dict(
        by_key(
            fastdln.Sweep(model="matrix", target={"matrix": [[1, 0], [0, 2]]}, start=start, axes={**axes, "alpha": 1.0})
        )
    )
    assert rows["target"] == "matrix = [[1.0, 0.0], [0.0, 2.0]]"
    assert rows["start"] == "layers: [[1.0, 0.0], [0.0, 1.0]], 7 x 2, 2 x 7"
    rows = dict(by_key(fastdln.Sweep(model="logistic", data={"pair": {"gamma": 0.2}}, axes=axes)))
    assert rows["data"] == "pair: gamma = 0.2"
    teacher = {"examples": 6, "inputs": 3}
    rows = dict(
        by_key(fastdln.Sweep(model="mlp", data={"teacher": teacher}, widths=[3, 2, 1], axes={**axes, "alpha": 1.0}))
    )
    assert rows["data"] == "teacher: examples = 6, inputs = 3, outputs = 1, hidden = 8, seed = 0"


def test_a_sentence_says_what_is_simulated():
    axes = {"eta": 0.1, "alpha": 1.0, "depth": 2}
    linear = "Gradient descent on deep linear networks"
    assert subject(SWEEP).startswith(linear)
    assert subject(fastdln.Sweep(axes={"model": ["modes", "balanced"], **axes}, start="balanced")).startswith(linear)
    for names in (["flow"], ["modes", "modes-flow"]):
        said = subject(fastdln.Sweep(axes={"model": names, **axes}, start="one-zero"))
        assert linear not in said
        assert all(MODELS[name].summary in said for name in names)
    assert "logistic regression" in subject(fastdln.Sweep(model="logistic", data={"pair": {}}, axes={"eta": 0.1}))
