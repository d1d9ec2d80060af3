"""Does to runs and stores what the world does, and counts: kills, flipped bits, two runs at once, many chunks.

Every section compares the store that is left with that of an undisturbed run, bit by bit, and prints one line. The exit code
is 1 if any count is not what it should be.
"""

import argparse
import itertools
import json
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import xarray as xr

import fastdln
from fastdln import Sweep
from fastdln.execution import cluster, events, processes
from fastdln.execution import threads as engine
from fastdln.execution.compute import compute
from fastdln.sweep.grid import Grid

COMMAND = [sys.executable, "-m", "fastdln"]

# Some 120 chunks of some 20 ms: killed anywhere, a run has something finished, something begun and something left.
SWEEP = """
model = "modes"
steps = 60_000
record = 64
observables = ["period", "loss", "orbit", "lyapunov"]
orbit_samples = 8
[axes]
eta = { start = 0.5, stop = 1.2, num = 240 }
alpha = [0.05, 0.1, 0.2]
depth = [2, 3]
[chunks]
eta = 12
alpha = 1
"""
# What `extend` starts from.
SMALLER = ["--set", "axes.depth=[2]"]
LARGER = ["--set", "axes.depth=[2,3]"]
# Marks of chunks that a run finished: where they are, and when they were written.
Marks = dict[str, tuple[int, int]]


def marks(store: Path) -> Marks:
    files = (store / "fate" / "c").rglob("*") if store.exists() else ()
    found = {}
    for file in files:
        if file.is_file() and file.suffix != ".partial":
            about = file.stat()
            found[str(file.relative_to(store))] = (about.st_ino, about.st_mtime_ns)
    return found


