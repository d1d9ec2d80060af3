"""What a picture is drawn at: exactly what was asked for, or what it says; and why one cannot be drawn."""

import re
import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from fastdln import DatasetError, Sweep, plots, run
from tests.commands import invoke
from tests.small import SWEEP, made


@pytest.fixture(autouse=True)
def never_shown():
    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def ds():
    """eta .1 to 1.5 by .0359, alpha .3 and .6, depth 2 and 3."""
    return made(SWEEP)


def sweep(model="modes", **keys):
    axes = {"eta": [0.1, 0.2, 0.3], "alpha": 0.3, "depth": [2, 3]} | keys.pop("axes", {})
    target = {"singular_values": [1.0]} if model == "balanced" else {"singular_values": [1.0, 0.5]}
    return Sweep(model=model, axes=axes, target=target, steps=9, record=8, **keys)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"depth": 9}, ["depth", "2, 3", "9"]),
        ({"depth": 2.5}, ["depth", "2, 3", "2.5"]),
        ({"depth": 1.9999999}, ["depth", "2, 3"]),
        ({"eta": 5}, ["eta", "between 0.1 and 1.5", "5"]),
        ({"eta": 0.099}, ["eta", "between 0.1 and 1.5", "0.099"]),
        ({"eta": -1e300}, ["eta", "between 0.1 and 1.5"]),
        ({"alpha": 0.61}, ["alpha", "between 0.3 and 0.6", "0.61"]),
        ({"mode": 0}, ["mode", "1, 2, counted from 1"]),
        ({"mode": 1.5}, ["mode", "1, 2"]),
    ],
)
def test_what_an_axis_does_not_have_is_refused(ds, choice, words):
    for call in (
        lambda: plots.bifurcation(ds, **choice),
        lambda: ds.dln.plot.bifurcation(**choice),
        lambda: plots.figure(ds, "bifurcation", **choice),
    ):
        with pytest.raises(DatasetError) as caught:
            call()
        assert "\n" not in str(caught.value)
        assert all(word in str(caught.value) for word in words), caught.value


def test_whole_numbers_are_taken_exactly():
    seeds = made(sweep("matrix", axes={"seed": [0, 2], "depth": 2}, start="gaussian", observables=["loss"]))
    assert plots.loss(seeds, seed=2).get_title() == "seed = 2"
    for seed in (1, 7):
        with pytest.raises(DatasetError, match=re.escape(f"seed: must be one of 0, 2 (got {seed})")):
            plots.loss(seeds, seed=seed)
    one = seeds.sel(seed=2)
    with pytest.raises(DatasetError, match=re.escape("seed: must be one of 2 (got 0)")):
        plots.loss(one, seed=0)
    with pytest.raises(DatasetError, match=re.escape("alpha: must be 0.3 (got 0.4)")):
        plots.loss(one, alpha=0.4)


def test_the_nearest_value_is_said(ds):
    """In the title of each panel, and once by a warning."""
    near = float(ds.eta[10])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ax = plots.loss(ds, eta=0.46, depth=2, alpha=0.4)
    assert [str(one.message) for one in caught] == [
        "alpha = 0.4 is not there; drawn at the nearest, 0.3",
        "eta = 0.46 is not there; drawn at the nearest, 0.458974",
    ]
    assert ax.get_title() == f"$L$ = 2, $\\alpha$ = 0.3 (nearest to 0.4), $\\eta$ = {near:.6g} (nearest to 0.46)"
    with pytest.warns(UserWarning, match="nearest") as caught:
        figure = plots.figure(ds, "loss", alpha=0.5)
    assert len(caught) == 1
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == [f"$L$ = {depth}, $\\alpha$ = 0.6 (nearest to 0.5)" for depth in (2, 3)]
    assert "asked_for" not in ds.eta.attrs, "the dataset itself is left alone"


@pytest.mark.parametrize("exact", [0.3, 0.3 + 1e-12, "0.3", np.float32(0.3) * 1.0])
def test_what_is_there_is_not_called_near(ds, exact):
    exact = float(f"{float(exact):.7g}") if isinstance(exact, np.floating) else exact
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert plots.loss(ds, alpha=exact, depth=3).get_title() == "$L$ = 3, $\\alpha$ = 0.3"
        for end in ds.eta.values[[0, -1]] * (1 + 1e-12):
            plots.loss(ds, eta=end, depth=3, alpha=0.3)


@pytest.mark.filterwarnings("default:.*drawn at the nearest", "ignore:steps =")
def test_on_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(SWEEP, "s.zarr", progress=False)
    for at, words in {
        "depth=9": "one of 2, 3",
        "eta=5": "between 0.1 and 1.5",
        "mode=0": "one of 1, 2, counted from 1",
    }.items():
        done = invoke("plot", "s.zarr", "bifurcation", "--at", at)
        assert done.exit_code == 2
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert not (tmp_path / "s-bifurcation.png").exists()
    done = invoke("plot", "s.zarr", "loss", "--at", "eta=0.46", "--at", "depth=3")
    assert done.exit_code == 0
    assert done.stderr == "warning: eta = 0.46 is not there; drawn at the nearest, 0.458974\n"


REASONS = [
    ("contour", sweep(axes={"depth": 3}, trajectory=1), {}, ["two layers", "depth 3"], ["needs", "does not have"]),
    ("contour", sweep(axes={"depth": [3, 4]}, trajectory=1), {}, ["two layers", "depth 3, 4"], ["choose", "needs"]),
    ("contour", sweep(trajectory=1), {}, ["two layers", "depth 2, 3", "depth=2"], ["needs"]),
    ("contour", sweep(trajectory=1), {"depth": 3}, ["two layers", "depth 3"], ["needs", "choose"]),
    ("contour", sweep(), {}, ["needs trajectory_singular_value", "does not have"], ["layers"]),
    ("contour", sweep("matrix", axes={"depth": 2}, trajectory=1), {}, ["full matrices"], ["needs"]),
    ("balancing", sweep("balanced", trajectory=1), {}, ["balanced are equal"], ["needs trajectory_singular_value"]),
    ("balancing", sweep("matrix", trajectory=1), {}, ["full matrices", "balancing_norm"], ["needs trajectory_"]),
    ("eigenvalues", sweep("matrix", trajectory=1), {}, ["full matrices", "needs hessian_eigenvalue"], ["balancing"]),
    ("loss", sweep(observables=["period"]), {}, ["needs trajectory_loss or loss and loss_min"], ["full matrices"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "of", "choice", "said", "not_said"), REASONS)
def test_the_reason_is_the_true_one(kind, of, choice, said, not_said):
    ds = made(of)
    assert kind not in plots.drawable(ds) or choice
    for call in (plots.PLOTS[kind].draw, lambda ds, **c: plots.figure(ds, kind, **c)):
        with pytest.raises(DatasetError) as caught:
            call(ds, **choice)
        message = str(caught.value).partition("; what is there")[0]
        assert message.startswith(f"{kind}: ")
        assert "\n" not in message
        assert all(word in message for word in said), message
        assert not any(word in message for word in not_said), message


def test_only_what_lacks_is_named():
    ds = made(sweep(observables=["loss"])).drop_vars("loss_min")
    with pytest.raises(DatasetError, match=r"needs trajectory_loss or loss_min, which"):
        plots.loss(ds)
