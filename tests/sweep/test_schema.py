"""Sweep files: what they may say, how they are refused, and the text that tells one sweep from another."""

import json
import tracemalloc

import numpy as np
import pytest

from fastdln import Sweep, SweepError
from fastdln.models import MODELS
from fastdln.sweep.axes import LONGEST_AXIS
from fastdln.sweep.grid import Grid

GOOD = {"model": "modes", "axes": {"eta": 0.5, "alpha": 0.1, "depth": 3}}


def with_axis(**axes):
    return {**GOOD, "axes": {**GOOD["axes"], **axes}}


BAD = [
    ({**GOOD, "etaa": 1}, "etaa", "observables"),
    (with_axis(gamma=1.0), "gamma", "eta, alpha, depth"),
    (with_axis(eta={"start": 0, "stop": 1, "num": 2, "step": 1}), "axes.eta.step", "spacing"),
    ({**GOOD, "model": "linear"}, "model", ", ".join(MODELS)),
    ({**GOOD, "observables": ["periods"]}, "observables", "oscillation_range"),
    ({**GOOD, "start": "onezero"}, "start", "one-zero, balanced, spectral"),
    ({**GOOD, "model": "balanced", "start": "one-zero"}, "start", "balanced"),
    ({**GOOD, "start": "spectral"}, "start", "spectral"),
    ({**GOOD, "start": {"spectral": [[1.0], [1.0, 2.0], [1.0]]}}, "start.spectral", "row 2"),
    ({**GOOD, "start": {"spectral": [[1.0], [1.0]]}}, "axes.depth", "2"),
    ({**GOOD, "start": {"spectral": [[1.0]]}}, "start.spectral", "2 or more"),
    ({**GOOD, "start": {"spectral": [[1.0], [float("inf")], [1.0]]}}, "start.spectral", "finite"),
    (with_axis(eta=float("nan")), "axes.eta", "finite"),
    (with_axis(alpha=float("inf")), "axes.alpha", "finite"),
    (with_axis(eta=-0.5), "eta", "negative"),
    (with_axis(alpha=[-1.0, 1.0]), "alpha", "negative"),
    (with_axis(alpha={"start": -1, "stop": 1, "num": 3}), "alpha", "negative"),
    (with_axis(depth=1), "depth", "from 2"),
    (with_axis(depth=2.5), "depth", "whole"),
    (with_axis(depth={"start": 2, "stop": 3, "num": 3}), "depth", "whole"),
    (with_axis(eta=[]), "axes.eta", "empty"),
    (with_axis(eta={"start": 0.1, "stop": 1, "num": 0}), "axes.eta.num", "at least 1"),
    (with_axis(eta={"start": 0.1, "stop": 1, "num": 2.5}), "axes.eta.num", "whole"),
    (with_axis(eta={"start": 0.1, "stop": 1}), "axes.eta.num", "missing"),
    (with_axis(eta={"start": 0.0, "stop": 1, "num": 5, "spacing": "log"}), "axes.eta", "log"),
    (with_axis(eta={"start": 1.0, "stop": 0.5, "num": 5}), "axes.eta", "below"),
    (with_axis(eta={"start": 1.0, "stop": 1.0, "num": 5}), "axes.eta", "below"),
    (with_axis(eta=[0.5, 0.4]), "eta", "rise"),
    (with_axis(eta=[0.5, 0.5]), "eta", "rise"),
    (with_axis(eta="fast"), "axes.eta", "number"),
    (with_axis(eta=True), "axes.eta", "number"),
    (with_axis(s2=1.0), "axes.s2", "s1"),
    ({"model": "modes", "axes": {"alpha": 0.1, "depth": 3}}, "eta", "missing"),
    ({"model": "modes", "axes": {"eta": 0.1, "depth": 3}}, "alpha", "missing"),
    ({"model": "modes", "axes": {"eta": 0.1, "alpha": 0.1}}, "depth", "missing"),
    ({"axes": GOOD["axes"]}, "model", "missing"),
    ({**GOOD, "target": {"singular_values": []}}, "target.singular_values", "empty"),
    ({**GOOD, "target": {"singular_values": [1.0, -1.0]}}, "target.singular_values", "at least 0"),
    ({**GOOD, "target": {"singular_values": [float("nan")]}}, "target.singular_values", "finite"),
    ({**GOOD, "record": 0}, "record", "at least 1"),
    ({**GOOD, "record": 10, "period_max": 6}, "record", "12"),
    ({**GOOD, "steps": -1}, "steps", "at least 0"),
    ({**GOOD, "steps": "many"}, "steps", "number"),
    ({**GOOD, "orbit_samples": 0}, "orbit_samples", "at least 1"),
    ({**GOOD, "chunks": {"eta": 0}}, "chunks.eta", "at least 1"),
    ({**GOOD, "chunks": {"beta": 4}}, "chunks", "alpha"),
    ({**GOOD, "chunks": {"depth": 2}}, "chunks", "alpha"),
    ({**GOOD, "self": 1}, "self", "observables"),
    ({**GOOD, "new\nline": 1}, "new line", "observables"),
    (with_axis(depth=1e19), "axes.depth", "at most 1000"),
    (with_axis(depth={"start": 2, "stop": 1e8, "num": 9}), "axes.depth", "at most 1000"),
    (with_axis(eta={"start": -1e308, "stop": 1e308, "num": 3}), "axes.eta", "negative"),
    (with_axis(eta={"start": 1.0, "stop": 1.0 + 1e-15, "num": 99}), "axes.eta", "too close"),
    (with_axis(eta={"start": 1.0, "stop": 1.0 + 1e-15, "num": 99, "spacing": "log"}), "axes.eta", "too close"),
]


