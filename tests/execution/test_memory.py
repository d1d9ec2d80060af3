"""Too little memory: one line and exit code 3, and the store goes on."""

import subprocess
import sys

import numpy as np
import pytest
import typer

import fastdln
from fastdln import IncompleteError, StoreError
from fastdln.cli import console
from fastdln.errors import SHORT_OF_MEMORY, short_of_memory
from fastdln.execution.compute import compute
from tests.small import FILE, SWEEP, identical


def wrapped():
    """As the reading of a store does it when its threads cannot be started."""
    try:
        raise RuntimeError("can't start new thread")
    except RuntimeError as error:
        raise StoreError(f"x.zarr: its zarr.json is damaged ({error})") from None


def raises(error):
    raise error


WANTS = {
    "plain": lambda: raises(MemoryError()),
    "numpy": lambda: np.empty(2**62, np.uint8),
    "threads": lambda: raises(RuntimeError("can't start new thread")),
    "loader": lambda: raises(ImportError("libx.so: failed to map segment from shared object")),
    "system": lambda: raises(OSError(12, "Cannot allocate memory")),
    "wrapped": wrapped,
}


@pytest.mark.parametrize("want", WANTS)
def test_any_want_of_memory_is_one_line_and_exit_3(want, capsys):
    with pytest.raises(typer.Exit) as end:
        console.exits()(lambda: WANTS[want]())()
    assert end.value.exit_code == 3
    said = capsys.readouterr().err
    assert said.startswith(f"incomplete: {SHORT_OF_MEMORY}")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "error", [ValueError("x"), OSError(2, "No such file"), RuntimeError("a fault"), ImportError("y")]
)
def test_other_faults_stay_what_they_are(error):
    assert not short_of_memory(error)
    with pytest.raises(type(error)):
        console.exits()(lambda: raises(error))()


def test_a_chunk_without_memory_leaves_the_others(tmp_path, monkeypatch):
    from fastdln.execution.task import Task

    right = Task.compute

    def short(task, slices):
        if slices[2].start == 20:
            raise MemoryError("Unable to allocate 9 GiB")
        return right(task, slices)

    monkeypatch.setattr(Task, "compute", short)
    path = tmp_path / "out.zarr"
    with pytest.raises(IncompleteError, match=r"40 of 160 points are not computed .*DASK_NUM_WORKERS=1") as told:
        compute(SWEEP, path)
    assert "\n" not in str(told.value)
    monkeypatch.undo()
    identical(fastdln.run(SWEEP, store=path), fastdln.run(SWEEP))


def limited(megabytes, cwd, verb="run"):
    line = f'ulimit -v {megabytes * 1024}; exec "{sys.executable}" -m fastdln {verb} small.toml --quiet'
    return subprocess.run(["bash", "-c", line], cwd=cwd, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("verb", ["run", "plan"])
@pytest.mark.parametrize("megabytes", [300, 500, 600, 700, 1000])
def test_a_limit_below_what_the_libraries_need(tmp_path, megabytes, verb):
    """Told before they are loaded, or before anything is compiled: some of them try for ever, others end the process."""
    (tmp_path / "small.toml").write_text(FILE)
    done = limited(megabytes, tmp_path, verb)
    assert done.returncode == 3, done.stderr
    assert done.stderr.count("\n") == 1
    assert f"leaves {megabytes} MB" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["small.toml"]


def test_an_error_that_led_to_itself_ends_the_search():
    """One that is raised again where it has been turned into another: each is the cause of the other."""
    first = ValueError("first")
    second = RuntimeError("second")
    first.__cause__, second.__cause__ = second, first
    assert not short_of_memory(first)
    second.__cause__ = MemoryError()
    assert short_of_memory(first)
