"""What an own observable or model is made of: another digest for all that changes results, the same for the same."""

import importlib
import sys

import numpy as np
import pytest

from fastdln.observables.observable import ModeObservable, Quantity, Variable
from fastdln.sweep.extensions.digest import sha256

NESTED = """
RATE = {0}

def outer(depth):
    def step(state, eta, s):
        return (RATE * state[0],)

    return step

item = outer
"""
DEFAULT = "def item(x, k={0}):\n    return x * k\n"
KEYWORD = "def item(x, *, k={0}):\n    return x * k\n"
CLOSURE = "def make(k):\n    def item(x):\n        return x * k\n    return item\nitem = make({0})\n"
ARRAY = "import numpy as np\nTABLE = np.array([1.0, {0}])\ndef item(x):\n    return TABLE[0] * x\n"
PARTIAL = "from functools import partial\ndef times(k, x):\n    return k * x\nitem = partial(times, {0})\n"
CALLED = "def inner(x):\n    return {0} * x\ndef item(x):\n    return inner(x)\n"
TABLE = "SCALES = {{'a': {0}}}\ndef item(x):\n    return SCALES['a'] * x\n"
JITTED = "import numba\n@numba.njit\ndef inner(x):\n    return {0} * x\ndef item(x):\n    return inner(x)\n"


def made(tmp_path, text, value):
    """The item of a module whose file is there, and of one that was typed in."""
    path = tmp_path / f"own{value}.py"
    path.write_text(text.format(value))
    for name in (str(path), "<typed in>"):
        names = {"__name__": "own"}
        exec(compile(path.read_text(), name, "exec"), names)
        yield names["item"]


@pytest.mark.parametrize("text", [NESTED, DEFAULT, KEYWORD, CLOSURE, ARRAY, PARTIAL, CALLED, TABLE, JITTED])
def test_what_changes_results_changes_the_digest(tmp_path, text):
    one, again, other = ([sha256(item) for item in made(tmp_path, text, value)] for value in (1.5, 1.5, 2.5))
    assert one == again
    assert all(a != b for a, b in zip(one, other, strict=True))


def observable(**fields):
    variable = Variable(name="v", dtype="float64", dims=("mode",), long_name="a number")
    functions = {"start": lambda step: (0.0,), "update": lambda seen, step: seen, "finish": lambda seen, record: seen}
    return ModeObservable(**{"name": "v", "summary": "v", "variables": (variable,), **functions, **fields})


def test_fields_that_are_no_functions_count():
    assert sha256(observable()) != sha256(observable(whole_run=True))
    quantities = [
        Quantity(name="q", join=max, identity=identity, term=lambda map_, depth: None) for identity in (0.0, 1.0)
    ]
    assert sha256(quantities[0]) != sha256(quantities[1])
    assert sha256(observable(source="x")) == sha256(observable()), "the digest itself is not of the item"


def test_what_names_itself_ends():
    def one(n):
        return n if n < 1 else other(n - 1)

    def other(n):
        return one(n)

    loop = [1.0]
    loop.append(loop)
    assert len({sha256(one), sha256(loop), sha256(np.float64(1.0))}) == 3


@pytest.mark.parametrize(
    "how", ["import {} as helper", "import package.{} as helper", "from package import {} as helper"]
)
def test_what_is_used_of_other_modules_counts(tmp_path, monkeypatch, how):
    """A number there, and what a function there names in turn; nothing else."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()

    def digest(k, deep, unused):
        """Of a function of a module called `helper` that is imported anew."""
        for folder in (tmp_path, tmp_path / "package"):
            (folder / "helper.py").write_text(
                f"K = {k}\nDEEP = {deep}\nUNUSED = {unused}\ndef f(x):\n    return DEEP * x\n"
            )
        for name in ("helper", "package.helper", "package"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        names = {"__name__": "own"}
        text = f"{how.format('helper')}\ndef item(x):\n    return helper.K * helper.f(x)\n"
        exec(compile(text, "<typed in>", "exec"), names)
        return sha256(names["item"])

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    first = digest(1.0, 2.0, 3.0)
    assert digest(1.0, 2.0, 4.0) == first
    assert digest(1.5, 2.0, 3.0) != first
    assert digest(1.0, 2.5, 3.0) != first
