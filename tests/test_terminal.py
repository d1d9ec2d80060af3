"""What reaches the terminal and the folder around a store: nothing raw, nothing endless, nothing through a link."""

import os
import subprocess
import sys

import pytest
from small import FILE

import fastdln
from fastdln.errors import LONGEST_LINE, shown


def command(*words, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-m", "fastdln", *map(str, words)],
        cwd=cwd,
        capture_output=True,
        env={**os.environ, **environment},
    )


@pytest.fixture
def here(tmp_path):
    (tmp_path / "small.toml").write_text(FILE)
    return tmp_path


def test_what_is_shown():
    assert shown("plain, ½ and η") == "plain, ½ and η"
    assert shown("\x1b[31m\n\u202e\ud800\x9b") == "\\x1b[31m\\n\\u202e\\ud800\\x9b"
    assert len(shown("x" * 10**6)) < LONGEST_LINE + 50


@pytest.mark.parametrize(
    "words",
    [
        ["run\x1b[31m"],
        ["run", "small.toml", "--set", "a\x1b]0;x\x07b=1"],
        ["run", "small.toml", "--set", f"{'x' * 100_000}=1"],
        ["run", "a\x1b[31m.toml"],
        ["run", "small.toml", "-o", "small.toml/\x1b[31m"],
        ["run", "small.toml", "--scheduler", "tcp://\x1b[31m\n:1"],
        ["status", "\x9b31m.zarr"],
        ["plot", "x.zarr", "\x1b[31m"],
        ["status", "x.zarr", "--\x1b[31m"],
    ],
)
def test_no_command_says_control_characters(here, words):
    done = command(*words, cwd=here)
    assert done.returncode == 2
    said = done.stderr.decode()
    assert said.endswith("\n")
    assert said[:-1].isprintable()
    assert len(said) < LONGEST_LINE + 100


def test_the_log_is_not_written_through_a_link(here):
    victim = here / "victim"
    victim.write_text("mine\n")
    (here / "out.zarr.log").symlink_to(victim)
    done = command("run", "small.toml", "-o", "out.zarr", "--quiet", cwd=here)
    assert done.returncode == 0
    assert victim.read_text() == "mine\n"
    assert b"out.zarr.log: is a link" in done.stderr


def test_a_fifo_as_log_does_not_hang(here):
    os.mkfifo(here / "out.zarr.log")
    assert command("run", "small.toml", "-o", "out.zarr", "--quiet", cwd=here).returncode == 0
    assert command("report", "out.zarr", "--quiet", cwd=here).returncode == 0


@pytest.mark.parametrize(("words", "name"), [(["plot", "out.zarr", "phase"], "out-phase.png"), (["report", "out.zarr"], "out.html")])  # fmt: skip
def test_pictures_and_pages_are_not_written_through_links(here, words, name):
    fastdln.run(fastdln.Sweep.from_file(here / "small.toml"), store=here / "out.zarr")
    victim = here / "victim"
    victim.write_text("mine\n")
    (here / name).symlink_to(victim)
    done = command(*words, "--quiet", cwd=here)
    assert (done.returncode, done.stderr.decode().count("\n")) == (2, 1)
    assert b"is a link" in done.stderr
    assert victim.read_text() == "mine\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_what_the_output_cannot_show_is_replaced(here, encoding):
    (here / "greek.toml").write_text(FILE.replace("a test", "η against λ"), encoding="utf-8")
    for words in (
        ["plan", "greek.toml"],
        ["run", "greek.toml"],
        ["status", "greek.zarr"],
        ["plot", "greek.zarr", "phase", "-o", "λ.png"],
        ["list"],
    ):
        done = command(*words, cwd=here, PYTHONIOENCODING=encoding)
        assert done.returncode == 0, done.stderr
    assert (here / "λ.png").exists()


def test_the_home_folder_is_meant_by_its_sign(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here))
    assert command("run", "~/small.toml", "-o", "~/out.zarr", "--quiet", cwd=here).returncode == 0
    assert (here / "out.zarr" / "zarr.json").exists()
    assert command("plot", "~/out.zarr", "phase", "-o", "~/x.png", "--quiet", cwd=here).returncode == 0
    assert (here / "x.png").exists()
    assert fastdln.status("~/out.zarr").points_left == 0
    assert not (here / "~").exists()


def test_an_empty_name_is_none(here):
    before = sorted(here.iterdir())
    for words in (["run", "small.toml", "-o", ""], ["status", ""], ["plot", "x.zarr", "phase", "-o", ""]):
        done = command(*words, cwd=here)
        assert done.returncode == 2
        assert b"empty" in done.stderr
    assert sorted(here.iterdir()) == before


def test_a_store_is_no_sweep(here):
    fastdln.run(fastdln.Sweep.from_file(here / "small.toml"), store=here / "out.zarr")
    for verb in ("run", "plan"):
        done = command(verb, "out.zarr", cwd=here)
        assert done.returncode == 2
        assert b"is a store; fastdln status out.zarr shows it" in done.stderr


def test_a_byte_order_mark_is_no_word(here):
    (here / "marked.toml").write_text(FILE, encoding="utf-8-sig")
    assert fastdln.Sweep.from_file(here / "marked.toml") == fastdln.Sweep.from_file(here / "small.toml")


@pytest.mark.parametrize("kind", ["fifo", "device", "large"])
def test_sweep_files_and_matrices_are_regular_files(here, kind):
    path = here / "odd"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path = "/dev/zero"
    else:
        path.write_bytes(b"")
        os.truncate(path, 2**40)
    for call in (
        lambda: fastdln.Sweep.from_file(path),
        lambda: fastdln.Sweep(
            model="matrix", axes={"eta": 0.1, "alpha": 0.1, "depth": 2}, target={"matrix": str(path)}
        ),
    ):
        with pytest.raises(fastdln.SweepError, match=r"no regular file|bytes, more than"):
            call()
