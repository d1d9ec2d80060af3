"""Without names that numba keeps to itself the kernels are right all the same, and one line says what is lost."""

import json
import os
import subprocess
import sys
import warnings

import numba
import numpy as np
import pytest

import fastdln
from fastdln.kernels import compile as compiled
from fastdln.kernels import disk_cache, numba_internals, warn
from fastdln.kernels.compile import jit_disabled, kernel
from fastdln.kernels.link import SIGNATURE, Linked, call, zeros
from fastdln.kernels.matrices import pointers
from fastdln.kernels.matrices.tiling import WIDE_VECTORS

# What is taken away: the name that holds it, how it is called then, and what is said.
GONE = {
    "nothing": (numba_internals, "FLAG", numba_internals.FLAG, ""),
    "the flag noalias": (numba_internals, "FLAG", "gone", "numba has no flag gone"),
    "get_call_template": (numba_internals, "TEMPLATE", "gone", "have no gone"),
    "what a part leaves out": (numba_internals, "FINISH", ("gone",), "numba has no gone"),
    "add_ir_module": (numba_internals, "ADD", "gone", "numba has no gone"),
    "the convention of calls": (numba_internals, "CONVENTION", ("gone",), "numba's calls have no gone"),
    "_index_key": (disk_cache, "NAMES", ("gone",), "numba's cache has no gone"),
}


def power(x, n):
    found = 1.0
    for _ in range(n):
        found *= x
    return found


def powers(values, *others):
    """Row k of the memory to the power k + 1."""
    steps = others[-1]
    for k in range(steps):
        values[k] = power(values[k], k + 1)


def twice(address, memory):
    for _ in range(2):
        call(address, memory, (0, 0, 0, 0, 0, 0), (0, 0, 0, 3))


@pytest.fixture
def forgetful(monkeypatch, tmp_path):
    """What is asked of numba once is asked again, and again after the test."""
    monkeypatch.setattr(warn, "_told", set())
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(compiled, "called", compiled.called.__wrapped__)
    for once in (
        numba_internals.noalias,
        numba_internals.inline_only,
        numba_internals.by_convention,
        numba_internals.wide_vectors,
    ):
        once.cache_clear()
    yield
    for once in (
        numba_internals.noalias,
        numba_internals.inline_only,
        numba_internals.by_convention,
        numba_internals.wide_vectors,
    ):
        once.cache_clear()


@pytest.mark.skipif(jit_disabled(), reason="is about what is compiled")
@pytest.mark.parametrize("name", GONE)
def test_a_kernel_works_without_a_private_name(monkeypatch, forgetful, name):
    room, what, instead, said = GONE[name]
    monkeypatch.setattr(room, what, instead)

    def observe(values, columns, states, products, more, sizes, part, first, every, steps):
        powers(values, columns, states, products, more, sizes, part, first, every, steps)

    memory = zeros(6, 8)
    memory[0, :3] = 2.0, 3.0, 1.5
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        kernel(twice, "test", name)(Linked(observe, "test", name).address, memory)
    assert memory[0, :3].tolist() == [2.0, 3.0**4, 1.5**9]
    assert len(told) == (1 if said else 0)
    assert all(said in str(warning.message) for warning in told)


@pytest.mark.skipif(jit_disabled(), reason="is about what is compiled")
def test_a_kernel_is_loaded_without_a_private_name(monkeypatch, forgetful):
    def observe(values, columns, states, products, more, sizes, part, first, every, steps):
        values[0] = 2.0 * columns[0]

    def made():
        dispatcher = kernel(observe, "test of loading")
        dispatcher.compile(SIGNATURE)
        return dispatcher

    made()
    monkeypatch.delattr("numba.core.runtime.rtsys")
    assert sum(made().stats.cache_hits.values()) == 1


@pytest.mark.skipif(jit_disabled(), reason="is about what is compiled")
@pytest.mark.skipif(not WIDE_VECTORS, reason="this processor has no vectors of 512 bits")
def test_loops_take_the_longest_vectors(forgetful):
    def observe(values, columns, states, products, more, sizes, part, first, every, steps):
        for k in range(64):
            values[k] = values[k] * columns[k]

    made = kernel(observe, "test of vectors")
    made.compile(SIGNATURE)
    assert "zmm" in made.inspect_asm(SIGNATURE)


def add_to(values, more, offset):
    for k in range(len(values)):
        values[k] += more[k] + offset


def add_by_address(address, arguments):
    pointers.call(address, arguments)


@pytest.mark.skipif(jit_disabled(), reason="is about what is compiled")
@pytest.mark.parametrize("convention", [numba_internals.CONVENTION, ("gone",)])
@pytest.mark.filterwarnings("ignore:kernels are compiled in every process")
def test_arrays_go_through_an_address(monkeypatch, forgetful, convention):
    """As the search for the sharpness is given them."""
    monkeypatch.setattr(numba_internals, "CONVENTION", convention)
    values, more = np.array([1.0, 2.0]), np.array([10.0, 20.0])
    arguments = (values, more, 3)
    made = kernel(add_to, "test", str(convention))
    numba.njit(add_by_address)(numba_internals.address_of(made, tuple(map(numba.typeof, arguments))), arguments)
    assert values.tolist() == [14.0, 25.0]


RUN = """
import json, sys, warnings
import numpy as np
from fastdln.kernels import disk_cache as cache
from fastdln.kernels import numba_internals as internals
internals.FLAG, internals.TEMPLATE, internals.ADD = "gone", "gone", "gone"
internals.FINISH, internals.CONVENTION, cache.NAMES = ("gone",), ("gone",), ("gone",)
import fastdln
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    ds = fastdln.run(fastdln.Sweep(**json.loads(sys.argv[1])), progress=False)
for warning in told:
    print(warning.message)
np.savez("out.npz", **{name: ds[name].values for name in ds.data_vars})
"""


def test_a_run_without_any_of_them_has_the_same_results(tmp_path):
    axes = {"eta": [0.2, 0.5, 0.9], "alpha": 0.5, "depth": 2}
    sweep = {"model": "balanced", "axes": axes, "steps": 400, "record": 64, "observables": ["period", "loss"]}
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    words = [sys.executable, "-c", RUN, json.dumps(sweep)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(line.rpartition(":")[0] for line in done.stdout.splitlines()) == sorted(
        [
            disk_cache.UNWRITABLE,
            "kernels are compiled in every process, and what is raised in one is lost",
            "kernels are compiled more than once",
            "kernels are compiled with checks of their memory, and slower",
            "kernels may take shorter vectors than the processor has",
            "kernels take longer to compile",
        ]
    )
    found, expected = np.load(tmp_path / "out.npz"), fastdln.run(fastdln.Sweep(**sweep), progress=False)
    for variable in expected.data_vars:
        np.testing.assert_array_equal(found[variable], expected[variable], err_msg=variable)
