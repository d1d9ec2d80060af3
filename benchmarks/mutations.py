"""Changes a store as a stranger might, at random, and looks at what every command makes of it.

`python -m benchmarks.mutations FOLDER COUNT SEED` prints a line for each command that ended in anything but one line and its
exit code: a traceback, more than SECONDS, more than BYTES, or a look at a file that is none of the store's.
"""

import contextlib
import hashlib
import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import time
import warnings
from functools import cache
from pathlib import Path

import numpy as np

import fastdln
from fastdln import Sweep
from fastdln.storage.template import digest

# Seconds of the processor beyond what the command takes on a store that nobody changed, and, should one wait, of the clock.
SECONDS, WAITING = 5, 120
# A changed sweep that is one, only another, is computed: for its observables a kernel may have to be compiled.
COMPILING = {"extend": 60, "refine": 60}
# A changed sweep of more steps is computed for as long as that takes, which says nothing about reading stores.
MOST_STEPS = 10**6
# A picture takes as long as five of the other commands, a page with its dozen as long as fifty; both read as the others do.
RARELY = {"plot": 0.25, "report": 0.02}
# Beside what the process has when it begins.
BYTES = 10**9

SWEEP = """
title = "a store"
model = "modes"
steps = 200
record = 32
observables = ["period", "loss", "escape_step"]
[axes]
eta = { start = 0.1, stop = 1.5, num = 20 }
alpha = [0.3, 0.6]
depth = [2, 3]
[target]
singular_values = [1.0, 0.5]
[chunks]
eta = 10
alpha = 1
"""
LONGER = "axes.depth=[2,3,4]"

V2 = {
    "zarr_format": 2,
    "node_type": "array",
    "shape": [2],
    "chunks": [2],
    "dtype": "|O",
    "fill_value": None,
    "order": "C",
    "compressor": None,
    "filters": [{"id": "vlen-utf8"}, {"id": "pickle", "protocol": 5}],
    "dimension_separator": ".",
    "attributes": {},
}


class SlowError(BaseException):
    """A command took too long."""


def values(bait):
    """What is put where something else was."""
    numbers = [0, 1, -1, 2, 10, 2**31, 2**63, 10**30, 1e308, float("inf"), float("nan"), 0.5, True, False, None]
    words = [
        "",
        "x",
        "NaN",
        "eta",
        "\ud800",
        "\x1b[31mred",
        "a\nb",
        "$\\frac{x$",
        "days since 1e400",
        "x" * 10**5,
        "..",
    ]
    whole = [[], {}, [{}], [[]], [1] * 5, [[1.0]], {"x": 1}, {"name": "default"}, {"start": 0, "stop": 1, "num": 10**8}]
    return numbers + words + [str(bait), str(bait.parent / "fifo"), "/dev/zero"] + whole + [V2, list(range(10**5))]


EXTRA_KEYS = ["scale_factor", "add_offset", "_FillValue", "missing_value", "coordinates", "calendar", "dtype", "units"]
EXTRA_KEYS += ["dimension_names", "storage_transformers", "must_understand", "shards", "consolidated_metadata", "x"]


def nodes(tree, found=None):
    """Every (parent, key) of nested dicts and lists."""
    found = [] if found is None else found
    for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
        found.append((tree, key))
        if isinstance(tree[key], dict | list):
            nodes(tree[key], found)
    return found


def change(tree, rng, bait):
    """One change somewhere in nested dicts and lists; what it was."""
    parent, key = rng.choice(nodes(tree))
    kind = rng.choice(["replace"] * 6 + ["delete", "add", "add", "swap"])
    value = rng.choice(values(bait))
    if kind == "delete":
        del parent[key]
    elif kind == "add" and isinstance(parent, dict):
        key = rng.choice(EXTRA_KEYS)
        parent[key] = value
    elif kind == "swap":
        other, its = rng.choice(nodes(tree))
        value = json.loads(json.dumps(other[its]))
        parent[key] = value
    else:
        parent[key] = value
    return f"{kind} {key!r} {repr(value)[:60]}"


def of_metadata(store, rng, bait):
    """Changes the root's metadata or the sweep in it, sealed anew as one who means harm would, or one array's own."""
    if rng.random() < 0.1:
        path = rng.choice(sorted(p for p in store.rglob("zarr.json") if p.parent != store))
        own = json.loads(path.read_text())
        said = change(own, rng, bait)
        path.write_text(json.dumps(own))
        return f"{path.parent.name}: {said}"
    root = json.loads((store / "zarr.json").read_text())
    names = [*root["consolidated_metadata"]["metadata"]]
    part = rng.choice(["sweep", "arrays", "arrays", "attributes", "root"])
    if part == "sweep":
        sweep = json.loads(root["attributes"]["sweep"])
        said = change(sweep, rng, bait)
        root["attributes"]["sweep"] = json.dumps(sweep)
    else:
        arrays = root["consolidated_metadata"]["metadata"]
        said = change({"arrays": arrays, "attributes": root["attributes"], "root": root}[part], rng, bait)
    with contextlib.suppress(Exception):
        if rng.random() < 0.8:
            text = root["attributes"]["sweep"]
            root["attributes"]["sweep_sha256"] = hashlib.sha256(text.encode()).hexdigest()
            if rng.random() < 0.3:
                del root["attributes"]["metadata_sha256"]
            else:
                root["attributes"]["metadata_sha256"] = digest(root, names)
    (store / "zarr.json").write_text(json.dumps(root))
    return f"{part}: {said}"


