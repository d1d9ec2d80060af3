"""Every public verb looks at what it is given: one line that names the argument and what would be right, nothing written."""

from pathlib import Path

import pytest

import fastdln
from fastdln import ClusterError, StoreError, Sweep, SweepError
from tests.commands import invoke

KEYS = {"model": "modes", "axes": {"eta": [0.1, 0.2], "alpha": 0.5, "depth": 3}, "steps": 50, "record": 16}
SWEEP = Sweep(**KEYS)
FILE = 'model = "modes"\naxes = {eta = [0.1, 0.2], alpha = 0.5, depth = 3}\nsteps = 50\nrecord = 16\n'


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(FILE)
    return tmp_path


def test_a_sweep_is_taken_by_its_path(here):
    for path in ("s.toml", Path("s.toml"), here / "s.toml"):
        assert fastdln.plan(path).sweep == SWEEP
    assert (fastdln.run("s.toml").fate > 0).all()
    assert (fastdln.run(Path("s.toml"), store="s.zarr").fate > 0).all()


NO_SWEEPS = [5, None, KEYS, b"s.toml", [SWEEP], Sweep, "missing.toml", ""]


@pytest.mark.parametrize("given", NO_SWEEPS, ids=range(len(NO_SWEEPS)))
@pytest.mark.parametrize("verb", [fastdln.run, fastdln.plan, lambda sweep: fastdln.run(sweep, "x.zarr")])
def test_what_is_no_sweep(here, verb, given):
    with pytest.raises(SweepError) as error:
        verb(given)
    assert "\n" not in str(error.value)
    assert "sweep" in str(error.value)
    assert [p.name for p in here.iterdir()] == ["s.toml"]


VERBS = {
    "run": lambda store, **how: fastdln.run(SWEEP, store, **how),
    "extend": lambda store, **how: fastdln.extend(store, "axes.eta=[0.1, 0.2, 0.3]", **how),
    "refine": lambda store, **how: fastdln.refine(store, "new.zarr", "axes.eta=[0.1]", **how),
    "refine to": lambda store, **how: fastdln.refine("old.zarr", store, "axes.eta=[0.1]", **how),
    "verify": fastdln.verify,
    "status": fastdln.status,
    "open": fastdln.open,
}


@pytest.mark.parametrize("given", [5, b"x.zarr", ["x.zarr"], SWEEP, "", True])
@pytest.mark.parametrize("verb", VERBS)
def test_what_is_no_store(here, verb, given):
    with pytest.raises(StoreError, match=r"^(store|new): (must be a path or a URL|is empty)") as error:
        VERBS[verb](given)
    assert "\n" not in str(error.value)
    assert [p.name for p in here.iterdir()] == ["s.toml"]


BAD = {
    "progress": ["yes", 1, []],
    "storage_options": ["endpoint=x", 5, {1: 2}],
    "dashboard": ["no", None],
    "fail_fast": ["no", None, 1],
    "durable": ["no", None, 1],
    "part": [2, ("1", "2"), "1:2"],
    "scheduler": [5, {"host": "x"}],
    "workers": ["2", 0, True, 1.5],
    "on_event": ["print", 5],
}
TAKES = {"verify": {"progress", "storage_options"}, "status": {"storage_options"}, "open": {"storage_options"}}


@pytest.mark.parametrize(("name", "given"), [(name, given) for name, values in BAD.items() for given in values])
@pytest.mark.parametrize("verb", VERBS)
def test_other_arguments(here, verb, name, given):
    if name not in TAKES.get(verb, BAD):
        return
    if verb != "run":
        fastdln.run(SWEEP, "old.zarr")
    before = sorted(here.rglob("*"))
    with pytest.raises((SweepError, ClusterError, StoreError), match=f"^{name}: ") as error:
        VERBS[verb]("old.zarr" if verb != "refine to" else "new.zarr", **{name: given})
    assert "\n" not in str(error.value)
    assert sorted(here.rglob("*")) == before


def test_no_function_is_called_where_none_is_given(here):
    fastdln.run(SWEEP, "s.zarr", on_event=None, progress=None)
    fastdln.run(SWEEP, on_event=None, progress=None)


def test_overrides_of_a_file_are_a_list_of_texts(here):
    for bad in (5, "axes.eta=1", [1], [None], [b"axes.eta=1"]):
        with pytest.raises(SweepError, match=r"^overrides: must be "):
            fastdln.Sweep.from_file("s.toml", bad)


def test_the_home_of_nobody_is_no_folder(here):
    with pytest.raises(StoreError, match="nobody's home folder"):
        fastdln.run(SWEEP, "~no-such-user/s.zarr")
    assert [p.name for p in here.iterdir()] == ["s.toml"]


def test_without_a_store_too():
    for name in ("progress", "fail_fast", "on_event", "scheduler", "dashboard", "durable", "storage_options", "part"):
        with pytest.raises(SweepError, match=f"^{name}: "):
            fastdln.run(SWEEP, **{name: BAD[name][0]})


@pytest.mark.parametrize("override", [5, {"axes": {}}, None, b"axes.eta=1"])
def test_overrides_are_texts(here, override):
    fastdln.run(SWEEP, "old.zarr")
    for verb in (
        lambda: fastdln.extend("old.zarr", override),
        lambda: fastdln.refine("old.zarr", "new.zarr", override),
    ):
        with pytest.raises(SweepError, match=r"^overrides: must be texts such as"):
            verb()


def test_an_empty_path_is_no_default(here):
    for words in (["run", "s.toml", "-o", ""], ["status", ""], ["paper", "-o", ""], ["report", "s.zarr", "-o", ""]):
        done = invoke(*words)
        assert done.exit_code == 2, words
        assert done.stderr.count("\n") == 1
        assert [p.name for p in here.iterdir()] == ["s.toml"]


def test_an_extension_with_nothing_to_do_says_so(here):
    fastdln.run(SWEEP, "s.zarr")
    for words in ([], ["--set", "axes.eta=[0.1, 0.2]"]):
        done = invoke("extend", "s.zarr", *words)
        assert done.exit_code == 0
        assert "nothing to do" in done.stderr
    done = invoke("extend", "s.zarr", "--set", "axes.eta=[0.1, 0.2, 0.3]")
    assert done.exit_code == 0
    assert "nothing to do" not in done.stderr
