"""Processes of this machine: who can reach them, how many there may be, and scripts that start them by accident."""

import asyncio
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

import fastdln
from fastdln import ClusterError, SweepError
from tests.small import FILE, ROOT, SWEEP

distributed = pytest.importorskip("distributed")
pytest.importorskip("cryptography")

from distributed.core import connect  # noqa: E402  # what it takes is looked for first
from distributed.security import Security  # noqa: E402  # what it takes is looked for first

from fastdln.execution import processes  # noqa: E402  # what it takes is looked for first

# dask and its servers leave sockets and loops to the garbage collector
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.xdist_group("cluster"),
]

GUARD = 'under `if __name__ == "__main__":`'


# What other tests of this process left open.
OTHERS = set()


@pytest.fixture(scope="module")
def client():
    OTHERS.update(listening())
    with processes.started(1) as client:
        yield client


def listening():
    """Ports of this process and its children, with who listens, but for those of other tests."""
    here = psutil.Process()
    found = [
        connection.laddr
        for process in (here, *here.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    return [address for address in found if address not in OTHERS]


async def identity(address, **arguments):
    """What a server answers to the first question that any client asks."""
    comm = await connect(address, timeout=3, **arguments)
    try:
        await comm.write({"op": "identity", "reply": True})
        return await asyncio.wait_for(comm.read(), 3)
    finally:
        comm.abort()


def test_nothing_listens_to_the_world(client):
    found = listening()
    assert found
    assert {address.ip for address in found} == {"127.0.0.1"}


def test_only_who_has_the_certificate_is_answered(client):
    """Every port of the scheduler, of the process that watches the worker, and of the worker itself."""
    ports = {address.port for address in listening()}
    mine = client.security.get_connection_args("client")
    stranger = Security.temporary().get_connection_args("client")
    assert len(ports) == 3
    for port in ports:
        assert asyncio.run(identity(f"tls://127.0.0.1:{port}", **mine))["type"] in {
            "PrivateScheduler",
            "Nanny",
            "PrivateWorker",
        }
        with pytest.raises(OSError):
            asyncio.run(identity(f"tcp://127.0.0.1:{port}"))
        with pytest.raises(OSError):
            asyncio.run(identity(f"tls://127.0.0.1:{port}", **stranger))


STRANGER = """
import os, sys
import distributed
from distributed.security import Security

for security in (None, Security.temporary()):
    try:
        distributed.Client(sys.argv[1], security=security, timeout=2, set_as_default=False)
    except (OSError, RuntimeError, TypeError):
        print("refused", flush=True)
os._exit(0)
"""


def test_a_client_without_the_certificate_runs_nothing(client):
    """In a process of its own: a client that was never connected closes itself in whichever thread collects it, and may block that."""
    address = client.scheduler.address
    assert address.startswith("tls://127.0.0.1:")
    words = [sys.executable, "-c", STRANGER, address]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == ["refused", "refused"], done.stderr
    with pytest.raises(ClusterError, match="does not answer"):
        fastdln.run(SWEEP, scheduler=address.replace("tls://", "tcp://"))


def test_pages_are_shown_only_if_asked_for(client):
    for address in listening():
        with pytest.raises((urllib.error.URLError, OSError)):
            urllib.request.urlopen(f"http://127.0.0.1:{address.port}/info/main/workers.html", timeout=3)
    assert not client.scheduler_info()["services"]
    with processes.started(1, dashboard=True) as asked:
        port = asked.scheduler_info()["services"]["dashboard"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
            assert answer.status == 200
        assert {address.ip for address in listening()} == {"127.0.0.1"}


def test_what_processes_write_is_in_a_folder_of_the_users_own(client):
    folder = client.run(lambda dask_worker: dask_worker.local_directory)
    for path in folder.values():
        top = Path(path).parent.parent
        assert top.name.startswith("fastdln-")
        assert top.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("workers", [10**30, 10**5, 0, -1, True, 2.0, "2"])
def test_numbers_of_workers_that_make_no_sense(tmp_path, workers):
    with pytest.raises(SweepError, match="workers: must be") as refusal:
        fastdln.run(SWEEP, store=tmp_path / "out.zarr", workers=workers)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 300
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", ["distributed", "cryptography"])
def test_what_is_not_installed_is_named_with_its_extra(tmp_path, module):
    """With an address of a scheduler cryptography is not asked for."""
    code = f"import sys; sys.modules[{module!r}] = None; import fastdln; from tests.small import SWEEP; fastdln.run(SWEEP, **{{}})"
    for how in ({"workers": 1}, {"scheduler": "tcp://127.0.0.1:9"}):
        words = [sys.executable, "-c", code.replace("{}", repr(how))]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        said = done.stderr.splitlines()[-1]
        assert said.startswith("fastdln.errors.ClusterError: ")
        assert ("fastdln[distributed]" in said) == (module == "distributed" or "workers" in how)


def test_help_names_the_extra(tmp_path):
    words = [sys.executable, "-m", "fastdln", "run", "--help"]
    done = subprocess.run(words, cwd=tmp_path, env=os.environ | {"COLUMNS": "200"}, capture_output=True, text=True)
    told = " ".join(done.stdout.split())
    for option in ("--scheduler ADDRESS", "--workers N"):
        help_ = told.partition(option)[2].partition(" --")[0]
        assert help_.endswith("Needs fastdln[distributed].")


def command(*words, cwd, before=""):
    line = f'{before} exec "{sys.executable}" -m fastdln {" ".join(words)}'
    return subprocess.run(["bash", "-c", line], cwd=cwd, capture_output=True, text=True, timeout=300)


def test_too_few_files_is_one_line(tmp_path):
    (tmp_path / "small.toml").write_text(FILE)
    done = command("run", "small.toml", "--workers", "2", cwd=tmp_path, before="ulimit -n 32;")
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert "open files" in done.stderr
    assert "ulimit -n" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["small.toml"]


def test_files_enough_are_enough(tmp_path):
    (tmp_path / "small.toml").write_text(FILE)
    enough = processes.FILES + 3 * processes.FILES_A_PROCESS
    done = command("run", "small.toml", "--quiet", "--workers", "3", cwd=tmp_path, before=f"ulimit -n {enough};")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_cluster_that_does_not_start_is_one_line(tmp_path, monkeypatch):
    def broken(self, *arguments, **options):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("distributed.nanny.WorkerProcess.start", broken)
    with pytest.raises(
        ClusterError, match=r"workers: the processes cannot be started: .*Too many open files"
    ) as refusal:
        fastdln.run(SWEEP, store=tmp_path / "out.zarr", workers=2)
    assert "\n" not in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


SCRIPT = """
import sys
import fastdln
from tests.small import SWEEP

def main():
    print(fastdln.run(SWEEP, workers=2).sizes["eta"])

def told():
    try:
        main()
    except fastdln.ClusterError as error:
        sys.exit(f"told: {error}")

"""


def script(folder, last):
    (folder / "script.py").write_text(SCRIPT + last)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    words = [sys.executable, "script.py"]
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def test_a_script_without_a_guard_is_told_in_one_line(tmp_path):
    done = script(tmp_path, "told()\n")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("told: workers: ")
    assert GUARD in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_script_without_a_guard_that_catches_nothing_has_its_own_traceback_only(tmp_path):
    done = script(tmp_path, "main()\n")
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1
    assert GUARD in done.stderr.splitlines()[-1]
    assert "distributed" not in done.stderr


def test_a_script_with_a_guard_runs(tmp_path):
    done = script(tmp_path, 'if __name__ == "__main__":\n    main()\n')
    assert (done.returncode, done.stdout, done.stderr) == (0, "40\n", "")


AT_ONCE = """
import logging, os, threading, warnings
from fastdln.execution import processes

NAMES = ("distributed", "distributed.scheduler", "distributed.nanny", "distributed.worker", "tornado", "asyncio")

def state():
    levels = [logging.getLogger(name).level for name in NAMES]
    handlers = [handler.level for handler in logging.getLogger("distributed").handlers]
    return levels, handlers, list(warnings.filters), dict(os.environ)

def start(met, leave):
    with processes.started(1) as found:
        assert found.submit(os.getpid, pure=False).result() != os.getpid()
        met.wait(100)
        leave.wait(100)

if __name__ == "__main__":
    before, met, first, leave = state(), threading.Barrier(3), threading.Event(), threading.Event()
    one = threading.Thread(target=start, args=(met, first))
    other = threading.Thread(target=start, args=(met, leave))
    one.start()
    other.start()
    met.wait(100)
    first.set()
    one.join()
    print(logging.getLogger("distributed").level > logging.CRITICAL)
    leave.set()
    other.join()
    print(state() == before)
"""


def test_two_clusters_at_once_leave_the_process_as_it_was(tmp_path):
    (tmp_path / "at_once.py").write_text(AT_ONCE)
    words = [sys.executable, "at_once.py"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert (done.stdout.split(), done.stderr) == (["True", "True"], "")
