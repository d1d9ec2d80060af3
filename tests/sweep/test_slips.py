"""Slips of real people in sweep files, after --set and in Python: one line each, which says what would be right."""

import re

import numpy as np
import pytest

import fastdln
from fastdln import Sweep, SweepError
from fastdln.sweep import slips
from fastdln.text import closest, suggestion

GOOD = """model = "modes"
steps = 200
[axes]
eta = {start = 0.1, stop = 1.0, num = 20}
alpha = 0.5
depth = 3
"""

# What is changed in the file, and the words of the answer that a person needs.
TYPED = [
    ('"modes"', "modes", 'quote it: model = "modes"'),
    ('"modes"', "modes # the model", 'quote it: model = "modes"'),
    ('"modes"', "\u201cmodes\u201d", 'write plain quotes: model = "modes"'),
    ("steps = 200", "steps = 20,000", "numbers have no commas: steps = 20_000"),
    ("steps = 200", "steps: 200", "write = instead of :"),
    ("steps = 200", "steps = None", "leave steps out for its default"),
    ("steps = 200", "steps = True", "write true"),
    ("steps = 200", "steps = 200\nsteps = 300", "the key is there twice"),
    ("steps = 200", "steps = 10**4", "lines look like steps = 100"),
    ("{start = 0.1, stop = 1.0, num = 20}", "{start: 0.1, stop: 1.0, num: 20}", "write = instead of :"),
    ("{start = 0.1, stop = 1.0, num = 20}", '{"start": 0.1, "stop": 1.0}', "write = instead of :"),
    ("{start = 0.1, stop = 1.0, num = 20}", "{start = 0.1,\n stop = 1.0}", "a table in braces stands on one line"),
    ("{start = 0.1, stop = 1.0, num = 20}", "linspace(0.1, 1, 20)", "nothing is computed here"),
    ("{start = 0.1, stop = 1.0, num = 20}", "0.1:1.0:20", "a range is {start = 2, stop = 4, num = 3}"),
    ("depth = 3", "depth = range(2, 4)", "nothing is computed here"),
    ("alpha = 0.5", "alpha = .5", "write a digit on both sides of a point: alpha = 0.5"),
    ("alpha = 0.5", "alpha = 5. # .1", "on both sides of a point: alpha = 5.0 #"),
    ("start = 0.1,", "start = -.1,", "eta = {start = -0.1, stop = 1.0, num = 20}"),
    (GOOD, '{"model": "modes"}', "it looks like JSON or Python"),
    (GOOD, "import fastdln\n", "lines look like steps = 100"),
    (GOOD, "# nothing yet\n", "has no keys; a sweep needs at least model"),
]
# Lines that stand below [axes], and the words of the answer.
BELOW = [
    ("record = 8", "axes.record: record is a key of its own; put it above [axes]"),
    ("observables = ['loss']", "axes.observables: observables is a key of its own; put it above [axes]"),
    ("target = {singular_values = [1]}", "axes.target: target is a key of its own; put it above [axes]"),
    ("[target]\nsingular_values = 1\nrecord = 8", "target.record: record is a key of its own; put it above [target]"),
    ("[chunks]\neta = 5\nobservables = ['loss']", "chunks.observables: observables is a key of its own; put it above"),
    ("[chunks]\neta = 5\nsteps = 5", "chunks.steps: steps is a key of its own; put it above [chunks]"),
    (
        "[start]\nspectral = [[1], [1], [0]]\ntitle = 'x'",
        "start.title: title is a key of its own; put it above [start]",
    ),
]
# A key, a value that is wrong for it, and the words of the answer.
GIVEN = [
    ("stps=100", "did you mean steps?"),
    ("obsevables=['period']", "did you mean observables?"),
    ("eta=0.5", "did you mean axes.eta?"),
    ("s1=0.5", "did you mean axes.s1?"),
    ("lr=0.5", "did you mean axes.eta?"),
    ("singular_values=[1, 2]", "did you mean target.singular_values?"),
    ("spectral=[[1], [0]]", "did you mean start.spectral?"),
    ("axes.depht=3", "axes.depht: unknown axis (did you mean depth?)"),
    ("axes.etta=3", "did you mean eta?"),
    ("axes.losses=['logistic']", "did you mean loss?); valid: eta"),
    ("axes.losses=['logistic']", "momentum, model, start, target.basis, loss, activation;"),
    ("axes.activations=['tanh']", "did you mean activation?"),
    ("axes.mu=0.5", "did you mean momentum?"),
    ("axes.u=0.5", "did you mean w1?"),
    ("axes.v=0.5", "did you mean w2?"),
    ("axes.lr=0.5", "did you mean eta?"),
    ("axes.Layers=3", "did you mean depth?"),
    ("data={x=[[1, 2]], y=[1]}", "data.x: unknown key (did you mean inputs?)"),
    ("data={x=[[1, 2]], y=[1]}", "data.y: unknown key (did you mean labels of classes, or outputs?)"),
    ("data={X=[[1, 2]], labels=[1]}", "data.X: unknown key (did you mean inputs?)"),
    ("nesterov=True", "nesterov: must be true or false; write true, in small letters"),
    ("momentum=nan", "momentum: must be finite (got nan)"),
    ("momentum=inf", "momentum: must be finite (got inf)"),
    ("data={pair = {gamma = nan}}", "data.pair.gamma: must be finite (got nan)"),
    ("data={pair = {gamma = -inf}}", "data.pair.gamma: must be finite (got -inf)"),
    ("steps=nan", "steps: must be a whole number (got nan)"),
    ("axes.eta.stpo=3", "axes.eta.stpo: unknown key (did you mean stop?)"),
    ("axes.eta={start=0, num=5, end=2}", "unknown key (did you mean stop?)"),
    ("axes.eta={first=0, num=5, stop=2}", "unknown key (did you mean start?)"),
    ("axes.eta={start=0, points=5, stop=2}", "unknown key (did you mean num?)"),
    ("axes.eta={start=0, stop=2, step=0.1}", "unknown key (say num, how many values)"),
    ("axes.eta.steps=3", "say num, how many values; the steps of the sweep stand above [axes]"),
    ("axes.eta.log=true", 'say spacing = "log"'),
    ("axes.eta.record=3", "axes.eta.record: record is a key of its own; put it above [axes]"),
    ("axes.steps=100", "after --set write steps=..."),
    ("chunks.steps=100", "chunks.steps: steps is a key of its own; put it above [chunks]"),
    ("start.steps=100", "start.steps: steps is a key of its own; put it above [start]"),
    ("axes.eta.spacing=logarithmic", "'linear' or 'log' (did you mean log?)"),
    ("axes.eta=0.1, 0.2", "a number, [a list] or {start, stop, num}"),
    ("axes.eta=0.1, 0.2", "write [0.1, 0.2] without quotes"),
    ("axes.eta='[1,2]'", "write [1, 2] without quotes"),
    ("axes.eta='0.5'", "write 0.5 without quotes"),
    ("axes.eta='{start = 0.1, stop = 1, num = 3}'", "write {start = 0.1, stop = 1, num = 3} without quotes"),
    ("axes.eta.num='20'", "must be a number; write 20 without quotes"),
    ("axes.alpha.num=3", "give all of it: --set 'axes.alpha={start = 0.1, stop = 1, num = 10}'"),
    ("axes.eta.start=3", "start must be below stop (got 3 and 1)"),
    ("axes.depth=1.5", "whole numbers from 2 on"),
    ("steps=20,000", "write 20_000 without quotes and commas"),
    ("steps='1e4'", "write 1e4 without quotes"),
    ("steps=2.5", "must be a whole number"),
    ("model=mode", "did you mean modes?"),
    ("model=Matrix", "did you mean matrix?"),
    ("start=one zero", "did you mean one-zero?"),
    ("observables=perod", "did you mean period?"),
    ("observables=period,loss", 'each in quotes: ["period", "loss"]'),
    ("observables=[period, loss]", 'each in quotes: ["period", "loss"]'),
    ("observables=[lyapunov]", """--set 'observables=["lyapunov"]'"""),
    ("observables=['loss, period']", 'each in quotes: ["loss", "period"]'),
    ("observables=['fate', 'loss period']", 'each in quotes: ["fate", "loss", "period"]'),
    ("axes.start=[balanced, one-zero]", """--set 'axes.start=["balanced", "one-zero"]'"""),
    ("axes.start=balanced, one-zero", 'each in quotes: ["balanced", "one-zero"]'),
    (
        "start=gaussian",
        "modes has no start 'gaussian', which is of the models central-flow, constrained, flow, matrix, mlp; valid: one-zero",
    ),
    ("observables=['sharpness_maximum']", "did you mean sharpness_max?"),
    ("target.singular_value=[2]", "did you mean singular_values?"),
    ("target.singular_values=10 9 8", "write [10, 9, 8] without quotes"),
    ("target.singular_values=power", "a law such as {law ="),
    ("target.singular_values={law='powr', exponent=-1, count=3}", "did you mean power?"),
    ("target.singular_values={law='power', exponnt=-1, count=3}", "did you mean exponent?"),
    ("target.singular_values={exponent=-1, count=3}", "must say law = one of power, geometric, linear"),
    ("target.singular_values=nowhere.npy", "No such file"),
    ("axes.eta={values=[0.5, 1]}", 'unit = "2/S1"'),
    ("axes.eta={start=0.5, stop=1, num=3, unit='2/S'}", "must be '2/S1'"),
    ("axes.alpha={start=0.5, stop=1, num=3, unit='2/S1'}", "only eta has a unit"),
    ("chunks.et=3", "did you mean eta?"),
    ("chunks=3", "such as {eta = 100}"),
]


