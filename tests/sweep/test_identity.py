"""Which sweeps are the same: by what their results are made of, not by how that is said."""

import json

import numpy as np
import pytest

from fastdln import Sweep, run
from fastdln.sweep.sources import LONGEST_TEXT

AXES = {"eta": [0.5, 0.6], "alpha": 0.1, "depth": 3}
MODES = {"model": "modes", "axes": AXES, "target": {"singular_values": [2.0, 1.0]}, "steps": 100, "record": 64}
MATRIX = {**MODES, "model": "matrix"}
RANDOM = {"target": {"singular_values": [2.0, 1.0], "basis": "random", "seed": 1}}
SWEPT = {"axes": {**AXES, "s2": [0.5, 1.5]}}

SAME = {
    "range of two": (MODES, {}, {"axes": {**AXES, "eta": {"start": 0.5, "stop": 0.6, "num": 2}}}),
    "range of two, log": (
        MODES,
        {},
        {"axes": {**AXES, "eta": {"start": 0.5, "stop": 0.6, "num": 2, "spacing": "log"}}},
    ),
    "range of one": (MODES, {}, {"axes": {**AXES, "alpha": {"start": 0.1, "stop": 9, "num": 1}}}),
    "list of a range": (
        MODES,
        {"axes": {**AXES, "eta": {"start": 0.1, "stop": 1, "num": 7}}},
        {"axes": {**AXES, "eta": np.linspace(0.1, 1, 7)}},
    ),
    "order of axes in the file": (MODES, {}, {"axes": dict(reversed(AXES.items()))}),
    "orbit_samples": (MODES, {}, {"orbit_samples": 5}),
    "orbit_samples beyond the record": (
        MODES,
        {"observables": ["orbit"], "orbit_samples": 64},
        {"observables": ["orbit"], "orbit_samples": 999},
    ),
    "sharpness_every": (MODES, {}, {"sharpness_every": 3}),
    "sharpness_every beside mixing": (
        MODES,
        {"observables": ["mixing"]},
        {"observables": ["mixing"], "sharpness_every": 3},
    ),
    "sharpness_every of one mode": (
        {**MODES, "target": {"singular_values": [2.0]}},
        {"observables": ["lyapunov", "loss"]},
        {"observables": ["lyapunov", "loss"], "sharpness_every": 3},
    ),
    "sharpness_every of matrices": (MATRIX, {}, {"sharpness_every": 3}),
    "period_max": (MODES, {}, {"period_max": 32}),
    "start": (MODES, {}, {"start": "one-zero"}),
    "a variable's name": (MODES, {"observables": ["loss"]}, {"observables": ["loss_min", "loss"]}),
    "what an observable brings": (
        MATRIX,
        {"observables": ["alignment_error"]},
        {"observables": ["alignment_error", "fate"]},
    ),
    "widths": (MATRIX, {}, {"widths": [2, 2, 2, 2]}),
    "seed of the identity": (MATRIX, {}, {"target": {"singular_values": [2.0, 1.0], "seed": 3}}),
    "singular value that an axis sets": (
        MODES,
        SWEPT,
        {**SWEPT, "target": {"singular_values": [2.0, 7.0]}},
    ),
    "singular value that an axis sets, matrices": (
        MATRIX,
        {**SWEPT, **RANDOM},
        {**SWEPT, "target": {"singular_values": [2.0, 7.0], "basis": "random", "seed": 1}},
    ),
    "title, chunks, shards": (MODES, {}, {"title": "t", "chunks": {"eta": 1}, "shards": {"eta": 2}}),
}


def pair(base, one, other):
    return Sweep(**{**base, **one}), Sweep(**{**base, **other})


@pytest.mark.parametrize("name", SAME)
def test_other_words_for_the_same(name):
    one, other = pair(*SAME[name])
    assert one.same_results(other)
    assert other.same_results(one)
    assert one.differing(other) == []


@pytest.mark.filterwarnings("ignore:steps =")
@pytest.mark.parametrize("name", SAME)
def test_their_results_have_the_same_bits(name):
    one, other = map(run, pair(*SAME[name]))
    assert set(one.data_vars) == set(other.data_vars)
    for variable in one.data_vars:
        assert one[variable].values.tobytes() == other[variable].values.tobytes(), variable
    for axis in one.dims:
        if axis in one.coords:
            assert one[axis].values.tobytes() == other[axis].values.tobytes()


