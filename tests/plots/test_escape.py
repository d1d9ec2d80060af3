"""Steps to escape, converge and diverge: of each point, against plain loops; the plateau's length; and colours that stay apart."""

import itertools

import numpy as np
import pytest

from fastdln import DatasetError, Sweep, plots, run
from fastdln.plots.colours import CONVERGES, DIVERGES, ESCAPES, NEITHER, THEORY
from tests.plots.figures import small_sweep
from tests.plots.test_colours import BLINDNESS, lab

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")


@pytest.fixture(scope="module")
def boundary():
    """Two modes of depth 2 with eta through the boundary of divergence, the last points not computed."""
    axes = {"eta": np.linspace(0.3, 3.0, 25), "alpha": np.geomspace(1e-3, 1.2, 9), "depth": 2}
    keys = small_sweep(axes) | {"steps": 100, "observables": ["escape_step", "convergence_step", "divergence_step"]}
    ds = run(Sweep(**keys))
    return ds.assign(fate=ds.fate.where((ds.eta < 2.9) | (ds.alpha > 0.1), 0).astype(np.uint8))


def what(ds, modes):
    """Each point's steps to converge and escape of the last of the modes, to diverge of the first, NaN where not; and which are
    none of these."""
    converged, escaped, lost = np.full((3, ds.sizes["alpha"], ds.sizes["eta"]), np.nan)
    neither = np.zeros(escaped.shape, bool)
    for i, j in np.ndindex(escaped.shape):
        here = ds.isel(depth=0, alpha=i, eta=j)
        if here.fate == 0:
            continue
        diverged = [int(here.divergence_step[m]) for m in modes if here.divergence_step[m] >= 0]
        left = [int(here.escape_step[m]) for m in modes]
        arrived = [int(here.convergence_step[m]) for m in modes] if "convergence_step" in ds else [-1]
        if diverged:
            lost[i, j] = max(min(diverged), 1)
        elif min(arrived) >= 0:
            converged[i, j] = max(*arrived, 1)
        elif min(left) >= 0:
            escaped[i, j] = max(*left, 1)
        else:
            neither[i, j] = True
    return converged, escaped, lost, neither


@pytest.mark.parametrize("converges", [True, False])
@pytest.mark.parametrize("mode", [None, 1, 2])
def test_each_point_has_its_step_in_the_colours_of_what_it_did(boundary, mode, converges):
    ds = boundary if converges else boundary.drop_vars("convergence_step")
    ax = plots.escape(ds, **({} if mode is None else {"mode": mode}))
    converged, escaped, lost, neither = what(ds, [0, 1] if mode is None else [mode - 1])
    found = {mesh.colorbar.ax.get_ylabel(): mesh for mesh in ax.collections if mesh.colorbar}
    expected = {"converges": (converged, CONVERGES), "escapes": (escaped, ESCAPES), "diverges": (lost, DIVERGES)}
    for word, (steps, cmap) in expected.items():
        mesh = next((one for label, one in found.items() if word in label), None)
        if mesh is None:
            assert np.isnan(steps).all()
            continue
        assert mesh.cmap is cmap
        np.testing.assert_allclose(np.ma.filled(mesh.get_array(), np.nan), steps, rtol=1e-12)
    assert np.isfinite(escaped).any()
    assert np.isfinite(converged).any() == converges
    assert np.isfinite(lost).any() or mode == 2
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert (("none of these" if converges else "neither") in named) == neither.any()
    assert "not computed" in named


STEPS = {"escape_step": ESCAPES, "convergence_step": CONVERGES, "divergence_step": DIVERGES}


@pytest.mark.parametrize(
    ("names", "rest"),
    [
        (["escape_step"], "not escaped, or diverged"),
        (["convergence_step"], "not converged"),
        (["divergence_step"], "not diverged"),
        (["escape_step", "convergence_step"], "not escaped, or diverged"),
        (["convergence_step", "divergence_step"], "neither"),
    ],
)
def test_some_of_them_will_do(boundary, names, rest):
    only = plots.escape(boundary.drop_vars([name for name in STEPS if name not in names]))
    drawn = [mesh.cmap for mesh in only.collections if mesh.colorbar]
    assert sorted(one.name for one in drawn) == sorted(STEPS[name].name for name in names)
    assert rest in [text.get_text() for text in only.get_legend().get_texts()]