@pytest.mark.parametrize(("old", "new", "told"), TYPED, ids=[told[:30] for *_, told in TYPED])
def test_a_slip_in_a_file_says_what_to_write(tmp_path, old, new, told):
    (tmp_path / "s.toml").write_text(GOOD.replace(old, new))
    with pytest.raises(SweepError) as error:
        Sweep.from_file(tmp_path / "s.toml")
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(tmp_path / "s.toml"))


@pytest.mark.parametrize(("lines", "told"), BELOW)
def test_a_key_below_a_table_says_where_it_belongs(tmp_path, lines, told):
    (tmp_path / "s.toml").write_text(f"{GOOD}{lines}\n")
    with pytest.raises(SweepError) as error:
        Sweep.from_file(tmp_path / "s.toml")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("override", "told"), GIVEN)
def test_a_slip_after_set_says_what_to_write(tmp_path, override, told):
    (tmp_path / "s.toml").write_text(GOOD)
    with pytest.raises(SweepError) as error:
        Sweep.from_file(tmp_path / "s.toml", [override])
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert override.partition("=")[0].partition(".")[0] in str(error.value)


def test_an_unknown_axis_is_told_together_with_other_faults():
    with pytest.raises(SweepError) as error:
        Sweep(model="modes", axes={"eta": "fast", "alpha": 0.1, "depht": 3}, stps=3)
    for told in ("axes.depht: unknown axis", "axes.eta: must be a number", "stps: unknown key"):
        assert told in str(error.value)
    with pytest.raises(SweepError) as error:
        Sweep(model="modes", axes={"eta": 1, "alpha": 0.1, "depht": "x"})
    assert str(error.value).count("axes.depht") == 1


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: fastdln.run({"model": "modes"}), r"fastdln.Sweep\(\*\*keys\) makes one of a dict"),
        (lambda: fastdln.run("nowhere.toml"), "a sweep is read from a TOML file"),
        (lambda: fastdln.plan(3), "must be a fastdln.Sweep, or the path of a TOML file"),
        (lambda: fastdln.open("nowhere.zarr"), "there is no store"),
        (lambda: fastdln.open(3), "must be a path or a URL"),
        (lambda: fastdln.refine("a.zarr", "b.zarr", center="eta=1"), r"must be a dict of axes, such as \{'eta': 1.42"),
        (lambda: fastdln.refine("a.zarr", "b.zarr", center={"eta": None}), "center eta: must be a number"),
        (lambda: fastdln.refine("a.zarr", "b.zarr", factor=4), r"give center=\{'eta': 1.42\}"),
        (lambda: fastdln.refine("a.zarr", "b.zarr", center={"eta": 1}, factor="x"), "factor: must be a number"),
        (lambda: fastdln.refine("a.zarr", "a.zarr", center={"eta": 1}), "is no window of itself"),
        (lambda: fastdln.plots.kind_of("phse"), r"did you mean phase\?"),
        (lambda: fastdln.Sweeep, r"did you mean Sweep\?"),
        (lambda: fastdln.refin, r"did you mean refine\?"),
    ],
)
def test_a_wrong_call_says_what_would_be_right(tmp_path, monkeypatch, call, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        (fastdln.SweepError, fastdln.StoreError, fastdln.DatasetError, AttributeError), match=told
    ) as error:
        call()
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_a_picture_of_a_dataset_is_suggested():
    ds = fastdln.run(Sweep(model="modes", axes={"eta": [0.5, 0.6], "alpha": 0.5, "depth": 3}, steps=10, record=4))
    with pytest.raises(AttributeError, match=r"did you mean phase\?"):
        ds.dln.plot.phse()


