"""Errors that users can cause, and warnings; each message is one line that says what would be valid."""

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from traceback import walk_tb

from fastdln.text import one_line, short_words


class UserError(Exception):
    """An error that people are told: in one line of bounded length, whatever the names in it."""

    def __init__(self, message: object = "") -> None:
        super().__init__(one_line(short_words(str(message))))


class SweepError(UserError, ValueError):
    """The sweep, or a word of the command line, cannot be used as given. Nothing has been written."""


class StoreError(UserError, ValueError):
    """The store's path holds something else, another sweep, or a run that still goes on. Nothing has been written."""


class ClusterError(UserError, ValueError):
    """The cluster cannot be used: nobody answers, or its workers have other versions. Nothing has been written."""


class DatasetError(UserError, ValueError):
    """The dataset cannot be drawn or read so, or the picture not be written; the message says what it would take."""


class IncompleteError(UserError, RuntimeError):
    """Some chunks were not computed; what is finished is safe, and running the sweep again goes on from there."""


def first_line(error: BaseException) -> str:
    """The first line of an error; object stores append pages of XML and of their own structures."""
    return str(error).strip().partition("\n")[0].partition(": <?xml")[0] or type(error).__name__


# Whose code is nobody's own, by the first words of the modules' names; what is compiled has no names of modules.
LIBRARIES, PACKAGE = sys.stdlib_module_names | {"fastdln", "numba", "numpy"}, str(Path(__file__).parent)


def where(error: BaseException) -> str:
    """The line of somebody's own code that an error came from, such as " (own.py, line 12)"; empty if it came from none."""
    lines = [
        f" ({Path(frame.f_code.co_filename).name}, line {number})"
        for frame, number in walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__")).partition(".")[0] not in LIBRARIES
        and not frame.f_code.co_filename.startswith(PACKAGE)
    ]
    return lines[-1] if lines else ""


def described(error: BaseException) -> str:
    """An error in code of somebody's own, and its line there, in words."""
    return f"{type(error).__name__}: {first_line(error)}{where(error)}"


SHORT_OF_MEMORY = "memory is short; smaller chunks, or fewer threads (DASK_NUM_WORKERS=1), need less of it"

# How libraries say it that raise no MemoryError: the loader of shared libraries, threads, and the system itself.
_SAYING_SO = (
    "failed to map segment",
    "cannot allocate memory",
    "can't start new thread",
    "unable to allocate",
    "bad_alloc",
)


def short_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, is a want of memory."""
    return any(
        isinstance(one, MemoryError) or any(words in str(one).lower() for words in _SAYING_SO) for one in led_to(error)
    )


def led_to(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that led to it, each once: one that was raised again may have led to itself."""
    seen: set[int] = set()
    while error and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def warn(message: str) -> None:
    """A warning that points to the line outside of this package that asked for the run."""
    frame, level = sys._getframe(), 1
    while frame.f_back and frame.f_globals["__name__"].partition(".")[0] == "fastdln":
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)
