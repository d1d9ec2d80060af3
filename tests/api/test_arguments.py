"""What public functions make of arguments that are no good: one line that names the argument, and never another error."""

import inspect

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from fastdln import DatasetError, analysis, plots, theory
from tests.small import SWEEP, made

NO_NUMBERS = ["two", None, [1.0, "a"], {}, object(), [[1.0], [1.0, 2.0]], 1j, b"x", True, ["nan"]]
NO_DATASETS = [None, 5, "x", [], np.zeros(3), xr.DataArray([1.0]), xr.Dataset(), xr.Dataset(attrs={"sweep": "{}"})]
NO_COUNTS = ["two", None, [1], 2.5, -1, np.nan, 1e30, True, {}]
NO_DEPTHS = [2.5, np.inf, [2, 2.5], -np.inf]

# A call of every public function that is good.
THEORY = {
    "balanced_plateau_steps": {"alpha": 0.1, "eta": 0.1, "singular_value": 1.0, "depth": 3},
    "balancing_alpha_bound": {"eta": 0.9, "singular_value": 1.0, "depth": 3},
    "critical_learning_rate": {"singular_value": 1.0, "depth": 3, "momentum": 0.5, "nesterov": False},
    "divergence_bound": {"eta": 0.1, "singular_value": 1.0, "depth": 3},
    "factorization_limit": {"u": 1.0, "v": 0.5, "y": 1.0},
    "flip_coefficient": {"singular_value": 1.0, "depth": 3},
    "flow_sharpness": {"layers": [[1.0, 0.5], [1.0, 0.7]], "singular_values": [1.0, 0.5]},
    "hessian_eigenvalues": {"singular_values": [1.0, 0.5], "depth": 3},
    "onset_of_chaos": {"depth": 2},
    "period_doubling": {"depth": 2, "count": 2},
    "plateau_steps": {"alpha": 0.1, "eta": 0.1, "singular_value": 1.0, "depth": 3},
    "sharpness": {"layers": [[1.0, 0.5], [1.0, 0.7]], "singular_values": [1.0, 0.5]},
    "sharpness_at_minimum": {"layers": [[[1.0]], [[1.0]]]},
    "sharpness_gradient": {"layers": [[[1.0]], [[1.0]]], "target": [[1.0]]},
    "spectrum": {"layers": [[1.0, 0.5], [1.0, 0.7]], "singular_values": [1.0, 0.5]},
    "stability_limit": {"singular_value": 1.0, "depth": 3},
    "two_cycle": {"eta": 0.8, "singular_value": 1.0, "depth": 3},
}


def refused(call, *words, error=ValueError):
    with pytest.raises(error) as caught:
        call()
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 400
    assert all(word in said for word in words), said


def bad_values(name):
    if name == "nesterov":
        return [value for value in NO_NUMBERS if value is not True]
    return NO_COUNTS if name == "count" else NO_NUMBERS + (NO_DEPTHS if name == "depth" else [])


CASES = [(f, name, bad) for f, good in THEORY.items() for name in good for bad in bad_values(name)]


def test_the_tables_are_whole():
    assert set(THEORY) == set(theory.__all__)
    for name, good in THEORY.items():
        assert list(inspect.signature(getattr(theory, name)).parameters) == list(good)
        getattr(theory, name)(**good)
    functions = {name for name in analysis.__all__ if inspect.isfunction(getattr(analysis, name))}
    assert functions == {
        "agreement", "basin_entropy", "basin_fractions", "boundary", "box_counting_dimension", "census", "compare", "fate_names",
        "feigenbaum", "flips", "onset", "prediction", "uncertainty_exponent",
    }  # fmt: skip
    assert set(plots.__all__) - set(plots.PLOTS) == {
        "FORMATS", "PLOTS", "arranged", "drawable", "encode", "figure", "kind_of",
    }  # fmt: skip


@pytest.mark.parametrize(("function", "name", "bad"), CASES)
def test_theory_names_what_is_no_number(function, name, bad):
    refused(lambda: getattr(theory, function)(**THEORY[function] | {name: bad}), name)


BROADCASTING = [name for name, good in THEORY.items() if len(good) > 1 and not {"count", "target"} & set(good)]


@pytest.mark.parametrize("function", BROADCASTING)
def test_theory_names_shapes_that_do_not_go_together(function):
    shapes = {name: np.ones((2 + k, 3 + k)) for k, name in enumerate(THEORY[function]) if name != "nesterov"}
    shapes = {name: 2 * value if name == "depth" else value for name, value in shapes.items()}
    refused(lambda: getattr(theory, function)(**shapes), *shapes)


def test_theory_of_shapes_that_make_no_network():
    for function in (theory.sharpness, theory.spectrum, theory.flow_sharpness):
        for layers in (3.0, [1.0, 2.0], [[1.0, 2.0]], np.zeros((2, 0)), np.zeros((0, 2))):
            refused(lambda f=function, w=layers: f(w, 3.0), "layers", "(..., depth, mode)")