@pytest.mark.parametrize(("data", "key", "hint"), BAD, ids=[f"{key}-{hint}" for _, key, hint in BAD])
def test_bad_sweeps_are_refused_in_one_line_with_the_key(data, key, hint):
    with pytest.raises(SweepError) as refusal:
        Sweep(**data)
    message = str(refusal.value)
    assert "\n" not in message
    assert key in message
    assert hint in message
    assert "; " not in message or "valid: " in message or "{" in message, "one fault is told once"


def test_toml_that_does_not_parse_names_the_line(tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text('model = "modes"\n[axes\n')
    with pytest.raises(SweepError, match="line 2"):
        Sweep.from_file(file)


def test_overrides(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text('model = "modes"\n[axes]\neta = {start = 0.1, stop = 1.0, num = 5}\nalpha = 0.1\ndepth = 3\n')
    sweep = Sweep.from_file(file, ["axes.eta.num=7", "steps=10", "observables=['period']", "start=balanced"])
    assert sweep.axes["eta"].num == 7
    assert sweep.steps == 10
    assert sweep.observables == ("period",)
    assert sweep.start == "balanced"
    for bad in ("steps", "=3", "axes.alpha.num=3", "foo=1"):
        with pytest.raises(SweepError, match=bad.split("=")[0] or "--set"):
            Sweep.from_file(file, [bad])


def test_numpy_is_taken_where_numbers_are():
    sweep = Sweep(
        model="modes",
        axes={"eta": np.linspace(0.1, 1, 4), "alpha": np.float32(0.5), "depth": np.arange(2, 5)},
        target={"singular_values": np.array([2.0, 1.0])},
        steps=np.int64(5),
    )
    twin = Sweep(
        model="modes",
        axes={"eta": list(np.linspace(0.1, 1, 4)), "alpha": 0.5, "depth": [2, 3, 4]},
        target={"singular_values": [2, 1]},
        steps=5,
    )
    assert sweep == twin
    assert sweep.sha256() == twin.sha256()


def test_defaults_are_those_of_the_contract():
    sweep = Sweep(**GOOD)
    assert (sweep.steps, sweep.record, sweep.longest_period, sweep.orbit_samples) == (20_000, 512, 256, 64)
    assert sweep.start == "one-zero"
    assert {v.name for v in sweep.variables} == {
        "fate",
        "period",
        "oscillation_range",
        "oscillating_modes",
        "loss",
        "loss_min",
        "loss_max",
        "loss_last",
    }
    assert Sweep(**{**GOOD, "model": "balanced"}).start == "balanced"
    assert Sweep(**{**GOOD, "record": 1}).longest_period == 0
    assert Sweep(**{**GOOD, "record": 100}).longest_period == 50
    assert [v.name for v in Sweep(**{**GOOD, "observables": []}).variables] == ["fate"]


def test_spectral_starts_bring_their_alpha_and_depth():
    sweep = Sweep(model="modes", axes={"eta": 0.1}, start={"spectral": [[1.0], [0.5], [0.5], [0.2]]})
    assert sweep.axes == {"depth": (4.0,), "alpha": (1.0,), "eta": (0.1,)}
    assert sweep.map.name == "layerwise"
    assert Sweep(model="modes", axes={"eta": 0.1}, start={"spectral": [[1.0], [1.0], [0.5]]}).map.name == "two-scalar"


def test_what_does_not_change_results_does_not_change_the_hash():
    sweep = Sweep(**GOOD)
    same = [
        {**GOOD, "title": "another"},
        {**GOOD, "chunks": {"eta": 1}},
        {**GOOD, "period_max": 256},
        {**GOOD, "start": "one-zero"},
        {**GOOD, "observables": ["loss", "period", "period", "oscillating_modes", "oscillation_range"]},
        {**GOOD, "axes": {"depth": [3], "eta": [0.5], "alpha": 0.1}},
    ]
    for data in same:
        assert Sweep(**data).sha256() == sweep.sha256(), data
    for data in ({**GOOD, "steps": 1}, with_axis(eta=0.6), {**GOOD, "observables": []}):
        assert Sweep(**data).sha256() != sweep.sha256(), data


def test_canonical_json_makes_the_same_sweep_again():
    sweep = Sweep(**with_axis(eta={"start": 0.1, "stop": 1, "num": 9}, s1=[1.0, 2.0]), title="a title")
    for again in (sweep, sweep.model_copy(update={"record": 1})):
        assert Sweep(**json.loads(again.canonical())).canonical() == again.canonical()


def test_the_longest_axis_is_no_array_yet():
    sweep = Sweep(**with_axis(eta={"start": 0.1, "stop": 1.5, "num": LONGEST_AXIS}))
    tracemalloc.start()
    assert Grid(sweep).points == LONGEST_AXIS
    assert tracemalloc.get_traced_memory()[1] < 10**6
    tracemalloc.stop()


def test_dimensions_come_in_the_contracts_order():
    axes = {"eta": 0.5, "s2": [0.5, 1.0], "depth": 3, "alpha": 0.1, "s1": 2.0}
    sweep = Sweep(model="modes", axes=axes, target={"singular_values": [2.0, 1.0]})
    assert list(sweep.axes) == ["depth", "s2", "s1", "alpha", "eta"]


def test_the_schema_accepts_what_the_model_accepts():
    schema = Sweep.model_json_schema()
    assert set(schema["properties"]) == set(Sweep.model_fields)
    assert schema["properties"]["model"]["enum"] == list(MODELS)
    assert schema["$defs"]["Range"]["properties"]["num"]["minimum"] == 1


BASE = {"model": "modes", "axes": {"eta": 0.1, "alpha": 0.1, "depth": 3}}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"trajectory": 0}, "trajectory: must be at least 1"),
        ({"trajectory": 2.5}, "trajectory: must be a whole number"),
        ({"sharpness_every": 0}, "sharpness_every: must be at least 1"),
        ({"sharpness_every": "2"}, "sharpness_every: must be a number"),
        ({"observables": ["trajectory"]}, "observables: trajectory is not asked for here: give trajectory = k"),
        (
            {"observables": ["sharpnes"]},
            "observables: unknown name 'sharpnes' .did you mean sharpness.*; valid: .*sharpness",
        ),
        (
            {"trajectory": 1, "axes": {"eta": {"start": 0.1, "stop": 1, "num": 100_000}, "alpha": 0.1, "depth": 3}},
            "trajectory: every 1 states of 100,000 points are .* GB, more than 4; trajectory = [0-9]+ would do",
        ),
        (
            {"axes": BASE["axes"] | {"depth": 65}, "target": {"singular_values": [1, 0.5]}, "observables": ["mixing"]},
            "axes.depth: must be at most 64 for mixing of several modes",
        ),
    ],
)
def test_bad_physics_keys_are_refused_in_one_line(keys, message):
    with pytest.raises(SweepError, match=message) as error:
        Sweep(**(BASE | keys))
    assert "\n" not in str(error.value)


