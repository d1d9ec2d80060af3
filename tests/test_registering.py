"""Models and observables of one's own: registered in Python, by --load, in other processes; and what is refused."""

import json
import re
import sys
from dataclasses import replace

import commands
import numpy as np
import pytest
from commands import invoke

import fastdln
from fastdln import StoreError, Sweep, SweepError
from fastdln.execution.compile_ahead import in_words, were_compiled
from fastdln.kernels.compile_jobs import Job
from fastdln.models import MODELS, Map, Model
from fastdln.observables import OBSERVABLES
from fastdln.observables.observable import ModeObservable, PointObservable, Quantity, Variable
from fastdln.sweep.extensions import own_code, register

FILE = '''
"""The share of the record spent above the target; and the logistic map."""

from fastdln import register
from fastdln.models import Map, Model
from fastdln.models.fma import fma
from fastdln.observables.observable import ModeObservable, Variable


def start(step):
    return (0.0,)


def update(seen, step):
    return (seen[0] + (1.0 if step.product > step.singular_value else 0.0),)


def finish(seen, record):
    return (seen[0] / record,)


register(
    ModeObservable(
        name="time_above",
        summary="share of the record above the target",
        variables=(
            Variable(name="time_above", dtype="float64", long_name="share of states above s", dims=("mode",)),
        ),
        start=start,
        update=update,
        finish=finish,
    )
)


def logistic(depth):
    def step(state, eta, s):
        (x,) = state
        return (x * fma(-eta, x, eta),)

    return step


MAP = Map(
    name="logistic map",
    components=lambda depth: (0,) * depth,
    step=logistic,
    product=lambda depth: lambda state: state[0],
)
register(Model("logistic_map", summary="x' = eta x (1 - x)", starts=("balanced",), reduce=lambda layers: MAP))
'''