def of_files(store, rng, bait):
    """Puts something else in the place of a file or a folder of the store."""
    path = rng.choice(sorted(p for p in store.rglob("*") if p != store))
    kind = rng.choice(["link", "loop", "fifo", "empty", "noise", "sparse", "gone", "folder", "root"])
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    if kind == "link":
        path.symlink_to(rng.choice(["/dev/zero", "/", str(bait), "/dev/stdin"]))
    elif kind == "root":
        path.symlink_to(store)
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind != "gone":
        data = {"empty": b"", "noise": rng.randbytes(500), "sparse": b"{"}[kind]
        path.write_bytes(data)
        if kind == "sparse":
            os.truncate(path, 2**34)
    return f"{kind} at {path.relative_to(store)}"


def commands(store, folder):
    """What is tried on each store, those that read before those that write."""
    return [
        ["status", store],
        ["verify", store, "--quiet"],
        ["plot", store, "phase", "--at", "depth=3", "-o", folder / "x.png", "--dpi", "20", "--quiet"],
        ["report", store, "-o", folder / "x.html", "--quiet"],
        ["refine", store, "-o", folder / "window.zarr", "--set", "axes.eta.start=0.7", "--quiet"],
        ["run", folder / "sweep.toml", "-o", store, "--quiet"],
        ["extend", store, "--set", LONGER, "--quiet"],
    ]


@cache
def command():
    """All commands, made once: that takes as long as refusing bad input does."""
    import typer

    from fastdln.cli.app import app

    return typer.main.get_command(app)


def outcome(words, seconds):
    """What is wrong with how a command ended; empty if nothing is."""
    out, err = io.StringIO(), io.StringIO()

    def slow(*_):
        raise SlowError

    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, slow)
    signal.alarm(int(max(seconds, WAITING)))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    code = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            command()([str(word) for word in words])
    except SystemExit as end:
        code = end.code or 0
    except SlowError:
        return f"more than {seconds} s"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
    said = err.getvalue()
    if code not in (0, 2, 3):
        return f"exit code {code}: {said[-300:]}"
    if code == 2 and (len(said.splitlines()) > 3 or not said.startswith(("error:", "warning:"))):
        return f"not one line: {said[:300]!r}"
    if (
        any(ord(c) < 32 and c != "\n" for c in said + out.getvalue())
        or max(map(len, said.splitlines()), default=0) > 3000
    ):
        return f"control characters or long lines: {said[:200]!r}"
    return ""


def is_long(store):
    """Whether the store's sweep, if it is one, has very many steps."""
    try:
        sweep = json.loads(json.loads((store / "zarr.json").read_text())["attributes"]["sweep"])
        return sweep["steps"] + sweep["record"] > MOST_STEPS
    except (ValueError, LookupError, TypeError, OSError, RecursionError):
        return False


def looked_at(bait):
    """A list that grows by each look at the bait, by whatever code."""
    looks = []

    def hook(event, arguments):
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            path = os.fsdecode(arguments[0])
            if path in (str(bait), "/dev/zero", str(bait.parent / "fifo")):
                looks.append(path)

    sys.addaudithook(hook)
    return looks


def main(folder, count, seed):
    rng, folder = random.Random(seed), Path(folder)
    (folder / "sweep.toml").write_text(SWEEP)
    outside = folder / "outside"
    outside.mkdir()
    bait = outside / "secret.npy"
    np.save(bait, np.eye(2))
    os.mkfifo(outside / "fifo")
    looks, made, wrong = looked_at(bait), folder / "made.zarr", 0
    fastdln.run(Sweep.from_file(folder / "sweep.toml"), store=made, progress=False)
    usual = {}
    for name in ("first", "second"):  # the first imports and compiles
        for words in commands(shutil.copytree(made, folder / f"{name}.zarr"), folder):
            begun = time.process_time()
            if problem := outcome(words, seconds=600):
                print(f"unchanged: {words[0]}: {problem}")
                wrong += 1
            usual[words[0]] = time.process_time() - begun
        shutil.rmtree(folder / "window.zarr")
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + BYTES, resource.RLIM_INFINITY))
    before = sorted(folder.rglob("*"))
    for number in range(count):
        store = shutil.copytree(made, folder / "changed.zarr")
        said = rng.choice([of_metadata] * 4 + [of_files])(store, rng, bait)
        for words in commands(store, folder):
            if rng.random() > RARELY.get(words[0], 1) or (words[0] in COMPILING and is_long(store)):
                continue
            looks.clear()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                problem = outcome(words, COMPILING.get(words[0], SECONDS) + usual[words[0]])
            if looks:
                problem = f"{problem} looked at {looks[0]}"
            if problem:
                wrong += 1
                print(f"{number}: {said}: {words[0]}: {problem}", flush=True)
        for left in folder.glob("window.zarr*"):
            (shutil.rmtree if left.is_dir() else os.unlink)(left)
        shutil.rmtree(store)
        (folder / "changed.zarr.log").unlink(missing_ok=True)
        if strange := set(folder.rglob("*")) - set(before) - {folder / "x.png", folder / "x.html"}:
            wrong += 1
            print(f"{number}: {said}: left {sorted(map(str, strange))[:3]}", flush=True)
            for path in sorted(strange, reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
    print(f"{count} changes, {wrong} wrong")
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
