"""The benchmarks still run and print their table; how fast they are is not a test."""

import io
import os
import subprocess
import sys

from rich.console import Console

from benchmarks import results
from benchmarks.picture import draw
from tests.small import ROOT


def tiny(module, *words, code=0):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", module, "--tiny", *words], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_torture_runs_tiny():
    """A few flips and kills; the counts, and not the times, must be right. Tests of their own have what takes many processes:
    pairs of runs, the same bits from each way to run, and random changes."""
    lines = tiny("benchmarks.torture", "flips", "kills", "cluster", "plan").stdout.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("ok ") for line in lines)


def test_benchmarks_run_tiny(tmp_path):
    """They print a table and write the same down; from that come the README's tables and picture."""
    said = tiny("benchmarks", "--json", str(tmp_path / "found.json")).stdout
    found = results.read(tmp_path / "found.json")
    names = {(one["group"], one["name"]) for one in found["results"]}
    for depth in (2, 3, 4, 8, 16):
        group = f"steps of a mode, two-scalar map, L = {depth}, one core"
        assert {(group, name) for name in ("fastdln", "NumPy", "scalar numba loop")} <= names
    assert "of the threads' time in kernels" in said
    assert "cores" in said
    assert all(group in said for group, _ in names)
    lines = results.markdown(found["machine"], found["results"]).splitlines()
    assert sum(line.startswith("| fastdln |") for line in lines) == 1
    draw(found["machine"], found["results"], tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 10_000


def test_words_that_no_benchmark_has_are_one_line():
    done = tiny("benchmarks", "nonesuch", code=2)
    assert done.stderr.startswith("no benchmark is called nonesuch; the groups are authors, compile, ")
    assert done.stderr.count("\n") == 1


def test_a_result_is_told_beside_the_releases():
    one = {"group": "g", "name": "n", "unit": "M steps/s", "median": 3.0, "slowest": 2.0, "fastest": 4.0}
    released = {"machine": "another", "results": [one | {"median": 2.0}]}
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(results.table("a machine", [one], released))
    text = console.export_text()
    assert text.splitlines()[-1].split()[-1] == "1.50"
    assert "the release was measured on another" in text
    assert results.times_faster({"unit": "s", "median": 2.0}, {"unit": "s", "median": 1.0}) == 0.5


def test_the_readme_shows_the_release():
    """The tables between its two lines are made of the results that are kept."""
    text = (ROOT / "README.md").read_text()
    shown = text.partition("<!-- benchmark -->\n")[2].partition("<!-- end of benchmark -->")[0]
    kept = results.read(results.RELEASED)
    assert shown == results.markdown(kept["machine"], kept["results"])
