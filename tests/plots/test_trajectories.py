"""Pictures along the learning rate or the steps: states left out, values that are missing, and spectra."""

import numpy as np
import pytest

from fastdln import Sweep, plots, run, theory
from tests import reference
from tests.plots.figures import line, theory_lines

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")


@pytest.mark.parametrize("view", [line, lambda ds: ds.isel(alpha=[1])])
def test_what_flow_would_keep_is_on_the_balancing_picture(modes, view):
    """From (alpha, 0): alpha^2."""
    ax = plots.balancing(view(modes))
    level = [one.get_ydata() for one in theory_lines(ax) if "flow" in str(one.get_label())]
    np.testing.assert_allclose(level, [[0.09, 0.09]], rtol=1e-12)
    assert ax.get_yscale() == "log"


def test_thinned_states_keep_both_of_a_two_cycle(monkeypatch, modes):
    ds = modes.isel(alpha=[1]).sel(eta=[1.15], method="nearest")
    for most in (100, 200, 233):
        monkeypatch.setattr("fastdln.plots.trajectories.MOST_POINTS", most)
        ax = plots.eigenvalues(ds)
        tops = np.array([one.get_ydata()[-20:] for one in ax.lines if len(one.get_xdata()) > 50])
        exact = ds.trajectory_sharpness.values.ravel()[-60:]
        assert tops.max() == pytest.approx(exact.max(), rel=1e-9)
        assert tops.max(axis=0).min() == pytest.approx(exact.min(), rel=1e-9)
        assert max(len(one.get_xdata()) for one in ax.lines) <= most


@pytest.mark.parametrize("kind", ["oscillation_range", "loss", "bifurcation", "balancing", "lyapunov"])
def test_learning_rates_without_a_value_are_on_the_axis(kind):
    """All diverged, then none computed: the axis has all of them, and what is not computed is hatched."""
    axes = {"eta": [5.0, 6.0, 9.0], "alpha": 0.5, "depth": 2}
    ds = run(
        Sweep(
            model="modes",
            axes=axes,
            steps=100,
            record=16,
            observables=["orbit", "balancing", "lyapunov", "loss", "oscillation_range"],
        )
    )
    for gone in (False, True):
        ds = ds.assign(fate=0 * ds.fate) if gone else ds
        ax = plots.PLOTS[kind].draw(ds)
        low, high = ax.get_xlim()
        assert low <= 5
        assert high >= 9
        named = {text.get_text() for text in ax.get_legend().get_texts()} if ax.get_legend() else set()
        assert ("not computed" in named) == gone
        plots.encode(ax.figure, "png", 50)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_spectrum_against_the_whole_hessian(depth):
    """All eigenvalues, against those of the Hessian of the matrices by second differences of the gradient."""
    rng = np.random.default_rng(depth)
    w, s = rng.uniform(0.3, 1.2, size=(depth, 3)), np.array([1.0, 0.7, 0.0])
    exact = np.linalg.eigvalsh(reference.hessian([np.diag(row) for row in w], np.diag(s)))[::-1]
    np.testing.assert_allclose(theory.spectrum(w, s), exact, atol=1e-6 * abs(exact).max())
    assert theory.spectrum(w, s)[0] == theory.sharpness(w, s)
    assert np.isnan(theory.spectrum(np.full((depth, 3), np.inf), s)).all()


def test_layers_of_matrices_are_told_by_their_order():
    """Singular values of a layer fall, whatever modes they belong to: here the second mode of the target is the larger one."""
    ds = run(
        Sweep(
            model="matrix",
            start="gaussian",
            axes={"eta": 0.2, "alpha": 0.5, "depth": 2},
            target={"singular_values": [0.5, 1.0]},
            steps=20,
            record=16,
            trajectory=1,
            observables=["period"],
        ),
        progress=False,
    )
    said = [text.get_text() for text in plots.layers(ds).get_legend().get_texts()]
    assert "singular value 1" in said and "singular value 2" in said
    assert not any("s = " in one for one in said)
