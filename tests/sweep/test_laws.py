"""Singular values by a law, or of a file: the numbers typed out, in what is stored too."""

import json
import time
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest

from fastdln import Sweep, SweepError
from fastdln.errors import StoreError
from fastdln.storage.location import locate
from fastdln.storage.metadata import stored_sweep
from fastdln.sweep.laws import LONGEST_LAW

AXES = {"eta": 0.1, "alpha": 0.1, "depth": 3}


def with_values(value, **keys):
    return Sweep(model="modes", axes=AXES, target={"singular_values": value}, **keys)


@pytest.mark.parametrize(
    ("law", "typed"),
    [
        ({"law": "power", "exponent": -1, "count": 4}, [1, 1 / 2, 1 / 3, 1 / 4]),
        ({"law": "power", "exponent": -2, "count": 3, "scale": 10}, [10, 10 / 4, 10 / 9]),
        ({"law": "power", "exponent": -1, "count": 4, "scale": 10}, [10, 5, 10 / 3, 2.5]),
        ({"law": "power", "exponent": 2, "count": 3}, [1, 4, 9]),
        ({"law": "power", "exponent": 0, "count": 2, "scale": 3}, [3, 3]),
        ({"law": "geometric", "ratio": 0.5, "count": 4, "scale": 8}, [8, 4, 2, 1]),
        ({"law": "geometric", "ratio": 0, "count": 3}, [1, 0, 0]),
        ({"law": "linear", "start": 10, "stop": 1, "count": 4}, [10, 7, 4, 1]),
        ({"law": "linear", "start": 1, "stop": 3, "count": 3, "scale": 2}, [2, 4, 6]),
        ({"law": "linear", "start": 5, "stop": 1, "count": 1}, [5]),
        ({"law": "linear", "start": 5, "stop": 1, "count": 2, "zeros": 2}, [5, 1, 0, 0]),
        ({"law": "power", "exponent": -1, "count": 2, "scale": 3, "zeros": 1}, [3, 1.5, 0]),
        ({"law": "geometric", "ratio": 2, "count": 2, "zeros": 0}, [1, 2]),
    ],
)
def test_a_law_is_the_numbers_typed_out(law, typed):
    sweep, twin = with_values(law), with_values(typed)
    assert sweep == twin
    assert (sweep.canonical(), sweep.sha256()) == (twin.canonical(), twin.sha256())
    assert json.loads(sweep.canonical())["target"] == {"singular_values": typed}


def test_laws_against_fractions():
    """Whole powers are rounded once, and others are right to the last bits."""
    power = with_values({"law": "power", "exponent": -3, "count": 50}).target.singular_values
    assert power == tuple(float(Fraction(1, i**3)) for i in range(1, 51))
    for exponent in (-3, 3):
        power = with_values({"law": "power", "exponent": exponent, "scale": 0.7, "count": 50}).target.singular_values
        assert power == tuple(float(Fraction(0.7) * Fraction(i) ** exponent) for i in range(1, 51))
    ratio = Fraction(0.9)
    geometric = with_values({"law": "geometric", "ratio": 0.9, "count": 50}).target.singular_values
    np.testing.assert_allclose(geometric, [float(ratio**i) for i in range(50)], rtol=1e-15)
    linear = with_values({"law": "linear", "start": 1, "stop": 0.1, "count": 20}).target.singular_values
    exact = [float(1 + (Fraction(0.1) - 1) * Fraction(i, 19)) for i in range(20)]
    np.testing.assert_allclose(linear, exact, rtol=1e-15)
    assert linear[-1] == 0.1


def test_the_values_of_a_file_relative_to_the_sweep(tmp_path):
    np.save(tmp_path / "s.npy", np.array([3, 2], dtype=np.int32))
    text = 'model = "modes"\naxes = {eta = 0.1, alpha = 0.1, depth = 3}\ntarget = {singular_values = "s.npy"}\n'
    (tmp_path / "sweep.toml").write_text(text)
    assert Sweep.from_file(tmp_path / "sweep.toml").sha256() == with_values([3.0, 2.0]).sha256()
    for array, told in (
        (np.eye(2), "target.matrix takes a matrix"),
        (np.empty(0), "must hold a list of numbers"),
        (np.array([1.0, -1.0]), "at least 0"),
        (np.array([np.inf]), "must be finite"),
        (np.array([1j]), "is not a .npy file of real numbers"),
        (np.ones(LONGEST_LAW + 1, dtype=np.uint8), "at most 100,000 numbers"),
    ):
        np.save(tmp_path / "s.npy", array)
        with pytest.raises(SweepError, match=r"^target\.singular_values.*" + told):
            Sweep.from_file(tmp_path / "sweep.toml")


