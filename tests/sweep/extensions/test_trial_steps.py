"""Functions of one's own that do not return what they must: refused in one line, with nothing written and no memory harmed."""

from dataclasses import replace

import pytest

import fastdln
from fastdln import SweepError
from fastdln.kernels.observe import made_for
from fastdln.observables import OBSERVABLES
from fastdln.observables.observable import ModeObservable, Variable
from tests.sweep.extensions.logistic_map import FILE, SWEEP, command


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "s.toml").write_text(SWEEP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


START, FINISH, UPDATE = "return (0.0,)", "return (seen[0] / record,)", "return (seen[0] + (1.0"

WRONG = {
    "a finish too long": (FINISH, "return (1.0, 2.0, 3.0)", "finish: must return 1 number (got 3)"),
    "a finish far too long": (FINISH, "return (1.0,) * 600", "finish: must return 1 number (got 600)"),
    "an empty finish": (FINISH, "return ()", "finish: must return 1 number (got 0)"),
    "a finish of a number": (FINISH, "return seen[0]", "finish: must return a tuple of numbers"),
    "a finish of nothing": (FINISH, "return None", "finish: must return a tuple of numbers"),
    "an update too long": (UPDATE, "return (1.0, seen[0] + (1.0", "update: must return 1 number (got 2)"),
    "a start of a number": (START, "return 0.0", "start: must return a tuple of numbers"),
    "a start that raises": (START, 'raise ValueError("hm")', "fails on a state: ValueError: hm (own.py, line 11)"),
    "a name that is not there": (
        START,
        "return (missing,)",
        "NameError: name 'missing' is not defined (own.py, line 11)",
    ),
    "a comment of another kind": ('long_name="share', 'comment=3, long_name="share', "comment: must be text"),
    "flags of another kind": ('long_name="share', 'flags=3, long_name="share', "flags: must be a mapping"),
    "variables of another kind": ("variables=(", "variables=5 or (", "variables: must be a tuple of Variable"),
    "needs of another kind": (
        "    start=start,",
        '    needs="tangent", start=start,',
        "needs: must be a tuple of names",
    ),
    "needs of what gives no functions": ("    start=start,", '    needs=("step",), start=start,', "fails on a state"),
    "starts of another kind": ('starts=("balanced",)', "starts=5", "starts"),
    "what is no exception": ("def start(step):", "raise BaseException('x')\ndef start(step):", "does not import"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_functions_are_one_line(here, name):
    old, new, said = WRONG[name]
    assert old in FILE
    (here / "own.py").write_text(FILE.replace(old, new))
    for words in (("run", "s.toml"), ("warm", "s.toml")):
        code, lines = command(*words, "--load", "own.py")
        assert (code, len(lines)) == (2, 1), lines
        assert said in lines[0]
    assert sorted(path.name for path in here.iterdir()) == ["own.py", "s.toml"]


def test_a_model_that_fails_at_some_depth_is_one_line(here):
    text = FILE.replace("def logistic(depth):", "def logistic(depth):\n    assert depth < 4, 'no more than three'")
    (here / "own.py").write_text(text)
    for verb in ("run", "warm"):
        deep = here / "deep.toml"
        deep.write_text(SWEEP.replace("depth = 2", "depth = 4"))
        code, (line,) = command(verb, deep, "--load", "own.py")
        assert code == 2
        assert "no more than three" in line
    assert not list(here.glob("*.zarr*"))


COMPILED = {
    "an argument of another kind": (
        START,
        "return (float(str(step.eta)[:3]),)",
        "observe time_above",
        "float(unicode_type) (own.py, line 11)",
    ),
    "a name that is not there": (
        START,
        "return (missing if step.eta == 77.0 else 0.0,)",
        "observe time_above",
        "NameError: name 'missing' is not defined (the function at own.py, line 10)",
    ),
    "a map": (
        "return (x * fma(-eta, x, eta),)",
        "return (x * fma(-eta, x, eta) if eta < 77.0 else len(eta),)",
        "trace logistic map 2",
        "len(float64) (own.py, line 39)",
    ),
}


@pytest.mark.parametrize("name", COMPILED)
def test_what_numba_says_is_said_in_a_line_with_its_place(here, name):
    old, new, kernel, said = COMPILED[name]
    assert old in FILE
    (here / "own.py").write_text(FILE.replace(old, new))
    code, (line,) = command("run", "s.toml", "--load", "own.py")
    assert code == 2
    assert line.startswith(f"error: {kernel}: is no mathematics that can be compiled: N")
    assert line.endswith(said)
    assert "nopython" not in line


def own(finish, *names):
    variables = tuple(Variable(name=n, dtype="float64", dims=("mode",), long_name="a number") for n in names)
    return ModeObservable(
        name=names[0],
        summary="numbers",
        variables=variables,
        start=lambda step: (0.0,),
        update=lambda seen, step: seen,
        finish=finish,
    )


def test_two_variables_of_one_name_are_refused():
    with pytest.raises(SweepError, match=r"variables: two have one name \(own_one, own_one\)"):
        fastdln.register(own(lambda seen, record: (1.0, 2.0), "own_one", "own_one"))


@pytest.mark.parametrize("finish", [lambda seen, record: (1.0, 2.0), lambda seen, record: seen[0]])
def test_a_kernel_never_writes_more_than_its_rows(finish):
    """Also of what no trial at the beginning has seen."""
    kernel = made_for(replace(own(finish, "own_two"), source="x"), 0, kept=False)
    with pytest.raises(SweepError, match="a tuple of 1 number is wanted here"):
        kernel.make()


def test_another_item_of_the_same_factory_is_another():
    def make(k):
        return own(lambda seen, record: (k * seen[0],), "own_three")

    fastdln.register(make(1.0))
    with pytest.raises(SweepError, match="own_three is taken"):
        fastdln.register(make(2.0))
    assert fastdln.register(make(1.0)) is OBSERVABLES["own_three"]