OTHERS = [
    (MODES, {}, {"steps": 101}, ["steps"]),
    (MODES, {}, {"record": 65}, ["record"]),
    (MODES, {}, {"record": 100}, ["period_max", "record"]),
    (MODES, {}, {"period_max": 31}, ["period_max"]),
    (MODES, {}, {"axes": {**AXES, "eta": [0.5, 0.6000000000000001]}}, ["axes.eta"]),
    (MODES, {}, {"axes": {**AXES, "eta": {"start": 0.5, "stop": 0.6, "num": 3}}}, ["axes.eta"]),
    (
        MODES,
        {"axes": {**AXES, "eta": {"start": 0.5, "stop": 0.6, "num": 3}}},
        {"axes": {**AXES, "eta": {"start": 0.5, "stop": 0.6, "num": 3, "spacing": "log"}}},
        ["axes.eta"],
    ),
    (MODES, {}, {"axes": {**AXES, "depth": [3, 4]}}, ["axes.depth"]),
    (MODES, {}, SWEPT, ["axes.s2", "target.singular_values"]),
    (
        MODES,
        {"axes": {**AXES, "s1": 1, "s2": 2}},
        {"axes": {**AXES, "s2": 2, "s1": 1}},
        ["axes (in another order)"],
    ),
    (MODES, SWEPT, {**SWEPT, "target": {"singular_values": [3.0, 1.0]}}, ["target.singular_values"]),
    (MODES, {}, {"target": {"singular_values": [1.0, 2.0]}}, ["target.singular_values"]),
    (MODES, {}, {"start": "balanced"}, ["start"]),
    (MODES, {}, {"model": "balanced", "start": "balanced"}, ["model", "start"]),
    (MODES, {}, {"observables": []}, ["observables"]),
    (MODES, {}, {"trajectory": 7}, ["trajectory"]),
    (
        MODES,
        {"observables": ["orbit"], "orbit_samples": 5},
        {"observables": ["orbit"], "orbit_samples": 6},
        ["orbit_samples"],
    ),
    (MODES, {"observables": ["sharpness"]}, {"observables": ["sharpness"], "sharpness_every": 3}, ["sharpness_every"]),
    (MODES, {"observables": ["edge_step"]}, {"observables": ["edge_step"], "sharpness_every": 3}, ["sharpness_every"]),
    (MATRIX, {}, {"sharpness_count": 1}, ["observables", "sharpness_count", "sharpness_every"]),
    (MATRIX, {}, {"widths": [2, 3, 2, 2]}, ["widths"]),
    (MATRIX, RANDOM, {"target": {**RANDOM["target"], "seed": 2}}, ["target.seed"]),
    (MATRIX, {}, RANDOM, ["target.basis", "target.seed"]),
    (MATRIX, {"target": {"matrix": np.eye(2)}}, {"target": {"matrix": 2 * np.eye(2)}}, ["target.matrix"]),
]


@pytest.mark.parametrize(("base", "one", "other", "keys"), OTHERS, ids=range(len(OTHERS)))
def test_what_changes_results_is_another_sweep_and_named(base, one, other, keys):
    one, other = pair(base, one, other)
    assert not one.same_results(other)
    assert sorted(one.differing(other)) == sorted(other.differing(one)) == keys


def test_long_ranges_are_compared_without_their_values():
    import tracemalloc

    long = {"start": 0.1, "stop": 1.0, "num": 10**7}
    one, same, other = (
        Sweep(**{**MODES, "axes": {**AXES, "eta": {**long, **k}}}) for k in ({}, {}, {"spacing": "log"})
    )
    tracemalloc.start()
    assert one.same_results(same)
    assert not one.same_results(other)
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()


