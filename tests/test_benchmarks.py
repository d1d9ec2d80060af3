"""The benchmarks still run and print their table; how fast they are is not a test."""

import os
import subprocess
import sys
from pathlib import Path


def tiny(module):
    root = Path(__file__).parent.parent
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", module, "--tiny"], cwd=root, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_torture_runs_tiny():
    """A few kills, flips and pairs; the counts, and not the times, must be right."""
    lines = tiny("benchmarks.torture").stdout.splitlines()
    assert len(lines) == 10
    assert all(line.startswith("ok ") for line in lines)


def test_benchmarks_run_tiny():
    done = tiny("benchmarks")
    assert "transient steps, two-scalar map, L = 3" in done.stdout
    assert "slower than lanes" in done.stdout
    assert "of the threads' time in kernels" in done.stdout
    assert "cores" in done.stdout