def test_one_of_them_is_needed(boundary):
    with pytest.raises(DatasetError, match="needs escape_step or convergence_step or divergence_step, which"):
        plots.escape(boundary.drop_vars(list(STEPS)))


def test_against_eta_each_step_is_drawn_where_it_is(boundary):
    ax = plots.escape(boundary, alpha=float(boundary.alpha[4]))
    here = boundary.isel(depth=0, alpha=4)
    drawn = {line.get_label(): line for line in ax.lines}
    verbs = {"convergence_step": "converges", "divergence_step": "diverges"}
    for (name, verb), mode in itertools.product(verbs.items(), (0, 1)):
        steps = np.where((here[name][:, mode] >= 0) & (here.fate != 0), np.maximum(here[name][:, mode], 1), np.nan)
        line = next(
            (one for label, one in drawn.items() if label.startswith(f"mode {mode + 1}") and verb in label), None
        )
        assert (line is None) == np.isnan(steps).all()
        if line is not None:
            np.testing.assert_array_equal(line.get_ydata(), steps)
    assert sum("converges" in label for label in drawn) == 2
    assert ax.get_ylabel() == "steps"
    alone = plots.escape(boundary.drop_vars(["escape_step", "divergence_step"]), alpha=float(boundary.alpha[4]))
    assert "is at s" in alone.get_ylabel().replace("\n", " ")


def test_the_plateau_is_as_long_as_the_theory_says(boundary):
    """At L = 2, from (alpha, 0), as many steps of the linearized map as take the product to s/2 (docs/theory.md, A)."""
    ax = plots.escape(boundary, alpha=float(boundary.alpha[2]))
    curves = [line for line in ax.lines if line.get_color() == THEORY["color"]]
    assert len(curves) == 2
    alpha = float(boundary.alpha[2])
    for curve, s in zip(curves, (1.0, 0.5), strict=True):
        eta, steps = curve.get_xdata(), curve.get_ydata()
        a, b, first = np.full(len(eta), alpha), np.zeros(len(eta)), np.full(len(eta), np.nan)
        for step in range(1, 400):  # the map linearized about the saddle at 0
            growing = np.isnan(first)
            a, b = np.where(growing, a + eta * s * b, a), np.where(growing, b + eta * s * a, b)
            first[growing & (a * b > s / 2)] = step
        np.testing.assert_allclose(steps, first, atol=1.0)
    measured = next(line for line in ax.lines if line.get_label().startswith("mode 1"))
    drawn = np.isin(measured.get_xdata(), boundary.eta.values)
    here = boundary.isel(depth=0, alpha=2, mode=0)
    expected = np.where((here.escape_step >= 0) & (here.fate != 0), here.escape_step, np.nan)
    np.testing.assert_array_equal(measured.get_ydata()[drawn], expected)


def test_panels_have_a_bar_for_each_quantity(boundary):
    figure = plots.figure(boundary, "escape", panels="mode")
    bars = [ax.get_ylabel() for ax in figure.axes if ax.get_label() == "<colorbar>"]
    assert sorted(bars) == ["converges at step", "diverges at step", "escapes at step"]


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_later_is_darker_and_the_three_stay_apart(blindness):
    """In grey as well: every step of divergence is darker than all of escape, these than all of convergence, and white is lighter."""
    maps = {"c": CONVERGES, "e": ESCAPES, "d": DIVERGES}
    shades = {name: [lab(cmap(x), blindness) for x in np.linspace(0, 1, 33)] for name, cmap in maps.items()}
    lightness = {name: [shade[0] for shade in found] for name, found in shades.items()}
    for name, found in lightness.items():
        assert (np.diff(found) < 0).all()
        assert found[0] - found[-1] > (20 if name == "c" else 25)
    assert min(lightness["c"]) - max(lightness["e"]) > 7.5
    assert min(lightness["e"]) - max(lightness["d"]) > 7.5
    assert lab(NEITHER, blindness)[0] - max(lightness["c"]) > 5
    for one, two in itertools.combinations(shades.values(), 2):
        assert min(np.linalg.norm(a - b) for a in one for b in two) > 20
