"""Compiled kernels on disk: compiled once, never stale.

numba's own cache always misses for closures, and serves stale code when a function in another file was edited. Here a
kernel's files are named after what it was made of, so that two processes never write one file with different contents.
"""

from __future__ import annotations

import hashlib
import sys
import warnings
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile

PACKAGE = Path(__file__).parent.parent
# theory.py and the rest compute outside the kernels, so that an edit there recompiles nothing.
SOURCES = ("kernels", "matrices", "models", "network", "observables")


@cache
def fingerprint() -> str:
    """sha256 of every source that a kernel can be made of, and of the versions of what compiles and runs it."""
    digest = hashlib.sha256(f"{sys.implementation.cache_tag} {version('numba')} {version('llvmlite')}".encode())
    for path in sorted(path for room in SOURCES for path in (PACKAGE / room).rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class KernelCache(FunctionCache):
    """numba's function cache under a key of our own. Rests on two private names: `_index_key` and `_cache_file`."""

    def __init__(self, function: Any, identity: tuple[object, ...]) -> None:
        super().__init__(function)
        self._identity = (*identity, fingerprint())
        name = hashlib.sha256(repr(self._identity).encode()).hexdigest()[:32]
        self._cache_file = IndexDataCacheFile(self._cache_path, f"kernel-{name}", fingerprint())

    def _index_key(self, sig: Any, codegen: Any) -> tuple[object, ...]:
        return (sig, codegen.magic_tuple(), self._identity)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:  # a truncated or damaged file, whatever pickle makes of it: compile again
            warnings.warn(f"kernel cache could not be read, compiling: {error!r}", RuntimeWarning, stacklevel=2)
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            warnings.warn(f"kernel cache could not be written: {error}", RuntimeWarning, stacklevel=2)


def attach(dispatcher: Any, *identity: object) -> Any:
    """The dispatcher, cached under `identity`: all that it is made of apart from the sources.

    Without a place for the cache (no writable folder) it compiles in every process.
    """
    try:
        dispatcher._cache = KernelCache(dispatcher.py_func, identity)
    except (RuntimeError, OSError, AttributeError) as error:
        warnings.warn(f"no kernel cache, compiling in every process: {error}", RuntimeWarning, stacklevel=2)
    return dispatcher