def test_what_the_message_says_would_do_does():
    axes = {"eta": {"start": 0.1, "stop": 1, "num": 100_000}, "alpha": 0.1, "depth": 3}
    with pytest.raises(SweepError) as error:
        Sweep(**(BASE | {"trajectory": 1, "axes": axes}))
    every = int(str(error.value).split("trajectory = ")[1].split()[0])
    assert Sweep(**(BASE | {"trajectory": every, "axes": axes})).trajectory == every


def test_where_no_trajectory_would_do_the_message_says_fewer_points():
    axes = {"eta": {"start": 0.1, "stop": 1, "num": 10_000_000}, "alpha": [0.01 * k for k in range(1, 11)], "depth": 3}
    with pytest.raises(SweepError, match=r"more than 4; fewer points$"):
        Sweep(**(BASE | {"trajectory": 10**9, "axes": axes}))


def test_more_pairs_than_numbers_for_them():
    with pytest.raises(SweepError, match=r"target.singular_values: at most 256 for mixing.*\(got 257\)"):
        Sweep(**BASE, target={"singular_values": [1.0] * 257}, observables=["mixing"])


def test_the_plan_counts_every_file(tmp_path):
    from fastdln import plan, run

    sweep = Sweep(**(BASE | {"axes": BASE["axes"] | {"eta": [0.1, 0.2]}}), steps=2000, trajectory=100)
    run(sweep, store=tmp_path / "out.zarr")
    written = sum(1 for path in (tmp_path / "out.zarr").rglob("*") if path.is_file())
    assert 0 <= plan(sweep).files - written <= 2, "chunks of nothing but zeros are not written"


