"""Each key of a sweep with values that it cannot have: one line, one complaint, the key by its name, and what is valid."""

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from fastdln import Sweep, SweepError
from fastdln.models import MODELS

AXES = {"eta": 0.5, "alpha": 0.1, "depth": 3}
RANGE = {"start": 0.1, "stop": 1.0, "num": 5}
MODES = {"model": "modes", "axes": AXES}
MATRIX = {"model": "matrix", "axes": AXES}
FLOW = {"model": "flow", "axes": AXES}

TEXT, NUMBER, LIST, TABLE = "a word", -7, [[[]]], {"zz": 1}
NUMBER_IN_QUOTES = "3"
NAMES = "lyapunov, mixing"  # some of a list that is valid

# The key, a sweep that has it, values of it, and what the line must hold that says what is valid.
CASES = [
    ("title", MODES, [NUMBER, LIST, TABLE, None], "must be text"),
    ("title", MODES, ["\ud800"], "Unicode"),
    ("model", MODES, [TEXT, NUMBER, LIST, TABLE, None], ", ".join(MODELS)),
    ("axes", MODES, [TEXT, NUMBER, LIST, None], "{eta = 0.1, alpha = 0.01, depth = 3}"),
    ("axes", MODES, [{"zz": 1, **AXES}, {**AXES, "s": 1}, {**AXES, "s0": 1}], "eta, alpha, depth, seed, s1, s2"),
    ("axes", MODES, [{"alpha": 1, "depth": 2}, {"eta": 1, "depth": 2}, {"eta": 1, "alpha": 1}], "is missing"),
    *[
        (
            f"axes.{name}",
            MODES,
            [TEXT, None, True, "0.1, 0.2"],
            "must be a number, [a list] or {start, stop, num}, such as [2, 3] or {start = ",
        )
        for name in ("eta", "alpha", "depth", "s1", "seed")
    ],
    *[(f"axes.{name}", MODES, [[]], "must not be empty") for name in ("eta", "alpha", "depth", "s1")],
    *[(f"axes.{name}", MODES, [[[1]], ["a"], [None]], "must be a number") for name in ("eta", "alpha", "depth", "s1")],
    *[(f"axes.{name}", MODES, [np.inf, [np.nan]], "must be finite") for name in ("eta", "alpha", "depth", "s1")],
    *[(f"axes.{name}", MODES, [-1, [-2, 1]], "must not be negative") for name in ("eta", "alpha", "depth", "s1")],
    *[(f"axes.{name}", MODES, [[4, 3], [3, 3]], "must rise strictly") for name in ("eta", "alpha", "depth", "s1")],
    ("axes.depth", MODES, [1, 2.5, 0], "from 2 on"),
    ("axes.depth", MODES, [1001], "at most 1000"),
    ("axes.s2", MODES, [1], "the last singular value of the target is s1"),
    ("axes.seed", MODES, [1], "has no random ones"),
    ("axes.seed", {**MATRIX, "start": "gaussian"}, [0.5, [0, 1.5], 2**54], "whole numbers up to 2^53"),
    ("axes.eta", MODES, [TABLE, {"zz": 1, **RANGE}], "start, stop, num, spacing"),
    *[
        (f"axes.eta.{key}", MODES, [TEXT, LIST, TABLE, None, True], "must be a number")
        for key in ("start", "stop", "num")
    ],
    ("axes.eta.num", MODES, [0, -1], "at least 1"),
    ("axes.eta.num", MODES, [10**9], "at most 10000000"),
    ("axes.eta.num", MODES, [2.5, np.inf], "a whole number"),
    ("axes.eta.spacing", MODES, [TEXT, NUMBER, LIST, None], "'linear' or 'log'"),
    ("target", MODES, [TEXT, NUMBER, LIST, None], "{singular_values = [2, 1]}"),
    ("target", MODES, [TABLE], "singular_values, basis, seed, matrix"),
    (
        "target.singular_values",
        MODES,
        [TEXT, NUMBER_IN_QUOTES, None],
        "must be a number, a list such as [2, 3], a law such as",
    ),
    ("target.singular_values", MODES, [TABLE], "must say law = one of power, geometric, linear"),
    ("target.singular_values", MODES, [[]], "must not be empty"),
    ("target.singular_values", MODES, [[-1]], "at least 0"),
    ("target.basis", MATRIX, [TEXT, NUMBER, LIST, None], "'identity' or 'random'"),
    ("target.seed", MATRIX, [TEXT, LIST, TABLE, None], "must be a number"),
    ("target.seed", MATRIX, [-1], "at least 0"),
    ("target.matrix", MATRIX, [NUMBER, LIST, TABLE, [[None]], [["a"]], [1, 2]], "in rows such as [[1, 0], [0, 1]]"),
    ("target.matrix", MATRIX, [[[1, 2], [3]], [[1], [2, 3], [4, 5, 6]]], "rows of one length"),
    ("target.matrix", MATRIX, [[[np.inf]]], "must be finite"),
    ("target.matrix", MATRIX, [np.ones((1, 1025))], "at most 1024"),
    ("target.matrix", MATRIX, ["missing.npy"], "No such file"),
    ("target", MODES, [{"matrix": [[1.0]]}], "takes singular_values only"),
    (
        "widths",
        MODES,
        [[2, 2, 2], [2, 2, 2, 2]],
        "modes has no matrices; the models central-flow, constrained, flow, matrix, mlp have",
    ),
    ("widths", MATRIX, [TEXT, NUMBER, TABLE], "a list of whole numbers"),
    ("widths", MATRIX, [[2, 2]], "3 or more"),
    ("widths", MATRIX, [[2, 2, 2, 0]], "at least 1"),
    ("widths", MATRIX, [[2, 2, 2, 1.5]], "a whole number"),
    ("widths", MATRIX, [[2, 2, 2, 1025]], "at most 1024"),
    ("start", MODES, [NUMBER, None, True], "must be a name, {spectral = "),
    ("start", MODES, [TEXT], "one-zero, balanced, spectral"),
    ("start", MODES, [TABLE, {}, {"spectral": [[1]] * 3, "zz": 1}], "spectral, layers or compressed"),
    ("start.spectral", MODES, [TEXT, NUMBER, TABLE, None], "[[1], [1], [0]]"),
    ("start.spectral", MODES, [[[1]]], "2 or more"),
    ("start.spectral", MODES, [[[1], [1], [1, 2]]], "row 3 has 2 values"),
    ("start.compressed", MATRIX, [TEXT, NUMBER, LIST, None], "{noise = 0.1, seed = 0}"),
    ("start.compressed", MATRIX, [TABLE], "noise, seed"),
    ("start.compressed.noise", MATRIX, [TEXT, LIST, None, True], "must be a number"),
    ("start.compressed.noise", MATRIX, [-0.1], "at least 0"),
    ("start.compressed.noise", MATRIX, [np.inf], "must be finite"),
    ("start.layers", MATRIX, [TEXT, NUMBER, TABLE, None], "a list of matrices or paths"),
    ("start.layers", MATRIX, [[[[1]], [[1, 2], [3]], [[1]]]], "rows of one length"),
    *[
        (key, MODES, [TEXT, LIST, TABLE], "must be a number")
        for key in ("steps", "record", "orbit_samples", "trajectory")
    ],
    *[(key, MODES, [TEXT, LIST, TABLE], "must be a number") for key in ("sharpness_every", "period_max")],
    *[(key, MODES, [None], "must be a number") for key in ("steps", "record", "orbit_samples", "sharpness_every")],
    *[(key, MODES, [0, -1], "at least 1") for key in ("record", "orbit_samples", "trajectory", "sharpness_every")],
    *[(key, MODES, [2**60], "at most") for key in ("steps", "record", "orbit_samples", "trajectory", "period_max")],
    *[
        (key, MODES, [1.5], "a whole number")
        for key in ("steps", "record", "orbit_samples", "trajectory", "period_max")
    ],
    ("steps", MODES, [-1], "at least 0"),
    ("period_max", MODES, [0], "at least 1"),
    (
        "sharpness_count",
        MODES,
        [2],
        "modes has no matrices; the models central-flow, constrained, flow, matrix, mlp have",
    ),
    ("sharpness_count", MATRIX, [TEXT, LIST, TABLE], "must be a number"),
    ("sharpness_count", MATRIX, [0], "at least 1"),
    ("sharpness_count", MATRIX, [33], "at most 32"),
    ("momentum", MODES, [TEXT, LIST, TABLE], "must be a number"),
    ("momentum", MODES, [-0.1], "at least 0"),
    ("momentum", MODES, [1.0, 2], "below 1"),
    ("momentum", FLOW, [0.5], "flow takes no momentum; the models balanced, matrix, modes do"),
    ("axes.momentum", MODES, [[-0.1, 0.5]], "must not be negative"),
    ("axes.momentum", MODES, [[0.5, 1.0], 1], "must be below 1"),
    ("nesterov", MODES, [TEXT, NUMBER, LIST, TABLE, None], "must be true or false"),
    ("nesterov", MODES, [True], "goes with momentum"),
    ("nesterov", FLOW, [True], "flow takes no momentum"),
    ("data", MODES, [TEXT, NUMBER, LIST, TABLE], "data"),
    ("data", MODES, [{"pair": {}}], "modes learns a target; the models logistic"),
    ("loss", MODES, [NUMBER, LIST, TABLE], "must be text"),
    ("activation", MODES, [NUMBER, LIST, TABLE], "must be text"),
    ("activation", MODES, [TEXT], "modes has none to choose; the model mlp has"),
    ("loss", MODES, [TEXT], "modes has none to choose; the model logistic has"),
    ("tolerance", MODES, [1e-12], "the models flow, modes-flow take it"),
    ("tolerance", FLOW, [TEXT, LIST, TABLE], "must be a number"),
    ("tolerance", FLOW, [0.0, 1e-15, -1.0], "at least 1e-14"),
    ("tolerance", FLOW, [1e-9], "at most 1e-10"),
    ("observables", MODES, [NUMBER, LIST, TABLE, None, [5], [TEXT], TEXT], NAMES),
    ("chunks", MODES, [TEXT, NUMBER, LIST, None, 100], "{eta = 100}"),
    ("shards", MODES, [TEXT, NUMBER, LIST, None, 100], "{eta = 1000}"),
    *[(key, MODES, [TABLE, {"depth": 2}], "valid: alpha, eta") for key in ("chunks", "shards")],
    *[(f"{key}.eta", MODES, [TEXT, LIST, TABLE, None], "must be a number") for key in ("chunks", "shards")],
    *[(f"{key}.eta", MODES, [0, -1], "at least 1") for key in ("chunks", "shards")],
    ("zz", MODES, [1], "title, model, axes"),
]


