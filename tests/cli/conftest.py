"""A folder with what people have in theirs: a sweep, a store, a folder of notes, other files."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.commands import invoke
from tests.small import TINY

GOOD = f"{TINY}[target]\nsingular_values = [2.0, 1.0]\n"


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """The folder, to stand in."""
    folder, before = tmp_path_factory.mktemp("room"), Path.cwd()
    os.chdir(folder)
    (folder / "small.toml").write_text(GOOD)
    assert invoke("run", "small.toml", "--quiet").exit_code == 0
    (folder / "small.zarr.log").unlink()
    (folder / "more").mkdir()
    (folder / "more" / "phase_diagram.toml").write_text(GOOD)
    (folder / "notes").mkdir()
    (folder / "notes" / "mine.txt").write_text("mine")
    (folder / "void").mkdir()
    (folder / "empty.toml").write_text("")
    (folder / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff")
    np.save(folder / "square.npy", np.eye(3))
    np.save(folder / "list.npy", np.array([2.0, 1.0]))
    (folder / "renamed.toml").mkdir()
    (folder / "renamed.toml" / "zarr.json").write_text("{}")
    yield folder
    os.chdir(before)


def everything_in(folder):
    """All that is there, and when it was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def refused(room, *words):
    """What a command says that is refused: one line, exit code 2, nothing written, no error that it did not catch."""
    before = everything_in(room)
    done = invoke(*words)
    assert (done.exit_code, done.stdout, done.exception) == (2, "", None), done
    assert done.stderr.startswith("error: "), done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.endswith("\n"), done.stderr
    assert "Traceback" not in done.stderr
    assert everything_in(room) == before, "something was written"
    return done.stderr
