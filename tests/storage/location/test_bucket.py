"""Stores in a bucket: the same bits, resumed, extended, and moved between buckets and folders."""

import pickle

import pytest
import xarray as xr

import fastdln
from fastdln import IncompleteError, StoreError, Sweep
from fastdln.execution.compute import compute
from fastdln.storage.location import folder, locate
from fastdln.storage.store import Store
from tests.commands import invoke
from tests.small import SWEEP, identical


@pytest.fixture(scope="module")
def reference():
    return fastdln.run(SWEEP)


def keys(url, options, prefix=""):
    return sorted(locate(url, options).keys(prefix))


def test_a_store_in_a_bucket(url, options, reference):
    ds = fastdln.run(SWEEP, store=url, storage_options=options)
    identical(ds, reference)
    assert ds.attrs["complete"]
    again = fastdln.status(url, storage_options=options)
    assert (again.chunks_left, again.running) == (0, False)
    assert fastdln.verify(url, storage_options=options).whole
    identical(xr.open_zarr(locate(url, options).zarr(read_only=True)), reference)
    assert keys(url + ".lock", options) == []


def test_a_store_by_the_environment_and_the_command_line(url, endpoint, options, tmp_path, monkeypatch, reference):
    from tests.small import FILE

    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(FILE)
    for name, value in {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    words = ["small.toml", "-o", url, "--storage", f"endpoint={endpoint}", "--quiet"]
    assert invoke("run", *words).exit_code == 0
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    assert "160 of 160" in invoke("status", url).stdout
    assert "whole" in invoke("verify", url).stdout
    identical(fastdln.open(url), reference)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.zarr.log", "small.toml"]


def test_an_interrupted_upload_resumes_by_listing(url, options, reference, monkeypatch):
    write, written = Store.write, []

    def few(store, slices, results):
        if len(written) == 5:
            raise OSError(28, "No space left on device")
        written.append(slices)
        write(store, slices, results)

    monkeypatch.setattr(Store, "write", few)
    with pytest.raises(IncompleteError):
        compute(SWEEP, url, storage_options=options)
    monkeypatch.setattr(
        Store, "write", lambda store, slices, results: (written.append(slices), write(store, slices, results))
    )
    identical(fastdln.run(SWEEP, store=url, storage_options=options), reference)
    assert len(written) == 16 == len(set(map(str, written)))


def test_shards(url, options, reference):
    sharded = Sweep(**SWEEP.model_dump() | {"shards": {"eta": 20, "alpha": 2}})
    assert sharded.sha256() == SWEEP.sha256()
    ds = fastdln.run(sharded, store=url, storage_options=options)
    identical(ds, reference)
    assert ds.fate.encoding["chunks"] == (1, 1, 10)
    assert ds.fate.encoding["shards"] == (1, 2, 20)
    assert len(keys(url, options, "fate/c")) == 4
    place = locate(url, options)
    for key in keys(url, options, "loss/c"):
        data = bytearray(place.read(key))
        data[len(data) // 3] ^= 4
        place.write(key, bytes(data))
    found = fastdln.verify(url, storage_options=options)
    assert {damage.variable for damage in found.damaged} == {"loss"}
    assert len(found.damaged) == 4
    identical(fastdln.run(SWEEP, store=url, storage_options=options), reference)
    assert fastdln.open(url, storage_options=options).fate.encoding["shards"] == (1, 2, 20)


def test_shards_that_do_not_fit_are_refused():
    for keys_ in ({"shards": {"eta": 25}}, {"shards": {"depth": 2}}, {"shards": {"eta": 0}}):
        with pytest.raises(fastdln.SweepError, match="shards"):
            Sweep(**SWEEP.model_dump() | keys_)


def test_a_store_grows_in_a_bucket(url, options, reference):
    fastdln.run(
        Sweep(**SWEEP.model_dump() | {"axes": {**SWEEP.axes, "depth": [2]}}), store=url, storage_options=options
    )
    before = {key: locate(url, options).read(key) for key in keys(url, options, "fate/c")}
    ds = fastdln.extend(url, "axes.depth=[2,3]", storage_options=options)
    identical(ds, reference)
    assert {key: locate(url, options).read(key) for key in before} == before


def test_a_half_made_store_is_made_again(url, options, reference):
    place = locate(url, options)
    place.write("loss/zarr.json", b"{}")
    identical(fastdln.run(SWEEP, store=url, storage_options=options), reference)


def test_foreign_buckets_are_left_alone(url, options):
    place = locate(url, options)
    place.write("thesis.tex", b"mine")
    with pytest.raises(StoreError, match=r"holds something else .*thesis\.tex"):
        compute(SWEEP, url, storage_options=options)
    assert keys(url, options) == ["thesis.tex"]
    for bad in (url + "/nothing", "s3://no-such-bucket/x.zarr"):
        with pytest.raises(StoreError):
            fastdln.open(bad, storage_options=options)
    with pytest.raises(StoreError, match="no-such-bucket"):
        compute(SWEEP, "s3://no-such-bucket/x.zarr", storage_options=options)


def test_places_travel(url, options):
    place = locate(url, options)
    place.write("x", b"1")
    assert pickle.loads(pickle.dumps(place)).read("x") == b"1"
    assert locate("file:///tmp/a.zarr").path == folder.Path("/tmp/a.zarr")


def test_a_window_from_a_folder_into_a_bucket(url, options, tmp_path):
    compute(SWEEP, tmp_path / "out.zarr")
    words = ["axes.eta={start=0.5,stop=0.6,num=7}", "axes.depth=3"]
    fine = fastdln.refine(tmp_path / "out.zarr", url, *words, storage_options=options)
    again = fastdln.refine(url, tmp_path / "finer.zarr", "axes.alpha=0.3", storage_options=options)
    assert again.attrs["parent_sweep_sha256"] == fine.attrs["sweep_sha256"]
    with pytest.raises(StoreError, match="storage options are for stores by URL"):
        fastdln.refine(tmp_path / "out.zarr", tmp_path / "x.zarr", storage_options=options)


def test_levels_in_a_bucket(url, options, tmp_path):
    """They are those in a folder, go on, and are verified; what they are made from lies in a bucket as well."""
    axes = {"eta": {"start": 0.5, "stop": 2.1, "num": 9}, "alpha": {"start": 0.1, "stop": 0.9, "num": 3}, "depth": 2}
    sweep = Sweep(
        model="balanced", axes=axes, steps=200, record=32, observables=["period"], chunks={"eta": 4, "alpha": 3}
    )
    compute(sweep, url, storage_options=options)
    compute(sweep, tmp_path / "coarse.zarr")
    words = {"boundary": "fate", "levels": 2}
    plain = fastdln.refine(tmp_path / "coarse.zarr", tmp_path / "fine.zarr", **words).load()
    events = []
    for more in ({}, {"on_event": events.append}):
        found = fastdln.refine(url, f"{url}-levels", **words, **more, storage_options=options).load()
        identical(found, plain)
    assert not events
    identical(fastdln.open(f"{url}-levels", storage_options=options).load(), plain)
    assert fastdln.verify(f"{url}-levels", storage_options=options).whole
    assert str(fastdln.status(f"{url}-levels", storage_options=options)).startswith("level 1 ")
    with pytest.raises(StoreError, match="holds levels 1 to 2 of the boundary of fate"):
        fastdln.refine(url, f"{url}-levels", boundary="fate", levels=1, storage_options=options)