def with_key(data, key, value):
    first, _, rest = key.partition(".")
    inner = data.get(first, {})
    if first == "axes" and rest.startswith("eta.") and not isinstance(inner.get("eta"), dict):
        inner = {**inner, "eta": RANGE}
    if rest and rest not in ("singular_values", "matrix") and first == "target":
        inner = {"singular_values": [1], **inner}
    return {**data, first: with_key(inner, rest, value) if rest else value}


@pytest.mark.parametrize(
    ("key", "data", "value", "valid"),
    [(key, data, value, valid) for key, data, values, valid in CASES for value in values],
    ids=lambda value: re.sub(r"\s+", " ", str(value))[:30] if not isinstance(value, dict) else "",
)
def test_one_line_names_the_key_and_what_is_valid(key, data, value, valid):
    with pytest.raises(SweepError) as error:
        Sweep(**with_key(data, key, value))
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(key), message
    assert valid in message
    assert "; axes" not in message, "one complaint a fault"
    assert "; target" not in message
    assert message.count("(got ") <= 1


def test_every_key_is_tried():
    assert {key.partition(".")[0] for key, *_ in CASES} >= set(Sweep.model_fields)


@pytest.mark.parametrize(
    "values",
    [
        range(2, 5),
        np.arange(2, 5),
        pd.Index([2, 3, 4]),
        pd.RangeIndex(2, 5),
        pd.Series([2.0, 3.0, 4.0]),
        xr.DataArray([2, 3, 4], dims="depth"),
        xr.Variable("x", [2, 3, 4]),
        [np.int64(2), np.array(3), xr.DataArray(4)],
        (2, 3, 4),
    ],
    ids=lambda values: type(values).__name__,
)
def test_what_is_like_a_list_of_numbers_is_one(values):
    for key in ("depth", "eta"):
        assert Sweep(**with_key(MODES, f"axes.{key}", values)).axes[key] == (2.0, 3.0, 4.0)
    assert Sweep(**with_key(MODES, "target.singular_values", values)).target.singular_values == (2.0, 3.0, 4.0)


