"""Other systems than Linux, with what they lack taken away here: macOS runs and warns, Windows reads stores and writes none."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

import fastdln
from fastdln.execution.compute import compute
from fastdln.storage.location import WHOLE, folder
from tests.small import FILE, SWEEP, identical

# What Python has on Linux and not on Windows. Libraries are imported before: on Windows they have other ways.
WINDOWS = """
import asyncio, concurrent.futures.thread, multiprocessing.connection, os, random, shutil, signal, sys, tempfile
import dask.threaded, matplotlib.pyplot, numba, pydantic, typer, xarray, zarr

for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
for name in ("SIGALRM", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGTSTP", "SIGUSR1"):
    delattr(signal, name)
for name in (
    "O_CLOEXEC O_DIRECTORY O_NOCTTY O_NOFOLLOW O_NONBLOCK O_SYNC chown confstr fchmod fchown fork getegid geteuid getgid getuid "
    "killpg mkfifo nice pread pwrite register_at_fork sched_getaffinity setsid statvfs sync sysconf uname wait"
).split():
    delattr(os, name)
import fastdln
from fastdln.cli.app import main
"""


def on_windows(code, cwd, *arguments):
    return subprocess.run(
        [sys.executable, "-c", WINDOWS + code, *map(str, arguments)], cwd=cwd, capture_output=True, text=True
    )


def command(cwd, *words):
    return on_windows("sys.argv[0] = 'fastdln'; main()", cwd, *words)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder with a sweep file and the store of it."""
    here = tmp_path_factory.mktemp("kept")
    (here / "small.toml").write_text(FILE)
    compute(SWEEP, here / "small.zarr")
    return here


@pytest.mark.parametrize("lacking", ["macOS", "F_OFD_SETLK", "fcntl"])
def test_a_system_without_locks_of_open_files_says_so(tmp_path, monkeypatch, lacking):
    path = tmp_path / "out.zarr"
    if lacking == "macOS":
        monkeypatch.setattr(folder, "sys", SimpleNamespace(platform="darwin"))
    elif lacking == "fcntl":
        monkeypatch.setattr(folder, "fcntl", None)
    else:
        monkeypatch.delattr(folder.fcntl, "F_OFD_SETLK")
    words = "out.zarr: this system has no locks of open files; do not start a second run on this store"
    with pytest.warns(UserWarning, match=words) as found:
        ds = fastdln.run(SWEEP, store=path)
    assert len(found) == 1
    assert not fastdln.status(path).running
    with pytest.warns(UserWarning, match=words):
        first = folder.Folder(path).lock(WHOLE)
    with pytest.warns(UserWarning, match=words):
        second = folder.Folder(path).lock(WHOLE)
    first.release()
    second.release()
    identical(ds, fastdln.run(SWEEP))


def test_windows_computes_in_memory(tmp_path):
    code = (
        "sweep = fastdln.Sweep.from_file(sys.argv[1])\n"
        "ds = fastdln.run(sweep)\n"
        "print(int((ds.fate > 0).sum()), fastdln.plan(sweep, probe=False).points)"
    )
    (tmp_path / "small.toml").write_text(FILE)
    done = on_windows(code, tmp_path, "small.toml")
    assert (done.stdout, done.returncode) == ("160 160\n", 0), done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["run", "small.toml", "-o", "new.zarr", "--quiet"],
        ["extend", "small.zarr", "--set", "axes.depth=[2,3,4]", "--quiet"],
    ],
)
def test_windows_writes_no_store_in_a_folder(kept, words):
    before = sorted(kept.rglob("*"))
    done = command(kept, *words)
    assert done.returncode == 2, done.stderr
    assert "stores in folders are written on Linux, macOS" in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(kept.rglob("*")) == before


def test_windows_reads_a_store(kept):
    assert "160 of 160" in command(kept, "status", "small.zarr").stdout
    done = command(kept, "plot", "small.zarr", "phase", "-o", "phase.png", "--quiet")
    assert done.returncode == 0, done.stderr
    assert (kept / "phase.png").read_bytes().startswith(b"\x89PNG")
    assert "fate" in on_windows("print(fastdln.open(sys.argv[1]).load())", kept, "small.zarr").stdout
    (kept / "phase.png").unlink()
