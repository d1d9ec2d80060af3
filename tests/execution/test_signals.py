"""Signals: a run ends cleanly, at once if told twice."""

import re
import signal
import subprocess
import sys
import time

import pytest

import fastdln
from fastdln.execution.compute import compute
from tests.commands import fastdln as command
from tests.small import SWEEP, marks

LONG = ["--set", "axes.eta={start=0.88,stop=1.0,num=20000}", "--set", "steps=2000000", "--set", "chunks.eta=100"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_run_cleanly(here, number):
    words = [sys.executable, "-m", "fastdln", "run", "small.toml", *LONG]
    child = subprocess.Popen(words, cwd=here, stderr=subprocess.PIPE, text=True)
    path = here / "small.zarr"
    try:
        deadline = time.monotonic() + 120
        while not marks(path) and time.monotonic() < deadline:
            time.sleep(0.05)
        shown = command("status", "small.zarr", cwd=here)
        assert "a run is going on" in shown.stdout
        child.send_signal(number)
        stderr = child.communicate(timeout=120)[1]
    finally:
        child.kill()
    assert child.returncode == 3, stderr
    assert re.search(r"interrupted: [\d,]+ of 80,000 points are not computed; the same command goes on", stderr), stderr
    assert "Traceback" not in stderr
    assert "interrupted" in (here / "small.zarr.log").read_text().splitlines()[-1]
    found = fastdln.verify(path)
    assert not found.damaged
    assert 0 < found.points_left < 80_000


def test_a_second_signal_leaves_at_once(here):
    """The chunk that is being computed takes minutes."""
    compute(SWEEP, here / "compiled.zarr")  # while kernels are compiled the first would end the run at once
    words = ["--set", "axes.eta={start=0.88,stop=1.0,num=2000}", "--set", "steps=50000000", "--set", "chunks.eta=2000"]
    child = subprocess.Popen(
        [sys.executable, "-m", "fastdln", "run", "small.toml", *words], cwd=here, stderr=subprocess.PIPE
    )
    try:
        deadline = time.monotonic() + 120
        while not (here / "small.zarr.log").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(5.0)
        child.send_signal(signal.SIGINT)
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        stderr = child.communicate(timeout=20)[1].decode()
    finally:
        child.kill()
    assert child.returncode == 3, stderr
    assert "leaving at once" in stderr


def test_a_signal_while_the_process_ends_changes_nothing(here):
    child = subprocess.Popen(
        [sys.executable, "-m", "fastdln", "run", "small.toml", "--set", "steps=50000000"],
        cwd=here,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert "0 of 160 points" in child.stderr.readline()
        child.send_signal(signal.SIGINT)
        told = next((line for line in child.stderr if "the same command goes on from there" in line), None)
        assert told, "the process ended without this line"
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 3


SLOW_TO_IMPORT = """
import sys, time
from importlib.abc import MetaPathFinder

class Slow(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "fastdln.sweep.schema":
            print("importing", flush=True)
            time.sleep(60)

sys.meta_path.insert(0, Slow())
from fastdln.cli.app import main
main()
"""


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("run", "interrupted: what is finished is safe in the store; the same command goes on from there"),
        ("warm", "interrupted: what is compiled is kept; the same command goes on from there"),
        ("plan", "interrupted: the same command begins anew"),
    ],
)
def test_a_signal_at_the_start(here, command, told):
    """Handlers are there before the imports that take long; what is said is of what the command leaves behind."""
    words = [sys.executable, "-c", SLOW_TO_IMPORT, command, "small.toml"]
    child = subprocess.Popen(words, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "importing\n"
    child.send_signal(signal.SIGTERM)
    stderr = child.communicate(timeout=60)[1]
    assert child.returncode == 3, stderr
    assert stderr.splitlines()[-1] == told
    assert "Traceback" not in stderr
