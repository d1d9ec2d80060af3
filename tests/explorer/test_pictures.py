"""Pictures of scenes: what `run` gives, ever finer, cancelled, bounded, and read from stores as far as they go."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

import fastdln
from fastdln import Sweep, SweepError, theory
from fastdln.explorer import computing
from fastdln.explorer.computing import computed, next_cell, pictures, sweep_in_cells
from fastdln.explorer.explore import FIRST
from fastdln.explorer.painting import NO_CLASS, cells, legend, lines, scale_of
from fastdln.explorer.point import panels
from fastdln.explorer.renderer import Renderer
from fastdln.explorer.scene import PHASE, Subject
from fastdln.explorer.stored import Stored, match
from fastdln.plots.phase import CLASSES

pytestmark = pytest.mark.filterwarnings("ignore:steps =")

SUBJECT = Subject(FIRST)
SMALL = replace(SUBJECT.home, width=90, height=60)


def never():
    return False


@pytest.mark.parametrize("variable", [PHASE, "lyapunov", "oscillation_range"])
def test_the_finest_picture_is_what_run_gives(variable):
    scene = replace(SMALL, variable=variable)
    *_, last = pictures(SUBJECT, scene, never)
    assert (last.cell, last.finest, last.note, last.stored) == (1, True, "", False)
    expected = fastdln.run(SUBJECT.sweep_of(scene, 90, 60))
    for name in ("fate", SUBJECT.variables[variable]):
        np.testing.assert_array_equal(last.dataset[name].values, expected[name].values)


def test_pictures_become_finer(monkeypatch):
    """Where each takes too long for the next to be the finest."""
    monkeypatch.setattr(computing, "QUICK_SECONDS", 0.0)
    monkeypatch.setattr(computing, "FIRST_SECONDS", 0.0)
    shapes = [picture.dataset.fate.shape[1:] for picture in pictures(SUBJECT, SMALL, never)]
    assert shapes == [(2, 2), (2, 2), (2, 3), (4, 6), (8, 11), (15, 22), (30, 45), (60, 90)]


def test_a_picture_that_would_take_too_long_is_not_begun(monkeypatch):
    monkeypatch.setattr(computing, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(computing, "MOST_SECONDS", 1e-9)
    with pytest.raises(SweepError, match="steps: a picture of 128 x 128 pixels a cell would take about"):
        next(pictures(SUBJECT, SMALL, never))
    monkeypatch.setattr(computing, "MOST_SECONDS", 0.01)
    assert next_cell(8, 1.0) == 8, "four seconds are more than may be taken"
    assert next_cell(8, 1e-5) == 1
    assert next_cell(1, 1e-5) == 1


def test_a_cancelled_picture_ends():
    looked = []

    def cancelled():
        looked.append(None)
        return len(looked) > 3

    assert computed(sweep_in_cells(SUBJECT, replace(SMALL, steps=200_000), 1), cancelled) is None
    assert list(pictures(SUBJECT, SMALL, lambda: True)) == []


def test_classes_and_their_shares():
    *_, last = pictures(SUBJECT, SMALL, never)
    painted = cells(last.dataset, SUBJECT, SMALL)
    fates = last.dataset.fate.values[0]
    assert painted.values.shape == (60, 90)
    np.testing.assert_array_equal(painted.values == CLASSES.index("diverged"), fates == 5)
    np.testing.assert_array_equal(painted.values == CLASSES.index("converged"), fates == 1)
    assert sum(share for _, _, share in legend(painted)) == pytest.approx(1.0)
    assert legend(painted._replace(values=np.full((2, 2), NO_CLASS, np.uint8))) == []


def test_numbers_and_their_limits():
    scene = replace(SMALL, variable="loss")
    *_, last = pictures(SUBJECT, scene, never)
    painted = cells(last.dataset, SUBJECT, scene)
    np.testing.assert_array_equal(painted.values, last.dataset.loss.values[0].astype(np.float32))
    low, high = painted.limits
    inside = np.mean((painted.values >= low) & (painted.values <= high)) / np.isfinite(painted.values).mean()
    assert 0.97 < inside <= 1.0


def test_lines_are_the_edges_of_stability():
    scene = SUBJECT.checked(replace(SMALL, singular_values=(1.0, 0.5), depth=2))
    *_, last = pictures(SUBJECT, scene, never)
    found = {line.label: set(line.x.tolist()) for line in lines(last.dataset, SUBJECT, scene)}
    assert found == {"2/S1": {float(theory.critical_learning_rate(1.0, 2))}}, "that of .5 is 2, beyond the window"
    momentum = Subject(
        Sweep(
            model="modes",
            axes={
                "eta": {"start": 0.5, "stop": 2.0, "num": 9},
                "momentum": {"start": 0.0, "stop": 0.9, "num": 9},
                "alpha": 0.3,
                "depth": 2,
            },
            steps=50,
            record=8,
        )
    )
    *_, last = pictures(momentum, replace(momentum.home, width=20, height=10), never)
    (edge,) = lines(last.dataset, momentum, momentum.home)
    np.testing.assert_allclose(edge.x, 1.0 + edge.y, rtol=1e-14)


def test_a_point_is_its_own_trajectory():
    said, shown = panels(SUBJECT, SUBJECT.home, 0.8, 0.3)
    assert said == "eta = 0.8, alpha = 0.3: periodic; period 2"
    by_title = {panel.title: panel for panel in shown}
    sweep = Sweep(model="modes", axes={"eta": 0.8, "alpha": 0.3, "depth": 3}, steps=1000, record=128, trajectory=1)
    expected = fastdln.run(sweep).squeeze()
    (curve,) = by_title["loss"].curves
    np.testing.assert_array_equal(curve.values, expected.trajectory_loss.values)
    assert by_title["sharpness"].level == 2 / 0.8
    assert len(by_title["layers"].curves) == 3


def test_a_renderer_computes_the_newest_alone():
    renderer, delivered, begun = Renderer("test"), [], threading.Event()

    def slow(cancelled):
        begun.set()
        while not cancelled():
            time.sleep(0.001)
        yield "old"

    def fail(cancelled):
        raise ValueError("a fault")
        yield

    renderer.ask(slow, delivered.append)
    assert begun.wait(10)
    renderer.ask(lambda cancelled: iter(["new", "newer"]), delivered.append)
    wait(lambda: len(delivered) == 2)
    assert delivered == ["new", "newer"]
    renderer.ask(fail, delivered.append)
    wait(lambda: len(delivered) == 3)
    assert isinstance(delivered[2], ValueError)
    renderer.stop()
    renderer.join(10)
    assert not any(thread.name == "test" for thread in threading.enumerate())


def wait(condition):
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    store = tmp_path_factory.mktemp("stored") / "s.zarr"
    sweep = SUBJECT.sweep_of(replace(SMALL, variable="loss"), 90, 60)
    fastdln.run(sweep, store)
    return Subject(sweep), Stored(fastdln.open(store))


def test_a_store_is_read_as_far_as_it_goes(stored):
    subject, layer = stored
    scene = replace(subject.home, width=45, height=30, variable="loss")
    (only,) = pictures(subject, scene, never, layer)
    assert (only.stored, only.finest) == (True, True)
    kept = layer.dataset.loss.values[0]
    found = only.dataset.loss.values
    assert np.isin(found[np.isfinite(found)], kept).all()
    for row, column in ((7, 11), (0, 0), (29, 44)):
        alpha, eta = only.dataset.alpha.values[row], only.dataset.eta.values[column]
        nearest = kept[abs(layer.dataset.alpha.values - alpha).argmin(), abs(layer.dataset.eta.values - eta).argmin()]
        np.testing.assert_array_equal(found[0, row, column], nearest)


def test_what_a_store_lacks_is_computed(stored):
    subject, layer = stored
    x0, x1 = subject.home.window[:2]
    beyond = replace(
        subject.home, x0=x0 + 0.5 * (x1 - x0), x1=x1 + 0.5 * (x1 - x0), width=40, height=30, variable="loss"
    )
    first, *_, last = pictures(subject, beyond, never, layer)
    assert (first.stored, first.finest) == (True, False)
    assert (first.dataset.fate == 0).values.mean() == pytest.approx(0.5, abs=0.03)
    assert (last.stored, last.finest) == (False, True)
    finer = replace(subject.home, x1=x0 + 0.01 * (x1 - x0), width=40, height=30, variable="loss")
    first, *_, last = pictures(subject, finer, never, layer)
    assert (first.stored, last.stored) == (True, False)
    for other in (
        replace(subject.home, steps=5),
        replace(subject.home, depth=2),
        replace(subject.home, variable="lyapunov"),
    ):
        assert layer.read(subject, replace(other, width=10, height=10)) is None


def test_nearest_values():
    index, fine, inside = match(np.array([0.0, 0.9, 1.6, 2.4, 2.6]), np.array([1.0, 2.0]), False)
    assert index.tolist() == [0, 0, 1, 1, 1]
    assert inside.tolist() == [False, True, True, True, False]
    assert not fine
    index, fine, _ = match(np.array([1.0, 3.0]), np.array([1.0, 2.0, 3.0]), False)
    assert (index.tolist(), fine) == ([0, 2], True)


def test_a_network_that_would_take_too_long_is_not_begun():
    scene = replace(SUBJECT.home, steps=10**11)
    with pytest.raises(SweepError, match="steps: the network at a point would take about"):
        panels(SUBJECT, scene, 0.8, 0.3)


def test_codes_have_the_colours_of_what_they_mean():
    scene = replace(SMALL, variable="period")
    *_, last = pictures(SUBJECT, scene, never)
    painted = cells(last.dataset, SUBJECT, scene)
    period = last.dataset.period.values[0, ..., 0]
    said = {name: share for name, _, share in legend(painted)}
    assert said["period 2"] == pytest.approx((period == 2).mean())
    assert said["no period"] == pytest.approx((period == 0).mean())
    assert said["diverged"] == pytest.approx((period == -1).mean())


def test_colours_are_even_about_a_middle_and_alike_for_rounding_errors():
    assert scale_of(np.array([-1.0, 3.0]), 1.0)[0] == "about"
    low, high = scale_of(np.linspace(-1.0, 2.0, 1000), 1.0)[1]
    assert 1.0 - low == pytest.approx(high - 1.0)
    assert scale_of(np.geomspace(1e-6, 1, 100), None)[0] == "logarithms"
    low, high = scale_of(0.5 + 1e-15 * np.arange(10), None)[1]
    assert (low, high) == pytest.approx((0.25, 0.75))
    assert scale_of(np.array([]), None) == ("numbers", (0.0, 1.0))


def test_the_edge_of_the_momentum_is_beside_the_sharpness():
    axes = {"eta": {"start": 0.3, "stop": 1.8, "num": 9}, "momentum": {"start": 0.0, "stop": 0.9, "num": 9}, "depth": 3}
    subject = Subject(Sweep(model="balanced", axes=axes | {"alpha": 0.9}, steps=200, record=32))
    _, shown = panels(subject, subject.home, 1.0, 0.5)
    (sharpness,) = [panel for panel in shown if panel.title == "sharpness"]
    assert (sharpness.level, sharpness.level_label) == (3.0, "2(1+mu)/eta")
