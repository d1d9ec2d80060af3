"""Files of people: what is read is regular and bounded, and nothing is written through a link."""

import os
import re
import time

import numpy as np
import pytest

from fastdln import DatasetError, Sweep, SweepError, files
from fastdln.cli.options import beside, logs
from fastdln.execution import log as journal
from fastdln.execution import logged as reading
from fastdln.execution.logged import logged
from fastdln.storage.location import regular_files
from tests.commands import invoke

GOOD = """
model = "modes"
steps = 50
record = 16
[axes]
eta = [0.1, 0.2]
alpha = 0.5
depth = 3
"""
ENDLESS = 20.0  # seconds; what waits for the other end of a pipe waits for ever

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, pipes and devices of POSIX")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(GOOD)
    return tmp_path


def fastdln(*words, code=0):
    begun = time.monotonic()
    done = invoke(*words)
    assert done.exit_code == code, (done.exception, done.stderr)
    assert time.monotonic() - begun < 10 * ENDLESS
    return done


def refused(*words):
    done = fastdln(*words, code=2)
    assert re.fullmatch(r"error: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


@pytest.fixture
def store(here):
    fastdln("run", "s.toml", "--quiet")
    (here / "s.zarr.log").unlink()
    return here / "s.zarr"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["plot", "s.zarr", "phase"], "s-phase.png"),
        (["plot", "s.zarr", "phase", "-o", "mine.png"], "mine.png"),
        (["report", "s.zarr"], "s.html"),
        (["report", "s.zarr", "-o", "mine.html"], "mine.html"),
        (["paper"], "paper"),
        (["paper", "-o", "other"], "other"),
        (["paper", "-o", "folder"], "folder/index.md"),
        (["paper", "-o", "folder"], "folder/contour.png"),
        (["paper", "-o", "folder"], "folder/contour.zarr"),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_nothing_is_written_through_a_link(store, words, name, there):
    here, victim = store.parent, store.parent / "victim"
    (here / "folder").mkdir()
    if there:
        victim.mkdir() if words[0] == "paper" else victim.write_text("mine")
    (here / name).symlink_to(victim)
    before = sorted(here.rglob("*"))
    assert "is a link" in refused(*words)
    assert sorted(here.rglob("*")) == before
    assert victim.exists() == there
    assert not there or victim.is_dir() or victim.read_text() == "mine"


def test_a_link_that_comes_after_the_check_is_refused_too(tmp_path):
    (tmp_path / "x.png").symlink_to(tmp_path / "victim")
    with pytest.raises(DatasetError, match="is a link"):
        files.write(tmp_path / "x.png", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["x.png"]


def test_no_device_or_pipe_is_replaced(store):
    os.mkfifo("s-phase.png")
    assert "is no regular file" in refused("plot", "s.zarr", "phase")


def test_pictures_have_the_mode_of_files(tmp_path):
    (tmp_path / "twin").write_bytes(b"")
    files.write(tmp_path / "x.png", b"new")
    assert (tmp_path / "x.png").stat().st_mode == (tmp_path / "twin").stat().st_mode


@pytest.mark.parametrize(
    "write",
    [files.write, lambda path, data: regular_files.write(path.parent, path.name, data)],
    ids=["people", "stores"],
)
@pytest.mark.parametrize("fails", ["replace", "open"])
def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch, write, fails):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    (tmp_path / "x").write_bytes(b"old")
    monkeypatch.setattr(files.Path, fails, full)
    with pytest.raises((OSError, DatasetError), match="No space left"):
        write(tmp_path / "x", b"new")
    monkeypatch.undo()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("x", b"old")]
    write(tmp_path / "x", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("x", b"new")]


@pytest.mark.filterwarnings("default")  # they are what is looked at
@pytest.mark.parametrize("kind", ["link", "dangling", "pipe"])
def test_a_log_is_kept_in_a_regular_file_only(here, kind):
    victim, log = here / "victim", here / "s.zarr.log"
    if kind == "link":
        victim.write_text("mine")
    if kind in ("link", "dangling"):
        log.symlink_to(victim)
    else:
        os.mkfifo(log)
    done = fastdln("run", "s.toml", "--quiet")
    assert re.fullmatch(r"warning: s\.zarr\.log: is (a link|no regular file)[^\n]+keeps no log\n", done.stderr)
    assert (here / "s.zarr").is_dir()
    assert victim.exists() == (kind == "link")
    assert not victim.exists() or victim.read_text() == "mine"


