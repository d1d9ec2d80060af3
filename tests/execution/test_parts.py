"""Sweeps with axes of names, run: each part is, bit for bit, the plain sweep alone, however it was computed."""

import json
import shutil
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
import xarray as xr

import fastdln
from fastdln import StoreError, Sweep, SweepError, run
from fastdln.execution.compute import compute
from fastdln.sweep import named_axes
from tests.commands import fastdln as command
from tests.small import identical, marks
from tests.storage.hostile import edited

AXES = {"eta": {"start": 0.4, "stop": 1.2, "num": 9}, "alpha": [0.1, 0.3], "depth": [2, 3]}
SWEEP = Sweep(
    axes={**AXES, "start": ["one-zero", "balanced"], "model": ["modes", "matrix"]},
    target={"singular_values": [1.0, 0.5]},
    steps=300,
    record=32,
    observables=["period", "loss", "orbit", "sharpness"],
    orbit_samples=4,
    chunks={"eta": 4},
)
FILE = """
steps = 300
record = 32
observables = ["period", "loss", "orbit", "sharpness"]
orbit_samples = 4
target.singular_values = [1.0, 0.5]
chunks.eta = 4
[axes]
eta = { start = 0.4, stop = 1.2, num = 9 }
alpha = [0.1, 0.3]
depth = [2, 3]
start = ["one-zero", "balanced"]
model = ["modes", "matrix"]
"""


@pytest.fixture(scope="module")
def whole():
    return run(SWEEP)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    store = tmp_path_factory.mktemp("made") / "out.zarr"
    compute(SWEEP, store)
    return store


@pytest.fixture
def store(made, tmp_path):
    return shutil.copytree(made, tmp_path / "out.zarr")


def same_values(one, two):
    assert set(one.coords) == set(two.coords)
    for name in one.coords:  # the bytes of names are addresses
        assert one[name].values.tolist() == two[name].values.tolist() or np.isnan(one[name].values).any()
    identical(one.drop_vars(list(one.coords)), two.drop_vars(list(two.coords)))


def test_each_part_is_the_plain_sweep_alone(whole):
    assert whole.loss.dims == ("depth", "start", "model", "alpha", "eta")
    for choice in named_axes.choices(SWEEP):
        alone = run(named_axes.at(SWEEP, choice))
        part = whole.sel(**choice).drop_vars(["start", "model"])
        assert set(part.data_vars) <= set(alone.data_vars)
        same_values(part, alone[list(part.data_vars)])


def test_bases_are_parts_too():
    keys = {"model": "matrix", "start": "gaussian", "steps": 50, "record": 8}
    target, axes = {"singular_values": [1.0, 0.5], "seed": 3}, {"eta": [0.3, 0.5], "alpha": 0.4, "depth": 3}
    both = run(Sweep(axes={**axes, "seed": [1, 2], "target.basis": ["identity", "random"]}, target=target, **keys))
    assert both.loss.dims == ("depth", "seed", "basis", "alpha", "eta")
    for basis in ("identity", "random"):
        alone = run(Sweep(axes={**axes, "seed": [1, 2]}, target={**target, "basis": basis}, **keys))
        same_values(both.sel(basis=basis).drop_vars("basis"), alone)


def test_modes_beside_matrices_in_random_bases():
    """Modes are the same in every basis; in the identity's a diagonal network would never leave them."""
    keys = {"start": "one-zero", "steps": 50, "record": 8, "observables": ["loss"]}
    axes, target = {"eta": [0.3, 0.5], "alpha": 0.4, "depth": 3}, {"singular_values": [1.0, 0.5]}
    random = {**target, "basis": "random", "seed": 7}
    both = run(Sweep(axes={**axes, "model": ["modes", "matrix"]}, target=random, **keys))
    for model, own in (("modes", target), ("matrix", random)):
        alone = run(Sweep(model=model, axes=axes, target=own, **keys))
        names = list(both.data_vars)
        same_values(both[names].sel(model=model).drop_vars("model"), alone[names])


