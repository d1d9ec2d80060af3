"""Compile jobs: what has to be compiled for a run, kernel by kernel, to be shared among processes and counted as it is done."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from llvmlite import binding

from fastdln import files
from fastdln.kernels.compile import jit_disabled
from fastdln.kernels.disk_cache import USED, fingerprint, folder

# Bytes of a done file at most: it names a few files.
LARGEST_DONE_FILE = 2**16

# Names of the jobs that this process has done and whose kernels no other process can load.
MADE: set[str] = set()


@dataclass(frozen=True)
class Job:
    """A kernel to compile: make() compiles it, or loads it from the disk, where it leaves it for other processes if it is `kept`.

    Kernels that are not kept are made of the user's own functions. The name tells the job from all others.
    """

    name: str
    make: Callable[[], object]
    kept: bool = True

    @property
    def done_file(self) -> Path | None:
        """The file that names the kernel's files on the disk, made of these sources for this processor; None without a cache folder."""
        cache = folder() if self.kept else None
        digest = hashlib.sha256(f"{self.name} {fingerprint()} {processor()}".encode()).hexdigest()[:32]
        return cache / f"kernel-{digest}.made" if cache else None

    @property
    def missing(self) -> bool:
        """Whether it still has to be done."""
        if jit_disabled():
            return False
        return not on_disk(self.done_file) if self.done_file else self.name not in MADE

    def do(self) -> None:
        """Compile or load the kernel, and write the done file."""
        before = len(USED)
        self.make()
        if not (done_file := self.done_file):
            MADE.add(self.name)
        elif used := USED[before:]:
            with suppress(OSError):
                names = (os.fsencode(os.path.relpath(path, done_file.parent)) for path in used)
                done_file.write_bytes(b"\n".join(names))


def on_disk(done_file: Path) -> bool:
    """Whether a done file is there, and every file that it names: somebody may have deleted some of them."""
    try:
        names = os.fsdecode(files.read(done_file, LARGEST_DONE_FILE)).splitlines()
        return bool(names) and all((done_file.parent / name).exists() for name in names)
    except (OSError, ValueError):
        return False


@cache
def processor() -> str:
    """Name and features of the processor that kernels are compiled for."""
    return f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}"
