"""The kernels that sweeps need, compiled before anything is computed, by several processes where that is faster."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from fastdln.errors import SweepError, described
from fastdln.execution.interrupts import interrupts_kept
from fastdln.execution.parts import PartTasks, task_of
from fastdln.execution.task import Task
from fastdln.kernels.compile_jobs import Job
from fastdln.kernels.disk_cache import folder
from fastdln.sweep.extensions import own_code
from fastdln.sweep.grid import Grid
from fastdln.sweep.schema import Sweep

# A helper imports for a second or two before it compiles: with fewer kernels than this a process is done before.
FEWEST_TO_SHARE = 4
# More do not help: the largest kernel takes a third of the time that all take.
MOST_HELPERS = 3

# What a helper runs: it is told on its standard input what to do.
HELPER = "from fastdln.execution.compile_ahead import help_out; help_out()"

# Its output is nobody's; its results are the kernels that it leaves on the disk.
QUIETLY: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


# A task, and the depths at which it is to compute; None for all.
Need = tuple[Task | PartTasks, Sequence[int] | None]


def jobs_of(needs: Iterable[Need]) -> list[Job]:
    """All that these need, each once; SweepError if what users registered fails on the way."""
    found: dict[str, Job] = {}
    for task, depths in needs:
        try:
            found |= {job.name: job for job in task.jobs(depths)}
        except Exception as error:
            if isinstance(error, SweepError | MemoryError) or not (own := own_code.sources(task.sweep)):
                raise
            raise SweepError(f"{', '.join(own)}: cannot be used for this sweep: {described(error)}") from error
    return list(found.values())


def compile_all(needs: Sequence[Need], told: Callable[[str], object] = lambda what: None) -> list[Job]:
    """Compiles what these need, or loads it; returns what had to be compiled.

    told: called with a line on how far it is, as often as that changes.
    """
    needed = jobs_of(needs)
    jobs = [job for job in needed if job.missing]
    with interrupts_kept(), helpers(needs, sum(job.kept for job in jobs)):
        for job in jobs:
            done = sum(not other.missing for other in jobs)
            told(f"compiling {in_words(jobs)}: {done} done")
            if job.missing:
                job.do()
    with interrupts_kept():
        for job in needed:
            job.make()
    return jobs


def in_words(jobs: Sequence[Job]) -> str:
    """How many kernels these are, and whether they are kept or compiled in every run."""
    kept = sum(job.kept for job in jobs)
    once = "once for this machine" if folder() else "in every run"
    found = [f"{kernels(kept)}, {once}"] if kept else []
    own = len(jobs) - kept
    found += [f"{own if found else kernels(own)} of your own, in every run"] if own else []
    return ", and ".join(found)


def were_compiled(jobs: Sequence[Job]) -> str:
    """The line that says what `warm` has compiled."""
    if not jobs:
        return "there was nothing to do: all kernels are there"
    kept = sum(job.kept for job in jobs)
    own = f"{len(jobs) - kept} of your own, which every run compiles"
    if not kept:
        return f"all kernels are there, but for {own}"
    return f"{kernels(kept)} {'was' if kept == 1 else 'were'} compiled" + (f", and {own}" if kept < len(jobs) else "")


def kernels(count: int) -> str:
    return f"{count} kernel{'s' * (count != 1)}"


def warm(sweeps: Iterable[Sweep], told: Callable[[str], object] = lambda what: None) -> list[Job]:
    """Compiles what these sweeps need at all their depths, like `compile_all`."""
    return compile_all([(task_of(sweep, Grid(sweep)), None) for sweep in sweeps], told)


def refuse_what_does_not_compile(sweep: Sweep) -> None:
    """SweepError if a kernel of the sweep that is made of the user's own functions cannot be compiled."""
    if own_code.sources(sweep):
        with interrupts_kept():
            for job in jobs_of([(task_of(sweep, Grid(sweep)), None)]):
                if not job.kept:
                    job.do()


@contextmanager
def helpers(needs: Sequence[Need], jobs: int) -> Iterator[None]:
    """Processes that compile what is missing beside this one, each from another place of the list backwards; kernels go to the disk."""
    count = min(os.cpu_count() or 1, MOST_HELPERS + 1) - 1 if jobs >= FEWEST_TO_SHARE and folder() else 0
    started, own = [], base64.b64encode(own_code.packed()).decode() if count else ""
    for number in range(1, count + 1):
        sweeps = [(task.sweep.canonical(), depths) for task, depths in needs]
        order = {"sweeps": sweeps, "share": number / count, "own": own}
        with suppress(OSError):  # without a helper, or one that has died, it takes longer
            # -P: what lies in the current folder is none of its modules
            process = subprocess.Popen([sys.executable, "-P", "-c", HELPER], start_new_session=True, **QUIETLY)
            started.append(process)
            assert process.stdin
            with process.stdin as told:
                told.write(json.dumps(order).encode())
    try:
        yield
    finally:
        for process in started:
            process.kill()  # all kernels are there by now; each is put on the disk in one piece
            process.wait()


def help_out() -> None:
    """Compiles, in a helper, from the end of its share of the list backwards, then what comes after that."""
    order, needs = json.load(sys.stdin), []
    own_code.unpack(base64.b64decode(order["own"]))
    for text, depths in order["sweeps"]:
        sweep = Sweep(**json.loads(text))
        needs.append((task_of(sweep, Grid(sweep)), depths))
    jobs = [job for job in jobs_of(needs) if job.missing and job.kept]
    end = round(order["share"] * len(jobs))
    for job in [*reversed(jobs[:end]), *reversed(jobs[end:])]:
        if job.missing:
            job.do()