SWEEP = """
model = "logistic_map"
steps = 2000
record = 64
observables = ["period", "time_above", "orbit"]
orbit_samples = 64
[axes]
eta = [2.5, 3.2, 3.5, 3.9]
alpha = 0.3
depth = 2
[target]
singular_values = [0.7]
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "own.py").write_text(FILE)
    (tmp_path / "s.toml").write_text(SWEEP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*words):
    done = invoke(*words)
    return done.exit_code, [line for line in done.stderr.splitlines() if line.startswith(("error", "incomplete"))]


def share_above(eta, s, steps=2000, record=64):
    x, above = 0.3, 0
    for step in range(steps + record):
        x = eta * x * (1 - x)
        above += step >= steps and x > s
    return above / record


def checked(ds):
    found = dict(zip(ds.eta.values.tolist(), ds.time_above.values.ravel().tolist(), strict=True))
    assert {eta: found[eta] for eta in (2.5, 3.2, 3.5)} == {eta: share_above(eta, 0.7) for eta in (2.5, 3.2, 3.5)}
    orbit = ds.orbit.values.reshape(4, 64)[3]
    assert found[3.9] == np.mean(orbit > 0.7)
    assert ds.period.values.ravel().tolist() == [1, 2, 4, 0]
    np.testing.assert_allclose(ds.orbit.values.ravel()[0], 1 - 1 / 2.5)


def test_a_file_that_is_loaded_brings_a_model_and_an_observable(here):
    assert command("run", "s.toml", "--load", "own.py") == (0, [])
    ds = fastdln.open("s.zarr")
    checked(ds)
    assert ds.time_above.attrs["long_name"] == "share of states above s"
    assert set(json.loads(ds.attrs["registered"])) == {"time_above", "logistic_map"}
    assert all(len(digest) == 64 for digest in json.loads(ds.attrs["registered"]).values())


def test_processes_get_what_is_loaded(here):
    pytest.importorskip("distributed")
    assert command("run", "s.toml", "--load", "own.py", "--workers", "2") == (0, [])
    checked(fastdln.open("s.zarr"))


def test_a_store_goes_on_with_the_same_source_only(here):
    assert command("run", "s.toml", "--load", "own.py") == (0, [])
    for names in (OBSERVABLES, MODELS):
        for name in ("time_above", "logistic_map"):
            names.pop(name, None)
    code, (line,) = command("verify", "s.zarr")
    assert code == 2
    assert "time_above" in line
    assert "--load" in line
    sys.modules.pop(next(name for name in sys.modules if name.startswith(own_code.LOADED)))
    (here / "other.py").write_text(FILE.replace("step.product >", "step.product >="))
    before = sorted((path, path.stat().st_mtime_ns) for path in (here / "s.zarr").rglob("*"))
    code, (line,) = command("run", "s.toml", "--load", "other.py")
    assert code == 2
    assert "another source of time_above" in line
    assert sorted((path, path.stat().st_mtime_ns) for path in (here / "s.zarr").rglob("*")) == before


def test_comments_outside_of_its_functions_change_no_source(here):
    fastdln_of = register.sha256
    own_code.load(here / "own.py")
    first = OBSERVABLES["time_above"].source
    OBSERVABLES.pop("time_above")
    MODELS.pop("logistic_map")
    (here / "same.py").write_text("# a word\n" + FILE)
    own_code.load(here / "same.py")
    assert OBSERVABLES["time_above"].source == first
    assert fastdln_of(OBSERVABLES["time_above"]) == first


BAD = {
    "import nonesuch": "does not import: ModuleNotFoundError",
    "x = (": "does not import: SyntaxError",
    "raise SystemExit(0)": "does not import: SystemExit",
    "\n1 / 0": "does not import: ZeroDivisionError: division by zero (own.py, line 2)",
    "from fastdln import register\nregister(3)": "takes a Model or one of",
    FILE.replace('name="time_above",\n        summary', 'name="",\n        summary'): "needs a name of small letters",
    FILE.replace('name="time_above",\n        summary', 'name="loss",\n        summary'): "the name loss is taken",
    FILE.replace('Variable(name="time_above"', 'Variable(name="period"'): "the name period is taken",
    FILE.replace('Variable(name="time_above"', 'Variable(name="eta"'): "the name eta is taken",
    FILE.replace('long_name="share of states above s"', 'long_name=" "'): "needs long_name",
    FILE.replace('dims=("mode",))', 'dims=("mode",), units="")'): "needs units",
    FILE.replace('dtype="float64"', 'dtype="object"'): "dtype must be float64",
    FILE.replace('dims=("mode",))', 'dims=("layer",))'): "dims of a ModeObservable",
    FILE.replace("start=start,", 'needs=("hessian",), start=start,'): "no model has hessian; valid needs: components",
    FILE.replace("return (x * fma(-eta, x, eta),)", "return x"): "step must return a tuple",
    FILE.replace("return (x * fma(-eta, x, eta),)", "return (x / 0,)"): "a step of 2 layers fails: ZeroDivisionError",
    FILE.replace('starts=("balanced",)', 'starts=("nowhere",)'): "starts out of one-zero",
    FILE.replace('Model("logistic_map"', 'Model("modes"'): "is the name of another model",
}


@pytest.mark.parametrize("source", BAD, ids=list(BAD.values()))
def test_what_is_wrong_is_one_line_and_nothing_is_written(here, source):
    (here / "own.py").write_text(source)
    code, (line,) = command("run", "s.toml", "--load", "own.py")
    assert code == 2
    assert BAD[source] in line
    assert line.startswith("error: own.py: ")
    assert sorted(path.name for path in here.iterdir()) == ["own.py", "s.toml"]


def test_files_that_are_none_are_one_line(here):
    said = {
        "nowhere.py": "error: --load nowhere.py: cannot be read: No such file or directory",
        here: f"error: --load {here}: is a folder",
        "/dev/null": "error: --load /dev/null: is no regular file",
        "s.toml": "error: s.toml: must be a file of Python, whose name ends with .py",
    }
    for path, line in said.items():
        assert command("run", "s.toml", "--load", path) == (2, [line])


def test_an_interrupt_while_a_file_is_loaded_is_told_as_that(here):
    (here / "own.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)")
    done = invoke("run", "s.toml", "--load", "own.py")
    assert done.exit_code == 3
    assert done.stderr.splitlines()[-1] == "stopped while own.py was loaded, before anything else was done"
    assert "store" not in done.stderr + done.stdout
    assert sorted(path.name for path in here.iterdir()) == ["own.py", "s.toml"]


def test_names_that_are_not_known_tell_of_the_way_to_bring_them(here):
    for change in (SWEEP, SWEEP.replace("logistic_map", "modes")):
        (here / "s.toml").write_text(change)
        code, (line,) = command("run", "s.toml")
        assert code == 2
        assert line.endswith("; --load FILE.py brings your own")


def test_what_is_loaded_is_listed(here):
    plain, listed = (invoke("list", *words) for words in ([], ["--load", "own.py"]))
    for line in (r"\n  logistic_map +x' = eta x \(1 - x\)", r"\n  time_above +share of the record above the target"):
        assert re.search(line, listed.stdout)
        assert not re.search(line, plain.stdout)
    schema = json.loads(invoke("list", "--schema").stdout)["properties"]
    assert "logistic_map" in schema["model"]["enum"]
    assert "time_above" in schema["observables"]["items"]["enum"]


def test_what_a_map_lacks_cannot_be_asked_for(here):
    own_code.load(here / "own.py")
    keys = {
        "model": "logistic_map",
        "axes": {"eta": 0.5, "alpha": 0.5, "depth": 2},
        "target": {"singular_values": [1.0]},
    }
    with pytest.raises(SweepError, match="lyapunov"):
        Sweep(**keys, observables=["lyapunov"])
    assert Sweep(**keys, observables=["time_above"]).families[0].name == "time_above"


def count_of_signs():
    def join(x, y):
        return x + y

    return Quantity(name="loss", join=join, identity=0.0, term=lambda map_, depth: lambda state, pi, s: 1.0 * (pi > s))


def test_a_quantity_of_ones_own_may_have_the_name_of_another(quick):
    """Its kernel is not taken for that one's."""
    variable = Variable(name="modes_above", dtype="float64", long_name="modes above their target, at the end")
    observable = PointObservable(
        name="modes_above",
        summary="how many modes are above their target",
        variables=(variable,),
        quantity=count_of_signs(),
        start=lambda sample: (0.0,),
        update=lambda seen, sample: (sample.value,),
        finish=lambda seen, count, last: seen,
    )
    fastdln.register(observable)
    ds = quick(
        axes={"eta": [0.3, 0.6], "alpha": 0.9, "depth": 3}, s=(1.0, 0.5), observables=["modes_above", "orbit", "loss"]
    )
    above = ds.orbit.isel(sample=-1) > ds.singular_value
    np.testing.assert_array_equal(ds.modes_above.squeeze(), above.sum("mode").squeeze())
    half_squares = 0.5 * ((ds.orbit.isel(sample=-1) - ds.singular_value) ** 2).sum("mode")
    np.testing.assert_allclose(ds.loss_last.squeeze(), half_squares.squeeze(), atol=1e-15)


