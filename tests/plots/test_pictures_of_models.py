"""Every model's store can be drawn in every kind that it is said to have, and what is drawn is of that model."""

import numpy as np
import pytest

import fastdln
from fastdln import Sweep, analysis, plots
from fastdln.plots import drawable
from fastdln.reports import captions
from tests.commands import invoke

ETAS = {"start": 0.05, "stop": 0.4, "num": 5}
SWEEPS = {
    "uv": {"model": "uv", "axes": {"eta": ETAS, "lambda0": [3.0, 4.0], "error0": -0.5}, "trajectory": 5},
    "logistic": {"model": "logistic", "axes": {"eta": ETAS}, "data": {"pair": {}}, "trajectory": 5},
    "mlp": {
        "model": "mlp",
        "axes": {"eta": ETAS, "alpha": 1.0, "activation": ["tanh", "linear"]},
        "data": {"teacher": {"examples": 6, "inputs": 2}},
        "widths": [2, 3, 1],
        "trajectory": 5,
        "sharpness_count": 2,
    },
    "momentum": {
        "model": "modes",
        "axes": {"eta": ETAS, "momentum": [0.0, 0.5], "alpha": 0.5, "depth": 2},
        "trajectory": 5,
    },
    "compressed": {
        "model": "matrix",
        "axes": {"eta": ETAS, "alpha": 0.3},
        "target": {"singular_values": [1.0, 0.5], "basis": "random"},
        "start": {"compressed": {"noise": 0.1}},
        "widths": [2, 2, 2],
    },
}


@pytest.fixture(scope="module", params=SWEEPS)
def dataset(request):
    return fastdln.run(Sweep(**SWEEPS[request.param] | {"steps": 40, "record": 16}))


@pytest.mark.filterwarnings("ignore:steps =")
def test_every_kind_that_is_offered_is_drawn(dataset):
    kinds = drawable(dataset)
    assert {"phase", "loss"} <= set(kinds)
    for kind in kinds:
        plots.encode(plots.figure(dataset, kind), "png", 40)


@pytest.mark.filterwarnings("ignore:steps =")
@pytest.mark.parametrize("name", SWEEPS)
def test_the_report_has_every_picture(tmp_path, name):
    fastdln.run(Sweep(**SWEEPS[name] | {"steps": 40, "record": 16}), tmp_path / "s.zarr")
    done = invoke("report", str(tmp_path / "s.zarr"), "-o", str(tmp_path / "s.html"))
    assert done.exit_code == 0, (done.exception, done.stderr)
    assert (tmp_path / "s.html").stat().st_size > 10_000


@pytest.mark.parametrize("kind", ["layers", "contour", "balancing"])
def test_the_numbers_of_uv_are_no_layers(kind):
    ds = fastdln.run(Sweep(**SWEEPS["uv"] | {"steps": 40, "record": 16}))
    assert kind not in drawable(ds)
    with pytest.raises(fastdln.DatasetError, match="is of layers, which uv does not have"):
        plots.figure(ds, kind)


def test_a_nonlinear_network_has_no_balanced_minimum():
    ds = fastdln.run(Sweep(**SWEEPS["mlp"] | {"steps": 40, "record": 16}))
    for ax in plots.figure(ds, "eigenvalues").axes:
        assert "balanced minimum" not in {line.get_label() for line in ax.lines}


def test_the_gap_of_hidden_units_is_drawn_with_that_of_the_start():
    ds = fastdln.run(Sweep(**SWEEPS["mlp"] | {"steps": 40, "record": 16}))
    ax = plots.balancing(ds.sel(activation="tanh"))
    (start,) = (line for line in ax.lines if line.get_label() == "at the start")
    np.testing.assert_array_equal(start.get_ydata(), ds.balancing_gap_start.sel(activation="tanh").values.ravel())


OWN_AXIS = {"uv": "lambda0", "logistic": "norm0"}


@pytest.mark.parametrize("name", OWN_AXIS)
def test_a_model_without_a_scale_has_an_axis_of_its_own(name):
    """Where nothing varies but the learning rate, and in the list of axes; networks have alpha."""
    sweep = SWEEPS[name] | {"steps": 40, "record": 16}
    strip = fastdln.run(Sweep(**sweep | {"axes": sweep["axes"] | {OWN_AXIS[name]: 3.0}}))
    assert plots.phase(strip).get_ylabel() == OWN_AXIS[name]
    label = plots.map(strip, variable="loss").get_ylabel().replace("\n", " ")
    assert label == strip[OWN_AXIS[name]].attrs["long_name"].replace("\n", " ")
    with pytest.raises(fastdln.DatasetError, match=r"y: must be one of .*, eta") as refused:
        plots.map(strip, variable="loss", y="alpha")
    assert not {"alpha", "depth"} & set(str(refused.value).partition("(got")[0].replace(",", "").split())
    network = fastdln.run(Sweep(**SWEEPS["mlp"] | {"steps": 40, "record": 16}))
    assert plots.phase(network, activation="tanh").get_ylabel() == r"$\alpha$"


@pytest.mark.parametrize("name", OWN_AXIS)
def test_captions_name_the_axes_that_there_are(name):
    sweep = SWEEPS[name] | {"steps": 40, "record": 16}
    ds = fastdln.run(Sweep(**sweep | {"axes": sweep["axes"] | {OWN_AXIS[name]: 3.0}}))
    found = captions.findings(ds, analysis.census(ds))
    for kind in ("phase", "loss"):
        text = captions.caption(ds, kind, plots.PLOTS[kind].summary, plots.figure(ds, kind), found)
        assert f"{OWN_AXIS[name]} = 3" in text
        assert "alpha" not in text
        assert "depth" not in text