def test_a_name_is_close_whatever_its_case():
    names = ["steps", "record", "log", "eta"]
    for word, name in {
        "STEPS": "steps",
        "recrd": "record",
        "logarithmic": "log",
        "ETA": "eta",
        "zzz": "",
        "": "",
    }.items():
        assert closest(word, names) == name
    assert suggestion("recrd", names) == " (did you mean record?)"
    assert suggestion(5, names) == suggestion("zzz", names) == ""


def test_looking_for_what_was_meant_takes_a_moment():
    """Long words and lines, many names: what is compared is bounded."""
    assert closest("a" * 10**7, [f"name{k}" for k in range(20_000)]) == ""
    for line in ("x = " + "1, " * 10**6, "x = " + "{a" * 10**6, "a" * 10**7, "x = " + "1 " * 10**6):
        assert len(slips.of_toml(line, "Invalid value (at line 1, column 5)")) < 200
    with pytest.raises(SweepError, match="must be a number"):
        Sweep(model="modes", axes={"eta": "1 " * 10**6, "alpha": 1, "depth": 3})


def test_every_message_names_a_file_as_it_was_typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweeps").mkdir()
    (tmp_path / "sweeps" / "phase_diagram.toml").write_text(GOOD)
    for typed in ("phase_diagram.toml", "phase_diagrm.toml", "sweeps/phase_diagram", "sweeps/phase.toml"):
        with pytest.raises(SweepError) as error:
            Sweep.from_file(typed)
        assert str(error.value).startswith(f"{typed}: No such file or directory")
        assert ("did you mean sweeps/phase_diagram.toml?" in str(error.value)) == (typed != "sweeps/phase.toml")


def test_numbers_of_numpy_in_text_are_no_list():
    with pytest.raises(SweepError, match=re.escape("axes.eta: must be a number, [a list]")):
        Sweep(model="modes", axes={"eta": np.array2string(np.arange(3)) + "x", "alpha": 1, "depth": 3})


@pytest.mark.parametrize("name", ["x" * 5000, "x/" * 2500 + ".npy"])
def test_a_path_that_no_file_has_leaves_the_reason_to_be_read(name):
    data = {"inputs": name, "labels": [0, 1]}
    with pytest.raises(SweepError) as error:
        Sweep(model="logistic", data=data, axes={"eta": 0.1})
    assert str(error.value).startswith("data.inputs: x")
    assert str(error.value).endswith(": File name too long")
    assert len(str(error.value)) < 400