def differing(store, reference):
    """Names of variables whose bits are not those of the reference."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = fastdln.open(store).load()
    return [name for name in reference.variables if found[name].values.tobytes() != reference[name].values.tobytes()]


class Score:
    """Counts of what went wrong, and the line that says so."""

    def __init__(self):
        self.wrong = 0

    def line(self, what, *, wrong=0, **counts):
        self.wrong += bool(wrong)
        said = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
        print(f"{'FAILED' if wrong else 'ok':<8}{what}: {said}", flush=True)


class Disturbed:
    """A store that is made under kills, and what was seen of it."""

    def __init__(self, folder, reference):
        self.folder, self.reference = folder, reference
        self.kills = self.completed = self.twice = self.damaged = self.different = 0
        self.begin()

    def begin(self):
        self.store = self.folder / "out.zarr"
        shutil.rmtree(self.store, ignore_errors=True)
        self.finished = {}

    def look(self):
        """After a kill: nothing finished may have been written again; what is there must read back."""
        now = marks(self.store)
        self.twice += sum(now.get(mark) != written for mark, written in self.finished.items())
        self.finished = now
        if self.store.exists():
            self.damaged += len(fastdln.verify(self.store, progress=False).damaged)

    def complete(self):
        self.completed += 1
        self.different += bool(differing(self.store, self.reference))
        self.begin()


def local_kills(folder, reference, count, rng, score):
    """Kills runs of every manner at random moments."""
    disturbed, extending = Disturbed(folder, reference), False
    manners = itertools.cycle([[], [], ["--durable"], ["extend"]])
    manner = next(manners)
    while disturbed.kills < count or disturbed.finished:
        extending = manner == ["extend"]
        words = ["run", "sweep.toml", "-o", str(disturbed.store), "--quiet"]
        if extending and (disturbed.store / "zarr.json").exists() and fastdln.status(disturbed.store).chunks_left == 0:
            words = ["extend", str(disturbed.store), *LARGER, "--quiet"]
        elif extending and not two_depths(disturbed.store):
            words += SMALLER
        elif not extending:
            words += manner
        child = subprocess.Popen([*COMMAND, *words], cwd=folder, stderr=subprocess.PIPE)
        try:
            # most of the moments after the start-up, which takes a second or two
            child.wait(rng.uniform(0.0, 6.0) if disturbed.kills < count else 600)
        except subprocess.TimeoutExpired:
            child.kill()
            disturbed.kills += 1
        stderr = child.communicate()[1].decode()
        if child.returncode not in (0, -signal.SIGKILL):
            score.line("a run ended by itself", wrong=1, code=child.returncode)
            print(stderr)
            return
        disturbed.look()
        if child.returncode == 0 and two_depths(disturbed.store):
            disturbed.complete()
            manner = next(manners)
    score.line(
        "kill -9 of local runs",
        wrong=disturbed.twice + disturbed.damaged + disturbed.different,
        kills=disturbed.kills,
        stores_completed=disturbed.completed,
        chunks_written_twice=disturbed.twice,
        chunks_damaged=disturbed.damaged,
        stores_with_other_bits=disturbed.different,
    )


def two_depths(store):
    return (store / "zarr.json").exists() and len(fastdln.status(store).sweep.axes["depth"]) == 2


def cluster_kills(folder, reference, count, rng, score):
    """Kills workers and drivers of a cluster; the scheduler lives, as it would on its own machine."""
    disturbed = Disturbed(folder, reference)
    kills = {"workers": 0, "drivers": 0}
    with Cluster(folder) as machines:
        for _ in range(2):
            machines.start_worker()
        while sum(kills.values()) < count or disturbed.finished:
            words = ["run", "sweep.toml", "-o", str(disturbed.store), "--quiet", "--scheduler", machines.address]
            driver = subprocess.Popen([*COMMAND, *words], cwd=folder, stderr=subprocess.PIPE)
            while driver.poll() is None and sum(kills.values()) < count:
                time.sleep(rng.uniform(0.5, 3.0))
                if rng.random() < 0.4:
                    driver.kill()
                    kills["drivers"] += 1
                    break
                machines.kill_worker(rng)
                machines.start_worker()
                kills["workers"] += 1
            stderr = driver.communicate(timeout=600)[1].decode()
            if driver.returncode not in (0, -signal.SIGKILL):
                score.line("a driver ended by itself", wrong=1, code=driver.returncode)
                print(stderr)
                return
            if driver.returncode:
                machines.rest()  # the workers' last chunks are written by nobody else
            disturbed.look()
            if driver.returncode == 0:
                disturbed.complete()
    score.line(
        "kill -9 on a cluster",
        wrong=disturbed.twice + disturbed.damaged + disturbed.different,
        **kills,
        stores_completed=disturbed.completed,
        chunks_written_twice=disturbed.twice,
        chunks_damaged=disturbed.damaged,
        stores_with_other_bits=disturbed.different,
    )


class Cluster:
    """A scheduler and workers as processes of their own, on loopback."""

    def __init__(self, folder):
        self.folder, self.workers = folder, []

    def __enter__(self):
        file = self.folder / "scheduler.json"
        words = [
            "scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
            "--dashboard-address",
            "127.0.0.1:0",
        ]
        self.scheduler = self.start([*words, "--scheduler-file", str(file)])
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)

        self.address = json.loads(file.read_text())["address"]
        return self

    def __exit__(self, *exception):
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def start(self, words):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen([sys.executable, "-m", "dask", *words], cwd=self.folder, **quiet)

    def start_worker(self):
        words = ["worker", self.address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        self.workers.append(self.start([*words, "--dashboard-address", "127.0.0.1:0"]))

    def kill_worker(self, rng):
        worker = self.workers.pop(rng.randrange(len(self.workers)))
        worker.kill()
        worker.wait()

    def rest(self):
        time.sleep(1.0)


UNLOCKED = """
import fcntl, sys
del fcntl.F_OFD_SETLK  # as on a system without such locks
sys.argv[0] = "fastdln"
from fastdln.cli.app import main
main()
"""


def two_at_once(folder, reference, count, score):
    """Two runs on one store: one works, one is refused; without the lock both work, and write the same."""
    refused = worked = different = 0
    for _ in range(count):
        ends = pair([*COMMAND], folder, folder / "pair.zarr")
        worked += sum(code == 0 for code, _ in ends)
        refused += sum(code == 2 and "in use by another run" in stderr for code, stderr in ends)
        different += bool(differing(folder / "pair.zarr", reference))
    score.line(
        "two runs at once",
        wrong=different or worked != count or refused != count,
        pairs=count,
        worked=worked,
        refused=refused,
        stores_with_other_bits=different,
    )
    different = failed = 0
    for _ in range(count):
        ends = pair([sys.executable, "-c", UNLOCKED], folder, folder / "unlocked.zarr")
        failed += sum(code != 0 for code, _ in ends)
        different += bool(differing(folder / "unlocked.zarr", reference))
    score.line(
        "two runs at once, without the lock",
        wrong=different or failed,
        pairs=count,
        failed=failed,
        stores_with_other_bits=different,
    )


def pair(command, folder, store):
    shutil.rmtree(store, ignore_errors=True)
    words = ["run", "sweep.toml", "-o", str(store), "--quiet"]
    children = [subprocess.Popen([*command, *words], cwd=folder, stderr=subprocess.PIPE) for _ in range(2)]
    return [(child.communicate()[1].decode(), child.returncode)[::-1] for child in children]


def flips(sweep, folder, reference, count, rng, score):
    """One bit flipped in each of many chunk files: verify names every one, and the next run makes them good."""
    store = folder / "flipped.zarr"
    shutil.rmtree(store, ignore_errors=True)
    compute(sweep, store, progress=False)
    files = sorted(file for file in store.rglob("*") if file.is_file() and file.name != "zarr.json")
    chosen = rng.sample(files, min(count, len(files)))
    for file in chosen:
        data = bytearray(file.read_bytes())
        bit = rng.randrange(8 * len(data))
        data[bit // 8] ^= 1 << bit % 8
        file.write_bytes(data)
    found = fastdln.verify(store, progress=False)
    grid = Grid(sweep)
    named = set()
    for damage in found.damaged:
        variable = damage.variable
        if damage.chunk is None:
            named |= {file for file in chosen if file.relative_to(store).parts[0] == variable}
        else:
            place = "/".join(["c", *map(str, grid.index(damage.chunk))])
            named |= {file for file in chosen if f"{file.relative_to(store)}/".startswith(f"{variable}/{place}/")}
    missed = len(set(chosen) - named)
    compute(sweep, store, progress=False)
    healed = fastdln.verify(store, progress=False).whole
    different = len(differing(store, reference))
    score.line(
        "single bits flipped",
        wrong=missed or not healed or different,
        files=len(chosen),
        named=len(chosen) - missed,
        damaged_after_the_next_run=len(chosen) * (not healed),
        variables_with_other_bits=different,
    )


def same_bits(sweep, folder, reference, score):
    """One thread, two threads, two processes, three chunk shapes, and a store that grew."""
    import dask

    found = {}
    for threads in (1, 2):
        with dask.config.set(num_workers=threads):
            found[f"{threads} threads"] = fastdln.run(sweep, progress=False)
    found["2 processes"] = fastdln.run(sweep, workers=2, progress=False)
    for chunks in ({"eta": 7}, {"eta": 240, "alpha": 3}, {"eta": 1, "alpha": 2}):
        found[f"chunks {chunks}"] = fastdln.run(sweep.model_copy(update={"chunks": chunks}), progress=False)
    store = folder / "grown.zarr"
    shutil.rmtree(store, ignore_errors=True)
    fastdln.run(
        Sweep.from_file(folder / "sweep.toml", ["axes.depth=2", "axes.alpha=[0.05, 0.1]"]), store, progress=False
    )
    found["grown"] = fastdln.extend(store, "axes.depth=[2, 3]", "axes.alpha=[0.05, 0.1, 0.2]", progress=False).load()
    wrong = [
        how
        for how, ds in found.items()
        if any(ds[name].values.tobytes() != reference[name].values.tobytes() for name in reference.variables)
    ]
    score.line(f"the same bits from {', '.join(found)}", wrong=len(wrong), other=len(wrong))


def planning(score, most):
    """A billion points, planned; `most`: seconds."""
    axes = {
        "eta": {"start": 0.01, "stop": 1.5, "num": 50_000},
        "alpha": {"start": 0.01, "stop": 1, "num": 20_000},
        "depth": 3,
    }
    sweep = Sweep(model="modes", axes=axes)
    str(fastdln.plan(sweep))  # compiles, or loads
    begun = time.perf_counter()
    text = str(fastdln.plan(sweep))
    seconds = time.perf_counter() - begun
    assert "1,000,000,000" in text
    score.line("10^9 points planned", wrong=seconds > most, milliseconds=round(1000 * seconds))


def random_changes(folder, count, seed, score):
    """Metadata and files as strangers might leave them, against every command."""
    place = folder / "changes"
    place.mkdir()
    command = [sys.executable, "-m", "benchmarks.mutations", str(place), str(count), str(seed)]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    print(*lines[:-1], sep="\n", end="\n" * bool(lines[:-1]))
    wrong = int(lines[-1].split()[2]) if lines else count
    score.line("random changes of metadata and files", wrong=wrong, changes=count, ended_badly=wrong)


def trivial(number):
    return events.ChunkDone(number, 1, 0.0, 0.0, 0.0)


def trivial_order(order, number):
    return trivial(number)


def many_chunks(count, score, slack):
    """What handing out a chunk costs, in time and in the driver's memory; `slack`: times the time that it may take."""
    done = []

    def note(event):
        done.append(1) if len(done) < 10 else None
        return isinstance(event, events.ChunkDone)

    numbers = list(range(count))
    engine.execute(trivial, numbers[:1000], note)
    for name, hand_out, limit in (
        ("threads", lambda: engine.execute(trivial, numbers, note), 0.5),
        ("a cluster", lambda: on_cluster(numbers, note), 3.0),
    ):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.perf_counter()
        hand_out()
        each = 1000 * (time.perf_counter() - begun) / count
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        score.line(
            f"trivial chunks on {name}",
            wrong=each > slack * limit or grown > 150,
            chunks=count,
            microseconds_a_chunk=round(1000 * each),
            MB_more=round(grown),
        )