def test_registering_the_same_again_changes_nothing_and_another_under_its_name_is_refused():
    variable = Variable(name="last_one", dtype="float64", long_name="the last product", dims=("mode",))
    one = ModeObservable(
        name="last_one",
        summary="the last product",
        variables=(variable,),
        start=lambda step: (0.0,),
        update=lambda seen, step: (step.product,),
        finish=lambda seen, record: seen,
    )
    first = fastdln.register(one)
    assert fastdln.register(one) is first
    with pytest.raises(SweepError, match="the name last_one is taken"):
        fastdln.register(replace(one, update=lambda seen, step: (step.eta,)))


def test_a_model_that_raises_in_a_run_is_a_fault_with_its_message(tmp_path):
    def step(depth):
        def step(state, eta, s):
            if eta > 0.75:
                raise ValueError("beyond what this map is for")
            return state

        return step

    map_ = Map(
        name="raises", components=lambda depth: (0,) * depth, step=step, product=lambda depth: lambda state: state[0]
    )
    fastdln.register(Model("raises", summary="raises", starts=("balanced",), reduce=lambda layers: map_))
    keys = {
        "model": "raises",
        "axes": {"eta": [0.5, 0.9], "alpha": 0.5, "depth": 2},
        "target": {"singular_values": [1.0]},
    }
    said = (
        r"kernel (advance|trace) raises 2: ValueError: beyond what this map is for \(test_registering\.py, line \d+\)"
    )
    with pytest.raises(fastdln.IncompleteError, match=said):
        fastdln.run(Sweep(**keys, steps=10, record=8), tmp_path / "s.zarr")


