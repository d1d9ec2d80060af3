"""Kernels: retiring lanes is exact, a point's place does not matter, observing changes nothing, Python agrees."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import EVERYTHING

import fastdln
from fastdln import Sweep, run
from fastdln.kernels import disk_cache
from fastdln.kernels.compile import compiled, kernel
from fastdln.kernels.lengths import Lengths
from fastdln.kernels.modes.chunk import ChunkKernel
from fastdln.kernels.spans import LANES, ROUND
from fastdln.models import MODELS, STARTS
from fastdln.observables import DEFAULT, OBSERVABLES

FAMILIES = [OBSERVABLES[name] for name in EVERYTHING]
ALL = [o for o in OBSERVABLES.values() if not o.asked_by]


def kernel_of(model, depth, start="balanced", families=FAMILIES):
    layers = STARTS[start].layers(depth, 1)
    kernel = ChunkKernel(MODELS[model].reduce(layers), depth, families)

    def compute(eta, alpha, steps, record=8):
        return kernel(eta, alpha, np.ones((1, eta.size)), layers, Lengths(steps, record, record // 2, record))

    return kernel, compute


def scattered(points, seed=0):
    """Points through all regimes at depth 3, from plateau to divergence."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.01, 1.6, points), np.exp(rng.uniform(np.log(1e-3), np.log(1.3), points))


@pytest.mark.parametrize("steps", [0, 1, ROUND - 1, ROUND, ROUND + 1, 7 * ROUND + 77])
@pytest.mark.parametrize(("model", "depth", "start"), [("modes", 3, "one-zero"), ("balanced", 2, "balanced")])
def test_retiring_and_refilling_lanes_changes_no_bit(model, depth, start, steps):
    """Against the same recursion, every lane to its very last step."""
    eta, alpha = scattered(3 * LANES + 5)
    kernel, compute = kernel_of(model, depth, start)
    orbit = compute(eta, alpha, steps)["orbit"][:, 0]
    step, product = kernel.map.step(depth), kernel.map.product(depth)

    def follow(state, eta, total, orbit):
        for number in range(total + 8):
            state = step(state, eta, 1.0)
            if number >= total:
                orbit[number - total] = product(state)

    plain, plain_orbit = compiled(follow), np.empty((eta.size, 8))
    starts = STARTS[start].layers(depth, 1)[kernel.map.layers(depth), 0]
    for point, values in enumerate(starts * alpha[:, None]):
        plain(tuple(values.tolist()), eta[point], steps, plain_orbit[point])
    kept = ~np.isnan(orbit[:, 0])
    assert 0.5 < kept.mean() <= 1
    assert orbit[kept].tobytes() == plain_orbit[kept].tobytes()


def test_a_points_place_does_not_change_its_bits():
    eta, alpha = scattered(5 * LANES + 17)
    _, compute = kernel_of("modes", 3, "one-zero", ALL)
    record = 67  # no multiple of any period, so that rates are measured over one more
    whole = compute(eta, alpha, 3000, record)
    order = np.random.default_rng(1).permutation(eta.size)
    mixed = compute(eta[order], alpha[order], 3000, record)
    single = [compute(eta[k : k + 1], alpha[k : k + 1], 3000, record) for k in range(0, eta.size, 31)]
    assert len(np.unique(whole["period"])) > 6, "points of several periods lie side by side"
    for name, values in whole.items():
        assert values[order].tobytes() == mixed[name].tobytes(), name
        for k, alone in zip(range(0, eta.size, 31), single, strict=True):
            assert values[k].tobytes() == alone[name][0].tobytes(), name


@pytest.mark.parametrize(("model", "depth", "start"), [("modes", 2, "one-zero"), ("modes", 3, "one-zero")])
def test_observing_changes_no_bit(model, depth, start):
    """The transient is compiled bare or with observables in it; both must round alike, chaos included."""
    eta, alpha = scattered(4 * LANES)
    _, observed = kernel_of(model, depth, start)
    _, bare = kernel_of(model, depth, start, [OBSERVABLES["orbit"], OBSERVABLES["fate"]])
    one, two = observed(eta, alpha, 2000), bare(eta, alpha, 2000)
    assert one["orbit"].tobytes() == two["orbit"].tobytes()
    assert set(np.unique(two["fate"])) >= {1, 2, 3, 5, 6}


def test_step_numbers_do_not_depend_on_rounds():
    """escape_step through retired lanes, refilled lanes and the last part of a round."""
    eta, alpha = scattered(3 * LANES)
    _, compute = kernel_of("modes", 3, "one-zero")
    long, short = compute(eta, alpha, 5 * ROUND, 8), compute(eta, alpha, 5 * ROUND - 100, 108)
    for name in ("escape_step", "divergence_step"):
        np.testing.assert_array_equal(long[name], short[name])


PYTHON = """
import os, sys, json, numpy, warnings
warnings.simplefilter("error")
import numba
from numba.core import config
assert config.DISABLE_JIT
import fastdln
sweep = fastdln.Sweep(**json.loads(sys.argv[1]))
ds = fastdln.run(sweep)
numpy.savez(sys.argv[2], **{name: ds[name].values for name in ds.data_vars})
"""


@pytest.mark.parametrize("model", MODELS)
def test_pure_python_kernels_agree_with_the_compiled_ones(tmp_path, model):
    start = {"spectral": [[0.5, 1.0], [0.6, 0.3], [0.2, 0.0]]} if model == "modes" else "balanced"
    keys = {
        "model": model,
        "axes": {"eta": [0.1, 0.7, 30.0], "alpha": 0.9, "depth": 3},
        "target": {"singular_values": [1.0, 0.4]},
        "start": start,
        "steps": ROUND + 7,
        "record": 12,
        "observables": DEFAULT if model == "matrix" else EVERYTHING,
        "orbit_samples": 12,
    }
    ds = run(Sweep(**keys))
    out = tmp_path / "out.npz"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PYTHON, json.dumps(keys), str(out)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    pure = np.load(out)
    assert set(pure) == set(ds.data_vars)
    for name in pure:
        np.testing.assert_allclose(pure[name], ds[name].values, rtol=1e-12, atol=1e-14, err_msg=name)


def test_kernels_of_one_factory_bear_names_of_their_own():
    """Two processes number what they compile alike; a third that loads both from the cache must tell them apart."""

    def factory(n):
        def plus(x):
            return x + n

        return plus

    names = {kernel(factory(n), "plus", n).py_func.__qualname__ for n in (1, 2)}
    assert len(names) == 2


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

def refused(*arguments, **options):
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))

"""


@pytest.mark.parametrize("what", ["caching._CacheLocator.ensure_cache_path", "Path.write_bytes"])
def test_a_cache_that_cannot_be_written_is_one_line_that_says_what_to_set(tmp_path, what):
    """From the start, or from some moment on."""
    counts, told = small(tmp_path / "cache", f"{READ_ONLY}{what} = refused\n")
    assert counts[0] == "0"
    assert len(told) == 1
    assert "NUMBA_CACHE_DIR" in told[0]
    assert "compiling in every process" in told[0]


def test_a_cache_that_can_only_be_read_is_read(tmp_path):
    small(tmp_path / "cache")
    assert small(tmp_path / "cache", f"{READ_ONLY}Path.write_bytes = refused\n") == (["2", "0"], [])


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


def test_no_parallel_numba():
    """prange aborts the process on some threading layers when Dask's threads call it."""
    for path in Path(fastdln.__file__).parent.rglob("*.py"):
        text = path.read_text()
        assert "prange(" not in text, path
        assert "parallel=True" not in text, path
