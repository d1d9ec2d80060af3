"""What has to be compiled for a run, piece by piece, so that several processes can share it and people see how far it is."""

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

# A mark names a few files.
LARGEST_MARK = 2**16

# Names of the pieces that this process has made, and no other can load.
MADE: set[str] = set()


@dataclass(frozen=True)
class Job:
    """A piece: make() compiles it, or loads it from the disk, and, if it is `kept`, leaves it there for other processes.

    What is not kept is made of functions of the user's own. The name tells it from all other pieces.
    """

    name: str
    make: Callable[[], object]
    kept: bool = True

    @property
    def mark(self) -> Path | None:
        """The file that says where on the disk it is, made of these sources for this processor; None without a place for it."""
        place = folder() if self.kept else None
        digest = hashlib.sha256(f"{self.name} {fingerprint()} {processor()}".encode()).hexdigest()[:32]
        return place / f"kernel-{digest}.made" if place else None

    @property
    def missing(self) -> bool:
        if jit_disabled():
            return False
        return not on_disk(self.mark) if self.mark else self.name not in MADE

    def do(self) -> None:
        before = len(USED)
        self.make()
        if not (mark := self.mark):
            MADE.add(self.name)
        elif used := USED[before:]:
            with suppress(OSError):
                mark.write_bytes(b"\n".join(os.fsencode(os.path.relpath(path, mark.parent)) for path in used))


def on_disk(mark: Path) -> bool:
    """Whether a mark is there, and every file that it names: somebody may have cleared some of them away."""
    try:
        names = os.fsdecode(files.read(mark, LARGEST_MARK)).splitlines()
        return bool(names) and all((mark.parent / name).exists() for name in names)
    except (OSError, ValueError):
        return False


@cache
def processor() -> str:
    return f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}"