def test_a_store_is_read_without_fastdln_and_without_a_warning(store, whole):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain, own = xr.open_zarr(store), fastdln.open(store)
    for ds in (plain, own):
        assert [str(name) for name in ds.model.values] == ["modes", "matrix"]
        found = ds.sel(model="matrix", start="balanced").loss
        np.testing.assert_array_equal(found, whole.loss[:, 1, 1])
    assert own.model.dtype == whole.model.dtype == object
    same_values(own.load(), whole)


def test_a_killed_run_goes_on(tmp_path):
    (tmp_path / "small.toml").write_text(FILE)
    words = [sys.executable, "-m", "fastdln", "run", "small.toml", "--quiet", "--set", "steps=200000", "--set"]
    words += ["axes.eta={start=0.4, stop=1.2, num=400}", "--set", "chunks.eta=20"]
    child = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    store = tmp_path / "small.zarr"
    try:
        deadline = time.monotonic() + 240
        while len(marks(store)) < 12 and time.monotonic() < deadline and child.poll() is None:
            time.sleep(0.02)
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=60)
    finally:
        child.kill()
    before = marks(store)
    sweep = Sweep.from_file(tmp_path / "small.toml", [word for word in words if "=" in word])
    assert 12 <= len(before) < fastdln.status(store).chunks
    found = run(sweep, store)
    assert {name: marks(store)[name] for name in before} == before
    same_values(found.load(), run(sweep))


def test_shares_make_one_store(tmp_path, whole):
    for part in ("1/3", "3/3", "2/3"):
        compute(SWEEP, tmp_path / "out.zarr", part=part)
    found = fastdln.open(tmp_path / "out.zarr").load()
    assert found.attrs["complete"]
    same_values(found, whole)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # dask leaves sockets to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.xdist_group("cluster")
def test_processes_compute_parts_too(tmp_path, whole):
    pytest.importorskip("distributed")
    same_values(run(SWEEP, workers=1), whole)
    same_values(run(SWEEP, tmp_path / "out.zarr", workers=1).load(), whole)


def test_axes_of_names_grow_at_their_end(tmp_path, whole):
    data = json.loads(SWEEP.canonical())
    small = Sweep(**data | {"axes": {**data["axes"], "start": ["one-zero"], "model": ["modes"]}, "chunks": {"eta": 4}})
    store = tmp_path / "out.zarr"
    compute(small, store)
    before = marks(store)
    fastdln.extend(store, 'axes.model=["modes", "matrix"]')
    found = fastdln.extend(store, 'axes.start=["one-zero", "balanced"]')
    assert {name: marks(store)[name] for name in before} == before
    same_values(found.load(), whole)
    for change, words in (
        ('axes.model=["matrix", "modes"]', "axes.model: must begin with modes, matrix, which the store has"),
        ('axes.model=["modes"]', "axes.model: must begin with modes, matrix, which the store has"),
        (
            'axes.start=["one-zero", "balanced", "gaussian"]',
            "with start = gaussian, model = modes: start: modes has no",
        ),
    ):
        with pytest.raises(SweepError) as error:
            fastdln.extend(store, change)
        assert str(error.value).startswith(words)


def test_a_model_without_the_stores_variables_is_refused(tmp_path):
    sweep = Sweep(axes={**AXES, "model": ["matrix"]}, steps=100, record=8, observables=["sharpness"])
    compute(sweep, tmp_path / "out.zarr")
    with pytest.raises(SweepError, match="have no sharpness_residual, sharpness_unconverged, which the store has"):
        fastdln.extend(tmp_path / "out.zarr", 'axes.model=["matrix", "modes"]')


def test_other_axes_grow_through_chunks_of_every_part(store):
    longer = "axes.eta={start=0.4, stop=1.6, num=13}"
    found = fastdln.extend(store, longer).load()
    same_values(found, run(Sweep(**json.loads(found.attrs["sweep"]))))  # the old values stay to the last bit


def test_a_window_keeps_the_names_or_some_of_them(store, tmp_path):
    window = ["axes.eta={start=0.5, stop=0.7, num=5}", 'axes.model=["matrix"]']
    found = fastdln.refine(store, tmp_path / "fine.zarr", *window).load()
    same_values(found, run(SWEEP.changed(window))[list(found.data_vars)])
    compute(Sweep(model="modes", axes={**AXES, "start": ["one-zero"]}, steps=100, record=8), tmp_path / "one.zarr")
    with pytest.raises(SweepError, match=r"axes.start: balanced is not in the store, which has one-zero"):
        fastdln.refine(tmp_path / "one.zarr", tmp_path / "other.zarr", 'axes.start=["balanced"]')


