"""`fastdln ...` within this process, or as one of its own, forked from one that has imported all: most commands take less than
their imports."""

import io
import multiprocessing
import os
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import NamedTuple

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "fastdln.cli.app",
        "fastdln.api",
        "fastdln.reports.paper",
        "fastdln.plots",
        "fastdln.reports.report",
        "xarray",
        "tests.started",
    ]
)

# Seconds that a command may take; a cold one compiles.
LONGEST = 600


def fastdln(*words, cwd, **environment):
    """What the command comes to, like subprocess.run with its streams as text.

    With an environment of its own the process begins anew, since libraries read theirs when they are imported.
    """
    words = [str(word) for word in words]
    if environment:
        command, variables = [sys.executable, "-m", "fastdln", *words], os.environ | environment
        return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=LONGEST)
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder) / name for name in ("out", "err")]
        process = FORKS.Process(target=run, args=(words, str(cwd), dict(os.environ), [str(path) for path in streams]))
        process.start()
        process.join(LONGEST)
        if process.exitcode is None:
            process.kill()
            process.join()
        return subprocess.CompletedProcess(words, process.exitcode, *(path.read_text() for path in streams))


def run(words, cwd, environment, streams):
    for number, path in enumerate(streams, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["fastdln", *words]
    from fastdln.cli.app import main

    main()


class Said(NamedTuple):
    """What a command printed and came to; `exception` is what it did not catch."""

    exit_code: int
    stdout: str
    stderr: str
    exception: Exception | None


@cache
def command():
    """All commands, made once: that takes as long as refusing bad input does."""
    import typer

    from fastdln.cli.app import app

    return typer.main.get_command(app)


def invoke(*words):
    """Runs a command within this process; its output is no terminal, and takes UTF-8."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors=how) for how in ("strict", "backslashreplace")]
    code, exception = 0, None
    with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
        try:
            command()([str(word) for word in words])
        except SystemExit as end:
            code = end.code or 0
        except Exception as error:
            code, exception = 1, error
    for stream in streams:
        stream.flush()
    return Said(code, *(stream.buffer.getvalue().decode() for stream in streams), exception)


def several(commands):
    """Runs commands one after the other, until one fails."""
    for words in commands:
        try:
            command()(words)
        except SystemExit as end:
            if end.code:
                raise