@pytest.mark.parametrize(
    ("law", "told"),
    [
        ({"law": "power", "exponent": -1}, "target.singular_values.count: is missing"),
        ({"law": "power", "exponent": -1, "count": LONGEST_LAW + 1}, "at most 100000"),
        ({"law": "power", "exponent": -1, "count": 0}, "at least 1"),
        ({"law": "power", "exponent": -1, "count": 2.5}, "whole number"),
        ({"law": "power", "exponent": 1e308, "count": 9}, "beyond those of float64"),
        ({"law": "power", "exponent": 300, "count": LONGEST_LAW}, "beyond those of float64"),
        ({"law": "power", "exponent": float("nan"), "count": 2}, "finite"),
        ({"law": "geometric", "ratio": -1, "count": 9}, "target.singular_values.ratio: must be at least 0"),
        ({"law": "geometric", "ratio": 10, "count": 999}, "beyond those of float64"),
        ({"law": "geometric", "ratio": 1, "count": 9, "scale": -1}, "at least 0"),
        ({"law": "linear", "start": 1, "stop": -1, "count": 9}, "at least 0"),
        ({"law": "linear", "ratio": 1, "count": 9}, "no key 'ratio'.*valid: law, count, scale, zeros, start, stop"),
        ({"law": ["power"], "count": 9}, "has no law"),
        ({"law": "power", "exponent": -1, "count": 2, "zeros": -1}, "zeros: must be at least 0"),
        ({"law": "power", "exponent": -1, "count": 2, "zeros": 1.5}, "zeros: must be a whole number"),
        ({"law": "power", "exponent": -1, "count": 2, "zero": 1}, r"did you mean zeros\?"),
        ({"law": "power", "exponent": -1, "count": 2, "zeros": LONGEST_LAW - 1}, "100,000 values, zeros included"),
    ],
)
def test_laws_that_are_none(law, told):
    with pytest.raises(SweepError, match=r"^target\.singular_values") as error:
        with_values(law)
    assert "\n" not in str(error.value)
    with pytest.raises(SweepError, match=told):
        with_values(law)


@pytest.mark.parametrize(
    "law", [{"law": "power", "exponent": -16}, {"law": "power", "exponent": -0.5}, {"law": "geometric", "ratio": 0.5}]
)
def test_the_longest_law_takes_a_moment(law):
    tracemalloc.start()
    started = time.process_time()
    assert len(with_values({**law, "count": LONGEST_LAW}).target.singular_values) == LONGEST_LAW
    assert tracemalloc.get_traced_memory()[1] < 10**8
    tracemalloc.stop()
    assert time.process_time() - started < 60


@pytest.mark.parametrize("value", [{"law": "power", "exponent": -1, "count": 3}, "s.npy", "/etc/passwd"])
def test_a_store_has_numbers_only(tmp_path, monkeypatch, value):
    """Its sweep may come from anywhere: it names no file, and a line of it is no long list."""
    monkeypatch.chdir(tmp_path)
    np.save("s.npy", np.array([1.0]))
    data = json.loads(with_values([1.0]).canonical()) | {"target": {"singular_values": value}}
    with pytest.raises(StoreError, match="must be a list of numbers"):
        stored_sweep(locate("out.zarr", None), json.dumps(data))


def test_the_schema_has_the_laws():
    schema = Sweep.model_json_schema()
    assert {"Power", "Geometric", "Linear"} <= set(schema["$defs"])
    ways = schema["$defs"]["Target"]["properties"]["singular_values"]["anyOf"]
    assert {"$ref": "#/$defs/Power"} in ways
    assert schema["$defs"]["Power"]["properties"]["count"]["maximum"] == LONGEST_LAW
    assert {**schema["$defs"]["Linear"]["properties"]["zeros"], "description": ""} == {
        "default": 0,
        "description": "",
        "maximum": LONGEST_LAW,
        "minimum": 0,
        "title": "Zeros",
        "type": "integer",
    }


def test_a_matrix_takes_a_law_too():
    law = {"law": "geometric", "ratio": 0.5, "count": 3}
    sweep = Sweep(model="matrix", axes=AXES, target={"singular_values": law, "basis": "random", "seed": 1})
    assert sweep.target.singular_values == (1.0, 0.5, 0.25)
    with pytest.raises(SweepError, match="at most 1024 for the model matrix"):
        Sweep(model="matrix", axes=AXES, target={"singular_values": {**law, "count": 1025}})
