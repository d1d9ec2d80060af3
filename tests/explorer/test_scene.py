"""Scenes: windows in cells, words of a URL, and what no scene is."""

import json
import random
import string
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fastdln
from fastdln import Sweep, SweepError
from fastdln.explorer.explore import FIRST, what_is
from fastdln.explorer.saving import file_of, toml_of
from fastdln.explorer.scene import PHASE, Scene, Subject
from fastdln.sweep.axes import coordinates
from tests.small import ROOT

pytestmark = pytest.mark.filterwarnings("ignore:steps =")

SWEEPS = sorted((ROOT / "sweeps").glob("*.toml"))
SUBJECT = Subject(FIRST)


def test_cells_are_the_middles_of_a_window():
    sweep = SUBJECT.sweep_of(replace(SUBJECT.home, x0=1.0, x1=2.0, y0=0.5, y1=0.7), 4, 2)
    np.testing.assert_allclose(coordinates(sweep.axes["eta"]), [1.125, 1.375, 1.625, 1.875], rtol=1e-15)
    np.testing.assert_allclose(coordinates(sweep.axes["alpha"]), [0.55, 0.65], rtol=1e-15)


def test_cells_of_a_log_axis_are_even_in_the_logarithm():
    subject = Subject(Sweep.from_file(ROOT / "sweeps" / "phase_diagram.toml"))
    sweep = subject.sweep_of(replace(subject.home, y0=0.01, y1=1.0), 10, 4)
    np.testing.assert_allclose(np.log10(coordinates(sweep.axes["alpha"])), [-1.75, -1.25, -0.75, -0.25], rtol=1e-13)


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_shipped_sweep_has_a_scene_that_its_words_bring_back(path):
    subject = Subject(Sweep.from_file(path))
    x0, x1 = subject.home.window[:2]
    for variable in subject.variables:
        scene = replace(subject.home, x0=x0, x1=0.5 * (x0 + x1), variable=variable, steps=20, record=4, width=30)
        assert subject.from_query(subject.to_query(scene)) == scene
    assert subject.to_query(subject.home) == {}


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_the_saved_file_is_the_sweep_of_the_scene(path, tmp_path):
    subject = Subject(Sweep.from_file(path))
    scene = replace(subject.home, width=12, height=9, variable=[*subject.variables][-1])
    (tmp_path / "saved.toml").write_text(toml_of(subject, scene))
    found = Sweep.from_file(tmp_path / "saved.toml").canonical()
    assert json.loads(found) == json.loads(subject.sweep_of(scene, 12, 9).canonical())


def test_a_file_is_toml_without_what_was_not_asked():
    data = tomllib.loads(file_of(FIRST))
    assert data["axes"]["eta"] == {"start": 0.2, "stop": 1.6, "num": 900, "spacing": "linear"}
    assert "trajectory" not in data


REFUSED = {
    "x0=nan": "x0: must be a finite number (got 'nan')",
    "x0=2&x1=1": "eta: a window goes from a number to a larger one (got 2 to 1)",
    "x0=1&x1=1.0000000000000002": "eta: the window from",
    "width=1": "width: must be 2 to 2000 pixels (got 1)",
    "height=100000": "height: must be 2 to 2000 pixels (got 100000)",
    "width=2.5": "width: must be a whole number (got '2.5')",
    "variable=los": "variable: modes has no 'los' (did you mean loss?)",
    "depth=0": "depth: must be 2 to 64 on a page (got 0)",
    "depth=1000": "depth: must be 2 to 64 on a page (got 1000)",
    "steps=-1": "steps: must be",
    "start=nowhere": "start: ",
    "start=/etc/passwd": "start: ",
    "singular_values=1,x": "singular_values: must be a finite number (got 'x')",
    "singular_values=-1": "target.singular_values",
    "mode=2": "mode: must be 1 to 1 (got 2)",
    "at.seed=3": "seed: is no further axis of this sweep; it has none",
    "colour=red": "colour: is no part of a view",
    "variable=" + "x" * 500: "variable: is longer than 400 characters",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_no_scene_is_one_line(words):
    query = dict(word.split("=", 1) for word in words.split("&"))
    with pytest.raises(SweepError) as refusal:
        SUBJECT.from_query(query)
    assert str(refusal.value).startswith(REFUSED[words])
    assert "\n" not in str(refusal.value)


def test_500_random_queries_are_scenes_or_one_line():
    rng = random.Random(0)
    names = ["x0", "x1", "y0", "y1", "width", "height", "variable", "mode", "depth", "steps", "record", "start"]
    names += ["singular_values", "at.seed", "at.", "", "__class__", "window"]
    values = ["", "0", "-1", "1e400", "1e308", "-1e308", "5e-324", "nan", "inf", "1,2", ",", "None", "../../x", "phase"]
    values += ["balanced", "one-zero", "{}", "loss", "lyapunov", "3", "0x10", "1_000", "٣", "\x00", "1e12", "9" * 300]
    refused = 0
    for _ in range(500):
        chosen = rng.sample(names, rng.randint(1, 4))
        random_text = "".join(rng.choice(string.printable) for _ in range(6))
        query = {name: rng.choice([*values, random_text]) for name in chosen}
        try:
            assert isinstance(SUBJECT.from_query(query), Scene)
        except SweepError as error:
            refused += 1
            assert "\n" not in str(error)
    assert 250 < refused < 500


def test_the_two_longest_axes_are_shown():
    sweep = Sweep.from_file(ROOT / "sweeps" / "scalar_factorization.toml")
    assert Subject(sweep).shown == ("w1", "w2")
    assert Subject(FIRST).shown == ("eta", "alpha")
    assert Subject(Sweep.from_file(ROOT / "sweeps" / "momentum.toml")).shown == ("eta", "momentum")


def test_further_axes_have_one_value_in_a_scene():
    axes = {"eta": [0.1, 0.2], "alpha": [0.1, 0.5, 0.9], "depth": [2, 3], "s2": [0.3, 0.4]}
    subject = Subject(Sweep(model="modes", axes=axes, target={"singular_values": [1.0, 0.5]}, steps=10, record=4))
    assert list(subject.others) == ["s2"]
    sweep = subject.sweep_of(subject.from_query({"at.s2": "0.4", "depth": "3"}), 3, 3)
    assert (sweep.axes["s2"], sweep.axes["depth"]) == ((0.4,), (3.0,))
    assert subject.sweep_of(subject.home, 3, 3).axes["s2"] == (0.3,)


def test_what_can_be_explored(tmp_path):
    assert what_is(None)[0].sweep is FIRST
    assert what_is(None, ["steps=7"])[0].sweep.steps == 7
    small = Sweep(model="modes", axes={"eta": [0.1, 0.2], "alpha": [0.3, 0.4], "depth": 2}, steps=10, record=4)
    fastdln.run(small, tmp_path / "s.zarr")
    subject, stored = what_is(tmp_path / "s.zarr")
    assert subject.sweep.canonical() == small.canonical()
    assert stored is not None
    with pytest.raises(SweepError, match="changes a sweep file"):
        what_is(tmp_path / "s.zarr", ["steps=3"])
    with pytest.raises(SweepError, match="No such file"):
        what_is(Path("nowhere.toml"))
    assert PHASE in subject.variables
