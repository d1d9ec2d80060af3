"""The command line as users see it: words, exit codes, nothing written on bad input."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import xarray as xr

from tests.commands import fastdln
from tests.small import ROOT, TINY

SWEEPS = ROOT / "sweeps"

GOOD = f'title = "small"{TINY}'


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
    assert names(here) == ["small.toml", "small.zarr", "small.zarr.log"]
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
    assert "arXiv" in text or "2502.20531" in text
    done = fastdln("plan", sweep, "--quiet", "--no-probe", cwd=here)
    assert (done.returncode, done.stderr) == (0, "")


# A shell starts background jobs with interrupts ignored, and Python keeps to that: ask for them.
INTERRUPTIBLE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from fastdln.cli.app import main; main()"
)


@pytest.mark.skipif(os.name != "posix", reason="an interrupt is sent as a POSIX signal")
def test_an_interrupt_says_how_to_go_on(here):
    # chaotic points never retire, so that this takes long
    words = ["axes.eta={start=0.88,stop=1.0,num=200000}", "steps=5000000"]
    command = [
        sys.executable,
        "-c",
        INTERRUPTIBLE,
        "run",
        "small.toml",
        "--quiet",
        "--set",
        words[0],
        "--set",
        words[1],
    ]
    child = subprocess.Popen(command, cwd=here, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not (here / "small.zarr").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.0)
        child.send_signal(signal.SIGINT)
        stderr = child.communicate(timeout=120)[1]
    finally:
        child.kill()
    assert child.returncode == 3, stderr
    assert "the same command goes on from there" in stderr
    assert "Traceback" not in stderr


def test_plateaus_beyond_any_number_of_steps_are_told(here):
    for overrides in (
        ("axes.alpha=1e-12", "axes.depth=32"),
        ("axes.alpha=1e-170", "axes.depth=3"),
        ("axes.eta=1e-320",),
    ):
        done = fastdln("plan", "small.toml", *(word for o in overrides for word in ("--set", o)), cwd=here)
        assert done.returncode == 0, done.stderr
        assert len(done.stderr) < 400
        assert re.match(r"warning: .* no number of steps would do\n", done.stderr), done.stderr


@pytest.mark.parametrize(
    ("overrides", "warns"),
    [
        (["start='balanced'", "axes.alpha=1.0", "axes.eta=0.001", "steps=100"], False),
        (["start='balanced'", "axes.alpha=0.001", "axes.eta=0.1", "steps=100"], True),
        (["axes.alpha=1.0", "target.singular_values=[1e-3]", "steps=100"], False),
        (["start={spectral=[[0.002],[0.002],[0]]}", "axes.eta=0.1", "steps=100"], True),
    ],
)
def test_plateau_warnings_know_the_start(here, overrides, warns):
    done = fastdln("plan", "small.toml", *(word for o in overrides for word in ("--set", o)), cwd=here)
    assert done.returncode == 0, done.stderr
    assert ("is shorter than the plateau" in done.stderr) == warns


def test_names_that_no_file_system_takes(here):
    for command in (("run", "small.toml", "-o", "a" * 300 + ".zarr"), ("status", "a" * 300)):
        done = fastdln(*command, cwd=here)
        assert done.returncode == 2
        assert re.fullmatch(r"error: [^\n]+\n", done.stderr), done.stderr
    long = fastdln("run", "small.toml", "--quiet", "-o", "b" * 230 + ".zarr", cwd=here)
    assert long.returncode == 0, long.stderr


def test_a_closed_pipe_does_not_end_the_work(here):
    command = f"{sys.executable} -m fastdln run small.toml --set chunks={{eta=1}} 2>&1 >/dev/null | head -n 1"
    subprocess.run(["bash", "-c", command], cwd=here, check=True, capture_output=True)
    assert xr.open_zarr(here / "small.zarr").attrs["complete"]


def test_a_record_of_one_state_is_told_by_status(here):
    fastdln("run", "small.toml", "--quiet", "--set", "record=1", cwd=here)
    done = fastdln("status", "small.zarr", cwd=here)
    assert done.returncode == 0, done.stderr
    assert "20 of 20" in done.stdout


def test_warm_compiles_what_a_sweep_needs_once(here):
    """Into an empty place, and says how far it is; a run then has nothing to compile."""
    environment = {"NUMBA_CACHE_DIR": str(here / "cache")}
    first = fastdln("warm", "small.toml", cwd=here, **environment)
    assert (first.returncode, first.stdout) == (0, "")
    said = first.stderr.splitlines()
    assert re.fullmatch(r"\d+ kernels were compiled", said[-1])
    assert any(
        re.fullmatch(r"warm: compiling \d+ kernels, once for this machine: \d+ done \.\.\.", s) for s in said[:-1]
    )
    again = fastdln("warm", "small.toml", cwd=here, **environment)
    assert again.stderr.splitlines() == ["there was nothing to do: all kernels are there"]
    mark = min((here / "cache").rglob("*.made"))
    gone = mark.parent / mark.read_text()
    gone.unlink()
    assert fastdln("warm", "small.toml", cwd=here, **environment).stderr.splitlines()[-1] == "1 kernel was compiled"
    assert gone.exists()
    run = fastdln("run", "small.toml", cwd=here, **environment)
    assert run.returncode == 0
    assert "compiling" not in run.stderr


def test_a_run_says_what_it_compiles_before_it_counts(here):
    environment = {"NUMBA_CACHE_DIR": str(here / "cache")}
    said = fastdln("run", "small.toml", cwd=here, **environment).stderr.splitlines()
    compiling = [k for k, line in enumerate(said) if line.startswith("compiling")]
    counting = [k for k, line in enumerate(said) if "points (" in line]
    assert compiling
    assert max(compiling) < min(counting)


def test_without_a_command_there_is_all_the_help(here):
    done = fastdln(cwd=here)
    assert done.returncode == 2
    assert "Commands:" in done.stderr and "Traceback" not in done.stderr
    asked = fastdln("--help", cwd=here)
    assert asked.returncode == 0 and asked.stdout.split() == done.stderr.split()
