"""Without names that numba keeps to itself the kernels are right all the same, and one line says what is lost."""

import os
import subprocess
import sys

import numpy as np
import pytest

RUN = """
import sys, warnings
import numpy as np
{before}
import fastdln
axes = {{"eta": [0.2, 0.5, 0.9], "alpha": 0.5, "depth": 2}}
sweep = fastdln.Sweep(model="balanced", axes=axes, target={{"singular_values": [1.0]}}, steps=400, record=64)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    ds = fastdln.run(sweep, progress=False)
for warning in told:
    print(warning.message)
np.savez(sys.argv[1], **{{name: ds[name].values for name in ds.data_vars}})
"""

# What is done before the package is used, and what is said then.
GONE = {
    "nothing": ("", ""),
    "the flag noalias": ("from fastdln.kernels import internals\ninternals.FLAG = 'gone'", "numba has no flag gone"),
    "the convention of calls": (
        "from fastdln.kernels import internals\ninternals.CONVENTION = ('gone',)",
        "numba's calls have no gone",
    ),
    "get_call_template": ("from fastdln.kernels import internals\ninternals.TEMPLATE = 'gone'", "have no gone"),
    "_index_key": ("from fastdln.kernels import cache\ncache.NAMES = ('gone',)", "numba's cache has no gone"),
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return results(tmp_path_factory.mktemp("expected"), "")[0]


def results(folder, before):
    out = folder / "out.npz"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder / "cache")}
    words = [sys.executable, "-c", RUN.format(before=before), str(out)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return np.load(out), done.stdout


@pytest.mark.parametrize("name", GONE)
def test_without_a_private_name_of_numba_results_are_the_same_and_one_line_is_said(tmp_path, expected, name):
    before, said = GONE[name]
    found, told = results(tmp_path, before)
    for variable in expected:
        np.testing.assert_array_equal(found[variable], expected[variable], err_msg=variable)
    assert len(told.splitlines()) == (1 if said else 0), told
    assert said in told