def test_a_log_that_becomes_a_link_is_not_followed(tmp_path):
    with journal.kept(tmp_path / "x.log", False):
        (tmp_path / "x.log").symlink_to(tmp_path / "victim")
        journal.logger.info("a line")
    assert not (tmp_path / "victim").exists()


def test_logs_go_on_after_their_last_line(here):
    fastdln("run", "s.toml", "--quiet")
    first = (here / "s.zarr.log").read_text()
    (here / "s.zarr" / "fate" / "c").rename(here / "gone")
    fastdln("run", "s.toml", "--quiet")
    assert (here / "s.zarr.log").read_text().startswith(first)
    assert (here / "s.zarr.log").stat().st_size > len(first)


LINE = (
    "2026-01-01T00:00:00Z INFO chunk {0}: 10 points in 1.000 s, 0.500 s of it in the kernel, by t"
    '\t{{"event": "chunk", "chunk": {0}, "points": 10, "seconds": 1.0, "kernel_seconds": 0.5}}\n'
)


def test_logs_are_read_from_regular_files_of_bounded_size(here, monkeypatch):
    (here / "x.zarr.log").write_text(LINE.format(1))
    (here / "secret").write_text(LINE.format(2))
    (here / "x.zarr.part-1-of-9.log").symlink_to("secret")
    (here / "x.zarr.part-2-of-9.log").symlink_to("/dev/zero")
    os.mkfifo(here / "x.zarr.part-3-of-9.log")
    (here / "x.zarr.part-4-of-9.log").mkdir()
    (here / "x.zarr.part-5-of-9.log").write_text(LINE.format(3))
    (here / "x.zarr.part-6-of-9.log").write_text(LINE.format(4) * 9)
    monkeypatch.setattr(reading, "MOST_BYTES", 5 * len(LINE))
    assert dict(logged(logs("x.zarr"), ""))["chunks logged"].startswith("2, of 20 points")
    monkeypatch.setattr(reading, "MOST_LOGS", 1)
    assert dict(logged(logs("x.zarr"), ""))["chunks logged"].startswith("1, of 10 points")


@pytest.mark.parametrize(
    "line",
    [
        "2026-01-01T00:00:00Z INFO chunk " + "9" * 5000 + ": 10 points in 1.000 s, 0.500 s of it in the kernel",
        "2026-01-01T00:00:00Z INFO chunk 1: , points in 1.000 s, 0.500 s of it in the kernel",
        "2026-01-01T00:00:00Z INFO chunk 1: 10 points in 1.2.3 s, 0.500 s of it in the kernel",
        "2026-01-01T00:00:00Z INFO chunk 1: 10 points in " + "9" * 400 + ".0 s, 0.500 s of it in the kernel",
        "\xff\x00" * 4000,
        *(
            f"2026-01-01T00:00:00Z INFO chunk 1: ...\t{event}"
            for event in (
                "[]",
                "{}",
                "[" * 900,
                '{"chunk": 1, "points": -1, "seconds": 1, "kernel_seconds": 1}',
                '{"chunk": 1, "points": 1, "seconds": NaN, "kernel_seconds": 1}',
                '{"chunk": 1e999, "points": 1, "seconds": 1, "kernel_seconds": 1}',
                '{"chunk": "x", "points": null, "seconds": 1, "kernel_seconds": 1}',
                '{"event": "chunk", "chunk": true, "points": 1, "seconds": 1, "kernel_seconds": 1}',
                '{"event": "chunk", "chunk": 1, "points": 1, "seconds": 1e308, "kernel_seconds": 1}',
                '{"event": "other", "chunk": 1, "points": 1, "seconds": 1, "kernel_seconds": 1}',
            )
        ),
    ],
)
def test_a_log_may_say_anything(tmp_path, line):
    (tmp_path / "x.log").write_bytes(line.encode("latin-1"))
    assert logged([tmp_path / "x.log"], "") == []


def test_a_byte_order_mark_is_no_word(here):
    text = (here / "s.toml").read_text()
    (here / "marked.toml").write_text(text, encoding="utf-8-sig")
    assert Sweep.from_file(here / "marked.toml") == Sweep.from_file(here / "s.toml")