def test_tables_of_numbers_are_matrices():
    twin = ((1.0, 2.0), (3.0, 4.0))
    for matrix in (pd.DataFrame([[1, 2], [3, 4]]), xr.DataArray([[1, 2], [3, 4]]), [np.array([1, 2]), range(3, 5)]):
        assert Sweep(**with_key(MATRIX, "target.matrix", matrix)).target.matrix == twin


@pytest.mark.parametrize(
    "values",
    [
        pd.date_range("2020-01-01", periods=3),
        pd.Index(["a", "b"]),
        xr.Dataset({"x": 1}),
        np.array([1j]),
        np.ma.array([1.0, 2.0], mask=[False, True]),
        {1.0, 2.0},
        (k for k in range(3)),
        range(10**12),
        np.broadcast_to(1.0, 10**9),
    ],
    ids=lambda values: type(values).__name__,
)
def test_what_is_no_list_of_numbers_is_not(values):
    with pytest.raises(SweepError, match=r"^axes\.eta") as error:
        Sweep(**with_key(MODES, "axes.eta", values))
    assert "\n" not in str(error.value)


def test_millions_of_numbers_are_no_sweep():
    values = np.arange(3_000_000.0)
    with pytest.raises(SweepError, match=r"axes\.eta: .* 6,000,00[0-9] numbers .*more than 5,000,000"):
        Sweep(**{**MODES, "axes": {**AXES, "eta": values, "alpha": values}})


@pytest.mark.parametrize(
    ("axis", "good"),
    [
        ({"start": 0, "stop": 10**7 - 1, "num": 10**7}, True),
        ({"start": 0, "stop": 10**7, "num": 10**7}, False),
        ({"start": 0.5, "stop": 10**7 - 0.5, "num": 10**7}, False),
        ({"start": 1, "stop": 2**53, "num": 10**7, "spacing": "log"}, False),
        ({"start": 0, "stop": 2**54, "num": 2}, False),
        ({"start": 7, "stop": 7.5, "num": 1}, True),
    ],
)
def test_seeds_of_long_ranges_are_looked_at_without_them(axis, good):
    import tracemalloc

    data = with_key({**MATRIX, "start": "gaussian"}, "axes.seed", axis)
    tracemalloc.start()
    try:
        if good:
            assert Sweep(**data).axes["seed"].num == axis["num"]
        else:
            with pytest.raises(SweepError, match=r"^axes\.seed: must be whole numbers"):
                Sweep(**data)
        assert tracemalloc.get_traced_memory()[1] < 10**7
    finally:
        tracemalloc.stop()
