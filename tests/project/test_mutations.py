"""Random changes to a store, against every command."""

import subprocess
import sys

from tests.small import ROOT


def test_random_changes(tmp_path):
    """A hundred of them, against every command; benchmarks/mutations.py says what counts as wrong."""
    command = [sys.executable, "-m", "benchmarks.mutations", str(tmp_path), "100", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100 changes, 0 wrong" in done.stdout
