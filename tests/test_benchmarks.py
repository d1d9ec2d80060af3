"""The benchmarks still run and print their table; how fast they are is not a test."""

import subprocess
import sys
from pathlib import Path


def test_benchmarks_run_tiny():
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--tiny"], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "transient steps, two-scalar map, L = 3" in done.stdout
    assert "slower than lanes" in done.stdout
    assert "of the threads' time in kernels" in done.stdout
    assert "cores" in done.stdout
