"""What `plan` says: bounded on any machine, the same under load, and without a probe nothing is compiled."""

import html
import re
import time
from types import SimpleNamespace

import numpy as np
import pytest

import fastdln
from fastdln import Sweep, SweepError
from fastdln.cli import console
from fastdln.execution import probe as probing
from fastdln.execution.plan import Plan
from fastdln.execution.task import ChunkResults
from fastdln.sweep.cost import point_cost
from fastdln.sweep.grid import Grid
from fastdln.sweep.plateaus import plateau_warnings
from tests import commands
from tests.small import FILE, SWEEP


def sweep_of(**keys):
    axes = {"eta": {"start": 0.1, "stop": 0.5, "num": 100}, "alpha": 0.5, "depth": 3} | keys.pop("axes", {})
    return Sweep(**({"model": "modes", "axes": axes} | keys))


class Machine:
    """A machine of a known speed that is busy with other things: stands in for Task, and for the clocks."""

    def __init__(self, monkeypatch, steps_a_second, load=1.0):
        self.speed, self.load, self.cpu, self.wall, self.asked = steps_a_second, load, 0.0, 0.0, []
        monkeypatch.setattr(
            probing, "time", SimpleNamespace(thread_time=lambda: self.cpu, perf_counter=lambda: self.wall)
        )
        monkeypatch.setattr(probing, "Task", self.task)

    def task(self, sweep, grid):
        def compute_points(picks, shape, lengths):
            short = sweep.model_copy(update={"steps": lengths.steps, "record": lengths.record})
            seconds = shape[0] * sum(point_cost(short, int(picks["depth"][0]))) / self.speed
            self.cpu += seconds
            self.wall += seconds * self.load
            self.asked.append(shape[0])
            results = {v.name: np.zeros(shape, v.dtype) for v in sweep.variables}
            return ChunkResults(results, seconds, 0)

        class Nothing:
            def __enter__(self):
                return self

            def __exit__(self, *exception):
                pass

        return SimpleNamespace(
            sweep=sweep, grid=grid, jobs=lambda depths: [], running=Nothing, compute_points=compute_points
        )


@pytest.mark.parametrize("load", [1.0, 40.0])
@pytest.mark.parametrize("points", [10**4, 10**7])
def test_the_estimate_is_of_the_work_and_not_of_the_load(monkeypatch, points, load):
    sweep = sweep_of(axes={"eta": {"start": 0.1, "stop": 0.5, "num": points}})
    Machine(monkeypatch, 1e9, load)
    right = points * sum(point_cost(sweep, 3)) / 1e9
    assert probing.probe(sweep, Grid(sweep)).seconds == pytest.approx(right, rel=0.05)


@pytest.mark.parametrize("speed", [1e9, 1e7, 1e5, 1e2])
@pytest.mark.parametrize("modes", [2, 256])
def test_a_probe_is_bounded_on_any_machine(monkeypatch, modes, speed):
    target = {"singular_values": np.linspace(0.1, 1, modes)}
    sweep = sweep_of(
        model="matrix", start="gaussian", target=target, axes={"depth": [3, 5, 9]}, observables=["sharpness"]
    )
    machine = Machine(monkeypatch, speed)
    probing.probe(sweep, Grid(sweep))
    shortest = max(sum(point_cost(sweep.model_copy(update={"steps": 0, "record": 1}), depth)) for depth in (3, 5, 9))
    first = 3 * shortest * 8 / speed  # the first piece of each depth, which nothing was known before
    assert machine.wall <= probing.PROBE_SECONDS + first


def test_points_that_a_chunk_does_not_have_are_not_probed_side_by_side(monkeypatch):
    sweep = sweep_of(chunks={"eta": 3})
    machine = Machine(monkeypatch, 1e9)
    probing.probe(sweep, Grid(sweep))
    assert max(machine.asked) == 3