def test_sweep_files_and_stores_load_nothing(here):
    (here / "s.toml").write_text(SWEEP + 'load = "own.py"\n')
    code, _ = command("run", "s.toml")
    assert code == 2
    (here / "s.toml").write_text(SWEEP)
    assert command("run", "s.toml", "--load", "own.py")[0] == 0
    root = json.loads((here / "s.zarr" / "zarr.json").read_text())
    root["attributes"]["registered"] = json.dumps({"os.system": "touch gone"})
    (here / "s.zarr" / "zarr.json").write_text(json.dumps(root))
    with pytest.raises(StoreError, match=r"os\.system"):
        fastdln.verify("s.zarr")
    checked(fastdln.open("s.zarr"))
    assert not (here / "gone").exists()


def test_what_cannot_be_compiled_is_one_line(here):
    (here / "own.py").write_text(FILE.replace("return (0.0,)", "return (float(str(step.eta)[:3]),)"))
    code, (line,) = command("run", "s.toml", "--load", "own.py")
    assert code == 2
    assert line.startswith("error: observe time_above: is no mathematics that can be compiled: ")
    assert not [path.name for path in here.iterdir() if path.name.startswith("s.zarr")], "nothing is written"


def test_observables_of_the_whole_run_look_as_often_as_they_say(quick):
    """One at every state, beside one at every fifth."""
    variable = Variable(name="states_seen", dtype="int64", long_name="states looked at", units="steps")
    seen = PointObservable(
        name="states_seen",
        summary="how many states were looked at",
        variables=(variable,),
        quantity=count_of_signs(),
        start=lambda sample: (0.0,),
        update=lambda seen, sample: (seen[0] + 1.0,),
        finish=lambda seen, count, last: seen,
        whole_run=True,
    )
    axes = {"eta": [0.5, 0.9], "alpha": 0.5, "depth": 3}
    alone = quick(axes=axes, observables=["edge_step"], sharpness_every=5)
    fastdln.register(seen)
    both = quick(axes=axes, observables=["edge_step", "states_seen"], sharpness_every=5)
    np.testing.assert_array_equal(both.states_seen, 300 + 64 + 1)
    np.testing.assert_array_equal(both.edge_step, alone.edge_step)


def test_kernels_of_ones_own_are_said_to_be_compiled_in_every_run(here):
    for _ in range(2):
        done = commands.fastdln("warm", "s.toml", "--load", "own.py", cwd=here)
        assert done.returncode == 0, done.stderr
    # time_above, and two of the model's
    assert done.stderr.splitlines()[-1] == "all kernels are there, but for 3 of your own, which every run compiles"


def nothing():
    pass


@pytest.mark.parametrize(
    ("kept", "own", "compiling", "compiled"),
    [
        (7, 0, "7 kernels, once for this machine", "7 kernels were compiled"),
        (1, 0, "1 kernel, once for this machine", "1 kernel was compiled"),
        (
            0,
            1,
            "1 kernel of your own, in every run",
            "all kernels are there, but for 1 of your own, which every run compiles",
        ),
        (
            2,
            3,
            "2 kernels, once for this machine, and 3 of your own, in every run",
            "2 kernels were compiled, and 3 of your own, which every run compiles",
        ),
    ],
)
def test_what_is_compiled_is_said_in_words(kept, own, compiling, compiled, monkeypatch):
    jobs = [Job(str(number), nothing, number < kept) for number in range(kept + own)]
    assert in_words(jobs) == compiling
    assert were_compiled(jobs) == compiled
    monkeypatch.setattr("fastdln.execution.compile_ahead.folder", lambda: None)
    assert "once for this machine" not in in_words(jobs)


def test_deeply_nested_records_are_no_sources(here):
    assert own_code.missing({"registered": "[" * 100_000}) == []
