"""Kernels on disk: compiled once, anew after an edit, and damage or want of space stops nothing."""

import os
import pickle
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from fastdln.kernels import disk_cache
from fastdln.kernels.compile import kernel

CACHED = """
import sys, warnings
warnings.simplefilter("error")
from fastdln.kernels.modes.chunk import ChunkKernel
from fastdln.models import MODELS, STARTS
from fastdln.observables import OBSERVABLES
kernel = ChunkKernel(MODELS["balanced"].reduce(STARTS["balanced"].layers(3, 1)), 3, [OBSERVABLES["fate"]])
from fastdln.kernels.lengths import Lengths
jobs = kernel.jobs(1, Lengths(0, 1, 0, 1))
print(sum(not job.missing for job in jobs), sum(job.missing for job in jobs))
for job in jobs:
    job.do()
"""


def compile_in_a_child(folder, *, strict=True):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    code = CACHED if strict else CACHED.replace('warnings.simplefilter("error")', "")
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.split(), done.stderr


def test_kernels_are_compiled_once(tmp_path):
    assert compile_in_a_child(tmp_path)[0] == ["0", "8"]
    assert compile_in_a_child(tmp_path)[0] == ["8", "0"]


def test_an_edit_anywhere_in_the_kernels_recompiles(tmp_path):
    import shutil

    package = tmp_path / "source"
    shutil.copytree(disk_cache.PACKAGE, package / "fastdln", ignore=shutil.ignore_patterns("__pycache__"))
    folder, here = tmp_path / "cache", {"PYTHONPATH": str(package)}
    small(folder, **here)
    assert small(folder, **here) == (["2", "0"], [])
    for room in disk_cache.SOURCES:
        helper = sorted((package / "fastdln" / room).glob("*.py"))[-1]
        helper.write_text(helper.read_text() + "\n")
        assert small(folder, **here) == (["0", "2"], []), helper


DAMAGE = {
    "half": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "random": lambda data: np.random.default_rng(0).bytes(len(data)),
    "a flipped bit": lambda data: (
        data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]
    ),
    "another pickle": lambda data: pickle.dumps({}),
}

SMALL = """
import sys
from fastdln.kernels.compile import kernel
double = kernel(lambda x: 2 * x, "a small test")
assert [double(21), double(1.5)] == [42, 3.0]
print(sum(double.stats.cache_hits.values()), sum(double.stats.cache_misses.values()))
"""


def small(folder, before="", **variables):
    """Two kernels' worth of cache in a process of its own: hits and misses, and what it says."""
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(folder),
        "PYTHONPATH": str(disk_cache.PACKAGE.parent),
        **variables,
    }
    (folder.parent / "small_kernel.py").write_text(before + SMALL)  # numba caches what has a file
    words = [sys.executable, "small_kernel.py"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout.split(), [line for line in done.stderr.splitlines() if "Warning" in line]


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_are_compiled_anew_told_in_one_line_and_replaced(tmp_path, damage):
    folder = tmp_path / "cache"
    assert small(folder) == (["0", "2"], [])
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 2
    for file in files:
        file.write_bytes(DAMAGE[damage](file.read_bytes()))
    counts, told = small(folder)
    assert counts == ["0", "2"]
    assert len(told) == 1
    assert "kernel cache could not be read, compiling" in told[0]
    assert small(folder) == (["2", "0"], [])
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(files)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes")
def test_a_pipe_is_no_kernel(tmp_path):
    folder = tmp_path / "cache"
    small(folder)
    for file in [path for path in folder.rglob("*") if path.is_file()]:
        file.unlink()
        os.mkfifo(file)
    counts, told = small(folder)
    assert counts == ["0", "2"]
    assert "is no regular file" in told[0]
    assert small(folder) == (["2", "0"], [])


def test_files_that_cannot_be_opened_stop_nothing(tmp_path):
    """Folders in their places, for the owner of the machine may open all files."""
    folder = tmp_path / "cache"
    small(folder)
    for file in [path for path in folder.rglob("*") if path.is_file()]:
        file.unlink()
        file.mkdir()
    counts, told = small(folder)
    assert counts == ["0", "2"]
    assert len(told) == 2, "one that it cannot be read, one that it cannot be written"
    assert "NUMBA_CACHE_DIR" in told[1]
    assert all(path.is_dir() for path in folder.rglob("*")), "no draft is left"


READ_ONLY = """
import errno
import os
from pathlib import Path
from types import SimpleNamespace
import numba.core.caching as caching
from fastdln import files

def refused(*arguments, **options):
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))

"""


@pytest.mark.parametrize("what", ["caching._CacheLocator.ensure_cache_path", "files.replace"])
def test_a_cache_that_cannot_be_written_is_one_line_that_says_what_to_set(tmp_path, what):
    """From the start, or from some moment on."""
    counts, told = small(tmp_path / "cache", f"{READ_ONLY}{what} = refused\n")
    assert counts[0] == "0"
    assert len(told) == 1
    assert "NUMBA_CACHE_DIR" in told[0]
    assert "compiling in every process" in told[0]


def test_a_cache_that_can_only_be_read_is_read(tmp_path):
    small(tmp_path / "cache")
    assert small(tmp_path / "cache", f"{READ_ONLY}files.replace = refused\n") == (["2", "0"], [])


def test_want_of_memory_is_no_damage(monkeypatch):
    def short(self, key):
        raise MemoryError

    monkeypatch.setattr(disk_cache.KernelFile, "load", short)
    with pytest.raises(MemoryError):
        kernel(lambda x: x + 5, "a test of memory")(1)


def test_the_private_names_of_numba_that_the_cache_rests_on():
    """Fails loudly when numba renames what fastdln/kernels/disk_cache.py overrides."""
    from numba.core.caching import Cache, FunctionCache

    assert callable(Cache._index_key)
    dispatcher = kernel(lambda x: x, "a test")
    assert isinstance(dispatcher._cache, FunctionCache)
    assert dispatcher._cache.cache_path
    assert isinstance(dispatcher._cache._cache_file, disk_cache.KernelFile)


def test_two_kernels_never_share_a_file():
    signature, codegen = "a signature", SimpleNamespace(magic_tuple=lambda: ("a machine",))
    kernels = [
        disk_cache.KernelCache(lambda x: x, ("transient", depth, name)) for depth in (2, 3) for name in ("a", "b")
    ]
    assert len({one._cache_file.path(one._index_key(signature, codegen)) for one in kernels}) == 4
