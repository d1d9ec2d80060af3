"""Models and observables of one's own, by --load: in this and other processes, and what is refused."""

import json
import re
import sys

import numpy as np
import pytest

import fastdln
from fastdln import StoreError, Sweep, SweepError
from fastdln.models import MODELS
from fastdln.observables import OBSERVABLES
from fastdln.sweep.extensions import own_code, register
from tests import commands
from tests.commands import invoke
from tests.sweep.extensions.logistic_map import FILE, SWEEP, command


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "own.py").write_text(FILE)
    (tmp_path / "s.toml").write_text(SWEEP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


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


def test_kernels_of_ones_own_are_said_to_be_compiled_in_every_run(here):
    for _ in range(2):
        done = commands.fastdln("warm", "s.toml", "--load", "own.py", cwd=here)
        assert done.returncode == 0, done.stderr
    # time_above, and two of the model's
    assert done.stderr.splitlines()[-1] == "all kernels are there, but for 3 of your own, which every run compiles"


def test_deeply_nested_records_are_no_sources(here):
    assert own_code.missing({"registered": "[" * 100_000}) == []
