"""The command line as users see it: words, exit codes, nothing written on bad input."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr

SWEEPS = Path(__file__).parent.parent / "sweeps"

GOOD = """
title = "small"
model = "modes"
steps = 200
record = 16
[axes]
eta = {start = 0.1, stop = 1.0, num = 20}
alpha = 0.5
depth = 3
"""


def fastdln(*args, cwd, **options):
    return subprocess.run(
        [sys.executable, "-m", "fastdln", *map(str, args)], cwd=cwd, capture_output=True, text=True, **options
    )


@pytest.fixture
def here(tmp_path):
    (tmp_path / "small.toml").write_text(GOOD)
    return tmp_path


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_run_status_resume(here):
    done = fastdln("run", "small.toml", cwd=here)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "20 of 20 points (100%)" in done.stderr
    assert "small.zarr" in done.stderr
    assert names(here) == ["small.toml", "small.zarr"]
    assert (xr.open_zarr(here / "small.zarr").fate.values > 0).all()
    again = fastdln("run", "small.toml", "--quiet", cwd=here)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    state = fastdln("status", "small.zarr", cwd=here)
    assert "20 of 20 computed" in state.stdout
    assert "complete" in state.stdout


def test_another_store_and_overrides(here):
    done = fastdln("run", "small.toml", "-o", "deep/er.zarr", "--set", "axes.depth=[2,4]", "--quiet", cwd=here)
    assert done.returncode == 0, done.stderr
    assert xr.open_zarr(here / "deep" / "er.zarr").depth.values.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("stepps=1", "stepps"),
        ("axes.eta.num=0", "axes.eta.num"),
        ("axes.eta=-1", "eta"),
        ("axes.alpha=nan", "axes.alpha"),
        ("axes.depth=1", "depth"),
        ("observables=['perod']", "observables"),
        ("model=modess", "model"),
        ("record=0", "record"),
        ("target.singular_values=[]", "target.singular_values"),
        ("axes.alpha.start=1", "axes.alpha"),
    ],
)
@pytest.mark.parametrize("command", ["run", "plan"])
def test_bad_input_is_one_line_exit_2_and_nothing_written(here, command, override, key):
    done = fastdln(command, "small.toml", "--set", override, cwd=here)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(r"error: [^\n]+\n", done.stderr), done.stderr
    assert key in done.stderr
    assert names(here) == ["small.toml"]


def test_bad_files_and_places(here):
    (here / "broken.toml").write_text("model = \n")
    (here / "notes").mkdir()
    (here / "notes" / "mine.txt").write_text("mine")
    cases = [
        (("run", "broken.toml"), "line 1"),
        (("run", "missing.toml"), "missing.toml"),
        (("run", "notes"), "notes"),
        (("run", "small.toml", "-o", "broken.toml"), "is a file"),
        (("run", "small.toml", "-o", "notes"), "something else"),
        (("run", "small.toml", "-o", "broken.toml/x.zarr"), "cannot be written"),
        (("status", "nothing.zarr"), "no store"),
        (("status", "notes"), "something else"),
    ]
    for command, words in cases:
        done = fastdln(*command, cwd=here)
        assert done.returncode == 2, command
        assert re.fullmatch(r"error: [^\n]+\n", done.stderr), done.stderr
        assert words in done.stderr
    assert names(here) == ["broken.toml", "notes", "small.toml"]
    assert fastdln("run", cwd=here).returncode == 2
    assert fastdln("rnu", cwd=here).returncode == 2


def test_another_sweeps_store_is_refused_by_key(here):
    fastdln("run", "small.toml", "--quiet", cwd=here)
    done = fastdln("run", "small.toml", "--set", "steps=201", cwd=here)
    assert done.returncode == 2
    assert "with other steps;" in done.stderr


def test_a_plateau_longer_than_the_transient_warns_with_the_steps_that_would_do(here):
    done = fastdln("run", "small.toml", "--set", "axes.alpha=0.001", "--quiet", cwd=here)
    assert done.returncode == 0
    line = next(line for line in done.stderr.splitlines() if line.startswith("warning:"))
    needed = int(re.search(r"steps = ([0-9,]+) would do", line)[1].replace(",", ""))
    assert 15_700 < needed < 20_000  # pi/2 / (alpha eta s) = 15,708
    enough = fastdln("plan", "small.toml", "--set", "axes.alpha=0.001", "--set", f"steps={needed}", cwd=here)
    assert "warning" not in enough.stderr


def test_plan_list_and_schema(here):
    costs = fastdln("plan", "small.toml", cwd=here)
    assert costs.returncode == 0, costs.stderr
    assert re.search(r"points +20\n", costs.stdout)
    listed = fastdln("list", cwd=here).stdout
    for word in ("balanced", "modes", "one-zero", "spectral", "oscillation_range", "fate"):
        assert word in listed
    schema = json.loads(fastdln("list", "--schema", cwd=here).stdout)
    assert "axes" in schema["properties"]
    assert names(here) == ["small.toml"]


@pytest.mark.parametrize("sweep", sorted(SWEEPS.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_sweeps_plan_without_a_warning_and_say_where_they_are_from(here, sweep):
    text = sweep.read_text()
    assert "title" in text
    assert "2502.20531" in text
    done = fastdln("plan", sweep, cwd=here)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(os.name != "posix", reason="SIGINT")
def test_an_interrupt_says_how_to_go_on(here):
    command = [
        sys.executable,
        "-m",
        "fastdln",
        "run",
        "small.toml",
        "--set",
        "axes.eta={start=0.88,stop=1.0,num=200000}",
    ]
    # chaotic points never retire, so that this takes long
    command += ["--set", "steps=5000000", "--quiet"]
    child = subprocess.Popen(command, cwd=here, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (here / "small.zarr").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    child.send_signal(signal.SIGINT)
    stderr = child.communicate(timeout=120)[1]
    assert child.returncode == 3, stderr
    assert "the same command goes on from there" in stderr
    assert "Traceback" not in stderr