def test_an_observable_that_a_model_cannot_give_is_refused_by_name(monkeypatch):
    from dataclasses import replace

    from fastdln.models import MODELS
    from fastdln.models.modes import TWO_SCALAR

    without = replace(TWO_SCALAR, tangent=None)
    monkeypatch.setitem(MODELS, "modes", replace(MODELS["modes"], reduce=lambda layers: without))
    with pytest.raises(
        SweepError, match=r"observables: modes cannot give lyapunov; it can give balancing, .*sharpness$"
    ) as error:
        Sweep(**BASE, observables=["lyapunov"])
    assert "lyapunov," not in str(error.value)
    assert Sweep(**BASE, observables=["sharpness"]).observables == ("sharpness",)


def test_a_variables_name_brings_its_family():
    assert Sweep(**BASE, observables=["balancing_gap", "mixing_pair", "sharpness_last"]).observables == (
        "balancing",
        "mixing",
        "sharpness",
    )


def test_a_byte_order_mark_and_the_line_ends_of_windows_are_no_part_of_a_file(tmp_path):
    text = 'model = "modes"\r\n[axes]\r\neta = 0.5\r\nalpha = 0.1\r\ndepth = 3\r\n'
    (tmp_path / "s.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert Sweep.from_file(tmp_path / "s.toml") == Sweep(**GOOD)


@pytest.mark.parametrize(
    ("override", "eta"),
    [
        ("axes.eta=.5", (0.5,)),
        ("axes.eta=5.", (5.0,)),
        ("axes.eta=5.e-1", (0.5,)),
        ("axes.eta=.5e1", (5.0,)),
        ("axes.eta=+.5", (0.5,)),
        ("axes.eta=[.5, 1., 2.5,3]", (0.5, 1.0, 2.5, 3.0)),
        ("axes.eta={start=.5,stop=1.,num=2}", (0.5, 1.0)),
    ],
)
def test_numbers_after_set_may_end_or_begin_with_the_point(tmp_path, override, eta):
    (tmp_path / "s.toml").write_text('model = "modes"\naxes = {eta = 1, alpha = 0.1, depth = 3}')
    axis = Sweep.from_file(tmp_path / "s.toml", [override]).axes["eta"]
    assert (axis if isinstance(axis, tuple) else tuple(axis.values())) == eta


@pytest.mark.parametrize("text", ["v1.", "a.5", ".5.5", "1..2", "./x.npy", ".", "5.x"])
def test_other_points_after_set_stay_as_they_are(tmp_path, text):
    (tmp_path / "s.toml").write_text('model = "modes"\naxes = {eta = 1, alpha = 0.1, depth = 3}')
    assert Sweep.from_file(tmp_path / "s.toml", [f"title={text}"]).title == text
