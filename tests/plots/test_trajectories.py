"""Pictures along the learning rate or the steps: states left out, values that are missing, and spectra."""

import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure

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


@pytest.mark.parametrize("layout", ["constrained", None])
@pytest.mark.parametrize("kind", ["layers", "trajectory"])
def test_the_last_steps_are_beside_the_run(kind, layout, modes):
    """The same states as in the picture, on the same scale, within the figure and beside the picture."""
    figure = Figure(layout=layout)
    ax = plots.PLOTS[kind].draw(modes, figure.subplots(), eta=1.15, alpha=0.3)
    plots.encode(figure, "png", 60)
    (beside,) = ax.child_axes
    last = [one for one in beside.lines if one.get_marker() == "." and len(one.get_xdata())]
    runs = [one for one in ax.lines if one.get_marker() == "." and len(one.get_xdata())]
    assert len(last) == len(runs)
    for one, run_of in zip(last, runs, strict=True):
        np.testing.assert_array_equal(one.get_xdata(), np.asarray(run_of.get_xdata())[-21:])
        np.testing.assert_array_equal(one.get_ydata(), run_of.get_ydata()[-21:])
    assert beside.get_title() == "last 20 steps"
    assert beside.get_ylim() == ax.get_ylim()
    box, page = beside.get_window_extent(), figure.bbox
    assert ax.get_window_extent().x1 < box.x0 < box.x1 <= page.x1
    assert box.height == pytest.approx(ax.get_window_extent().height, abs=1)


def test_few_steps_are_not_shown_twice(modes):
    assert not plots.layers(modes.isel(step=slice(0, 40)), eta=1.15, alpha=0.3).child_axes
    over = plots.trajectory(modes, eta=1.15, alpha=0.3, over=modes)
    assert len(over.child_axes) == 1


def test_each_path_over_the_contours_is_seen(modes):
    """Later ones are narrower, so that those beneath stand out on both sides."""
    ax = plots.contour(modes.isel(eta=slice(0, 4)), alpha=0.3, mode=1)
    paths = [one for one in ax.lines if str(one.get_label()).startswith("$\\eta$")]
    assert len(paths) == 4
    widths = [one.get_linewidth() for one in paths]
    assert all(wide >= narrow + 1 for wide, narrow in itertools.pairwise(widths))
    levels = {float(text.get_text()) for text in ax.texts if text.get_text()}
    assert levels
    assert levels <= {10.0**k for k in range(-6, 6)}
    assert "loss of the mode" in {text.get_text() for text in ax.get_legend().get_texts()}


def test_one_learning_rate_along_the_steps_has_the_edge_in_its_own_colour(modes):
    ax = plots.sharpness(modes.isel(eta=[2]), alpha=0.3)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["sharpness", "2/$\\eta$"]
    several = plots.sharpness(modes.isel(eta=[1, 3]), alpha=0.3)
    named = [text.get_text() for text in several.get_legend().get_texts()]
    assert named == [f"$\\eta$ = {modes.eta.values[k]:.6g}" for k in (1, 3)] + ["2/$\\eta$, in its colour"]
    levels = {one.get_ydata()[0]: one.get_color() for one in several.lines if one.get_transform() != several.transData}
    np.testing.assert_allclose(sorted(levels), sorted(2 / modes.eta.values[[1, 3]]))
    assert len(set(levels.values())) == 2


def test_learning_rates_in_units_of_the_edge_are_named_so():
    axes = {"eta": {"start": 0.5, "stop": 1.5, "num": 3, "unit": "2/S1"}, "alpha": 0.3, "depth": 3}
    ds = run(Sweep(model="modes", axes=axes, steps=100, observables=["sharpness"], trajectory=1))
    ratios = ["0.5", "1", "1.5"]
    for kind in ("sharpness", "loss"):
        named = [text.get_text() for text in plots.PLOTS[kind].draw(ds, x="step").get_legend().get_texts()]
        assert [f"$\\eta$ = {ratio} $\\cdot$ 2/$S_{{1}}$" for ratio in ratios] == [n for n in named if "eta$ =" in n]
    panels = plots.figure(ds, "sharpness", panels="eta", x="step").axes
    assert [ax.get_title() for ax in panels] == [f"$\\eta$ = {ratio} $\\cdot$ 2/$S_{{1}}$" for ratio in ratios]
    one = plots.sharpness(ds.isel(eta=2), x="step", eta=float(ds.eta[2]))
    assert "1.5" in one.get_title()
    plain = plots.loss(ds.drop_vars("eta_ratio"), x="step").get_legend().get_texts()[0].get_text()
    assert plain == f"$\\eta$ = {float(ds.eta[0]):.6g}"
