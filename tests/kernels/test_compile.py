"""Names of compiled kernels, and what numba must not be asked for."""

from pathlib import Path

import fastdln
from fastdln.kernels.compile import kernel


def test_kernels_of_one_factory_bear_names_of_their_own():
    """Two processes number what they compile alike; a third that loads both from the cache must tell them apart."""

    def factory(n):
        def plus(x):
            return x + n

        return plus

    names = {kernel(factory(n), "plus", n).py_func.__qualname__ for n in (1, 2)}
    assert len(names) == 2


def test_no_parallel_numba():
    """prange aborts the process on some threading layers when Dask's threads call it."""
    for path in Path(fastdln.__file__).parent.rglob("*.py"):
        text = path.read_text()
        assert "prange(" not in text, path
        assert "parallel=True" not in text, path
