"""What a newcomer waits for: the kernels of each shipped sweep, compiled into an empty cache, as a command of its own."""

import os
import subprocess
import sys
import tempfile

import pytest

from fastdln.reports.shipped import shipped


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def bench_cold_compile(benchmark, size, path):
    if size == "tiny" and path.stem != "contour":
        pytest.skip("one shows that it runs")
    command = [sys.executable, "-m", "fastdln", "warm", str(path), "--quiet"]

    def warm():
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(command, env=os.environ | {"NUMBA_CACHE_DIR": folder}, check=True, capture_output=True)

    benchmark.group = "fastdln warm SWEEP.toml, nothing compiled before"
    benchmark.name = path.name
    benchmark.extra_info |= {"unit": "s"}
    benchmark.pedantic(warm, rounds=1)  # all of them take minutes, and vary little
