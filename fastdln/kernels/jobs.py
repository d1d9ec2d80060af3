"""What has to be compiled for a run, piece by piece, so that several processes can share it and people see how far it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from llvmlite import binding

from fastdln.kernels.cache import fingerprint, folder
from fastdln.kernels.compiled import jit_disabled


@dataclass(frozen=True)
class Job:
    """A piece: make() compiles it, or loads it from the disk, and, if it is `kept`, leaves it there for other processes."""

    name: str
    make: Callable[[], object]
    kept: bool = True

    @property
    def mark(self) -> Path | None:
        """The file that says that it is on the disk, made of these sources for this processor; None without a place for it."""
        place = folder() if self.kept else None
        digest = hashlib.sha256(f"{self.name} {fingerprint()} {processor()}".encode()).hexdigest()[:32]
        return place / f"kernel-{digest}.made" if place else None

    @property
    def missing(self) -> bool:
        return not jit_disabled() and not (self.mark and self.mark.exists())

    def do(self) -> None:
        self.make()
        if self.mark:
            with suppress(OSError):
                self.mark.touch()


@cache
def processor() -> str:
    return f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}"
