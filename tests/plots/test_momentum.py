"""Pictures of runs with momentum: the edge where it is with momentum, and nothing that holds without it alone."""

import numpy as np
import pytest

import fastdln
from fastdln import plots, theory

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


def swept(nesterov, mu, **keys):
    axes = {"eta": {"start": 0.1, "stop": 1.6, "num": 31}, "alpha": 0.9, "depth": 3, "momentum": mu}
    keys = {"steps": 400, "record": 64, "observables": ["period", "sharpness", "orbit", "loss", "lyapunov"], **keys}
    return fastdln.run(fastdln.Sweep(model="balanced", axes=axes, nesterov=nesterov, **keys))


def curves(ax):
    return {line.get_label(): line for line in ax.get_lines()}


@pytest.mark.parametrize(("nesterov", "name"), [(False, r"2(1+$\mu$)/$S$"), (True, r"2(1+$\mu$)/(1+2$\mu$)/$S$")])
def test_the_edge_bends_with_momentum(nesterov, name):
    mu = np.linspace(0.0, 0.5, 6)
    ax = plots.phase(swept(nesterov, mu))
    line = curves(ax)[name]
    np.testing.assert_allclose(line.get_ydata(), mu)
    np.testing.assert_allclose(line.get_xdata(), theory.critical_learning_rate(1.0, 3, mu, nesterov))
    assert ax.get_ylabel() == r"momentum $\mu$"


def test_the_sharpness_has_the_edge_of_its_momentum():
    ax = plots.sharpness(swept(False, [0.0, 0.5]), momentum=0.5)
    edge = curves(ax)[r"2(1+$\mu$)/$\eta$"]
    np.testing.assert_allclose(edge.get_ydata(), 3.0 / edge.get_xdata())


@pytest.mark.parametrize(("nesterov", "edge"), [(False, "2(1+mu)/eta"), (True, "2(1+mu)/(1+2mu)/eta")])
def test_the_plane_of_sharpness_is_over_the_edge_of_each_momentum(nesterov, edge):
    """Minima that are stable are never beyond the edge."""
    mu = np.array([0.0, 0.1, 0.2])
    ds = swept(nesterov, mu, steps=4000)
    ax = plots.sharpness(ds)
    mesh = next(one for one in ax.collections if one.colorbar)
    assert edge in mesh.colorbar.ax.get_ylabel().replace("\n", " ")
    drawn = np.ma.filled(mesh.get_array(), np.nan)
    factor = (1 + mu) / (1 + 2 * mu) if nesterov else 1 + mu
    expected = (ds.eta * ds.sharpness / 2).squeeze().transpose("momentum", "eta").values / factor[:, None]
    np.testing.assert_allclose(drawn, expected, rtol=1e-12)
    at_rest = (ds.period == 1).isel(mode=0).squeeze().transpose("momentum", "eta").values
    assert at_rest.any(axis=1).all()
    assert (drawn[at_rest] < 1).all()


def test_the_bifurcation_shows_no_cascade_of_plain_descent():
    names = set(curves(plots.bifurcation(swept(False, 0.5))))
    assert not {"onset of chaos", "further doublings", "theory: minimum and two-cycle"} & names
    assert r"2(1+$\mu$)/$S$" in names
    plain = fastdln.Sweep(
        model="balanced", axes={"eta": [0.1, 0.5, 1.0], "alpha": 0.9, "depth": 3}, steps=400, record=64
    )
    assert "onset of chaos" in set(curves(plots.bifurcation(fastdln.run(plain.changed(['observables=["orbit"]'])))))


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("kind", ["loss", "lyapunov", "oscillation_range"])
def test_predictions_have_an_entry_where_there_are_any(kind, nesterov):
    """Of the heavy ball the two-cycle, of Nesterov none; exponents of neither."""
    ax = getattr(plots, kind)(swept(nesterov, 0.2, observables=["loss", "lyapunov", "oscillation_range"]))
    named = {text.get_text() for text in ax.get_legend().get_texts()}
    predictions = {name for name in named if name.startswith(("theory", "mean on"))}
    if nesterov or kind == "lyapunov":
        assert not predictions
        return
    (name,) = predictions
    line = curves(ax)[name]
    drawn = np.asarray(line.get_xdata())[np.asarray(line.get_ydata(), dtype=float) > 0]
    edge = theory.critical_learning_rate(1.0, 3, 0.2)
    assert edge < drawn.min() < drawn.max() < 1.3 * edge


def test_of_other_models_nothing_is_predicted_and_nothing_named():
    axes = {"eta": [0.3, 0.9, 1.1, 1.25], "lambda0": 2.5, "error0": -0.1}
    ds = fastdln.run(fastdln.Sweep(model="uv", axes=axes, steps=400, observables=["oscillation_range", "lyapunov"]))
    for kind in ("oscillation_range", "lyapunov"):
        named = {text.get_text() for text in getattr(plots, kind)(ds).get_legend().get_texts()}
        assert not [name for name in named if name.startswith("theory")]