def test_theory_of_numbers_outside_its_domain_is_not_a_number():
    """One of many points may be out of it."""
    for name, good in THEORY.items():
        if name in ("period_doubling", "onset_of_chaos"):
            for depth in (1, 0, np.nan, [2, 1]):
                refused(lambda n=name, g=good, d=depth: getattr(theory, n)(**g | {"depth": d}), "depth", "2")
        elif "depth" in good and name != "divergence_bound":
            assert np.isnan(getattr(theory, name)(**good | {"depth": 1})).all(), name
            assert np.isnan(getattr(theory, name)(**good | {"depth": np.nan})).all(), name
        for key in set(good) & {"singular_value", "singular_values", "layers"}:
            found = getattr(theory, name)(**good | {key: np.multiply(good[key], np.nan)})
            parts = [found[0], *found[1], *found[2]] if name == "sharpness_gradient" else [found]
            assert all(np.isnan(part).all() for part in parts), (name, key)


@pytest.fixture(scope="module")
def ds():
    return made(SWEEP)


@pytest.mark.parametrize("bad", NO_DATASETS, ids=lambda bad: type(bad).__name__)
def test_what_takes_a_dataset_says_so(bad):
    calls = [analysis.agreement, analysis.census, analysis.compare, analysis.flips, plots.drawable]
    calls += [plot.draw for plot in plots.PLOTS.values()]
    calls += [lambda ds, kind=kind: plots.figure(ds, kind) for kind in plots.PLOTS]
    for call in calls:
        refused(lambda call=call: call(bad), "dataset", error=DatasetError)


def test_analysis_names_its_arguments(ds):
    for bad in [*(bad for bad in NO_COUNTS if bad is not None), 0, 3]:
        refused(lambda bad=bad: analysis.flips(ds, mode=bad), "mode", "1 to 2", error=DatasetError)
    for bad in [*NO_COUNTS, 0, 15]:
        refused(lambda bad=bad: analysis.flips(ds, count=bad), "count", "1 to 14", error=DatasetError)
    refused(lambda: analysis.flips(ds.drop_vars("period")), "period", "observables", error=DatasetError)
    for function in (analysis.feigenbaum, analysis.onset):
        for bad in [*NO_NUMBERS, 3.0, ds, xr.Dataset({"flip": 3.0})]:
            refused(lambda f=function, bad=bad: f(bad), "flips", error=DatasetError)
    good = {"eta": ds.eta, "depth": ds.depth, "s": ds.singular_value, "model": "modes"}
    assert analysis.prediction(**good)
    for name in good:
        for bad in [*NO_NUMBERS, xr.DataArray(["a"], dims="mode"), ds]:
            refused(lambda n=name, bad=bad: analysis.prediction(**good | {n: bad}), name, error=DatasetError)
    refused(lambda: analysis.prediction(**good | {"depth": ds.eta}), "depth", "eta", error=DatasetError)
    refused(lambda: analysis.prediction(**good | {"s": ds.eta}), "s: ", "mode", error=DatasetError)


def test_pictures_name_their_arguments(ds):
    for bad in (None, 5, [], "nope", {}):
        refused(lambda bad=bad: plots.kind_of(bad), "phase", error=DatasetError)
        refused(lambda bad=bad: plots.figure(ds, bad), "phase", error=DatasetError)
    for bad in ("ax", 3, [], Figure()):
        refused(lambda bad=bad: plots.phase(ds, bad), "ax", "Axes", error=DatasetError)
    figure = plots.figure(ds, "loss", depth=2)
    for bad in (None, "x", plt, []):
        refused(lambda bad=bad: plots.encode(bad), "figure", error=DatasetError)
    for bad in ("gif", None, [], 3):
        refused(lambda bad=bad: plots.encode(figure, bad), "kind", "png", error=DatasetError)
    for bad in (0, -1, np.nan, 1e9, None, "x"):
        refused(lambda bad=bad: plots.encode(figure, "png", bad), "dpi", error=DatasetError)
    panel = (plots.PLOTS["loss"].draw, {"depth": 2})
    for bad in (None, 5):
        refused(lambda bad=bad: plots.arranged(ds, [panel], 1, bad), "title", error=DatasetError)
    for bad in ("x", np.array([1, 2]), 5):
        refused(lambda bad=bad: plots.bifurcation(ds, x=bad), "x", "eta S", error=DatasetError)
    refused(lambda: plots.encode(figure, np.array([1, 2])), "kind", error=DatasetError)
    refused(lambda: plots.encode(figure, dpi=True), "dpi", error=DatasetError)
    bad_panels = ([], [None], -1, "phase", [(panel[0],)], [(panel[0], None)], {})
    for panels, columns in (
        *((bad, 1) for bad in bad_panels),
        *(([panel], bad) for bad in (0, None, 1.5, True, 10**30)),
    ):
        refused(lambda p=panels, c=columns: plots.arranged(ds, p, c), "panels", "columns", error=DatasetError)
    for bad in ("x", None, [], {}, np.nan, np.inf, 10**400, object(), 1j):
        for dim in ("depth", "eta"):
            refused(lambda d=dim, bad=bad: plots.loss(ds, **{d: bad}), dim, error=DatasetError)
