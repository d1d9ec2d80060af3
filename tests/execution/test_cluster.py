"""Clusters: the same bits, workers that come, go and die, versions that differ, and nothing that listens to the world."""

import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings

import dask
import pytest

import fastdln
from fastdln import ClusterError, IncompleteError, Sweep, analysis
from fastdln.execution import cluster, log, processes
from fastdln.execution import worker as workers
from fastdln.execution.compute import compute
from fastdln.execution.events import ChunkDone, ChunkFailed
from tests.execution.obstacles import clear, obstruct
from tests.small import FILE, ROOT, SWEEP, identical, marks

distributed = pytest.importorskip("distributed")

# dask and its servers leave sockets and loops to the garbage collector
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.xdist_group("cluster"),
]

# Chunks of a tenth of a second.
SLOW = Sweep(
    **SWEEP.model_dump() | {"steps": 3_000_000, "axes": {**SWEEP.axes, "eta": {"start": 0.9, "stop": 1.1, "num": 80}}}
)


@pytest.fixture(scope="module")
def reference():
    return fastdln.run(SWEEP)


@pytest.fixture(scope="module")
def client():
    with processes.started(2) as client:
        yield client


@pytest.fixture
def scheduler():
    """A scheduler of its own in this process, without workers."""
    with distributed.LocalCluster(
        n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
    ) as found:
        yield found


