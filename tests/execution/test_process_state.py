"""Several runs in one process at once: what belongs to the whole process is as it was afterwards, and no run minds another."""

import logging
import os
import subprocess
import sys
import threading

import matplotlib
import pytest
from matplotlib.figure import Figure
from threadpoolctl import threadpool_info

from fastdln import files
from fastdln.execution import log, task
from fastdln.execution.process_state import ProcessChange
from fastdln.plots import encode
from tests.small import ROOT


def test_the_last_user_undoes_a_change():
    done = []

    def change():
        done.append("changed")
        return lambda: done.append("undone")

    meanwhile = ProcessChange(change)
    one, other = meanwhile(), meanwhile()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert done == ["changed"]
    other.__exit__(None, None, None)
    assert done == ["changed", "undone"]
    with pytest.raises(ZeroDivisionError), meanwhile():
        _ = 1 / 0
    assert done == ["changed", "undone"] * 2


RUNS = """
import logging, os, warnings
from concurrent.futures import ThreadPoolExecutor
import fastdln

def sweep(k):
    axes = {"eta": [0.3, 0.5 + 0.01 * k], "alpha": 0.5, "depth": 2}
    return fastdln.Sweep(model="balanced", axes=axes, target={"singular_values": [1.0]}, steps=200, record=16)

def state():
    names = ("", "fastdln", "asyncio", "numba")
    return list(warnings.filters), [logging.getLogger(name).level for name in names], dict(os.environ), os.getcwd()

fastdln.run(sweep(0))  # what is imported late may add filters of its own, once
before = state()
with ThreadPoolExecutor(4) as pool:
    for ds in pool.map(fastdln.run, map(sweep, range(60))):
        assert (ds.fate != 0).all()
assert state() == before
print("as it was")
"""


def test_sixty_runs_in_four_threads(tmp_path):
    words = [sys.executable, "-W", "error", "-c", RUNS]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout.strip()) == (0, "as it was"), done.stderr


def overlap(one, other):
    """Ends two contexts in the order in which they began."""
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    other.__exit__(None, None, None)


def test_logs_that_overlap(tmp_path):
    before = log.logger.level, list(log.logger.handlers)
    overlap(log.kept(tmp_path / "one.log", False), log.kept(tmp_path / "other.log", False))
    assert (log.logger.level, log.logger.handlers) == before
    assert log.logger.level != logging.DEBUG


def blas():
    return {
        library["filepath"]: library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    }


def test_limits_of_blas_that_overlap():
    from threadpoolctl import threadpool_limits

    with threadpool_limits(2, user_api="blas"):
        before = blas()
        with task.one_blas_thread():
            assert set(blas().values()) <= {1}
        overlap(task.one_blas_thread(), task.one_blas_thread())
        assert blas() == before


def test_pictures_that_overlap():
    before, met = dict(matplotlib.rcParams), threading.Barrier(2)

    def draw():
        met.wait(10)
        for _ in range(3):
            encode(Figure((1, 1)), "png", 50)

    threads = [threading.Thread(target=draw) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_files_have_the_mode_that_was_asked_of_the_system_and_nobody_sees_another(tmp_path, mask, monkeypatch):
    before = os.umask(mask)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(os, "umask", None)  # the mask is the whole process's
            files.write(tmp_path / "page.html", b"page")
    finally:
        os.umask(before)
    assert (tmp_path / "page.html").stat().st_mode & 0o777 == 0o666 & ~mask
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
