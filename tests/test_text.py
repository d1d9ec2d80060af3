"""What fastdln says: no character steers a terminal, no line is too long, and any stream takes all of it."""

import json
import logging
import os
import re
import subprocess
import sys

import pytest

import fastdln
from fastdln import SweepError
from fastdln.execution import log
from fastdln.text import LONGEST, block, cut, one_line, visible
from tests.commands import invoke
from tests.small import ROOT, TINY

# What a terminal obeys instead of showing: escapes, a bell, a C1 control, an override of direction, half a surrogate pair.
HOSTILE = "a\x1b[31m\x07\x9b1m\u202eb\ud800\x7f"
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

FILE = rf'title = "\u03b1 is a \u001b[31mGreek\u202e letter"{TINY}'


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(FILE)
    return tmp_path


def test_every_hostile_character_is_spelt_out():
    assert visible(HOSTILE) == r"a\x1b[31m\x07\x9b1m\u202eb\ud800\x7f"
    assert not STEERING.search(one_line("".join(map(chr, range(0x3000))) + HOSTILE))
    assert visible("λ ü 漢 \u00a0€ — fine") == "λ ü 漢 \u00a0€ — fine"


def test_lines_are_cut_in_the_middle():
    text = "the key: " + "x" * 10**6 + " what is valid"
    assert len(one_line(text)) <= LONGEST
    assert one_line(text).startswith("the key: xxx")
    assert one_line(text).endswith("xxx what is valid")
    assert len(one_line("\x1b" * 10**5)) <= LONGEST
    assert cut("x" * LONGEST) == "x" * LONGEST


def test_one_line_and_blocks():
    assert one_line("a\n b\r\nc\u2028d\x1ce\n") == "a b c d e"
    assert block("a\x1b\nb\rc\n") == "a\\x1b\nb\nc"
    for text in (HOSTILE, "x" * 10**5, "a\nb"):
        assert one_line(one_line(text)) == one_line(text)


@pytest.mark.parametrize("name", ["SweepError", "StoreError", "ClusterError", "DatasetError", "IncompleteError"])
def test_errors_are_one_bounded_line_in_python_too(name):
    error = getattr(fastdln, name)(f"{HOSTILE}\n{'k' * 10**5}: wrong")
    assert not STEERING.search(str(error))
    assert "\n" not in str(error)
    assert len(str(error)) <= LONGEST
    import pickle

    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_keys_are_cut_and_what_is_valid_stays():
    with pytest.raises(SweepError) as error:
        fastdln.Sweep(**{"model": "modes", "axes": {"eta": 1, "alpha": 1, "depth": 2}, "k" * 10**5: 1})
    assert len(str(error.value)) < 1000
    assert str(error.value).endswith("chunks, shards")


def test_many_faults_are_counted():
    words = [str(k) for k in range(1000)]
    with pytest.raises(SweepError, match=r"; and 995 more$") as error:
        fastdln.Sweep(model="modes", axes={"eta": words, "alpha": 1, "depth": 2})
    assert len(str(error.value)) < 1000


COMMANDS = [
    ["run", f"{HOSTILE[:-2]}.toml"],
    ["run", "s.toml", f"--{HOSTILE[:-2]}"],
    [HOSTILE[:-2]],
    ["run", "s.toml", "--set", f"{HOSTILE[:-2]}=1"],
    ["run", "s.toml", "--set", HOSTILE[:-2]],
    ["run", "s.toml", "--set", f"model={HOSTILE[:-2]}"],
    ["run", "s.toml", "--set", f"axes.{HOSTILE[:-2]}=1"],
    ["run", "s.toml", "--set", f"observables=['{HOSTILE[10:-2]}']"],
    ["run", "s.toml", "--workers", HOSTILE[:-2]],
    ["run", "s.toml", "--part", HOSTILE[:-2]],
    ["run", "s.toml", "--scheduler", f"tcp://{HOSTILE[:-2]}"],
    ["run", "s.toml", "--storage", HOSTILE[:-2]],
    ["status", HOSTILE[:-2]],
    ["plot", "s.zarr", HOSTILE[:-2]],
    ["plot", "s.zarr", "phase", "-o", f"{HOSTILE[:-2]}.gif"],
    ["plot", "s.zarr", "phase", "--dpi", HOSTILE[:-2]],
    ["report", "s.zarr", "-o", f"{HOSTILE[:-2]}/x.html"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=range(len(COMMANDS)))
def test_bad_words_come_back_spelt_out(here, words):
    said = invoke(*words)
    assert said.exit_code == 2, said.exception
    assert not STEERING.search(said.stderr.replace("\n", ""))
    assert not said.stdout
    assert said.stderr.count("\n") == 1
    echoed = "Input should be" not in said.stderr  # newer typer does not repeat what is no number
    assert not echoed or r"\x1b" in said.stderr or r"\x9b" in said.stderr or r"\u202e" in said.stderr


@pytest.mark.parametrize("words", COMMANDS[:8], ids=range(8))
def test_long_words_come_back_cut(here, words):
    long = [word.replace(HOSTILE[:-2], "w" * 10**5) for word in words]
    said = invoke(*long)
    assert said.exit_code == 2
    assert max(map(len, said.stderr.splitlines())) <= LONGEST + 20


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_streams_that_lack_a_letter_get_its_number(here, encoding):
    here.joinpath("λ.toml").write_text(FILE, encoding="utf-8")
    commands = [
        ["plan", "s.toml", "--no-probe"],
        ["run", "λ.toml"],
        ["status", "λ.zarr"],
        ["verify", "λ.zarr"],
        ["plot", "λ.zarr", "phase", "--quiet"],
        ["report", "λ.zarr", "--quiet"],
        ["list"],
        ["list", "--schema"],
        ["--help"],
    ]
    script = f"import sys; from tests.commands import several; several({commands!r})"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=here,
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    assert done.stdout.startswith(rb"\u03b1 is a \x1b[31mGreek")
    assert (here / "λ.html").exists()


def test_results_steer_no_terminal(here):
    run = invoke("run", "s.toml", "--quiet")
    assert run.exit_code == 0
    root = here / "s.zarr" / "zarr.json"
    data = json.loads(root.read_text())
    data["attributes"]["title"] = HOSTILE
    root.write_text(json.dumps(data))
    for words in (["plan", "s.toml"], ["status", "s.zarr"], ["verify", "s.zarr"]):
        said = invoke(*words)
        assert said.exit_code == 0, said.stderr
        assert said.stdout
        assert not STEERING.search(said.stdout.replace("\n", ""))
    assert not STEERING.search(str(fastdln.plan("s.toml")).replace("\n", ""))


@pytest.mark.parametrize("as_json", [False, True])
def test_the_log_steers_no_terminal(tmp_path, as_json, capsys):
    hostile = HOSTILE.replace("\ud800", "")  # pytest's own handlers cannot pass half a character on
    with log.kept(tmp_path / "x.log", as_json):
        log.tell(logging.ERROR, f"first {hostile}\nsecond{'y' * 10**5}", "failed", error=f"{hostile}\n{'z' * 10**5}")
    text = (tmp_path / "x.log").read_text()
    said = capsys.readouterr().err
    for line in (text + said).split("\n"):
        assert not STEERING.search(line)
        assert len(line) < 3 * LONGEST
    assert text.count("\n") == 2
    if as_json:
        assert json.loads(said)["error"].count("\n") == 1