def test_without_a_probe_nothing_is_compiled(tmp_path):
    (tmp_path / "small.toml").write_text(FILE)
    done = commands.fastdln("plan", "small.toml", "--no-probe", cwd=tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"\ntime +.* by rule of thumb, not timed\n", done.stdout)
    assert not list(tmp_path.rglob("*.nb?"))
    assert fastdln.plan(SWEEP, probe=False).bytes_on_disk is None
    assert "not timed" in fastdln.plan(SWEEP, probe=False)._repr_html_()


def test_bytes_on_disk_are_about_those_of_the_store(tmp_path):
    sweep = SWEEP.model_copy(update={"chunks": {"eta": 40, "alpha": 2}})
    fastdln.run(sweep, store=tmp_path / "out.zarr")
    every = {file for file in (tmp_path / "out.zarr").rglob("*") if file.is_file()}
    results = {file for v in sweep.variables for file in (tmp_path / "out.zarr" / v.name / "c").rglob("*")}
    stored, others = (sum(file.stat().st_size for file in found) for found in (every & results, every - results))
    found = fastdln.plan(sweep)
    assert others > 2 * stored, "a small sweep is mostly metadata"
    # but for the lines of its history that a run adds
    assert stored / 2 < found.bytes_on_disk - others + 1000 < 2 * stored + 1000
    assert re.search(r"bytes .* before compression, about .* on disk with coordinates and metadata", str(found))


def test_what_looks_at_pairs_of_modes_is_said_plainly():
    keys = {"observables": ["sharpness"], "record": 512}
    for s, said in (([1.0, 0.5], "the pair of modes takes"), ([1.0, 0.5, 0.2], "3 pairs of modes takes")):
        rows = dict(Plan(sweep_of(target={"singular_values": s}, **keys), probe=False).rows())
        assert re.fullmatch(
            rf"looking at {said} about \d+% of the time; sharpness_every = \d+ would save .*", rows["pairs"]
        )
    rows = dict(Plan(sweep_of(model="matrix", **keys), probe=False).rows())
    assert re.match(r"those for the sharpness take about \d+% of the time", rows["searches"])
    assert "pairs" not in dict(Plan(sweep_of(**keys), probe=False).rows())


def test_what_takes_long_is_said_with_the_estimate():
    assert fastdln.plan(sweep_of(steps=10_000)).warnings == []
    # 10^5 points of 4 10^9 steps each at 2 10^9 a second, on however many threads
    (line, *_) = Plan(sweep_of(axes={"eta": {"start": 0.1, "stop": 0.5, "num": 10**5}}, record=10**9)).warnings
    assert re.search(r"takes about [\d.,]+ (h|days) by rule of thumb", line)
    lines = Plan(sweep_of(axes={"eta": 0.3}, steps=10**11)).warnings
    assert any(re.search(r"a point alone takes about \d.* an interrupt waits; fewer steps", line) for line in lines)


def test_a_run_that_takes_long_warns_before_it_starts(monkeypatch):
    from fastdln.execution import plan

    monkeypatch.setattr(plan, "LONG_RUN", 0.0)
    with pytest.warns(UserWarning, match="by rule of thumb"):
        fastdln.run(SWEEP)


def test_results_that_no_memory_holds_are_refused_before_a_run():
    axes = {name: {"start": 0.1, "stop": 0.5, "num": 10**6} for name in ("eta", "alpha")}
    with pytest.raises(SweepError, match=r"store: is needed for \d+\.?\d* TB of results"):
        fastdln.run(sweep_of(axes=axes))


