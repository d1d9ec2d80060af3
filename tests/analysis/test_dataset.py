"""Datasets that people worked on, and attributes that they wrote: drawn as they are, or refused in one line."""

import itertools
import json
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

import fastdln
from fastdln import DatasetError, Sweep, analysis, plots, run
from fastdln.analysis.dataset import LONGEST, restore_dimensions, text_of
from tests.commands import invoke
from tests.plots.figures import one_panel
from tests.small import SWEEP, made


@pytest.fixture(autouse=True)
def never_shown():
    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def ds():
    return made(SWEEP)


def painted(ds, **choice):
    ax = plots.phase(ds, depth=3, **choice)
    return max(ax.collections, key=lambda one: one.get_array().size if one.get_array() is not None else 0).get_array()


DRAWN = {
    "swap_dims": lambda ds: ds.assign_coords(log=("eta", np.log(ds.eta.values))).swap_dims(eta="log"),
    "two swap_dims": lambda ds: ds.rename_dims(eta="e", alpha="a"),
    "stack": lambda ds: ds.stack(point=("alpha", "eta")),
    "stack of modes": lambda ds: ds.stack(point=("depth", "mode")),
    "two stacks": lambda ds: ds.stack(point=("alpha", "eta")).stack(part=("depth", "mode")),
    "no numbers of the modes": lambda ds: ds.drop_vars("mode"),
    "reset_coords": lambda ds: ds.reset_coords(),
    "set_coords": lambda ds: ds.set_coords(["loss", "period", "fate"]),
    "where": lambda ds: ds.where(xr.DataArray([0, 1], dims="mode") < 1),
    "reset_index": lambda ds: ds.reset_index("eta"),
    "transpose": lambda ds: ds.transpose("sample", "eta", ...),
    "a variable": lambda ds: ds.assign(half=ds.eta / 2, more=ds.loss.mean("eta"), one=1.0, text="x"),
    "a coordinate": lambda ds: ds.assign_coords(half=ds.eta / 2, name="run 1", grid=ds.loss),
    "a dimension of its own": lambda ds: ds.assign(other=("there", [1, 2, 3]), step=("foo", [1, 2])),
    "a further dimension": lambda ds: ds.expand_dims(run=["$a"]),
    "a longer dimension": lambda ds: xr.concat([ds, ds], xr.DataArray(["a", "b"], dims="run", name="run")),
    "dask": lambda ds: ds.chunk(eta=7),
    "attributes of pandas": lambda ds: ds.assign_coords(eta=ds.eta.assign_attrs(asked_for="x", units=3)),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_datasets_that_were_worked_on_draw_alike(ds, name):
    given = DRAWN[name](ds)
    if name != "where":
        np.testing.assert_array_equal(painted(given), painted(ds))
    assert plots.drawable(given) == plots.drawable(ds)
    for kind in plots.drawable(given):
        # one panel: most of a picture's time is the layout of several
        plots.encode(plots.figure(given, kind, **one_panel(kind)), "png", 30)
    if "run" not in given.dims and name != "where":
        for one, two in zip(analysis.agreement(given), analysis.agreement(ds), strict=True):
            assert (one.variable, one.compared, one.close) == (two.variable, two.compared, two.close)
    assert set(restore_dimensions(given).data_vars) == set(restore_dimensions(ds).data_vars), (
        "what the sweep does not know is left out"
    )


def test_points_that_a_stack_lost_are_not_computed(ds):
    stacked = ds.stack(point=("alpha", "eta")).isel(point=slice(3, None))
    mask = np.ma.getmaskarray(painted(stacked))
    assert mask[0, :3].all()
    assert mask.sum() == 3


REFUSED = {
    "a mean": (lambda ds: ds.mean("eta"), ["eta"]),
    "one that lost an axis": (lambda ds: ds.assign(loss=ds.loss.mean("eta")), ["loss", "eta"]),
    "one that lost its modes": (lambda ds: ds.assign(period=ds.period.max("mode")), ["period", "mode"]),
    "a stack without an index": (lambda ds: ds.stack(point=("alpha", "eta"), create_index=False), ["undo"]),
    "values in a plane": (
        lambda ds: ds.drop_vars("eta").assign_coords(eta=(("alpha", "eta"), np.ones((2, 40)))),
        ["eta", "alpha"],
    ),
    "a stack twice": (
        lambda ds: xr.concat([ds.stack(point=("alpha", "eta"))] * 2, "point"),
        ["point", "cannot be unstacked"],
    ),
    "another name": (lambda ds: ds.rename(eta="rate"), ["lacks eta", "names"]),
    "modes counted from 0": (lambda ds: ds.assign_coords(mode=[0, 1]), ["mode", "from 1 to 2", "[0, 1]"]),
    "modes with names": (lambda ds: ds.assign_coords(mode=["a", "b"]), ["mode", "from 1 to 2"]),
    "no fate": (lambda ds: ds.drop_vars("fate"), ["fate"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_drawn_is_one_line(ds, name):
    change, words = REFUSED[name]
    for call in (plots.phase, analysis.compare, lambda ds: plots.figure(ds, "loss")):
        with pytest.raises(DatasetError) as caught:
            call(change(ds))
        assert "\n" not in str(caught.value)
        assert all(word in str(caught.value) for word in words), caught.value


SWEEPS = [
    {"target": {"matrix": "x.npy"}}, {"target": {"singular_values": "x"}}, {"target": 3}, {"target": {}},
    {"target": {"singular_values": [{}]}}, {"target": {"singular_values": 1.0}}, {"start": "nope"}, {"start": 3},
    {"start": None}, {"steps": "many"}, {"axes": {"s9": [1.0], "eta": [1.0]}}, {"model": []},
]  # fmt: skip


@pytest.mark.parametrize("change", SWEEPS)
def test_a_sweep_that_is_none_is_one_line(ds, change):
    made_up = ds.assign_attrs(sweep=json.dumps(json.loads(ds.attrs["sweep"]) | change))
    for kind in ("phase", "loss", "oscillation_range"):
        with pytest.raises(DatasetError, match="sweep"):
            plots.figure(made_up, kind)


EVIL = {
    "mathematics": r"$\frac{",
    "one dollar": "cost in $",
    "many dollars": "$" * 61,
    "a backslash": r"a\$b\ $x$",
    "half a character": "half \ud800 of one",
    "control": "a\x00b\x1b[31mred\x07",
    "backwards": "a\u202eb",
    "lines": "one\ntwo\r\nthree",
    "long": "word " * 30_000,
    "one long word": "w" * 100_000,
    "empty": "",
    "a number": 17,
    "a list": [1, "$"],
    "dates": "days since 1e400",
}


@pytest.mark.parametrize("name", EVIL)
def test_free_texts_are_drawn_as_text(ds, name):
    text = EVIL[name]
    given = ds.copy()
    for array in given.variables.values():
        array.attrs |= {"long_name": text, "units": text, "comment": text}
    given.attrs["title"] = text
    for kind in plots.drawable(given):
        figure = plots.figure(given, kind, **one_panel(kind))
        for form in plots.FORMATS if kind == "loss" else ["png"]:
            assert plots.encode(figure, form, 30)
    ax = plots.loss(given, depth=3, alpha=0.3)
    assert ax.get_xlabel().count("\n") < 6


def test_texts_say_what_they_say(ds):
    """Mathematics is drawn sign by sign, and not read as such."""
    given = ds.assign_coords(eta=ds.eta.assign_attrs(long_name=r"cost in $ of $\eta$", units="$/s"))
    given["loss"] = given.loss.assign_attrs(long_name=r"cost in $ of $\eta$")
    svg = plots.encode(plots.figure(given, "loss", depth=3, alpha=0.3), "svg").decode()
    assert r">cost in $ of $\eta$<" in svg
    assert plots.loss(given, depth=3, alpha=0.3).get_xlabel() == r"cost in \$ of \$\eta\$ $\eta$ [\$/s]"
    assert text_of({"x": "a\tb \n\x00c\ud800"}, "x") == "a b \ufffdc\ufffd"
    assert len(text_of({"x": "w" * 10**6}, "x")) <= LONGEST + 4
    assert text_of({}, "x", "none") == "none"
    for kind in plots.drawable(given):
        plots.encode(plots.figure(given, kind, **one_panel(kind)), "pdf")


@pytest.mark.filterwarnings("ignore:steps =")
@pytest.mark.parametrize("shift", [0, 5, 10])
def test_stores_with_free_texts_open_draw_and_report(tmp_path, monkeypatch, shift):
    """As attributes of the root and of every array, in the consolidated metadata and the arrays' own."""
    monkeypatch.chdir(tmp_path)
    texts = itertools.islice(itertools.cycle(text for text in EVIL.values() if isinstance(text, str)), shift, None)
    axes = {"eta": [0.1, 0.2, 0.3], "alpha": 0.3, "depth": 2}
    run(Sweep(model="modes", axes=axes, steps=9, record=8, observables=["loss"]), "s.zarr", progress=False)
    root_file = tmp_path / "s.zarr" / "zarr.json"
    root = json.loads(root_file.read_text())
    for array, metadata in root["consolidated_metadata"]["metadata"].items():
        metadata["attributes"] |= {key: next(texts) for key in ("long_name", "comment")}
        own = tmp_path / "s.zarr" / array / "zarr.json"
        own.write_text(json.dumps(json.loads(own.read_text()) | {"attributes": metadata["attributes"]}))
    root["attributes"] |= {key: next(texts) for key in ("title", "source", "history", "comment")}
    root["attributes"].pop("metadata_sha256")
    root_file.write_text(json.dumps(root))
    fastdln.open("s.zarr").load()
    for words in (["plot", "s.zarr", "loss"], ["report", "s.zarr"]):
        done = invoke(*words)
        assert done.exit_code == 0, done.stderr
    page = (tmp_path / "s.html").read_bytes().decode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", page)