def test_damaged_chunks_and_names_are_found_and_mended(store, whole):
    chunk = store / "loss" / "c" / "1" / "0" / "1" / "0" / "2"
    chunk.write_bytes(chunk.read_bytes()[:-3])
    name = store / "model" / "c" / "0"
    name.write_bytes(name.read_bytes()[:-1] + b"?")
    found = fastdln.verify(store)
    assert {damage.variable for damage in found.damaged} == {"loss", "model"}
    same_values(run(SWEEP, store).load(), whole)
    assert fastdln.verify(store).whole


@pytest.mark.parametrize("count", [2, 2**32 - 1])
def test_names_that_are_not_the_sweeps_are_not_decoded(store, count):
    """Other names in a file that is whole, and a number of names that would take all memory."""
    from google_crc32c import value
    from numcodecs.zstd import Zstd

    names = b"".join(len(name).to_bytes(4, "little") + name for name in (b"modes", b"matrux"))
    data = Zstd(level=1, checksum=True).encode(count.to_bytes(4, "little") + names)
    (store / "model" / "c" / "0").write_bytes(data + value(data).to_bytes(4, "little"))
    with pytest.raises((StoreError, ValueError), match=r"damaged coordinates \(model\)"):
        fastdln.open(store)
    assert [damage.variable for damage in fastdln.verify(store).damaged] == ["model"]


@pytest.mark.parametrize(
    "change",
    [
        {"data_type": "variable_length_bytes"},
        {"codecs": [{"name": "vlen-utf8", "configuration": {}}]},
        {"fill_value": "modes"},
        {"shape": [3]},
    ],
)
def test_metadata_of_names_are_what_the_sweep_implies(store, change):
    edited(store, lambda root: root["consolidated_metadata"]["metadata"]["model"].update(change))
    with pytest.raises(StoreError, match="of the array model is not what the sweep implies"):
        fastdln.open(store)


def test_names_of_a_stranger_are_checked(store):
    def change(root):
        root["attributes"]["sweep"] = root["attributes"]["sweep"].replace('"modes"', '"nodes"')

    edited(store, change)
    with pytest.raises(StoreError, match=r"axes.model: unknown name 'nodes'"):
        fastdln.open(store)


def test_the_command_line_takes_names(store, tmp_path):
    chosen = ["--at", "model=matrix", "--at", "start=balanced", "--at", "depth=2", "--at", "alpha=0.1"]
    shown = command("plot", str(store), "loss", *chosen, "-o", "loss.png", cwd=tmp_path)
    assert shown.returncode == 0 and (tmp_path / "loss.png").exists(), shown.stderr
    shown = command("plot", str(store), "loss", "--at", "model=matrices", cwd=tmp_path)
    assert shown.returncode == 2 and "model: must be one of modes, matrix (got 'matrices')" in shown.stderr
    shown = command("report", str(store), cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr


def test_results_of_another_sweep_are_refused(store):
    other = Sweep(**json.loads(SWEEP.canonical()) | {"axes": {**AXES, "start": ["one-zero"], "model": ["modes"]}})
    with pytest.raises(StoreError, match=r"holds another sweep, with other axes.start, axes.model"):
        run(other, store)


def test_a_dataset_of_several_models_says_so(whole):
    analysis = fastdln.analysis
    found = analysis.compare(whole)
    for model in ("modes", "matrix"):
        expected = analysis.compare(whole.sel(model=model))
        xr.testing.assert_equal(found.sel(model=model).loss, expected.loss.sel(model=model))
    one, other = whole.sel(model="modes"), whole.sel(model="matrix")
    difference = analysis.compare(one, other)
    assert difference.attrs["title"] == "modes minus matrix" and difference.loss.dims == one.loss.dims
    np.testing.assert_array_equal(difference.loss, one.loss.values - other.loss.values)
    with pytest.raises(fastdln.DatasetError, match=r"model: the dataset is of modes, matrix; select one"):
        from fastdln.analysis.dataset import model_of

        model_of(whole)
