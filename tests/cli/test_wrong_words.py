"""Wrong command lines of real people: one line each, which says what would be right; nothing is written."""

import os
import shlex
import subprocess
import sys

import pytest

from tests.cli.conftest import everything_in, refused
from tests.commands import invoke
from tests.small import ROOT

# The command line, and the words of the answer that a person needs.
COMMANDS = {
    "rnu small.toml": "did you mean run?",
    "stats small.zarr": "did you mean status?",
    "compute small.toml": "the commands are run, extend",
    "small.toml": "fastdln run small.toml",
    "small.zarr": "fastdln status small.zarr",
    "help": "did you mean --help?",
    "version": "did you mean --version?",
    "-h": "did you mean --help?",
    "-v": "did you mean --version?",
    "--versoin": "did you mean --version?",
    "--quiet run small.toml": "fastdln run ... --quiet",
    "-o x.zarr run small.toml": "fastdln run ... -o",
    "run": "Missing argument 'SWEEP.toml': The sweep file",
    "status": "Missing argument 'STORE': A store that `run` made",
    "plot": "Missing argument 'STORE'",
    "refine small.zarr": "Missing option '-o': The new store",
}
OPTIONS = {
    "run small.toml --st steps=1": "did you mean --set?",
    "run small.toml --quite": "did you mean --quiet?",
    "run small.toml -q": "did you mean --quiet?",
    "run small.toml --output x.zarr": "did you mean -o?",
    "run small.toml --out=x.zarr": "did you mean -o?",
    "run small.toml --storge endpoint=x": "did you mean --storage?",
    "run small.toml -o": "'-o' requires an argument",
    "run small.toml --set": "'--set' requires an argument",
    "run small.toml --steps 100": "--set steps=...",
    "run small.toml --eta 0.5": "--set axes.eta=...",
    "run small.toml --workers two": "valid integer",
    "run small.toml --workers 0": "workers: must be a whole number from 1 on",
    "run small.toml --workers 2 --scheduler tcp://host:8786": "leave scheduler out",
    "run small.toml --scheduler localhost": "such as tcp://host:8786",
    "run small.toml --dashboard": "--workers",
    "run small.toml --part 3": "K/N with 1 <= K <= N <= 1,000,000, such as 2/8",
    "run small.toml --part 3/2": "such as 2/8",
    "run small.toml --storage key": "endpoint=https://host",
    "run small.toml --load nothing.py": "No such file",
    "run small.toml --load small.toml": "whose name ends with .py",
    "plan small.toml -o x.zarr": "it is an option of run, refine",
    "plan small.toml --no-prob": "did you mean --no-probe?",
    "status small.zarr --part 2": "did you mean --parts?",
    "list --schem": "did you mean --schema?",
    "export small.zarr --to csv --variables fate loss": "joined by commas: --variables fate,loss",
    "export small.zarr --to csv --variables fate loss period": "joined by commas: --variables fate,loss,period",
    "refine small.zarr -o new.zarr --center eta=0.5 alpha=.6": "joined by commas: --center eta=1.42,alpha=.6",
    "list models": "no more words than its options",
    "plot small.zarr phase --depth 3": "--at depth=...",
    "plot small.zarr phase --dpi 5": "greater than or equal to 10",
    "extend small.zarr -o new.zarr": "it is an option of run, refine",
    "paper -o ''": "give a folder",
    "paper -o small.toml": "is a file; give a folder",
}
# What a shell leaves of values that are not quoted.
SPACES = {
    "run small.toml --set axes.eta.num = 100": "no spaces around =: --set axes.eta.num=100",
    "run small.toml --set axes.eta.num= 100": "no spaces around =",
    "run small.toml --set axes.eta.num =100": "no spaces around =",
    "run small.toml --set axes.eta=[0.1, 0.2]": "quote what has spaces, brackets or commas",
    "run small.toml --set axes.eta={start=0.1, stop=1, num=3}": "--set 'axes.eta=[0.1, 0.2]'",
    "run small.toml --set axes.eta=start=0.1 axes.eta=stop=1": "quote what has spaces",
    "run small.toml axes.eta.num=100": "changed by --set axes.eta.num=100",
    "run small.toml steps 100": "changed by --set steps=100",
    "run small.toml other.zarr": "-o other.zarr",
    "run small.toml ''": "run --help` says what there is",
    "list ''": "list --help` says what there is",
    "run small.toml --set observables=[loss]": """--set 'observables=["loss"]'""",
    "run small.toml --set 'axes.eta={start=0, stop=1, step=0.1}'": "say num, how many values",
    "run small.toml --set start=gaussian": "which is of the models central-flow, constrained, flow, matrix, mlp",
    "run small.toml --set steps": "steps=100 or axes.eta.num=100",
    "run small.toml --set steps:100": "a key, = and a value",
    "extend small.zarr axes.eta.num=40": "--set axes.eta.num=40",
}
FILES = {
    "run smal.toml": "did you mean small.toml?",
    "run small": "did you mean small.toml?",
    "run phase_diagram.toml": "did you mean more/phase_diagram.toml?",
    "run more/phase_diagrm.toml": "did you mean more/phase_diagram.toml?",
    "run small.zarr": "is a store, not a sweep file: `fastdln status small.zarr`",
    "plan small.zarr": "`fastdln run SWEEP.toml -o small.zarr` goes on with it",
    "warm small.zarr": "is a store, not a sweep file",
    "run renamed.toml": "is a store, not a sweep file",
    "run notes": "is a folder; give a sweep file",
    "run more": "is a folder; give a sweep file, such as more/phase_diagram.toml",
    "run empty.toml": "has no keys; a sweep needs at least model",
    "run photo.png": "is not a text file in UTF-8; a sweep is read from a TOML file",
    "run small.toml -o small.toml": "is a file; a store is a folder",
    "run small.toml -o notes": "another path with -o",
    "run small.toml -o photo.png/x.zarr": "cannot be written",
    "run small.toml --set steps=300": "with other steps; give another path with -o",
}
STORES = {
    "status small.toml": "fastdln run small.toml makes one of a sweep file",
    "verify small.toml": "fastdln run small.toml",
    "extend small.toml --set axes.eta.num=30": "fastdln run small.toml",
    "refine small.toml -o new.zarr --center eta=0.5": "fastdln run small.toml",
    "report small.toml": "fastdln run small.toml",
    "plot small.toml phase": "fastdln run small.toml",
    "status smal.zarr": "there is no store (did you mean small.zarr?)",
    "verify small": "did you mean small.zarr?",
    "plot smal.zarr phase": "did you mean small.zarr?",
    "status notes": "holds something else than a fastdln store; give the path of one",
    "status void": "there is no store",
    "status small.zarr/fate": "give the path of one",
    "extend small.zarr --set steps=300": "changes axes only",
    "extend small.zarr --set eta.num=30": "did you mean axes.eta.num?",
    "extend small.zarr --set axes.eta.num=10": "extend only adds",
    "extend small.zarr --set axes.depht=[3,4]": "did you mean depth?",
    "refine small.zarr -o new.zarr --set axes.eta.start=5": "start must be below stop (got 5 and 1)",
    "refine small.zarr -o new.zarr --set steps=3": "changes axes only",
    "refine small.zarr -o new.zarr --center eta": "must look like eta=1.42,alpha=0.55",
    "refine small.zarr -o new.zarr --center eta:0.5": "must look like eta=1.42,alpha=0.55",
    "refine small.zarr -o new.zarr --center 'eta = 0.5'": "no spaces around =",
    "refine small.zarr -o new.zarr --center etta=0.5": "did you mean eta?",
    "refine small.zarr -o new.zarr --center eta=5": "must lie within the store's 0.1 to 1",
    "refine small.zarr -o new.zarr --center eta=half": "must be a number",
    "refine small.zarr -o new.zarr --center depth=3": "choose some of them with axes.depth=[...]",
    "refine small.zarr -o new.zarr --center alpha=0.5": "alpha has one value, 0.5, and no width; leave it out",
    "refine small.zarr -o new.zarr --center eta=0.5,eta=0.6": "is given twice",
    "refine small.zarr -o new.zarr --factor 10": "--center eta=1.42",
    "refine small.zarr -o new.zarr --center eta=0.5 --factor 0.1": "must be above 1, such as 10",
    "refine small.zarr -o new.zarr --center eta=0.5 --factor ten": "valid number",
    "refine small.zarr -o new.zarr --center eta=0.5 --factor 1e20": "too close together to differ",
    "refine small.zarr -o small.zarr --center eta=0.5": "is no window of itself; give another path with -o",
    "zoom small.toml": "Missing option '--at': The point",
    "zoom small.zarr --at eta=0.5": "is a store, not a sweep file",
    "zoom small.toml --at eta": "must look like eta=1.42,alpha=0.55",
    "zoom small.toml --at etta=0.5": "at: the sweep has no axis 'etta' (did you mean eta?)",
    "zoom small.toml --at eta=5": "at: eta must lie within the sweep's 0.1 to 1",
    "zoom small.toml --at eta=nan": "at eta: must be finite",
    "zoom small.toml --at alpha=0.5": "alpha has one value, 0.5, and no width; leave it out",
    "zoom small.toml --at eta=0.5 --factor 1": "factor: must be above 1",
    "zoom small.toml --at eta=0.5 --factor nan": "factor: must be finite",
    "zoom small.toml --at eta=0.5 --frames 0": "frames: must be a whole number from 1 to 1,000",
    "zoom small.toml --at eta=0.5 --frames 500": "more than float64 can tell apart",
    "zoom small.toml --at eta=0.5 --kind fase": "did you mean phase?",
    "zoom small.toml --at eta=0.5 --kind lyapunov": "lyapunov: needs lyapunov",
    "zoom small.toml --at eta=0.5 --fps 0": "fps: must be a number from 0.1 to 50",
    "zoom small.toml --at eta=0.5 --animation avi": "animation: must be one of gif, mp4",
    "zoom small.toml --at eta=0.5 --size 5": "size: must be two numbers",
    "zoom small.toml --at eta=0.5 --storage a=b": "a zoom is written into a folder of this machine",
    "zoom small.toml --at eta=0.5 -o s3://bucket/zoom": "written into a folder of this machine",
    "zoom small.toml --at eta=0.5 -o small.toml": "is a file; give a folder",
    "zoom small.toml --at eta=0.5 -o small.zarr": "is a store; give another folder",
}
PICTURES = {
    "plot small.zarr phse": "did you mean phase?); small.zarr can be drawn as loss, modes, oscillation_range, phase",
    "plot small.zarr nonsense": "small.zarr can be drawn as loss, modes, oscillation_range, phase",
    "plot phase small.zarr": "fastdln plot small.zarr phase",
    "plot small.zarr lyapunov": "what is there can be drawn as loss, modes, oscillation_range, phase",
    "plot small.zarr phase -o x.jpg": "must end in .png or .pdf or .svg",
    "plot small.zarr phase -o nowhere/x.png": "there is no such folder",
    "plot small.zarr phase --at depth=5": "must be one of 3",
    "plot small.zarr phase --at depth": "must look like depth=3",
    "plot small.zarr phase --at dept=3": "did you mean depth?); valid: depth, alpha, eta",
    "plot small.zarr phase --at depth=3 alpha=.5": "to choose one: --at alpha=.5",
    "plot small.zarr phase --size 5x3cm": "must be two numbers, such as 7x4.4, in inches (got '5x3cm')",
    "plot small.zarr phase --xlim 0.2-0.8": "must be two numbers, such as 0.2,0.8 (got '0.2-0.8')",
    "plot small.zarr phase extra": "phase does not take it",
    "plot small.zarr phase loss extra": "no more words than its options",
    "report small.zarr -o x.pdf": "must end in .html",
}
EVERY = {**COMMANDS, **OPTIONS, **SPACES, **FILES, **STORES, **PICTURES}