def test_layers_are_made_once_a_depth_whatever_the_number_of_modes(monkeypatch):
    made, right = [], Sweep.layers

    def counted(sweep, depth):
        made.append(depth)
        return right(sweep, depth)

    s = np.linspace(0.5, 2.0, 5000)
    sweep = sweep_of(target={"singular_values": s}, axes={"depth": [3, 4], "s7": [0.25, 3.0]}, steps=2)
    monkeypatch.setattr(Sweep, "layers", counted)
    (line,) = plateau_warnings(sweep)
    assert sorted(made) == [3, 4]
    # at L = 4, pi/4 / (alpha^2 eta s) for slow modes: sqrt(pi)/2 Gamma(1) / Gamma(3/2) = 1
    steps = 1.0 / (0.5**2 * 0.1 * 0.25)
    alone = np.log(2) / (0.1 * 0.5**6)
    assert f"about {min(steps, alone):,.0f} steps" in line
    assert "s = 0.25, depth = 4" in line


@pytest.mark.parametrize("axes", [{"alpha": 1e-12, "depth": 32}, {"alpha": 1e-170, "depth": 3}, {"eta": 1e-320}])
def test_plateaus_without_an_end_are_said_in_words(axes):
    (line,) = plateau_warnings(sweep_of(axes=axes))
    assert "longer than any run can be" in line
    assert "inf" not in line


def test_a_plateau_from_the_smallest_scale_has_its_length():
    """Two layers grow by 1 + eta s a step, from any scale."""
    (line,) = plateau_warnings(sweep_of(axes={"alpha": 1e-170, "eta": 0.1, "depth": 2}, steps=200))
    assert f"about {(np.log(2) + 340 * np.log(10)) / (2 * np.log(1.1)):,.0f} steps" in line


def test_alpha_zero_is_said_to_stay_where_it_is():
    (line,) = plateau_warnings(sweep_of(axes={"alpha": 0.0}))
    assert line.startswith("alpha = 0")
    run = fastdln.run
    with pytest.warns(UserWarning, match="alpha = 0"):
        assert (run(sweep_of(axes={"eta": [0.1, 0.2], "alpha": 0.0}, steps=10, record=16)).fate == 6).all()


def test_a_step_that_takes_long_is_said_where_no_terminal_is(monkeypatch, capsys):
    monkeypatch.setattr(console, "SECONDS_BEFORE_A_LINE", 0.0)
    said = ""
    with console.patient("planning", False) as step:
        step("compiling")
        while "compiling" not in said:
            time.sleep(0.01)
            said += capsys.readouterr().err
    assert said == "planning: compiling ...\n"
    with console.patient("planning", True) as step:
        step("compiling")
        time.sleep(0.1)
    assert capsys.readouterr().err == ""


def test_modes_of_several_layers_that_are_zero_are_said_to_stay_where_they_are():
    """Unless nothing is to be learned there: a product of 0 is the minimum of s = 0."""
    keys = {"axes": {"eta": [0.1, 0.2], "alpha": 1.0, "depth": 3}, "steps": 10, "record": 16}
    start = {"spectral": [[0.0, 0.0, 0.3], [0.0, 0.0, 0.3], [0.1, 0.1, 0.3]]}
    sweep = Sweep(model="modes", target={"singular_values": [1.0, 0.0, 0.5]}, start=start, **keys)
    assert [line for line in plateau_warnings(sweep) if "start.spectral" in line] == [
        "start.spectral: mode 1 has several layers that are 0, a saddle: its fate is drifting"
    ]
    alone = {"start": {"spectral": [[0.0], [0.0], [0.1]]}, **keys}
    with pytest.warns(UserWarning, match="mode 1 has several layers"):
        assert (fastdln.run(Sweep(model="modes", **alone)).fate == 6).all()
    zero = Sweep(model="modes", target={"singular_values": [0.0]}, **alone)
    assert not any("start.spectral" in line for line in plateau_warnings(zero))


def test_tables_for_notebooks_show_titles_as_they_are():
    title = """a <b> & "c" 'd'"""
    found = fastdln.plan(SWEEP.model_copy(update={"title": title}), probe=False)._repr_html_()
    assert "<b>" not in found
    assert f"<table><caption>{title}</caption>" in html.unescape(found)
    assert '<tr><th style="text-align: left">points</th><td style="text-align: left">160</td></tr>' in found