def test_hash_agrees_with_equality():
    import itertools

    sweeps = [Sweep(**{**base, **keys}) for base, *both in SAME.values() for keys in both]
    for one, other in itertools.product(sweeps, sweeps):
        assert one != other or hash(one) == hash(other)
    assert len({Sweep(**MODES), Sweep(**MODES), Sweep(**{**MODES, "steps": 1})}) == 2
    assert hash(Sweep(**{**MODES, "axes": {**AXES, "eta": -0.0}})) == hash(
        Sweep(**{**MODES, "axes": {**AXES, "eta": 0.0}})
    )
    layers = {"start": {"layers": [np.eye(2)] * 3}, "axes": {"eta": 0.1}}
    assert len({Sweep(**{**MATRIX, **layers}), Sweep(**{**MATRIX, **layers})}) == 1


@pytest.mark.parametrize("name", SAME)
def test_a_stores_text_makes_the_same_sweep_again(name):
    for sweep in pair(*SAME[name]):
        again = Sweep.stored(sweep.canonical())
        assert again.same_results(sweep)
        assert again.canonical() == sweep.canonical()
        assert type(again) is Sweep


def test_texts_of_earlier_versions_mean_the_same():
    data = json.loads(Sweep(**MODES).canonical())
    for key in ("orbit_samples", "sharpness_every", "trajectory", "start"):
        del data[key]
    assert Sweep.stored(json.dumps(data)).same_results(Sweep(**MODES))


GOOD = json.loads(Sweep(**MATRIX).canonical())


@pytest.mark.parametrize(
    "text",
    [
        None,
        5,
        b"{}",
        "",
        "{",
        "[]",
        "null",
        '"x"',
        "{}",
        "NaN",
        "[" * 10**5,
        '{"a":' * 10**5,
        "9" * 10**5,
        json.dumps({**GOOD, "steps": "9" * 10**5}),
        json.dumps({**GOOD, "axes": {**GOOD["axes"], "eta": float("nan")}}),
        json.dumps({**GOOD, "\x1b[31m": 1}),
        json.dumps({**GOOD, "title": "\ud800"}),
        json.dumps({**GOOD, "target": {"singular_values": [{}]}}),
        json.dumps({**GOOD, "axes": {**GOOD["axes"], "s" + "9" * 5000: 1}}),
        json.dumps({**GOOD, "axes": {**GOOD["axes"], "eta": {"start": 0, "stop": 1, "num": 10**30}}}),
    ],
    ids=lambda text: str(text)[:20].replace("\x1b", ""),
)
def test_what_is_no_sweep_in_a_store_is_one_line(text):
    from fastdln import SweepError

    with pytest.raises(SweepError) as error:
        Sweep.stored(text)
    assert str(error.value).isprintable()
    assert len(str(error.value)) <= 2000


@pytest.mark.parametrize("text", ["[]," * 2_000_000, '"",' * 20_000, "1," * 6_000_000, " " * (LONGEST_TEXT + 1)])
def test_long_texts_are_refused_before_they_are_parsed(text, monkeypatch):
    from fastdln import SweepError
    from fastdln.sweep import sources

    monkeypatch.setattr(sources.json, "loads", lambda text: pytest.fail("it was parsed"))
    with pytest.raises(SweepError, match="is longer than any"):
        Sweep.stored('{"axes":[' + text + "0]}")


@pytest.mark.parametrize("where", ["target.matrix", "start.layers", "start"])
def test_what_a_store_says_names_no_files(tmp_path, where, monkeypatch):
    from fastdln import SweepError
    from fastdln.sweep import problem

    secret = tmp_path / "secret.npy"
    np.save(secret, np.full((2, 2), 42.5))
    monkeypatch.setattr(problem, "read", lambda path: pytest.fail("a file was read"))
    data = {key: value for key, value in GOOD.items() if key not in ("target", "start")}
    given = {
        "target.matrix": {"target": {"matrix": str(secret)}},
        "start.layers": {"start": {"layers": [str(secret)] * 3}},
        "start": {"start": [str(secret)] * 3},
    }[where]
    with pytest.raises(SweepError, match="names no files") as error:
        Sweep.stored(json.dumps({**data, **given}))
    assert "42.5" not in str(error.value)
    for name in ("target", "start"):
        with pytest.raises(SweepError):
            Sweep.stored(json.dumps({**data, name: str(secret)}))