@pytest.mark.parametrize("line", EVERY)
def test_a_wrong_command_line_says_what_would_be_right(room, line):
    assert EVERY[line] in refused(room, *shlex.split(line))


def test_they_are_as_many_as_were_promised():
    assert len(EVERY) >= 99


def test_plot_without_a_kind_lists_what_the_store_can_draw(room):
    done = invoke("plot", "small.zarr")
    assert (done.exit_code, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "loss",
        "map",
        "modes",
        "oscillation_range",
        "phase",
    ]
    assert "fate and period over eta and a second axis" in done.stdout


def test_the_version_is_told(room):
    import fastdln

    done = invoke("--version")
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"fastdln {fastdln.__version__}\n", "")


@pytest.mark.parametrize(
    ("missing", "words", "told"),
    [
        ("distributed", ("run", "small.toml", "--workers", "2"), "pip install 'fastdln[distributed]'"),
        ("obstore", ("status", "s3://bucket/out.zarr"), "pip install 'fastdln[cloud]'"),
    ],
)
def test_a_missing_extra_is_named(room, missing, words, told):
    """In a process that cannot import it."""
    code = f"import sys; sys.modules[{missing!r}] = None; from fastdln.cli.app import main; sys.argv[1:] = {list(words)!r}; main()"
    before = everything_in(room)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert everything_in(room) == before
