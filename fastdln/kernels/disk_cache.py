"""Compiled kernels on disk: compiled once, never stale.

numba's own cache always misses for closures, and serves stale code when a function in another file was edited. Here a
kernel's file is named after all that it was made of, so that two processes never write one file with different contents,
and it begins with its digest, so that a damaged one is never run.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from numba.core.caching import FunctionCache
from numba.core.serialize import dumps

from fastdln import files
from fastdln.kernels.warn import tell_once

PACKAGE = Path(__file__).parent.parent
# Rooms whose code is compiled into kernels; an edit anywhere else recompiles nothing.
SOURCES = ("diagonal", "kernels", "models", "observables")


# Kernels have some hundred kB.
LARGEST_KERNEL = 2**28

# The files that kernels of this process were loaded from or saved to, in that order.
USED: list[Path] = []


@cache
def fingerprint() -> str:
    """sha256 of every source that a kernel can be made of, and of the versions of Python, numba and llvmlite."""
    digest = hashlib.sha256(f"{sys.implementation.cache_tag} {version('numba')} {version('llvmlite')}".encode())
    for path in sorted(path for room in SOURCES for path in (PACKAGE / room).rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class KernelFile:
    """A kernel's files, one a signature, with the methods load and save that numba's cache calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: object) -> Path:
        return self.folder / f"kernel-{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}.nbc"

    def load(self, key: object) -> Any:
        try:
            content = files.read(self.path(key), LARGEST_KERNEL)
        except FileNotFoundError:
            return None
        digest, data = content[:32], content[32:]
        if hashlib.sha256(data).digest() != digest:
            raise ValueError(f"{self.path(key)} is damaged")
        kernel = pickle.loads(data)
        USED.append(self.path(key))
        return kernel

    def save(self, key: object, kernel: Any) -> None:
        data, path = dumps(kernel), self.path(key)
        files.replace(path, hashlib.sha256(data).digest() + data, f"{path.name}.{uuid4().hex}")
        USED.append(path)


class KernelCache(FunctionCache):
    """numba's function cache under a key of our own.

    It relies on two private names of numba, `_index_key` and `_cache_file`, and is faster by three more, see `_load`.
    """

    def __init__(self, function: Any, identity: tuple[object, ...]) -> None:
        super().__init__(function)
        self._identity, self._before = (*identity, fingerprint()), 0
        self._cache_file = KernelFile(Path(self.cache_path))  # type: ignore[assignment]  # what numba calls of its own

    def _index_key(self, sig: Any, codegen: Any) -> tuple[object, ...]:
        return (sig, codegen.magic_tuple(), self._identity)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        self._before = len(USED)
        try:
            return self._load(sig, target_context)
        except MemoryError:
            raise
        except Exception as error:  # damaged, or not readable: compile again, and replace it
            tell_once("kernel cache could not be read, compiling", str(error))
            return None

    def _load(self, sig: Any, target_context: Any) -> Any:
        """Load as numba does, but without its preparations for compiling, which take a quarter of a second."""
        try:
            from numba.core.runtime import rtsys  # type: ignore[attr-defined]  # numba uses it without declaring it

            with self._guard_against_spurious_io_errors():
                rtsys.initialize(target_context)
                return self._load_overload(sig, target_context)
        except (ImportError, AttributeError):
            return super().load_overload(sig, target_context)

    def save_overload(self, sig: Any, data: Any) -> None:
        del USED[self._before :]  # kernels that were compiled into this one, which does not need their files
        try:
            super().save_overload(sig, data)
        except OSError as error:
            tell_once(UNWRITABLE, str(error))


# Names of numba that are overridden or called.
NAMES = ("_index_key", "load_overload", "save_overload", "cache_path")

UNWRITABLE = "no kernel cache, compiling in every process; set NUMBA_CACHE_DIR to a folder that can be written"


def attach(dispatcher: Any, *identity: object) -> Any:
    """Cache the dispatcher on the disk, under `identity`: all that it is made of apart from the sources.

    Without a writable folder for the cache it is compiled in every process.
    """
    try:
        missing = [name for name in NAMES if not hasattr(FunctionCache, name)]
        if missing or not hasattr(dispatcher, "_cache"):
            raise AttributeError(f"numba's cache has no {', '.join(missing) or 'place in a dispatcher'}")
        dispatcher._cache = KernelCache(dispatcher.py_func, identity)
    except (RuntimeError, OSError, AttributeError) as error:
        tell_once(UNWRITABLE, str(error))
    return dispatcher


@cache
def folder() -> Path | None:
    """The folder of this package's kernels on the disk; None if they cannot be kept."""
    try:
        cache = Path(KernelCache(folder.__wrapped__, ()).cache_path)
        cache.mkdir(parents=True, exist_ok=True)
    except (RuntimeError, OSError, AttributeError):
        return None
    return cache