def start_worker(address):
    """A process of its own; end it by `stop`."""
    words = [sys.executable, "-m", "dask", "worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([*words, "--no-dashboard", "--dashboard-address", "127.0.0.1:0"], **quiet)


def stop(*processes):
    """Ends them, and waits: a process that nobody waits for warns when it is collected, in whichever test runs then."""
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()


def test_the_same_bits(client, tmp_path, reference):
    events = []
    identical(fastdln.run(SWEEP, store=tmp_path / "out.zarr", scheduler=client, on_event=events.append), reference)
    assert sorted(event.number for event in events) == list(range(16))
    assert len({event.worker for event in events}) == 2
    assert all(event.results is None for event in events), "counts travel, not arrays"
    identical(fastdln.run(SWEEP, scheduler=client), reference)


def test_an_address(scheduler, tmp_path, reference):
    (tmp_path / "small.toml").write_text(FILE)
    alive = [start_worker(scheduler.scheduler_address) for _ in range(2)]
    words = [sys.executable, "-m", "fastdln", "run", "small.toml", "--scheduler", scheduler.scheduler_address]
    try:
        scheduler.wait_for_workers(2, timeout=60)
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    finally:
        stop(*alive)
    assert done.returncode == 0, done.stderr
    assert "160 of 160 points (100%)" in done.stderr
    identical(fastdln.open(tmp_path / "small.zarr"), reference)
    assert len(set(re.findall(r"by (tcp://\S+)", (tmp_path / "small.zarr.log").read_text()))) == 2


def test_kernels_are_compiled_once_a_worker(client, tmp_path):
    """One store and one task a worker and run, however many chunks."""
    client.run(workers.states.cache_clear)
    compute(SWEEP, tmp_path / "out.zarr", scheduler=client)
    assert [info.misses for info in client.run(workers.states.cache_info).values()] == [1, 1]


def test_a_failing_chunk_on_a_cluster(client, tmp_path, reference):
    path, events = tmp_path / "out.zarr", []
    obstruct(path, "0/1/2")
    with pytest.raises(IncompleteError, match=r"10 of 160 points are not computed \(chunk 6: IsADirectoryError"):
        compute(SWEEP, path, scheduler=client, on_event=events.append)
    failed = [event for event in events if isinstance(event, ChunkFailed)]
    assert [event.number for event in failed] == [6]
    assert "compute_chunk" in failed[0].traceback
    clear(path)
    identical(fastdln.run(SWEEP, store=path, scheduler=client), reference)


def test_fail_fast_on_a_cluster(client, tmp_path):
    path, events = tmp_path / "out.zarr", []
    obstruct(path, *(f"{depth}/{alpha}/{eta}" for depth in range(2) for alpha in range(2) for eta in range(4)))
    with pytest.raises(IncompleteError):
        compute(SWEEP, path, scheduler=client, fail_fast=True, on_event=events.append)
    assert len(events) == 1


def test_workers_that_come_late_and_die(scheduler, tmp_path):
    """A run begins without workers; three come, two are killed in their work, and another does what they had not written."""
    path, events, alive, killed = tmp_path / "out.zarr", [], [], []

    def note(event):
        events.append(event)
        if len(events) in (4, 9):
            killed.append(alive.pop(0))
            killed[-1].kill()

    def come():
        time.sleep(1.0)
        alive.extend(start_worker(scheduler.scheduler_address) for _ in range(3))

    coming = threading.Thread(target=come)
    coming.start()
    try:
        with pytest.warns(UserWarning, match="no workers yet"):
            compute(SLOW, path, scheduler=scheduler.scheduler_address, on_event=note)
    finally:
        coming.join()
        stop(*alive, *killed)
    assert len(alive) == 1
    assert all(isinstance(event, ChunkDone) for event in events)
    assert sorted(event.number for event in events) == list(range(32))
    counts = [event.points for event in events]
    assert counts[:4] == [10] * 4, "before the first death every chunk is computed"
    assert set(counts) <= {0, 10}, (
        "what a dead worker had written, however much had not been told yet, is not computed again"
    )
    identical(fastdln.open(path), fastdln.run(SLOW))


def test_a_lost_scheduler_is_incomplete(tmp_path):
    file = tmp_path / "scheduler.json"
    words = [sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([*words, "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(file)], **quiet)
    deadline = time.monotonic() + 60
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    import json

    address = json.loads(file.read_text())["address"]
    worker = start_worker(address)
    (tmp_path / "small.toml").write_text(FILE)
    long = ["--set", "axes.eta={start=0.9,stop=1.1,num=4000}", "--set", "steps=3000000"]
    driver = subprocess.Popen(
        [sys.executable, "-m", "fastdln", "run", "small.toml", "--scheduler", address, *long],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not marks(tmp_path / "small.zarr") and time.monotonic() < deadline + 60:
            time.sleep(0.1)
        server.kill()
        stderr = driver.communicate(timeout=120)[1]
    finally:
        stop(server, worker, driver)
    assert driver.returncode == 3, stderr
    assert re.search(r"incomplete: [\d,]+ of [\d,]+ points are not computed: the scheduler is gone", stderr), stderr
    assert "Traceback" not in stderr


def test_other_versions_are_refused(client, tmp_path, monkeypatch):
    mine = workers.versions()
    assert set(mine) > {"python", "fastdln", "numba", "numpy", "zarr", "sources"}
    with pytest.raises(ClusterError, match=r"the worker at tls://\S+ has numpy .* and not 0\.1; install the same"):
        cluster.require_same_versions(client, Other({"numpy": "0.1"}))
    order = workers.JobSpec("{}", (1, 1, 1), mine | {"sources": "others"}, fastdln.storage.location.locate(tmp_path))
    with pytest.raises(ClusterError, match=r"has sources \w+ and not others"):
        client.submit(workers.work, order, 0, pure=False).result()


class Other:
    """Versions as they are, but here others."""

    def __init__(self, changed):
        self.changed, self.home = changed, os.getpid()

    def __call__(self):
        return workers.versions() | (self.changed if os.getpid() == self.home else {})


def test_a_late_worker_of_another_version_stops_the_run(client, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "require_same_versions", lambda client, versions: None)
    monkeypatch.setattr("fastdln.execution.worker.fingerprint", lambda: "another" * 3)
    with pytest.raises(IncompleteError, match=r"160 of 160 points are not computed .*ClusterError: the worker at"):
        compute(SWEEP, tmp_path / "out.zarr", scheduler=client)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "127.0.0.1:8786", "foo://x:1"])
def test_what_is_no_cluster(tmp_path, address, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    with pytest.raises(ClusterError, match="scheduler: ") as refusal, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compute(SWEEP, tmp_path / "out.zarr", scheduler=address)
    assert "\n" not in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_the_workers_do_not_see(client, tmp_path):
    order = workers.JobSpec(
        "", (1, 1, 1), workers.versions(), fastdln.storage.location.locate(tmp_path / "elsewhere"), "0"
    )
    with pytest.raises(fastdln.StoreError, match="is not seen by this worker"):
        client.submit(workers.work, order, 0, pure=False).result()


def test_ctrl_c_reaches_the_workers_too(tmp_path):
    """A terminal sends it to the whole group; only the run's own process is to answer."""
    (tmp_path / "small.toml").write_text(FILE)
    long = ["--set", "axes.eta={start=0.9,stop=1.1,num=4000}", "--set", "steps=3000000"]
    words = [sys.executable, "-m", "fastdln", "run", "small.toml", "--workers", "2", *long]
    child = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 120
    try:
        while not marks(tmp_path / "small.zarr") and time.monotonic() < deadline:
            time.sleep(0.1)
        os.killpg(child.pid, signal.SIGINT)
        stderr = child.communicate(timeout=120)[1]
    finally:
        stop(child)
    assert child.returncode == 3, stderr
    assert "Traceback" not in stderr
    assert re.search(r"interrupted: [\d,]+ of [\d,]+ points are not computed", stderr), stderr


def test_slurm_recipe():
    """The recipe of docs/scaling.md makes the job script that it should; no batch system is asked."""
    jobqueue = pytest.importorskip("dask_jobqueue")

    page = (ROOT / "docs" / "scaling.md").read_text()
    recipe = re.search(r"```python\n(from dask_jobqueue.*?)```", page, re.DOTALL).group(1)
    made = recipe[: recipe.index("cluster.scale")]
    names = {}
    with dask.config.set(
        {"jobqueue.slurm.scheduler-options": {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}}
    ):
        exec(made, names)
    with names["cluster"] as found:
        assert isinstance(found, jobqueue.SLURMCluster)
        script = found.job_script()
    assert script.startswith("#!/usr/bin/env bash")
    for line in ("#SBATCH --cpus-per-task=32", "#SBATCH -t 04:00:00", "#SBATCH -p compute", "--nthreads 32"):
        assert line in script, script
    assert "distributed.cli.dask_worker" in script


def test_the_census_of_a_cluster_is_that_of_its_results(client, tmp_path):
    """Counted by the workers; in memory too, where the results come back."""
    events = []

    class Listener(logging.Handler):
        def emit(self, record):
            events.append(record.event)

    listener = Listener()
    log.logger.addHandler(listener)
    try:
        with log.listening():
            stored = fastdln.run(SWEEP, tmp_path / "s.zarr", scheduler=client)
            fastdln.run(SWEEP, scheduler=client)
    finally:
        log.logger.removeHandler(listener)
    ended = [event["census"] for event in events if event["event"] == "ended"]
    expected = analysis.census(stored)
    assert [census["fates"] for census in ended] == [expected.fates] * 2
    assert [census["advice"] for census in ended] == [expected.advice] * 2
    assert sum(expected.fates.values()) == SWEEP.points