def test_a_sweep_file_is_regular_and_bounded(here, monkeypatch):
    os.mkfifo("pipe.toml")
    (here / "zero.toml").symlink_to("/dev/zero")
    (here / "link.toml").symlink_to("s.toml")
    assert "no regular file" in refused("run", "pipe.toml")
    assert "no regular file" in refused("plan", "zero.toml")
    assert "no regular file" in refused("plan", "/dev/zero")
    assert Sweep.from_file("link.toml") == Sweep.from_file("s.toml")
    with (here / "long.toml").open("wb") as file:
        file.truncate(2**40)
    assert "more than" in refused("run", "long.toml")


@pytest.mark.parametrize("key", ["target.matrix", "start.layers"])
@pytest.mark.parametrize("python", [True, False])
def test_matrices_are_regular_and_bounded(here, key, python):
    os.mkfifo("pipe.npy")
    (here / "zero.npy").symlink_to("/dev/zero")
    np.save("good.npy", np.eye(2))
    (here / "link.npy").symlink_to("good.npy")
    with (here / "long.npy").open("wb") as file:
        file.write((here / "good.npy").read_bytes())
        file.truncate(2**40)
    header = (here / "good.npy").read_bytes()[:128]
    (here / "claims.npy").write_bytes(header.replace(b"(2, 2)", b"(2, 9**12)"[:6]) + b"x")
    (here / "huge.npy").write_bytes(header.replace(b"(2, 2), } ", b"(99999999999, 99999999999), } ")[:128] + b"\n")
    (here / "nested.npy").write_bytes(header[:10] + b"(" * 117 + b"\n")
    (here / "empty.npy").write_bytes(b"")

    def sweep(name):
        first, _, last = key.partition(".")
        value = [name, name] if last == "layers" else name
        axes = {"eta": 0.1, "alpha": 0.1, "depth": 2}
        if python:
            modes = {"target": {"singular_values": [2, 1]}} if first == "start" else {}
            return Sweep(model="matrix", axes=axes, **modes, **{first: {last: value}})
        text = str(value).replace("'", '"')
        text = text if text.startswith("[") else f'"{text}"'
        text += "\n[target]\nsingular_values = [2, 1]" if first == "start" else ""
        (here / "m.toml").write_text(
            f'model = "matrix"\naxes = {{eta = 0.1, alpha = 0.1, depth = 2}}\n[{first}]\n{last} = {text}\n'
        )
        return Sweep.from_file("m.toml")

    assert sweep("link.npy") == sweep("good.npy")
    for name in ("pipe", "zero", "long", "claims", "huge", "nested", "empty", "missing", "."):
        begun = time.monotonic()
        with pytest.raises(SweepError, match=f"^{key}") as error:
            sweep(f"{name}.npy")
        assert "\n" not in str(error.value)
        assert time.monotonic() - begun < ENDLESS


def test_a_tilde_is_the_home_folder(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here / "home"))
    (here / "home").mkdir()
    (here / "home" / "s.toml").write_text(GOOD)
    np.save(here / "home" / "m.npy", np.eye(2))
    assert Sweep.from_file("~/s.toml").steps == 50
    axes = {"eta": 0.1, "alpha": 0.1, "depth": 2}
    assert Sweep(model="matrix", axes=axes, target={"matrix": "~/m.npy"}).target.singular_values == (1.0, 1.0)
    text = 'model = "matrix"\naxes = {eta = 0.1, alpha = 0.1, depth = 2}\n[target]\nmatrix = "~/m.npy"'
    (here / "m.toml").write_text(text)
    assert Sweep.from_file("m.toml").target.matrix == ((1.0, 0.0), (0.0, 1.0))
    fastdln("run", "~/s.toml", "-o", here / "home" / "s.zarr", "--quiet")
    assert beside("~/s.zarr") == str(here / "home" / "s.zarr")
    fastdln("plot", here / "home" / "s.zarr", "phase", "-o", "~/p.png", "--quiet")
    fastdln("report", here / "home" / "s.zarr", "-o", "~/r.html", "--quiet")
    assert {"p.png", "r.html", "s.zarr.log"} <= {p.name for p in (here / "home").iterdir()}
    assert files.make(here / "~").name == "~", "only at the beginning"
    (here / "~").rmdir()
    assert files.make("~/paper") == here / "home" / "paper"
    assert not (here / "~").exists()
    assert str(files.at("~nobody-of-this-name/x")) == "~nobody-of-this-name/x"


def test_stores_and_folders_are_no_sweep_files(store):
    for verb in ("run", "plan"):
        said = refused(verb, "s.zarr")
        assert "is a store" in said
        assert "fastdln status s.zarr" in said
        assert "-o s.zarr" in said
        assert "is a folder" in refused(verb, ".")