def on_cluster(numbers, note):
    with processes.started(2) as client:
        cluster.execute(client, trivial_order, None, numbers, note, lambda: None)


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torture", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", help="kills, cluster, pairs, flips, bits, plan, changes, chunks; all if left out"
    )
    parser.add_argument("--tiny", action="store_true", help="only see that it runs")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments and bits")
    arguments = parser.parse_args()
    few, rng, score = arguments.tiny, random.Random(arguments.seed), Score()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sweep.toml").write_text(SWEEP)
        sweep = Sweep.from_file(folder / "sweep.toml")
        compute(sweep, folder / "reference.zarr", progress=False)
        reference = xr.open_zarr(folder / "reference.zarr").load()
        sections = {
            "bits": lambda: same_bits(sweep, folder, reference, score),
            "flips": lambda: flips(sweep, folder, reference, 20 if few else 500, rng, score),
            "pairs": lambda: two_at_once(folder, reference, 1 if few else 10, score),
            "kills": lambda: local_kills(folder, reference, 3 if few else 200, rng, score),
            "cluster": lambda: cluster_kills(folder, reference, 2 if few else 50, rng, score),
            "plan": lambda: planning(score, 1e9 if few else 2),
            "changes": lambda: random_changes(folder, 10 if few else 2000, arguments.seed, score),
            "chunks": lambda: many_chunks(1000 if few else 100_000, score, 1e9 if few else 1),
        }
        for section in arguments.sections or sections:
            sections[section]()
    sys.exit(bool(score.wrong))


if __name__ == "__main__":
    main()
