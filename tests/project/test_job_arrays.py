"""The recipe for job arrays, as it stands on the page: run as a scheduler would run it, in whole and for a few shares again."""

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fastdln
from tests.small import FILE, ROOT

PAGE = ROOT / "docs" / "scaling.md"


def recipe():
    (script,) = re.findall(r"^```[^\n]*\n(#!/bin/bash\n.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return script


def job_numbers():
    """What each scheduler of the page's table calls the number of a job."""
    return re.findall(r"^\|[^|]+\|[^|]+\| `\$(\w+)` \|", PAGE.read_text(), re.MULTILINE)


@pytest.fixture
def submit(tmp_path):
    """Runs the script for some jobs of an array, all at once; SLURM's variables are those of that submission."""
    (tmp_path / "sweep.toml").write_text(FILE)
    (tmp_path / "scratch").mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def jobs(numbers, variables=("SLURM_ARRAY_TASK_ID",)):
        of_array = {
            "SLURM_ARRAY_TASK_COUNT": len(numbers),
            "SLURM_ARRAY_TASK_MIN": min(numbers),
            "SLURM_ARRAY_TASK_MAX": max(numbers),
        }
        running = []
        for number, variable in zip(numbers, itertools.cycle(variables), strict=False):
            text = recipe().replace("$SLURM_ARRAY_TASK_ID", f"${variable}")
            text = text.replace("/scratch", str(tmp_path / "scratch"))
            around = {"PATH": path, variable: number} | (of_array if variable.startswith("SLURM") else {})
            environment = os.environ | {name: str(value) for name, value in around.items()}
            command = ["bash", "-euo", "pipefail", "-c", text]
            running.append(subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True))
        for job in running:
            said = job.communicate()[1]
            assert job.returncode == 0, said

    return jobs


def unfinished(store, parts):
    state = fastdln.status(store)
    return [part for part in range(1, parts + 1) if state.share(part, parts) != "complete"]


def test_what_is_submitted_again_are_the_same_shares(submit, tmp_path):
    first, last = map(int, re.search(r"#SBATCH --array=(\d+)-(\d+)", recipe()).groups())
    again = [int(n) for n in re.search(r"`sbatch --array=([\d,]+) job.sh`", PAGE.read_text())[1].split(",")]
    store = tmp_path / "scratch" / "sweep.zarr"
    submit([number for number in range(first, last + 1) if number not in again])
    assert unfinished(store, last) == again, "as if those jobs had met their time limit"
    before = {file: file.stat().st_mtime_ns for file in (store / "fate" / "c").rglob("*") if file.is_file()}
    submit(again)
    assert unfinished(store, last) == []
    assert fastdln.open(store).attrs["complete"]
    assert {file: file.stat().st_mtime_ns for file in before} == before, "no chunk is computed twice"
    logs = {log.name for log in store.parent.glob("*.log")}
    assert logs == {f"sweep.zarr.part-{number}-of-{last}.log" for number in range(first, last + 1)}


def test_the_jobs_of_every_scheduler_take_their_own_share(submit, tmp_path):
    variables = job_numbers()
    assert len(variables) == len(set(variables)) == 4
    submit([1, 2, 3, 4], variables)
    assert unfinished(tmp_path / "scratch" / "sweep.zarr", 8) == [5, 6, 7, 8]
